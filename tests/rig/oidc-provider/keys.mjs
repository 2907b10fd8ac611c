// The test-only key material: made by gen-keys.sh on first use, then read from its folder.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const GENERATOR = path.join(path.dirname(fileURLToPath(import.meta.url)), 'gen-keys.sh');

/** Opens a key folder, and fills it first if it isn't there. */
export function loadKeys(folder) {
  execFileSync('bash', [GENERATOR, folder]);
  const pem = (name) => fs.readFileSync(path.join(folder, name), 'utf8');
  const privateJwk = (name, extra) => ({
    ...crypto.createPrivateKey(pem(name)).export({ format: 'jwk' }),
    ...extra,
  });
  const publicJwk = (name, extra) => ({
    ...crypto.createPublicKey(pem(name)).export({ format: 'jwk' }),
    ...extra,
  });
  // Not a file, because folders that were filled before it was needed have none.
  const ed = crypto.generateKeyPairSync('ed25519').privateKey;
  const edJwk = { kid: 'op-ed', use: 'sig', alg: 'EdDSA' };
  return {
    folder,
    pem,

    /** A self-signed certificate as a public key with `x5c`, as self_signed_tls_client_auth registers it. */
    certificateJwk(name, kid) {
      const certificate = new crypto.X509Certificate(pem(name));
      return {
        ...certificate.publicKey.export({ format: 'jwk' }),
        kid,
        use: 'sig',
        x5c: [certificate.raw.toString('base64')],
      };
    },

    /** What this server signs with. */
    signing: [
      privateJwk('op-rsa.pem', { kid: 'op-rsa', use: 'sig', alg: 'RS256' }),
      privateJwk('op-ec.pem', { kid: 'op-ec', use: 'sig', alg: 'ES256' }),
      { ...ed.export({ format: 'jwk' }), ...edJwk },
    ],

    /** The same by algorithm. */
    byAlgorithm: {
      RS256: crypto.createPrivateKey(pem('op-rsa.pem')),
      ES256: crypto.createPrivateKey(pem('op-ec.pem')),
      EdDSA: ed,
    },

    /** What checks this server's signatures. */
    ofServer: [
      publicJwk('op-rsa.pem', { kid: 'op-rsa', alg: 'RS256' }),
      publicJwk('op-ec.pem', { kid: 'op-ec', alg: 'ES256' }),
      { ...crypto.createPublicKey(ed).export({ format: 'jwk' }), ...edJwk },
    ],

    /** What checks assertions that clients and service accounts sign. */
    ofClients: [
      publicJwk('rsa.pem', { kid: 'rsa-1' }),
      publicJwk('ec.pem', { kid: 'ec-1' }),
      publicJwk('ed.pem', { kid: 'ed-1' }),
    ],
  };
}
