// Token responses bent the way well-known servers bend them. The client `q-NAME` gets the response bent
// by NAME.

const form = (ctx, body) => {
  ctx.type = 'application/x-www-form-urlencoded';
  ctx.body = new URLSearchParams(body).toString();
};

// Each takes the context and a copy of the right response. What it returns becomes the response; what
// returns nothing has answered by itself.
const BENDS = {
  string_expires(ctx, body) {
    if (body.expires_in) body.expires_in = String(body.expires_in);
    return body;
  },
  float_expires(ctx, body) {
    if (body.expires_in) body.expires_in += 0.5;
    return body;
  },
  no_expires(ctx, body) {
    delete body.expires_in;
    return body;
  },
  null_expires(ctx, body) {
    body.expires_in = null;
    body.refresh_token ??= null;
    return body;
  },
  lower_type(ctx, body) {
    if (body.token_type) body.token_type = 'bearer';
    return body;
  },
  no_type(ctx, body) {
    delete body.token_type;
    return body;
  },
  empty_token: (ctx, body) => ({ ...body, access_token: '' }),
  extra: (ctx, body) => ({ ...body, ok: true, team: { id: 'T1' }, ext_expires_in: 120, id_token: null }),
  huge: (ctx, body) => ({ ...body, pad: 'x'.repeat(8 << 20) }),
  form,

  /** 200 for errors too, and form-encoded unless JSON is asked for. */
  github(ctx, body) {
    ctx.status = 200;
    if (ctx.get('accept').includes('json')) return body;
    return form(ctx, body);
  },

  /** 200 for errors too; `ok` tells. */
  slack(ctx, body) {
    ctx.status = 200;
    return body.error ? { ok: false, error: body.error } : { ok: true, ...body };
  },
  html_500(ctx) {
    ctx.status = 502;
    ctx.type = 'text/html';
    ctx.body = '<html><body>Bad Gateway</body></html>';
  },
  bad_json(ctx) {
    ctx.type = 'application/json';
    ctx.body = '{"access_token":"x"';
  },

  /** The response is right; provider.mjs keeps the refresh token the same. */
  no_rotate: (ctx, body) => body,
};

/** Names of all quirks. */
export const QUIRKS = Object.keys(BENDS);

/** Bends the response of the token endpoint, if the client is one of those. */
export function bend(ctx) {
  const quirk = ctx.oidc?.client?.x_quirk;
  if (!quirk || !ctx.body) return;
  const bent = BENDS[quirk](ctx, { ...ctx.body });
  if (bent) ctx.body = bent;
}
