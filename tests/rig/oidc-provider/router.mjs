// Which part of the server answers a request.
import { readBody } from './body.mjs';
import { now } from './clock.mjs';
import { control } from './control.mjs';
import { KEYCLOAK_ROUTES, REALMS } from './keycloak.mjs';
import { buildProvider } from './provider.mjs';
import { RESOURCE_METADATA, buildResourceServer } from './resource-server.mjs';

const DISCOVERY = '/.well-known/openid-configuration';

// RFC 8414: another name for the discovery document, and the issuer's path comes after the well-known part.
const WELL_KNOWN = /^\/\.well-known\/(?:oauth-authorization-server|openid-configuration)(\/.+)?$/;
const REALM = /^((?:\/auth)?\/realms\/[^/?]+)(.*)$/;

const NO_REALM = {
  error: 'Realm does not exist',
  error_description: 'For more on this error consult the server log.',
};

/**
 * Google's token endpoints take no client authentication: the assertion, or the subject's token, is all.
 * They are answered by the same code, with a client filled in.
 */
const GOOGLE = {
  '/google/token': (form) => ({ ...form, client_id: 'sa' }),
  '/google/sts': (form) => ({ scope: 'read', ...form, client_id: 'xchg', client_secret: 'secret' }),
};

/** Builds the function that answers every request of both servers. */
export function buildRouter({ issuer, mtls, keys }) {
  const provider = buildProvider({ issuer, mtls, keys });
  const authorizationServer = provider.callback();
  const resourceServer = buildResourceServer({ provider, keys, issuer });
  const realms = Object.fromEntries(REALMS.map((base) => {
    const realm = { issuer: issuer + base, mtls, keys, routes: KEYCLOAK_ROUTES, keycloak: true };
    return [base, buildProvider(realm).callback()];
  }));

  async function route(request, response) {
    const scheme = request.socket.encrypted ? 'https' : 'http';
    const url = new URL(request.url, `${scheme}://${request.headers.host}`);
    if (url.pathname.startsWith('/__rig/')) return control(request, response, url, resourceServer);
    if (/^\/rs\//.test(url.pathname) || url.pathname.startsWith(RESOURCE_METADATA)) return resourceServer.answer(request, response, url);

    if (request.method === 'POST' && GOOGLE[url.pathname]) {
      const form = Object.fromEntries(new URLSearchParams(await readBody(request)));
      request.body = GOOGLE[url.pathname](form); // oidc-provider takes a body that is already read from here
      request.url = '/token';
      return authorizationServer(request, response);
    }

    const wellKnown = WELL_KNOWN.exec(url.pathname);
    if (wellKnown && !wellKnown[1]) request.url = DISCOVERY;
    else if (realms[wellKnown?.[1]]) request.url = wellKnown[1] + DISCOVERY;

    const inRealm = REALM.exec(request.url);
    if (!inRealm) return authorizationServer(request, response);
    const [, base, rest] = inRealm;
    if (!realms[base]) {
      response.writeHead(404, { 'content-type': 'application/json' });
      return response.end(JSON.stringify(NO_REALM));
    }
    request.originalUrl = request.url;
    request.url = rest || '/';
    return realms[base](request, response);
  }

  return (request, response) => {
    response.setHeader('date', now().toUTCString()); // Node's own is of the real clock
    return route(request, response).catch((error) => {
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end(String(error)); // a test's mistake, such as faults that aren't JSON, must not end the server
    });
  };
}
