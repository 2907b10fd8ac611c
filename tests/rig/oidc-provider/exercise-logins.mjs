// The part of exercise.sh that logs in with every client, in one process: a line a check, `ok` or `FAIL`.
//
//   node exercise-logins.mjs ISSUER
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import * as jose from 'jose';
import { User, wordsOf } from './user.mjs';

const [issuer] = process.argv.slice(2);
const CALLBACK = 'http://127.0.0.1:9/callback';
const REALM = `${issuer}/realms/test`;
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const verifier = crypto.randomBytes(32).toString('base64url');
const code_challenge = crypto.createHash('sha256').update(verifier).digest('base64url');

const getJson = async (url) => (await fetch(url)).json();
const discovery = (base = issuer) => getJson(`${base}/.well-known/openid-configuration`);
const sideDoor = (path) => getJson(`${issuer}/__rig/${path}`);
const setAnswers = (patches) =>
  fetch(`${issuer}/__rig/answers`, { method: 'POST', body: JSON.stringify(patches) });

async function post(url, form) {
  return (await fetch(url, { method: 'POST', body: new URLSearchParams(form) })).json();
}

/** The redirect to the client, or the words of the page where the login stopped. */
async function authorize(client_id, { redirect_uri = CALLBACK, base, ...more } = {}) {
  const url = new URL((await discovery(base)).authorization_endpoint);
  url.search = new URLSearchParams({
    client_id,
    redirect_uri,
    response_type: 'code',
    scope: 'openid offline_access read',
    prompt: 'consent',
    resource: 'urn:rig:api',
    state: 's1',
    nonce: 'n1',
    code_challenge,
    code_challenge_method: 'S256',
    ...more,
  });
  const page = await new User().visit(url.href);
  return page.location ?? wordsOf(page.body);
}

/** The token response of a whole login. */
async function login(client_id, { redirect_uri = CALLBACK, base } = {}) {
  const location = await authorize(client_id, { redirect_uri, base });
  const code = new URL(location).searchParams.get('code');
  const form = { client_id, redirect_uri, code, code_verifier: verifier, grant_type: 'authorization_code' };
  return post((await discovery(base)).token_endpoint, form);
}

/** Header and claims of an ID token, if all is right. */
async function verify(token, audience, nonce = 'n1') {
  const keys = jose.createLocalJWKSet(await getJson((await discovery()).jwks_uri));
  const requiredClaims = ['exp', 'iat', ...(nonce ? ['nonce'] : [])];
  const { protectedHeader, payload } = await jose.jwtVerify(token, keys, { issuer, audience, requiredClaims });
  if (nonce) assert.equal(payload.nonce, nonce);
  return { ...protectedHeader, ...payload };
}

async function verified(client) {
  return verify((await login(client)).id_token, client);
}

const refused = (name, message) => [`id-${name}`, () => assert.rejects(verified(`id-${name}`), message)];

