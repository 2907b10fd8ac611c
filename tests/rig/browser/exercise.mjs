// Checks both browsers against the server: whole logins of a native application (RFC 8252) with a listener on a
// free port, PKCE, code exchange, refresh and a call to the resource server; then each option by itself.
//
//   node exercise.mjs ISSUER [fake-browser.mjs | login-browser.mjs]      (both, without a name)
//
// Prints one line a check, and fails if a check did.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const [issuer, only] = process.argv.slice(2);
const CLIENT = 'native';
const PAGE = '<h1>You may close this window</h1><style>@media (prefers-color-scheme: dark) { body { background: #000 } }</style>';
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'authn-browser-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true }));
const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();

/** Runs a browser to its end, and gives its report. */
async function browse(program, options, url, env = {}) {
  const report = path.join(folder, 'report.json');
  const script = fileURLToPath(new URL(program, import.meta.url));
  const browser = spawn(process.execPath, [script, ...options, '--report', report, url], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  });
  let said = '';
  browser.stderr.on('data', (chunk) => { said += chunk; });
  const [code] = await once(browser, 'close');
  assert.equal(code, 0, `the browser failed\n${said}`);
  const value = JSON.parse(fs.readFileSync(report, 'utf8'));
  fs.rmSync(report);
  return value;
}

