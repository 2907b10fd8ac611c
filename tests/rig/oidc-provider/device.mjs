// The device grant's pace (RFC 8628), which oidc-provider leaves out: it says no interval and takes polls at any
// time. The `x_device` of a client says what to add: `interval` and `seconds` to live, and whether the server is
// `strict` about the interval.
import { GRANT } from './clients.mjs';

const LIFETIME_SECONDS = 600;
const PENALTY_SECONDS = 5;

/** How long a device has, in seconds. */
export const deviceSeconds = (ctx, code, client) => client.x_device?.seconds ?? LIFETIME_SECONDS;

/** Builds what adds the pace to the answers of the device authorization endpoint and of the polls. */
export function devicePace() {
  const paces = new Map();

  function begin(ctx) {
    const { interval, strict } = ctx.oidc.client.x_device ?? {};
    if (interval === undefined) return;
    ctx.body = { ...ctx.body, interval };
    if (strict) paces.set(ctx.body.device_code, { interval, notBefore: 0 });
  }

  // `slow_down` is a kind of `authorization_pending` (section 3.5): who has an answer gets it however early.
  function poll(ctx) {
    const pace = paces.get(ctx.oidc.params.device_code);
    if (!pace) return;
    const now = Date.now();
    if (ctx.body?.error === 'authorization_pending' && now < pace.notBefore) {
      pace.interval += PENALTY_SECONDS;
      ctx.body = { error: 'slow_down', error_description: `the interval is now ${pace.interval} s` };
    }
    pace.notBefore = now + pace.interval * 1000;
  }

  return async (ctx, next, endpoint) => {
    await next();
    if (endpoint === 'device_authorization' && ctx.body?.device_code) begin(ctx);
    if (endpoint === 'token' && ctx.oidc?.params?.grant_type === GRANT.device) poll(ctx);
  };
}
