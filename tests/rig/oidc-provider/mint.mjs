// Makes what curl can't, and prints it:
//
//   node mint.mjs assertion KEY ALG KID CLAIMS [SECONDS]      a JWT signed with a key; CLAIMS is JSON
//   node mint.mjs hs SECRET CLAIMS                            a JWT signed with a shared secret (HS256)
//   node mint.mjs dpop KEY METHOD URL [NONCE] [ACCESS_TOKEN]  a DPoP proof (RFC 9449)
//   node mint.mjs pkce                                        a verifier and its challenge (RFC 7636)
import crypto from 'node:crypto';
import fs from 'node:fs';
import * as jose from 'jose';

const sha256 = (text) => crypto.createHash('sha256').update(text).digest('base64url');
const seconds = () => Math.floor(Date.now() / 1000);
const privateKey = (file) => crypto.createPrivateKey(fs.readFileSync(file));

/** Claims with issue time, expiry and a unique id, unless they have their own. */
const timed = (claims, lifetime = 60) => ({
  iat: seconds(),
  exp: seconds() + Number(lifetime),
  jti: crypto.randomUUID(),
  ...JSON.parse(claims),
});

const COMMANDS = {
  assertion: (file, alg, kid, claims, lifetime) =>
    new jose.SignJWT(timed(claims, lifetime))
      .setProtectedHeader({ alg, kid, typ: 'JWT' })
      .sign(privateKey(file)),

  hs: (secret, claims) =>
    new jose.SignJWT(timed(claims))
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(secret)),

  dpop(file, method, url, nonce, accessToken) {
    const key = privateKey(file);
    const jwk = crypto.createPublicKey(key).export({ format: 'jwk' });
    const claims = { jti: crypto.randomUUID(), htm: method, htu: url, iat: seconds() };
    if (nonce) claims.nonce = nonce;
    if (accessToken) claims.ath = sha256(accessToken);
    return new jose.SignJWT(claims)
      .setProtectedHeader({ alg: jwk.kty === 'EC' ? 'ES256' : 'EdDSA', typ: 'dpop+jwt', jwk })
      .sign(key);
  },

  pkce() {
    const verifier = crypto.randomBytes(32).toString('base64url');
    return `${verifier} ${sha256(verifier)}\n`;
  },
};

const [command, ...rest] = process.argv.slice(2);
if (!COMMANDS[command]) {
  console.error(`mint.mjs: no command ${command}; there are: ${Object.keys(COMMANDS).join(', ')}`);
  process.exit(2);
}
process.stdout.write(await COMMANDS[command](...rest));
