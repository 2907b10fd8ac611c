// Clients that authenticate with a TLS certificate, and tokens bound to one (RFC 8705).

const certificateOf = (ctx) => ctx.socket.getPeerX509Certificate?.();

/** The `mTLS` feature of oidc-provider, which leaves the certificate itself to its user. */
export const mutualTls = {
  enabled: true,
  certificateBoundAccessTokens: true,
  selfSignedTlsClientAuth: true,
  tlsClientAuth: true,
  getCertificate: (ctx) => certificateOf(ctx)?.toString(),
  certificateAuthorized: (ctx) => ctx.socket.authorized === true,
  certificateSubjectMatches(ctx, property, expected) {
    const certificate = certificateOf(ctx);
    if (property === 'tls_client_auth_subject_dn') {
      // Node lists the parts as they are encoded; RFC 4514 writes them the other way round. Both are common.
      const parts = certificate.subject.split('\n');
      const spellings = [parts.join(','), [...parts].reverse().join(',')];
      return spellings.includes(expected.replace(/,\s+/g, ','));
    }
    if (property === 'tls_client_auth_san_dns') {
      return (certificate.subjectAltName ?? '').split(', ').includes(`DNS:${expected}`);
    }
    return false;
  },
};

// Name in the discovery document, name among oidc-provider's routes, and that route's default.
const ENDPOINTS = [
  ['token_endpoint', 'token', '/token'],
  ['revocation_endpoint', 'revocation', '/token/revocation'],
  ['introspection_endpoint', 'introspection', '/token/introspection'],
  ['pushed_authorization_request_endpoint', 'pushed_authorization_request', '/request'],
  ['device_authorization_endpoint', 'device_authorization', '/device/auth'],
  ['userinfo_endpoint', 'userinfo', '/me'],
];

/** The `mtls_endpoint_aliases` of the discovery document: the same paths on the TLS side. */
export function mutualTlsEndpoints({ issuer, mtls, routes }) {
  const prefix = new URL(issuer).pathname.replace(/\/$/, '');
  return Object.fromEntries(
    ENDPOINTS.map(([name, route, fallback]) => [name, mtls + prefix + (routes?.[route] ?? fallback)]),
  );
}
