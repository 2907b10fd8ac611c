// The grants that oidc-provider leaves to its user: password, JWT bearer (RFC 7523), token exchange (RFC
// 8693).
import { errors } from 'oidc-provider';
import * as jose from 'jose';
import {
  API, FORBIDDEN, OPAQUE, RESOURCE_SCOPES, USERS, jwtResource, opaqueResource,
} from './accounts.mjs';
import { GRANT } from './clients.mjs';
import { now } from './clock.mjs';

const TYPE = 'urn:ietf:params:oauth:token-type:';
const ACCESS_TOKEN = `${TYPE}access_token`;
const SUBJECT_TYPES = [ACCESS_TOKEN, `${TYPE}jwt`, `${TYPE}id_token`];
const LONGEST_ASSERTION_SECONDS = 3600;

// Google's library for Python writes this audience whatever token endpoint it is given.
const GOOGLE_AUDIENCE = 'https://oauth2.googleapis.com/token';

/** Adds the three grants to a provider. */
export function registerGrants(provider, { issuer, keys }) {
  const clientKeys = jose.createLocalJWKSet({ keys: keys.ofClients });
  const exchangeKeys = jose.createLocalJWKSet({ keys: [...keys.ofServer, keys.ofClients[0]] });

  /** Issues an access token, and a refresh token if asked to, and gives the response's body. */
  async function issue(ctx, { accountId, scope, gty, resource = API, refresh = false, extra = {} }) {
    const { client } = ctx.oidc;
    const grant = new provider.Grant({ accountId, clientId: client.clientId });
    grant.addOIDCScope(scope);
    grant.addResourceScope(resource, scope);
    const grantId = await grant.save();

    const token = new provider.AccessToken({ accountId, client, grantId, gty, scope, extra });
    const format = resource === OPAQUE ? opaqueResource : jwtResource(resource, 'RS256');
    token.resourceServer = new provider.ResourceServer(resource, format);
    token.scope = scope.split(' ').filter((one) => RESOURCE_SCOPES.includes(one)).join(' ') || undefined;
    const body = {
      access_token: await token.save(),
      expires_in: token.expiration,
      scope: token.scope,
      token_type: token.tokenType,
    };
    if (refresh) {
      body.refresh_token = await new provider.RefreshToken({
        accountId, client, grantId, gty, scope, resource,
      }).save();
    }
    return body;
  }

  async function password(ctx) {
    const { username, password: given, scope = 'read', resource } = ctx.oidc.params;
    if (USERS[username] === undefined || USERS[username] !== given) {
      throw new errors.InvalidGrant('invalid credentials provided');
    }
    const refresh = scope.split(' ').includes('offline_access');
    ctx.body = await issue(ctx, {
      accountId: username, scope, gty: 'password', refresh, resource: [resource].flat()[0],
    });
  }

  // As Google does it: `iss` is the service account, `sub` the user it acts for, and the scope is in the
  // assertion.
  async function jwtBearer(ctx) {
    const { assertion } = ctx.oidc.params;
    if (!assertion) throw new errors.InvalidRequest('missing required parameter assertion');
    let claims;
    try {
      ({ payload: claims } = await jose.jwtVerify(assertion, clientKeys, {
        audience: [issuer, ctx.oidc.urlFor('token'), `${issuer}/google/token`, GOOGLE_AUDIENCE],
        requiredClaims: ['iss', 'exp', 'iat'],
        currentDate: now(),
        maxTokenAge: LONGEST_ASSERTION_SECONDS,
        clockTolerance: 10,
      }));
    } catch (error) {
      throw new errors.InvalidGrant(`Invalid JWT: ${error.code ?? error.message}`);
    }
    if (claims.exp - claims.iat > LONGEST_ASSERTION_SECONDS) {
      throw new errors.InvalidGrant('Invalid JWT: Token must be a short-lived token (60 minutes)');
    }
    if (claims.jti && !(await provider.ReplayDetection.unique(claims.iss, claims.jti, claims.exp))) {
      throw new errors.InvalidGrant('Invalid JWT: jti was seen before');
    }
    ctx.body = await issue(ctx, {
      accountId: claims.sub ?? claims.iss,
      scope: claims.scope ?? ctx.oidc.params.scope ?? 'read',
      gty: 'jwt-bearer',
    });
  }

  /** Whose token it is. */
  async function subjectOf(token, parameter) {
    try {
      return (await jose.jwtVerify(token, exchangeKeys, { currentDate: now() })).payload.sub;
    } catch (error) {
      throw new errors.InvalidRequest(`${parameter}: ${error.code}`);
    }
  }

  async function tokenExchange(ctx) {
    const { params } = ctx.oidc;
    if (!params.subject_token || !params.subject_token_type) {
      throw new errors.InvalidRequest('missing subject_token or subject_token_type');
    }
    if (params.actor_token && !params.actor_token_type) {
      throw new errors.InvalidRequest('actor_token_type is required with actor_token');
    }
    if (!SUBJECT_TYPES.includes(params.subject_token_type)) {
      throw new errors.InvalidRequest('unsupported subject_token_type');
    }
    if (params.requested_token_type && params.requested_token_type !== ACCESS_TOKEN) {
      throw new errors.InvalidRequest('unsupported requested_token_type');
    }
    const subject = await subjectOf(params.subject_token, 'subject_token');
    const actor = params.actor_token && await subjectOf(params.actor_token, 'actor_token');
    const target = [params.resource].flat()[0] ?? params.audience ?? API;
    if (target === FORBIDDEN) throw new errors.InvalidTarget();
    const body = await issue(ctx, {
      accountId: subject ?? 'anonymous',
      scope: params.scope ?? 'read',
      gty: 'token-exchange',
      resource: target,
      extra: actor ? { act: { sub: actor } } : {},
    });
    ctx.body = { ...body, issued_token_type: ACCESS_TOKEN };
  }

  provider.registerGrantType(GRANT.password, password, ['username', 'password', 'scope', 'resource']);
  provider.registerGrantType(GRANT.jwtBearer, jwtBearer, ['assertion', 'scope', 'resource']);
  provider.registerGrantType(
    GRANT.tokenExchange,
    tokenExchange,
    [
      'subject_token', 'subject_token_type', 'actor_token', 'actor_token_type',
      'requested_token_type', 'audience', 'resource', 'scope',
    ],
    ['audience', 'resource'], // these may be repeated
  );
}
