// Checks login-browser.mjs against the server: a whole login of a native application (RFC 8252) with a
// listener on a free port, PKCE, a real browser, code exchange, refresh and a call to the resource server.
//
//   node exercise.mjs ISSUER [CLIENT_ID]
//
// Prints one line a step, and fails if a step did. Exit code 3: the user cancelled (DENY=1).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { fileURLToPath } from 'node:url';

const BROWSER = fileURLToPath(new URL('login-browser.mjs', import.meta.url));
const [issuer, client_id = 'native'] = process.argv.slice(2);
const started = Date.now();
const say = (text) => console.log(`${String(Date.now() - started).padStart(6)} ms ${text}`);

const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
const code_verifier = crypto.randomBytes(32).toString('base64url');
const state = crypto.randomUUID();

// The callback.
let gotCallback;
const callback = new Promise((resolve) => { gotCallback = resolve; });
const listener = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://127.0.0.1');
  if (url.pathname !== '/callback') {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'content-type': 'text/html', connection: 'close' });
  response.end('<h1>You may close this window</h1>');
  gotCallback(url.searchParams);
});
await once(listener.listen(0, '127.0.0.1'), 'listening');
const redirect_uri = `http://127.0.0.1:${listener.address().port}/callback`;

// The login.
const authorization = new URL(metadata.authorization_endpoint);
authorization.search = new URLSearchParams({
  client_id,
  response_type: 'code',
  scope: 'openid offline_access read',
  prompt: 'consent',
  resource: 'urn:rig:api',
  redirect_uri,
  state,
  code_challenge: crypto.createHash('sha256').update(code_verifier).digest('base64url'),
  code_challenge_method: 'S256',
});
const browser = spawn(process.execPath, [BROWSER, authorization.href], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
const browserEnded = once(browser, 'exit');
const failed = browserEnded.then(([code]) => assert.equal(code, 0, 'the browser failed'));
const answer = await Promise.race([callback, failed.then(() => callback)]);
assert.equal(answer.get('state'), state);
assert.equal(answer.get('iss'), metadata.issuer);
say(`callback with ${answer.get('error') ?? 'a code'}; state and issuer are right`);
if (answer.get('error')) {
  listener.close();
  await browserEnded;
  process.exit(3);
}

// The tokens.
async function token(parameters) {
  const body = new URLSearchParams({ client_id, ...parameters });
  const response = await fetch(metadata.token_endpoint, { method: 'POST', body });
  assert.equal(response.status, 200, 'the token endpoint refused');
  return response.json();
}
const code = answer.get('code');
const first = await token({ grant_type: 'authorization_code', code, redirect_uri, code_verifier });
say(`tokens: ${Object.keys(first).join(', ')}`);
const second = await token({ grant_type: 'refresh_token', refresh_token: first.refresh_token });
assert.notEqual(second.refresh_token, first.refresh_token);
say('refreshed; the refresh token is a new one');

const resource = await fetch(`${new URL(issuer).origin}/rs/bearer`, {
  headers: { authorization: `Bearer ${second.access_token}` },
});
assert.equal(resource.status, 200);
say(`the resource server answered ${resource.status}`);
listener.close();
await browserEnded;
