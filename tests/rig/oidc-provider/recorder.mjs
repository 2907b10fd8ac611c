// What the server remembers of every request, and the faults that a test queues for the next ones.
import querystring from 'node:querystring';
import { readBody } from './body.mjs';
import { ENDPOINTS } from './endpoints.mjs';

// The log is printed when a test fails, so it has no more than that these were there.
const SECRET = /^(client_secret|password|code|code_verifier|device_code|.*assertion|.*token)$/;

const FAULT = ['endpoint', 'grant', 'client', 'times', 'status', 'headers', 'body', 'delay_ms', 'hold', 'drop'];

let log = [];
let faults = [];
let held = [];

/** Every request so far, in order: for counting how often a server was asked, and by whom. */
export const requests = () => log;

/** Replaces the queue of faults, and sends the answers that are held. */
export function queueFaults(queue) {
  for (const fault of queue) {
    // A fault that nothing meets would let a test pass for the wrong reason.
    const unknown = Object.keys(fault).find((name) => !FAULT.includes(name));
    if (unknown) throw new Error(`a fault has no ${unknown}; there are: ${FAULT.join(', ')}`);
    if (!ENDPOINTS.includes(fault.endpoint ?? 'token')) throw new Error(`no endpoint ${fault.endpoint}`);
  }
  for (const send of held.splice(0)) send();
  faults = queue.map((fault) => ({ endpoint: 'token', times: 1, ...fault }));
}

/** Forgets the log and the faults. */
export function forget() {
  log = [];
  queueFaults([]);
}

/** Takes the first fault that is for this request, if one is queued. */
async function nextFault(ctx, endpoint) {
  const candidates = faults.filter((fault) => fault.endpoint === endpoint);
  if (candidates.length === 0) return undefined;
  const form = await readForm(ctx);
  const fault = candidates.find(({ grant, client }) =>
    (!grant || grant === form.grant_type) && (!client || client === form.client_id));
  if (fault) {
    fault.times -= 1;
    if (fault.times === 0) faults.splice(faults.indexOf(fault), 1);
  }
  return fault;
}

/** The form of a request whose body nobody has read yet. */
async function readForm(ctx) {
  if (ctx.method !== 'POST') return {};
  // oidc-provider takes a body that is already read from here.
  ctx.req.body ??= await readBody(ctx.req);
  const { body } = ctx.req;
  return typeof body === 'string' ? querystring.parse(body) : body;
}

/** The parameters of a request, without the secrets. */
async function parametersOf(ctx) {
  const form = ctx.oidc?.body ?? (ctx.req.body && await readForm(ctx));
  const parameters = Object.entries({ ...ctx.query, ...form });
  if (parameters.length === 0) return undefined;
  return Object.fromEntries(parameters.map(([k, v]) => [k, SECRET.test(k) ? '(set)' : v]));
}

/** Logs a request and answers it with the next fault, if one is queued for it. */
export async function record(ctx, next, endpoint) {
  const started = performance.now();
  const entry = {
    n: log.length,
    at_ms: Math.round(started),
    method: ctx.method,
    path: ctx.req.originalUrl ?? ctx.url,
    endpoint,
    tls: !!ctx.socket.encrypted,
    auth: ctx.get('authorization').split(' ')[0] || undefined, // the scheme, never the credentials
  };
  log.push(entry);

  const fault = await nextFault(ctx, endpoint);
  if (fault?.delay_ms) await new Promise((resolve) => setTimeout(resolve, fault.delay_ms));
  if (fault?.drop || fault?.status) {
    entry.fault = fault;
    entry.params = await parametersOf(ctx);
  }
  if (fault?.drop) {
    ctx.respond = false;
    ctx.socket.destroy();
    return;
  }
  if (fault?.status) {
    entry.status = fault.status;
    ctx.status = fault.status;
    ctx.set(fault.headers ?? {});
    ctx.body = fault.body ?? '';
    return;
  }

  await next();
  entry.params = await parametersOf(ctx);
  entry.grant = ctx.oidc?.params?.grant_type;
  entry.client = ctx.oidc?.client?.clientId;
  entry.status = ctx.status;
  entry.ms = Math.round(performance.now() - started);
  if (ctx.body?.error) entry.error = ctx.body.error;
  if (ctx.body?.user_code) {
    entry.user_code = ctx.body.user_code;
    entry.verification_uri_complete = ctx.body.verification_uri_complete;
  }
  if (fault?.hold) await new Promise((resolve) => held.push(resolve));
}
