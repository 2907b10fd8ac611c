// What the server remembers of every request, and the faults that a test queues for the next token requests.
import { realMs } from './clock.mjs';

let log = [];
let faults = [];

/** Every request so far, in order: for counting how often a server was asked, and by whom. */
export const requests = () => log;

/** Replaces the queue of faults. */
export function queueFaults(queue) {
  faults = queue;
}

/** Forgets the log and the faults. */
export function forget() {
  log = [];
  faults = [];
}

/** Logs a request and answers it with the next fault, if it is a token request and one is queued. */
export async function record(ctx, next, isToken) {
  const started = realMs();
  const entry = {
    n: log.length,
    method: ctx.method,
    path: ctx.req.originalUrl ?? ctx.url,
    tls: !!ctx.socket.encrypted,
    auth: ctx.get('authorization').split(' ')[0] || undefined, // the scheme, never the credentials
  };
  log.push(entry);

  const fault = isToken && faults.shift();
  if (fault?.delay_ms) await new Promise((resolve) => setTimeout(resolve, fault.delay_ms));
  if (fault?.drop) {
    entry.fault = fault;
    ctx.respond = false;
    ctx.socket.destroy();
    return;
  }
  if (fault?.status) {
    entry.fault = fault;
    entry.status = fault.status;
    ctx.status = fault.status;
    ctx.set(fault.headers ?? {});
    ctx.body = fault.body ?? '';
    return;
  }

  await next();
  entry.grant = ctx.oidc?.params?.grant_type;
  entry.client = ctx.oidc?.client?.clientId;
  entry.status = ctx.status;
  entry.ms = realMs() - started;
  if (ctx.body?.error) entry.error = ctx.body.error;
}
