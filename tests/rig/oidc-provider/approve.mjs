// Plays the user at the login pages by plain HTTP with a cookie jar; no browser needed.
//
//   node approve.mjs code BASE AUTHORIZATION_URL [USER [PASSWORD]]  prints the redirect to the client
//   node approve.mjs device BASE USER_CODE [USER [PASSWORD]]         approves a device
//   node approve.mjs device-deny BASE USER_CODE                     refuses a device
//
// BASE is the issuer.
const MOST_STEPS = 30;
const [mode, base, target, user = 'alice', password = 'x'] = process.argv.slice(2);
const origin = new URL(base).origin;
const jar = new Map();

/** One request with the cookies so far: a POST if there is a form. */
async function request(url, form) {
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const response = await fetch(url, {
    method: form ? 'POST' : 'GET',
    body: form && new URLSearchParams(form),
    headers: { cookie },
    redirect: 'manual',
  });
  response.headers.getSetCookie().forEach(keepCookie);
  return { url, location: response.headers.get('location'), body: await response.text() };
}

function keepCookie(line) {
  const [, name, value] = /^([^=]*)=([^;]*)/.exec(line);
  if (/expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name);
  else jar.set(name, value);
}

const hiddenField = (html, name) => new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1];

/** Follows redirects and fills in forms until a redirect leads elsewhere or nothing is left to do. */
async function follow(page) {
  for (let step = 0; step < MOST_STEPS; step += 1) {
    if (page.location) {
      const next = new URL(page.location, page.url);
      if (next.origin !== origin) return next.href;
      page = await request(next.href);
      continue;
    }
    const action = /<form[^>]*action="([^"]*)"/.exec(page.body)?.[1];
    const prompt = hiddenField(page.body, 'prompt');
    if (!action || !['login', 'consent'].includes(prompt)) return page.body;
    const form = prompt === 'login' ? { prompt, login: user, password } : { prompt };
    page = await request(new URL(action, page.url), form);
  }
  throw new Error(`the login did not end in ${MOST_STEPS} steps`);
}

async function answerDevice(choice) {
  let page = await request(`${base}/device`);
  page = await request(`${base}/device`, { xsrf: hiddenField(page.body, 'xsrf'), user_code: target });
  const form = { xsrf: hiddenField(page.body, 'xsrf'), user_code: target, ...choice };
  const end = await follow(await request(`${base}/device`, form));
  return end.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').slice(-200);
}

switch (mode) {
  case 'code':
    console.log(await follow(await request(target)));
    break;
  case 'device':
    console.log(await answerDevice({ confirm: 'yes' }));
    break;
  case 'device-deny':
    console.log(await answerDevice({ abort: 'yes' }));
    break;
  default:
    console.error('approve.mjs: the first argument is code, device or device-deny');
    process.exit(2);
}