/** What a program does for a login: listens, and makes the address that is to be opened. */
async function beginLogin(more = {}) {
  const verifier = crypto.randomBytes(32).toString('base64url');
  const state = crypto.randomUUID();
  const requests = [];
  const listener = http.createServer((request, response) => {
    const asked = new URL(request.url, 'http://127.0.0.1');
    requests.push(asked);
    asked.method = request.method;
    response.writeHead(asked.pathname === '/callback' ? 200 : 404, {
      'content-type': 'text/html',
      connection: 'close',
    });
    response.end(PAGE);
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const redirect_uri = `http://127.0.0.1:${listener.address().port}/callback`;
  const url = new URL(metadata.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: CLIENT,
    response_type: 'code',
    scope: 'openid offline_access read',
    prompt: 'consent',
    resource: 'urn:rig:api',
    redirect_uri,
    state,
    code_challenge: crypto.createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...more,
  });
  return { url: url.href, state, verifier, redirect_uri, requests, listener };
}

/** A login with a browser that is told this: its report, and the queries that came to the listener by path. */
async function login(program, options, env, more) {
  const begun = await beginLogin(more);
  const report = await browse(program, options, begun.url, env);
  begun.listener.close();
  const answer = begun.requests.find(({ pathname }) => pathname === '/callback')?.searchParams;
  return { ...begun, report, answer, paths: begun.requests.map(({ pathname }) => pathname) };
}

async function token(parameters) {
  const body = new URLSearchParams({ client_id: CLIENT, ...parameters });
  const response = await fetch(metadata.token_endpoint, { method: 'POST', body });
  assert.equal(response.status, 200, 'the token endpoint refused');
  return response.json();
}

async function beginDevice() {
  const body = new URLSearchParams({ client_id: 'device', scope: 'openid' });
  return (await fetch(metadata.device_authorization_endpoint, { method: 'POST', body })).json();
}

const CHECKS = {
  async 'a whole login'(program) {
    const { answer, state, report, verifier, redirect_uri } = await login(program, ['--user', 'bob']);
    assert.equal(answer.get('state'), state);
    assert.equal(answer.get('iss'), metadata.issuer);
    assert.equal(report.status, 200);
    assert.equal(report.words, 'You may close this window');
    assert.equal(new URL(report.location).searchParams.get('code'), answer.get('code'));

    const code = answer.get('code');
    const first = await token({ grant_type: 'authorization_code', code, redirect_uri, code_verifier: verifier });
    const second = await token({ grant_type: 'refresh_token', refresh_token: first.refresh_token });
    assert.notEqual(second.refresh_token, first.refresh_token);
    const headers = { authorization: `Bearer ${second.access_token}` };
    const resource = await fetch(`${new URL(issuer).origin}/rs/bearer`, { headers });
    assert.equal((await resource.json()).sub, 'bob');
  },

  async 'an answer in a form'(program) {
    const { requests, state, report } = await login(program, [], {}, { response_mode: 'form_post' });
    const form = new URLSearchParams(report.form);
    assert.deepEqual(requests.map(({ method, href }) => [method, href]), [['POST', 'http://127.0.0.1/callback']]);
    assert.equal(form.get('state'), state);
    assert.ok(form.get('code'));
    assert.deepEqual([report.status, report.words], [200, 'You may close this window']);
  },

  async 'a refusal'(program) {
    const { answer, state } = await login(program, ['--deny']);
    assert.equal(answer.get('error'), 'access_denied');
    assert.equal(answer.get('state'), state);
  },

  async 'a refusal by a variable'(program) {
    const { answer } = await login(program, [], { DENY: '1' });
    assert.equal(answer.get('error'), 'access_denied');
  },

  async 'a page that is closed'(program) {
    const { paths, report } = await login(program, ['--close']);
    assert.deepEqual([paths, report.status, report.location], [[], 200, undefined]);
  },

  async 'a request for the icon'(program) {
    const { paths, report } = await login(program, ['--favicon']);
    assert.deepEqual(paths, ['/favicon.ico', '/callback']);
    assert.deepEqual([report.favicon, report.status], [404, 200]);
  },

  async 'another state'(program) {
    const { answer, paths } = await login(program, ['--tamper-state']);
    assert.equal(answer.get('state'), 'tampered');
    assert.ok(answer.get('code'));
    assert.deepEqual(paths, ['/callback']);
  },

  async 'the callback twice'(program) {
    const { requests, paths, report } = await login(program, ['--twice']);
    assert.deepEqual(paths, ['/callback', '/callback']);
    assert.equal(requests[0].href, requests[1].href);
    assert.equal(report.again, 200);
  },

  async 'nobody at the callback'(program) {
    const { url, listener } = await beginLogin();
    listener.close();
    const report = await browse(program, ['--twice', '--favicon'], url);
    assert.deepEqual([report.status, report.again, report.favicon], [null, null, null]);
  },

  async 'a device that is approved'(program) {
    const { verification_uri_complete } = await beginDevice();
    const report = await browse(program, [], verification_uri_complete);
    assert.match(report.words, /sign-in was successful/);
  },

  async 'a device whose code is typed'(program) {
    const { verification_uri, user_code } = await beginDevice();
    const report = await browse(program, ['--user-code', user_code], verification_uri);
    assert.match(report.words, /sign-in was successful/);
  },

  async 'a device that is refused'(program) {
    const { verification_uri_complete } = await beginDevice();
    const report = await browse(program, ['--deny'], verification_uri_complete);
    assert.match(report.words, /request was interrupted/);
  },
};

/** Only the real browser takes pictures. */
async function pictures(program) {
  const shots = fs.mkdtempSync(path.join(folder, 'shots-'));
  const { report } = await login(program, ['--shots', shots]);
  assert.deepEqual(report.widths, { desktop: 1280, phone: 390 });
  const pixels = (name) => fs.readFileSync(path.join(shots, name));
  for (const size of ['desktop', 'phone']) {
    // Width and height of a PNG are at bytes 16 and 20.
    assert.equal(pixels(`end-${size}-light.png`).readUInt32BE(16), report.widths[size]);
    assert.ok(!pixels(`end-${size}-light.png`).equals(pixels(`end-${size}-dark.png`)), 'the schemes look the same');
  }
  assert.ok(fs.existsSync(path.join(shots, '1-login.png')));
}

for (const program of ['fake-browser.mjs', 'login-browser.mjs'].filter((one) => !only || one === only)) {
  const checks = { ...CHECKS, ...(program === 'login-browser.mjs' && { pictures }) };
  for (const [name, check] of Object.entries(checks)) {
    const started = Date.now();
    await check(program);
    console.log(`ok ${program} ${name}: ${Date.now() - started} ms`);
  }
}
