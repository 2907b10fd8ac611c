// The API that the tokens are for. It checks them on its own, with other code than what issued them.
//
//   /rs/bearer     200 for a good bearer token, else a challenge (RFC 6750); ?scope=NAME wants that too
//   /rs/dpop       the same for a token bound to a key, with a nonce (RFC 9449)
//   /rs/mcp        as /rs/bearer, for tokens of this address; its challenge names its metadata (RFC 9728)
//   /rs/echo       200 and the request as it came, without any check
//   /rs/redirect   ?to=URL&status=N (307 by default): a redirect, without any check
import crypto from 'node:crypto';
import * as jose from 'jose';
import { API } from './accounts.mjs';
import { now } from './clock.mjs';

const FIRST_NONCE = 'rs-nonce-1';
const PROOF_SECONDS = 60;
const MCP = '/rs/mcp';

/** Where the metadata of a resource are: before its path (RFC 9728, section 3.1). */
export const RESOURCE_METADATA = '/.well-known/oauth-protected-resource';

/** A refusal that becomes a challenge. Without an `error` it only says that a token is needed. */
class Refusal extends Error {
  constructor(status, scheme, error, parameters = '') {
    super(error);
    Object.assign(this, { status, scheme, error, parameters });
  }
}

const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest('base64url');

