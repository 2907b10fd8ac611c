// Who logs in, and what for.

/** Users of the password grant. The login page takes any password. */
export const USERS = { alice: 'wonderland', bob: 'p@ss w%rd+&=:/', carol: 'wonderland' };

/** The resource whose access tokens are JWTs that /rs/bearer and /rs/dpop accept; the default of cc-*. */
export const API = 'urn:rig:api';

/** The resource whose access tokens are opaque. */
export const OPAQUE = 'urn:rig:opaque';

/** The target that token exchange refuses. */
export const FORBIDDEN = 'urn:rig:forbidden';

/** Scopes of the resources; the others (openid, offline_access) belong to the login. */
export const RESOURCE_SCOPES = ['read', 'write'];

/** Lifetime of every access token. */
export const ACCESS_TOKEN_SECONDS = 60;

/** What oidc-provider wants to know about a resource whose access tokens are JWTs. */
export const jwtResource = (audience, alg) => ({
  scope: RESOURCE_SCOPES.join(' '),
  audience,
  accessTokenTTL: ACCESS_TOKEN_SECONDS,
  accessTokenFormat: 'jwt',
  jwt: { sign: { alg } },
});

/** The same for the resource whose access tokens are opaque. */
export const opaqueResource = {
  scope: RESOURCE_SCOPES.join(' '),
  accessTokenTTL: ACCESS_TOKEN_SECONDS,
  accessTokenFormat: 'opaque',
};
