// A real OAuth 2 and OpenID Connect server for tests, on loopback, all in memory.
//
//   node server.mjs [--port N] [--tls-port N] [--keys DIR] [--with-stdin]
//
// Port 0, the default, takes any free one. When the server accepts connections it prints one line:
//
//   READY {"issuer":"http://127.0.0.1:P","keycloak":"…/realms/test","mtls":"https://127.0.0.1:Q", …}
//
// It ends on SIGTERM or SIGINT and, with --with-stdin, when standard input closes: so it can't outlive
// the test that started it, however that test ends.
import './clock.mjs'; // first, so that every other module sees the movable clock
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadKeys } from './keys.mjs';
import { buildRouter } from './router.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));

function option(name, fallback) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
}

function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(Number(port), '127.0.0.1', () => resolve(server.address().port));
  });
}

const keys = loadKeys(path.resolve(option('keys', path.join(HERE, 'keys'))));

// The issuer holds the port, so the servers listen before what answers them can be built.
let answer = (request, response) => response.writeHead(503).end();
const plain = http.createServer((request, response) => answer(request, response));
const tls = https.createServer(
  {
    key: keys.pem('server.key'),
    cert: keys.pem('server.crt'),
    ca: keys.pem('ca.crt'),
    requestCert: true,
    rejectUnauthorized: false, // no certificate, or a bad one, must give an OAuth error to test
  },
  (request, response) => answer(request, response),
);
const issuer = `http://127.0.0.1:${await listen(plain, option('port', 0))}`;
const mtls = `https://127.0.0.1:${await listen(tls, option('tls-port', 0))}`;
answer = buildRouter({ issuer, mtls, keys });

const ready = {
  issuer,
  keycloak: `${issuer}/realms/test`,
  mtls,
  keys: keys.folder,
  ca: path.join(keys.folder, 'ca.crt'),
  pid: process.pid,
};
console.log(`READY ${JSON.stringify(ready)}`);

const stop = () => process.exit(0);
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
if (process.argv.includes('--with-stdin')) {
  process.stdin.resume();
  process.stdin.on('end', stop);
  process.stdin.on('close', stop);
}
