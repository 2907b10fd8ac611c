// What makes a realm look like Keycloak's: its paths, what it adds to token responses, how it words errors.
import crypto from 'node:crypto';
import { GRANT } from './clients.mjs';

const BASE = '/protocol/openid-connect';

/** Where Keycloak has its endpoints, below the realm. */
export const KEYCLOAK_ROUTES = {
  authorization: `${BASE}/auth`,
  token: `${BASE}/token`,
  introspection: `${BASE}/token/introspect`,
  revocation: `${BASE}/revoke`,
  jwks: `${BASE}/certs`,
  userinfo: `${BASE}/userinfo`,
  device_authorization: `${BASE}/auth/device`,
  code_verification: '/device',
  pushed_authorization_request: `${BASE}/ext/par/request`,
  end_session: `${BASE}/logout`,
  registration: '/clients-registrations/openid-connect',
};

/** Where the realm is: since Keycloak 17, and before. */
export const REALMS = ['/realms/test', '/auth/realms/test'];

const WORDING = {
  [GRANT.password]: 'Invalid user credentials',
  [GRANT.refresh]: 'Token is not active',
  [GRANT.code]: 'Code not valid',
};

/** Changes a token response to what Keycloak would have said. */
export function speakKeycloak(ctx) {
  const { body } = ctx;
  if (body?.access_token) {
    body.refresh_expires_in = body.refresh_token ? 1800 : 0;
    body['not-before-policy'] = 0;
    if (body.refresh_token) body.session_state = crypto.randomUUID();
  } else if (body?.error === 'invalid_client') {
    ctx.status = 401;
    ctx.body = {
      error: ctx.oidc?.client ? 'unauthorized_client' : 'invalid_client',
      error_description: 'Invalid client or Invalid client credentials',
    };
  } else if (body?.error === 'invalid_grant') {
    const grant = ctx.oidc?.params?.grant_type;
    if (grant === GRANT.password) ctx.status = 401;
    ctx.body = { error: 'invalid_grant', error_description: WORDING[grant] ?? 'Invalid grant' };
  }
}