function sendJson(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** Pairs as an object. Values of a repeated name are joined with `, `, so that a repetition shows. */
function joined(pairs) {
  const all = new Map();
  for (const [name, value] of pairs) all.set(name, all.has(name) ? `${all.get(name)}, ${value}` : value);
  return Object.fromEntries(all);
}

/** The thumbprint of the certificate that a client has shown. */
function thumbprint(request) {
  const certificate = request.socket.getPeerX509Certificate?.();
  return certificate && sha256(certificate.raw);
}

function echo(request, response, url) {
  // From the raw list: in `request.headers` Node drops a second Authorization.
  const names = request.rawHeaders.filter((_, at) => at % 2 === 0);
  const headers = names.map((name, at) => [name.toLowerCase(), request.rawHeaders[2 * at + 1]]);
  sendJson(response, 200, {
    method: request.method,
    path: url.pathname,
    query: joined(url.searchParams),
    headers: joined(headers),
    certificate: thumbprint(request),
  });
}

function redirect(response, url) {
  const to = url.searchParams.get('to');
  const status = Number(url.searchParams.get('status') ?? 307);
  if (!to || !(status >= 300 && status <= 399)) {
    return sendJson(response, 400, { error: 'needs ?to=URL, and a &status= between 300 and 399 if any' });
  }
  return response.writeHead(status, { location: to }).end();
}

/** What /rs/mcp says of itself. */
function resourceMetadata(response, url, issuer) {
  if (url.pathname !== RESOURCE_METADATA + MCP) return sendJson(response, 404, { error: 'no resource' });
  return sendJson(response, 200, {
    resource: url.origin + MCP,
    resource_name: 'The rig',
    authorization_servers: [issuer],
    scopes_supported: ['read', 'write'],
    bearer_methods_supported: ['header'],
  });
}

/** Builds the resource server of one authorization server. */
export function buildResourceServer({ provider, keys, issuer }) {
  const serverKeys = jose.createLocalJWKSet({ keys: keys.ofServer });
  const seenProofs = new Set();
  let log = [];
  let nonce = FIRST_NONCE;
  let nextNonce; // {value, after}: the nonce after that many good requests

  /** The claims of a JWT, or what the authorization server remembers of an opaque token. */
  async function claimsOf(token, scheme, audience) {
    try {
      const options = { audience, typ: 'at+jwt', currentDate: now() };
      return (await jose.jwtVerify(token, serverKeys, options)).payload;
    } catch (error) {
      const { AccessToken, ClientCredentials } = provider;
      const known = (await AccessToken.find(token)) ?? (await ClientCredentials.find(token));
      if (!known || known.isExpired) {
        throw new Refusal(401, scheme, 'invalid_token', `, error_description="${error.code}"`);
      }
      return {
        sub: known.accountId,
        client_id: known.clientId,
        scope: known.scope,
        exp: known.exp,
        cnf: known.jkt ? { jkt: known.jkt } : undefined,
      };
    }
  }

  function checkCertificate(request, claims, scheme) {
    const bound = claims.cnf?.['x5t#S256'];
    if (!bound) return;
    if (thumbprint(request) !== bound) {
      throw new Refusal(401, scheme, 'invalid_token', ', error_description="certificate binding"');
    }
  }

  async function checkProof(request, url, token, claims) {
    const proof = request.headers.dpop;
    const header = jose.decodeProtectedHeader(proof);
    if (header.typ !== 'dpop+jwt' || header.jwk.d) throw new Error('header');
    const { payload } = await jose.jwtVerify(proof, await jose.importJWK(header.jwk, header.alg), {
      currentDate: now(),
      maxTokenAge: PROOF_SECONDS,
      clockTolerance: 5,
      typ: 'dpop+jwt',
    });
    if (payload.nonce !== nonce) throw new Refusal(401, 'DPoP', 'use_dpop_nonce');
    if (payload.htm !== request.method || payload.htu !== `${url.origin}${url.pathname}`) {
      throw new Error('htm/htu');
    }
    if (payload.ath !== sha256(token)) throw new Error('ath');
    if (claims.cnf?.jkt !== await jose.calculateJwkThumbprint(header.jwk)) throw new Error('jkt');
    if (seenProofs.has(payload.jti)) throw new Error('jti replay');
    seenProofs.add(payload.jti);
  }

  /** The claims of the request's token, once everything about it is right. */
  async function authorize(request, url) {
    const scheme = url.pathname === '/rs/dpop' ? 'DPoP' : 'Bearer';
    const [kind, token] = (request.headers.authorization ?? '').split(' ');
    const isMcp = url.pathname === MCP;
    const metadata = `, resource_metadata="${url.origin}${RESOURCE_METADATA}${MCP}", scope="read"`;
    if (!token || kind.toLowerCase() !== scheme.toLowerCase()) {
      throw new Refusal(401, scheme, undefined, isMcp ? metadata : '');
    }

    const claims = await claimsOf(token, scheme, isMcp ? url.origin + MCP : API);
    checkCertificate(request, claims, scheme);
    if (scheme === 'DPoP') {
      await checkProof(request, url, token, claims).catch((error) => {
        if (error instanceof Refusal) throw error;
        throw new Refusal(401, 'DPoP', 'invalid_dpop_proof', `, error_description="${error.message}"`);
      });
    } else if (claims.cnf?.jkt) {
      throw new Refusal(401, 'DPoP', 'invalid_token'); // a bound token must not pass as a bearer token
    }

    if (scheme === 'DPoP' && nextNonce) {
      nextNonce.after -= 1;
      if (nextNonce.after <= 0) [nonce, nextNonce] = [nextNonce.value, undefined];
    }

    const scope = url.searchParams.get('scope');
    if (scope && !(claims.scope ?? '').split(' ').includes(scope)) {
      throw new Refusal(403, scheme, 'insufficient_scope', `, scope="${scope}"`);
    }
    return { claims, scheme };
  }

  const nonceHeader = (scheme) => (scheme === 'DPoP' ? { 'dpop-nonce': nonce } : {});

  return {
    async answer(request, response, url) {
      if (url.pathname.startsWith(RESOURCE_METADATA)) return resourceMetadata(response, url, issuer);
      if (url.pathname === '/rs/echo') return echo(request, response, url);
      if (url.pathname === '/rs/redirect') return redirect(response, url);
      try {
        const { claims, scheme } = await authorize(request, url);
        const { sub, client_id, scope, exp, act } = claims;
        log.push({ path: url.pathname, query: joined(url.searchParams), status: 200 });
        return sendJson(response, 200, { ok: true, sub, client_id, scope, exp, act }, nonceHeader(scheme));
      } catch (refusal) {
        if (!(refusal instanceof Refusal)) throw refusal;
        const { status, scheme, error, parameters } = refusal;
        log.push({ path: url.pathname, query: joined(url.searchParams), status, error });
        const challenge = `${scheme} realm="rig"${error ? `, error="${error}"` : ''}${parameters}`;
        return sendJson(response, status, { error: error || 'unauthorized' }, {
          'www-authenticate': challenge,
          ...nonceHeader(scheme),
        });
      }
    },

    /** Sets the nonce that proofs must carry; without one, the first again. It may change after some good requests. */
    setNonce(value = FIRST_NONCE, after = 0) {
      if (after > 0) nextNonce = { value, after };
      else [nonce, nextNonce] = [value, undefined];
    },

    /** Every request to /rs/bearer and /rs/dpop so far. */
    requests: () => log,

    forget() {
      log = [];
    },
  };
}
