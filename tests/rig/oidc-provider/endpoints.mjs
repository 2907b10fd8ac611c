// Which endpoint a request is for, wherever the routes put it. Faults, patches and the log speak of endpoints by
// these names.

const PATHS = {
  authorization: '/auth',
  device_authorization: '/device/auth',
  discovery: '/.well-known/openid-configuration',
  introspection: '/token/introspection',
  jwks: '/jwks',
  pushed_authorization_request: '/request',
  registration: '/reg',
  revocation: '/token/revocation',
  token: '/token',
  userinfo: '/me',
};

/** Names of all endpoints. */
export const ENDPOINTS = Object.keys(PATHS);

/** Builds the function that names the endpoint of a request, or gives nothing: a login page, say. */
export function endpointsOf(routes = {}) {
  const names = new Map(ENDPOINTS.map((name) => [routes[name] ?? PATHS[name], name]));
  return (ctx) => names.get(ctx.path);
}
