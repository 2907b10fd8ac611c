// What a test changes in the server's answers, so that they look like those of another server, or of a hostile one.
//
// A patch is what RFC 7396 calls a JSON merge patch: a member is set, `null` removes it. In a string, `{name}`
// stands for the member's own value: `"{user_code}\u0007"` is the right code and a bell.
import { ENDPOINTS } from './endpoints.mjs';

let patches = {};

/** Replaces all patches: `{ENDPOINT: {member: value}}`, and `callback` for the query of the redirect to a client. */
export function setPatches(value) {
  const unknown = Object.keys(value).filter((name) => name !== 'callback' && !ENDPOINTS.includes(name));
  if (unknown.length > 0) throw new Error(`no endpoint ${unknown}; there are: callback, ${ENDPOINTS.join(', ')}`);
  patches = value;
}

/** What a patch makes of a member. */
function changed(original, value) {
  if (typeof value !== 'string') return value;
  return value.replace(/\{(\w+)\}/g, (whole, name) => original[name] ?? whole);
}

/** Patches the answer of an endpoint, if it is JSON and no error; and a redirect to a client. */
export function patchAnswer(ctx, endpoint, issuer) {
  const patch = patches[endpoint];
  if (patch && ctx.status < 300 && typeof ctx.body === 'object') {
    const body = { ...ctx.body };
    for (const [name, value] of Object.entries(patch)) {
      if (value === null) delete body[name];
      else body[name] = changed(ctx.body, value);
    }
    const { type } = ctx.response; // assigning a body sets it anew
    ctx.body = body;
    ctx.type = type;
  }
  if (patches.callback && leadsToClient(ctx, issuer)) {
    ctx.set('location', patchedCallback(ctx.response.get('location')));
  }
}

function leadsToClient(ctx, issuer) {
  const location = ctx.status >= 300 && ctx.status < 400 && ctx.response.get('location');
  return location && URL.canParse(location) && new URL(location).origin !== new URL(issuer).origin;
}

/** A value that is a list puts the name there as often. */
function patchedCallback(location) {
  const url = new URL(location);
  const original = Object.fromEntries(url.searchParams);
  for (const [name, value] of Object.entries(patches.callback)) {
    url.searchParams.delete(name);
    for (const one of [value ?? []].flat()) url.searchParams.append(name, changed(original, one));
  }
  return url.href;
}