const CHECKS = {
  async 'parameters are logged'() {
    await authorize('native', { audience: 'a1', login_hint: 'bob' });
    const log = await sideDoor('log');
    const { params, path } = log.findLast(({ endpoint }) => endpoint === 'authorization');
    assert.match(path, /^\/auth\?/);
    assert.deepEqual(
      [params.prompt, params.resource, params.audience, params.login_hint, params.code_challenge_method],
      ['consent', 'urn:rig:api', 'a1', 'bob', 'S256'],
    );
  },
  async 'secrets are not logged'() {
    const { access_token, refresh_token } = await login('native');
    await post((await discovery()).token_endpoint, { client_id: 'native', grant_type: 'refresh_token', refresh_token });
    const log = JSON.stringify(await sideDoor('log'));
    for (const secret of [verifier, access_token, refresh_token]) assert.ok(!log.includes(secret));
    assert.match(log, /"code_verifier":"\(set\)".*"refresh_token":"\(set\)"/);
  },
  async 'pkce is demanded'() {
    assert.match(await authorize('native', { code_challenge: '' }), /error=invalid_request/);
  },
  async 'native-fixed'() {
    for (const host of ['localhost', '127.0.0.1']) {
      const redirect_uri = `http://${host}:8888/callback`;
      const right = await authorize('native-fixed', { redirect_uri });
      assert.ok(right.startsWith(`${redirect_uri}?code=`), right);
      const wrong = await authorize('native-fixed', { redirect_uri: `http://${host}:8889/callback` });
      assert.match(wrong, /redirect_uri did not match/);
    }
  },
  async 'native-path'() {
    const redirect_uri = 'http://127.0.0.1:9/signed/in';
    assert.ok((await authorize('native-path', { redirect_uri })).startsWith(`${redirect_uri}?code=`));
    assert.match(await authorize('native-path'), /redirect_uri did not match/);
  },
  async 'kc-public'() {
    const { id_token, refresh_token } = await login('kc-public', { base: REALM });
    assert.equal(jose.decodeJwt(id_token).iss, REALM);
    assert.ok(refresh_token);
  },

  async 'a callback without iss'() {
    await setAnswers({ callback: { iss: null } });
    assert.match(await authorize('native'), /^http:\/\/127.0.0.1:9\/callback\?code=[^&]*&state=s1$/);
  },
  async 'a callback with another iss, and state twice'() {
    await setAnswers({ callback: { iss: 'https://elsewhere.test', state: ['{state}', 'x{state}'] } });
    assert.match(await authorize('native'), /\?code=[^&]*&iss=https%3A%2F%2Felsewhere.test&state=s1&state=xs1$/);
    await setAnswers({});
    assert.match(await authorize('native'), /&state=s1&iss=http%3A%2F%2F127/);
  },
  async 'a discovery document without members'() {
    const names = ['device_authorization_endpoint', 'jwks_uri', 'authorization_response_iss_parameter_supported'];
    const has = async () => names.map((name) => name in document).join();
    let document = await discovery();
    assert.equal(await has(), 'true,true,true');
    await setAnswers({ discovery: Object.fromEntries(names.map((name) => [name, null])) });
    document = await discovery();
    assert.equal(await has(), 'false,false,false');
    await setAnswers({});
  },

  async 'id tokens in three algorithms'() {
    const algorithms = { native: 'RS256', 'native-es256': 'ES256', 'native-eddsa': 'EdDSA' };
    for (const [client, alg] of Object.entries(algorithms)) assert.equal((await verified(client)).alg, alg);
  },
  async 'an id token of a device'() {
    const { device_authorization_endpoint, token_endpoint } = await discovery();
    const begun = await post(device_authorization_endpoint, { client_id: 'device', scope: 'openid read' });
    await new User({ login: 'bob' }).visit(begun.verification_uri_complete);
    const form = { client_id: 'device', grant_type: DEVICE, device_code: begun.device_code };
    const { id_token } = await post(token_endpoint, form);
    assert.equal((await verify(id_token, 'device', null)).sub, 'bob');
  },
  ...Object.fromEntries([
    refused('other_audience', /unexpected "aud"/),
    refused('other_issuer', /unexpected "iss"/),
    refused('wrong_nonce', /another-nonce/),
    refused('no_nonce', /missing required "nonce"/),
    refused('expired', /"exp" claim timestamp/),
    refused('no_expiry', /missing required "exp"/),
    refused('wrong_signature', /signature verification failed/),
    refused('unknown_key', /no applicable key/),
    refused('alg_none', /Unsupported "alg"/),
    refused('hs256', /Unsupported "alg"/),
  ]),
  async 'id-other_party'() {
    const { aud, azp } = await verified('id-other_party');
    assert.deepEqual([aud, azp], [['id-other_party', 'somebody-else'], 'somebody-else']);
  },
  async 'id-hs256 is signed with the public key'() {
    const { id_token } = await login('id-hs256');
    const { keys } = await getJson((await discovery()).jwks_uri);
    const jwk = keys.find(({ kid }) => kid === jose.decodeProtectedHeader(id_token).kid);
    const pem = crypto.createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'pem', type: 'spki' });
    await jose.jwtVerify(id_token, Buffer.from(pem));
  },
  async 'id-missing'() {
    const answer = await login('id-missing');
    assert.ok(answer.access_token && !('id_token' in answer));
  },

  async 'rotated keys'() {
    const { id_token } = await login('native');
    const keyOf = async (client) => (await verified(client)).kid;
    assert.equal(await keyOf('native'), 'op-rsa');
    await sideDoor('rotate-keys?keep-old');
    assert.equal((await verify(id_token, 'native')).kid, 'op-rsa');
    assert.equal(await keyOf('native'), 'op-rsa-2');
    await sideDoor('rotate-keys');
    await assert.rejects(verify(id_token, 'native'), /no applicable key/);
    assert.equal(await keyOf('native-es256'), 'op-ec-3');
    assert.equal(await keyOf('native-eddsa'), 'op-ed25519-3');
    const { headers } = await fetch((await discovery()).jwks_uri);
    assert.match(headers.get('content-type'), /^application\/jwk-set\+json/);
    await sideDoor('reset');
    assert.equal((await verify(id_token, 'native')).kid, 'op-rsa');
  },
};

for (const [name, check] of Object.entries(CHECKS)) {
  const said = await check().then(() => `ok   ${name}`, ({ message }) => `FAIL ${name}: ${message}`);
  console.log(said.replaceAll('\n', ' ').slice(0, 1000));
}
