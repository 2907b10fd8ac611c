// Every kind of client that a test logs in as. README.md has the table.
import { ID_TOKEN_BENDS } from './id-tokens.mjs';
import { QUIRKS } from './quirks.mjs';

/** Short names of the grant types. */
export const GRANT = {
  clientCredentials: 'client_credentials',
  refresh: 'refresh_token',
  code: 'authorization_code',
  device: 'urn:ietf:params:oauth:grant-type:device_code',
  password: 'password',
  jwtBearer: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  tokenExchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
};

/** The details that a client may ask for (RFC 9396). */
const DETAILS = { authorization_details_types: ['urn:rig:payment'] };

const LOGIN_SCOPES = 'openid offline_access read write';

// No port: a native application listens on any free one (RFC 8252 section 7.3).
const LOOPBACK = ['http://127.0.0.1/callback', 'http://[::1]/callback', 'http://localhost/callback'];

/** A client without a user and without redirects, for the given grant types. */
const machine = (client_id, grant_types, rest) => ({
  client_id,
  grant_types,
  response_types: [],
  redirect_uris: [],
  scope: 'read write',
  ...rest,
});

const service = (client_id, rest) => machine(client_id, [GRANT.clientCredentials], rest);

const everything = (client_id, rest) =>
  machine(client_id, [GRANT.clientCredentials, GRANT.password, GRANT.refresh], { scope: LOGIN_SCOPES, ...rest });

/** A program on the user's machine that logs in with the browser. */
const native = (client_id, rest) => ({
  client_id,
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  redirect_uris: LOOPBACK,
  grant_types: [GRANT.code, GRANT.refresh],
  response_types: ['code'],
  scope: LOGIN_SCOPES,
  ...DETAILS,
  ...rest,
});

/** A program on a machine without a browser; `x_device` is its pace, see device.mjs. */
const device = (client_id, x_device = {}) => machine(client_id, [GRANT.device, GRANT.refresh], {
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  scope: LOGIN_SCOPES,
  x_device,
});

