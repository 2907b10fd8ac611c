// ID tokens bent the ways that a client must notice (OpenID Connect Core, 3.1.3.7): the client `id-NAME` gets its
// ID tokens bent by NAME. And the server's keys after a rotation.
//
// oidc-provider makes only right tokens with the keys it began with, so these are signed again.
import crypto from 'node:crypto';
import * as jose from 'jose';

const KINDS = { RS256: ['rsa', { modulusLength: 2048 }], ES256: ['ec', { namedCurve: 'P-256' }], EdDSA: ['ed25519'] };

// Each takes the right claims and header, the server's keys and a stranger's, and gives the token.
const BENDS = {
  other_audience: (claims, header, keys) => sign({ ...claims, aud: 'somebody-else' }, header, keys),
  // Several audiences, of which another one is the authorized party.
  other_party: (claims, header, keys) =>
    sign({ ...claims, aud: [claims.aud, 'somebody-else'], azp: 'somebody-else' }, header, keys),
  other_issuer: (claims, header, keys) => sign({ ...claims, iss: 'https://elsewhere.test' }, header, keys),
  wrong_nonce: (claims, header, keys) => sign({ ...claims, nonce: 'another-nonce' }, header, keys),
  no_nonce: ({ nonce, ...claims }, header, keys) => sign(claims, header, keys),
  expired: (claims, header, keys) => sign({ ...claims, iat: claims.iat - 7200, exp: claims.iat - 3600 }, header, keys),
  no_expiry: ({ exp, ...claims }, header, keys) => sign(claims, header, keys),
  // By a stranger who says that it is the server's key.
  wrong_signature: (claims, header, keys, stranger) => sign(claims, header, stranger),
  unknown_key: (claims, header, keys, stranger) => sign(claims, { ...header, kid: 'stranger' }, stranger),
  alg_none: (claims, { kid }) => unsigned(claims, { alg: 'none', kid }),
  // The public key, which everybody has, as the secret of a symmetric signature.
  hs256: (claims, { kid }, keys) => sign(claims, { alg: 'HS256', kid }, { HS256: publicPem(keys.RS256) }),
  // A server that does not ask the user again, and one that does not say when it did.
  old_login: (claims, header, keys) => sign({ ...claims, auth_time: claims.iat - 7200 }, header, keys),
  no_login_time: ({ auth_time, ...claims }, header, keys) => sign(claims, header, keys),
  missing: () => undefined,
};

/** Names of all bent ID tokens. */
export const ID_TOKEN_BENDS = Object.keys(BENDS);

/** Pairs of keys by algorithm. */
const newKeys = () => Object.fromEntries(
  Object.entries(KINDS).map(([alg, kind]) => [alg, crypto.generateKeyPairSync(...kind).privateKey]),
);

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const publicPem = (key) => Buffer.from(crypto.createPublicKey(key).export({ format: 'pem', type: 'spki' }));
const sign = (claims, header, keys) => new jose.SignJWT(claims).setProtectedHeader(header).sign(keys[header.alg]);
const unsigned = (claims, header) => `${encoded(header)}.${encoded(claims)}.`;

let stranger; // made when first needed: an RSA key takes a tenth of a second
let rotated;

/** Has the server sign with new keys from now on. `keepOld` leaves those of before in its key set. */
export function rotateKeys(keepOld) {
  rotated = { keys: newKeys(), generation: (rotated?.generation ?? 1) + 1, keepOld };
  return Object.keys(KINDS).map(rotatedKid);
}

/** Goes back to the keys that the server began with. */
export function forgetRotation() {
  rotated = undefined;
}

const rotatedKid = (alg) => `op-${KINDS[alg][0]}-${rotated.generation}`;

/** Changes the ID token of a token response as the client or a rotation wants it. */
export async function bendIdToken(ctx, serverKeys) {
  const bend = BENDS[ctx.oidc?.client?.x_id_token];
  const token = ctx.body?.id_token;
  if (!token || !(bend || rotated)) return;
  const claims = jose.decodeJwt(token);
  let header = jose.decodeProtectedHeader(token);
  if (rotated) header = { ...header, kid: rotatedKid(header.alg) };
  if (bend) stranger ??= newKeys();
  ctx.body = { ...ctx.body, id_token: await (bend ?? sign)(claims, header, rotated?.keys ?? serverKeys, stranger) };
}

/** Changes the answer of the key set's endpoint after a rotation. */
export function bendKeySet(ctx) {
  if (!rotated || !ctx.body?.keys) return;
  const { type } = ctx.response; // assigning a body sets it anew
  const keys = Object.entries(rotated.keys).map(([alg, key]) => (
    { ...crypto.createPublicKey(key).export({ format: 'jwk' }), kid: rotatedKid(alg), use: 'sig', alg }
  ));
  ctx.body = { keys: rotated.keepOld ? [...ctx.body.keys, ...keys] : keys };
  ctx.type = type;
}
