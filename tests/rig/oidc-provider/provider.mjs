// How oidc-provider is set up: every way to authenticate and every flow that a client of ours may meet.
import { Provider, errors } from 'oidc-provider';
import {
  ACCESS_TOKEN_SECONDS, API, OPAQUE, RESOURCE_SCOPES, jwtResource, opaqueResource,
} from './accounts.mjs';
import { makeAdapter } from './adapter.mjs';
import { patchAnswer } from './answers.mjs';
import { clients } from './clients.mjs';
import { devicePace, deviceSeconds } from './device.mjs';
import { endpointsOf } from './endpoints.mjs';
import { registerGrants } from './grants.mjs';
import { bendIdToken, bendKeySet } from './id-tokens.mjs';
import { speakKeycloak } from './keycloak.mjs';
import { mutualTls, mutualTlsEndpoints } from './mutual-tls.mjs';
import { bend } from './quirks.mjs';
import { record } from './recorder.mjs';

const CLIENT_AUTH_METHODS = [
  'none',
  'client_secret_basic',
  'client_secret_post',
  'client_secret_jwt',
  'private_key_jwt',
  'tls_client_auth',
  'self_signed_tls_client_auth',
];

/** The resources (RFC 8707) that tokens can be asked for: two by name, and any http address. */
function resourceServerInfo(ctx, resource) {
  if (resource === API) return jwtResource(API, 'RS256');
  if (resource === OPAQUE) return opaqueResource;
  if (/^https?:\/\//.test(resource)) return jwtResource(resource, 'ES256');
  throw new errors.InvalidTarget();
}

/** The details that a request asks for (RFC 9396), which the code and the token then have. */
const requestedDetails = (ctx) => JSON.parse(ctx.oidc.params.authorization_details ?? 'null') ?? undefined;

/** Native clients may take any port (RFC 8252 section 7.3), but for those with `x_exact_redirect`. */
function allowExactRedirects({ Client: { prototype } }) {
  const { redirectUriAllowed } = prototype;
  prototype.redirectUriAllowed = function allowed(address) {
    return this.x_exact_redirect ? this.redirectUris.includes(address) : redirectUriAllowed.call(this, address);
  };
}

/**
 * Builds one authorization server.
 *
 * `mtls` is the address of the TLS side; `routes` replaces the paths of endpoints; `keycloak` makes the
 * answers look like that server's.
 */
export function buildProvider({ issuer, mtls, keys, routes, keycloak = false }) {
  const provider = new Provider(issuer, {
    adapter: makeAdapter(),
    clients: clients(keys),
    jwks: { keys: keys.signing },
    cookies: {
      keys: ['rig'],
      short: { signed: true, path: '/' },
      long: { signed: true, path: '/' },
    },
    routes,
    scopes: ['openid', 'offline_access', ...RESOURCE_SCOPES],
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    clientAuthMethods: CLIENT_AUTH_METHODS,
    extraTokenClaims: (ctx, token) => token.extra, // the actor of a token exchange
    extraClientMetadata: { properties: ['x_device', 'x_exact_redirect', 'x_id_token', 'x_quirk'] },
    findAccount: (ctx, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, name: id, email: `${id}@rig.test`, email_verified: true }),
    }),
    pkce: {
      required: (ctx, client) =>
        client.applicationType === 'native' && client.tokenEndpointAuthMethod === 'none',
    },
    issueRefreshToken: async (ctx, client, code) =>
      client.grantTypeAllowed('refresh_token')
      && (code.scopes.has('offline_access') || client.applicationType === 'native'),
    rotateRefreshToken: (ctx) => ctx.oidc.client.x_quirk !== 'no_rotate',
    ttl: {
      AccessToken: ACCESS_TOKEN_SECONDS,
      ClientCredentials: ACCESS_TOKEN_SECONDS,
      AuthorizationCode: 60,
      DeviceCode: deviceSeconds,
      IdToken: 600,
      Interaction: 600,
      RefreshToken: 86400,
      Grant: 86400,
      Session: 86400,
    },
    discovery: { mtls_endpoint_aliases: mutualTlsEndpoints({ issuer, mtls, routes }) },
    features: {
      devInteractions: { enabled: true }, // the login pages, which take any user and password
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      introspection: {
        enabled: true,
        allowedPolicy: (ctx, client, token) =>
          client.clientId === 'rs' || token.clientId === client.clientId,
      },
      revocation: { enabled: true },
      registration: { enabled: true },
      registrationManagement: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      requestObjects: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      claimsParameter: { enabled: true },
      richAuthorizationRequests: {
        enabled: true,
        types: { 'urn:rig:payment': { validate: () => {} } },
        authorizationDetailsForGrantSource: requestedDetails,
        authorizationDetailsForAccessToken: (ctx, token, source) => requestedDetails(ctx) ?? source?.rar,
        authorizationDetailsForIntrospection: (ctx, token) => token.rar,
      },
      dPoP: {
        enabled: true,
        nonceSecret: Buffer.alloc(32, 7),
        requireNonce: (ctx) => ctx.oidc.client?.clientId === 'cc-dpop-nonce',
      },
      mTLS: mutualTls,
      resourceIndicators: {
        enabled: true,
        defaultResource: (ctx, client, oneOf) =>
          oneOf || (client.clientId.startsWith('cc') ? API : undefined),
        useGrantedResource: () => true,
        getResourceServerInfo: resourceServerInfo,
      },
    },
  });
  provider.proxy = false;
  allowExactRedirects(provider);
  registerGrants(provider, { issuer, keys });

  const endpointOf = endpointsOf(routes);
  const pace = devicePace();

  // Outside of `record`, so that the log says what the server decided before its answer is dressed up.
  provider.use(async (ctx, next) => {
    await next();
    const endpoint = endpointOf(ctx);
    if (endpoint === 'token') {
      if (keycloak) speakKeycloak(ctx);
      await bendIdToken(ctx, keys.byAlgorithm);
      bend(ctx);
    }
    if (endpoint === 'jwks') bendKeySet(ctx);
    patchAnswer(ctx, endpoint, issuer);
  });
  provider.use((ctx, next) => record(ctx, next, endpointOf(ctx)));
  provider.use((ctx, next) => pace(ctx, next, endpointOf(ctx)));
  return provider;
}