/** All clients, as the metadata that oidc-provider takes. */
export const clients = (keys) => [
  // Client credentials, by way of authenticating (RFC 6749 section 2.3.1, RFC 7523, RFC 8705).
  service('cc-basic', {
    client_secret: 'secret',
    token_endpoint_auth_method: 'client_secret_basic',
    ...DETAILS,
  }),
  // Both halves must be form-encoded before they are joined for Basic, which many programs forget.
  service('cc:special id', {
    client_secret: 'p@ss w%rd+&=:/?~',
    token_endpoint_auth_method: 'client_secret_basic',
  }),
  service('cc-post', { client_secret: 'secret', token_endpoint_auth_method: 'client_secret_post' }),
  service('cc-sjwt', {
    client_secret: 'a-client-secret-of-at-least-32-bytes!!',
    token_endpoint_auth_method: 'client_secret_jwt',
    token_endpoint_auth_signing_alg: 'HS256',
  }),
  service('cc-pkjwt', { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: keys.ofClients } }),
  service('cc-mtls', {
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_subject_dn: 'CN=cc-mtls,O=rig',
  }),
  service('cc-mtls-san', {
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_san_dns: 'cc-mtls.test',
    tls_client_certificate_bound_access_tokens: true,
  }),
  service('cc-mtls-self', {
    token_endpoint_auth_method: 'self_signed_tls_client_auth',
    jwks: { keys: [keys.certificateJwk('self.crt', 'self-1')] },
    tls_client_certificate_bound_access_tokens: true,
  }),
  service('cc-mtls-bound', {
    client_secret: 'secret',
    token_endpoint_auth_method: 'client_secret_post',
    tls_client_certificate_bound_access_tokens: true,
  }),

  // Tokens bound to a key (RFC 9449). For the second the token endpoint demands a DPoP-Nonce.
  service('cc-dpop', { client_secret: 'secret', dpop_bound_access_tokens: true }),
  service('cc-dpop-nonce', { client_secret: 'secret', dpop_bound_access_tokens: true }),

  // Logins of a user.
  native('native'),
  native('native-dpop', { dpop_bound_access_tokens: true }),
  // Servers that compare the redirect address to the letter, and one with a path of its own.
  native('native-fixed', {
    redirect_uris: ['http://localhost:8888/callback', 'http://127.0.0.1:8888/callback'],
    x_exact_redirect: true,
  }),
  native('native-path', { redirect_uris: ['http://127.0.0.1/signed/in', 'http://localhost/signed/in'] }),
  native('native-es256', { id_token_signed_response_alg: 'ES256' }),
  native('native-eddsa', { id_token_signed_response_alg: 'EdDSA' }),
  native('native-par', {
    client_secret: 'secret',
    token_endpoint_auth_method: 'client_secret_post',
    require_pushed_authorization_requests: true,
  }),
  // Clients whose requests are signed (RFC 9101): one that does not authenticate, and one that also pushes them.
  native('native-jar', { require_signed_request_object: true, jwks: { keys: keys.ofClients } }),
  native('native-jar-par', {
    token_endpoint_auth_method: 'private_key_jwt',
    require_signed_request_object: true,
    require_pushed_authorization_requests: true,
    jwks: { keys: keys.ofClients },
  }),
  // A web application: it keeps a secret.
  native('web', { client_secret: 'secret', token_endpoint_auth_method: 'client_secret_basic' }),
  // With Keycloak people have a public client for logins and a confidential one for services.
  native('kc-public'),
  service('kc-cc', { client_secret: 'tell-nobody-4711', token_endpoint_auth_method: 'client_secret_basic' }),

  device('device'),
  device('device-quick', { interval: 1 }),
  device('device-strict', { interval: 1, strict: true }),
  device('device-brief', { interval: 1, seconds: 3 }),
  machine('pw', [GRANT.password, GRANT.refresh], { client_secret: 'secret', scope: LOGIN_SCOPES }),

  // Every grant without a browser, once for each way of authenticating. The public one has no credentials
  // of its own to get a token for.
  everything('all-basic', { client_secret: 'secret', token_endpoint_auth_method: 'client_secret_basic' }),
  everything('all-post', { client_secret: 'secret', token_endpoint_auth_method: 'client_secret_post' }),
  everything('all-sjwt', {
    client_secret: 'a-client-secret-of-at-least-32-bytes!!',
    token_endpoint_auth_method: 'client_secret_jwt',
    token_endpoint_auth_signing_alg: 'HS256',
  }),
  everything('all-pkjwt', { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: keys.ofClients } }),
  machine('all-none', [GRANT.password, GRANT.refresh], {
    token_endpoint_auth_method: 'none',
    scope: LOGIN_SCOPES,
  }),

  // A service account signs its own assertions: there is no client to authenticate.
  machine('sa', [GRANT.jwtBearer], { token_endpoint_auth_method: 'none' }),
  machine('xchg', [GRANT.tokenExchange, GRANT.clientCredentials], { client_secret: 'secret' }),

  // A resource server: it gets no token, and may introspect everybody's.
  machine('rs', [], { client_secret: 'secret', scope: undefined }),

  // Clients whose ID tokens are bent, see id-tokens.mjs.
  ...ID_TOKEN_BENDS.map((x_id_token) => native(`id-${x_id_token}`, {
    grant_types: [GRANT.code, GRANT.device, GRANT.refresh],
    x_id_token,
  })),

  // Clients whose token responses are bent, see quirks.mjs.
  ...QUIRKS.map((quirk) => machine(
    `q-${quirk}`,
    [GRANT.clientCredentials, GRANT.password, GRANT.refresh],
    {
      client_secret: 'secret',
      token_endpoint_auth_method: 'client_secret_post',
      scope: LOGIN_SCOPES,
      x_quirk: quirk,
    },
  )),
];
