// Plays the user at the server's pages by plain HTTP with a cookie jar: no browser needed.
const MOST_STEPS = 30;

/** A user who fills in the login, consent and device pages. */
export class User {
  #cookies = new Map();

  /** `deny` presses Cancel instead; `userCode` is typed at a device page whose address carries none. */
  constructor({ login = 'alice', password = 'wonderland', deny = false, userCode } = {}) {
    Object.assign(this, { login, password, deny, userCode });
  }

  /** The cookies so far, as names and values. */
  get cookies() {
    return [...this.#cookies];
  }

  /** Starts with cookies that an earlier user had. */
  remember(cookies) {
    this.#cookies = new Map(cookies);
  }

  /** One request with the cookies so far: a POST if there is a form. No redirect is followed. */
  async request(url, form) {
    const response = await fetch(url, {
      method: form ? 'POST' : 'GET',
      body: form && new URLSearchParams(form),
      headers: { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      redirect: 'manual',
    });
    response.headers.getSetCookie().forEach((line) => this.#keep(line));
    const location = response.headers.get('location');
    return { url, status: response.status, location, body: await response.text() };
  }

  #keep(line) {
    const [, name, value] = /^([^=]*)=([^;]*)/.exec(line);
    if (/expires=Thu, 01 Jan 1970/i.test(line)) this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }

  /**
   * Opens a page of the server, or sends a form there, and follows redirects.
   *
   * One that leads away from the server isn't followed: it is the page's `location`. So is the target of a page that
   * sends a form there by itself (OAuth 2.0 Form Post Response Mode), which is the page's `form`.
   */
  async open(url, form) {
    const { origin } = new URL(url);
    let page = await this.request(url, form);
    for (let step = 0; page.location && step < MOST_STEPS; step += 1) {
      page.location = new URL(page.location, page.url).href;
      if (new URL(page.location).origin !== origin) break;
      page = await this.request(page.location);
    }
    const sent = page.location ? undefined : formOf(page.body);
    const leadsAway = sent && new URL(sent.address, page.url).origin !== origin;
    return leadsAway ? { ...page, location: sent.address, form: sent.form } : page;
  }

  /** Opens a page of the server and goes on until nothing is left to do there. Gives the last page. */
  async visit(url) {
    let page = await this.open(url);
    for (let step = 0; step < MOST_STEPS; step += 1) {
      const next = !page.location && this.#answer(page.body);
      if (!next) return page;
      page = await this.open(new URL(next.address, page.url).href, next.form);
    }
    throw new Error(`the login did not end in ${MOST_STEPS} steps`);
  }

  /** What is sent from a page, and where to; nothing if the page wants nothing. */
  #answer(html) {
    const found = formOf(html);
    if (!found) return undefined;
    const { address, form } = found;
    if (form.logout || html.includes('op.logoutForm')) {
      form.logout = 'yes'; // the page asks only a browser that is logged in
    } else if (form.prompt) {
      if (this.deny) return { address: /<a href="([^"]*)">\[ Cancel \]/.exec(html)[1] };
      if (form.prompt === 'login') Object.assign(form, { login: this.login, password: this.password });
    } else if (form.confirm && this.deny) {
      delete form.confirm;
      form.abort = 'yes';
    } else if (!form.user_code) {
      if (!this.userCode || html.includes('class="red"')) return undefined; // no code, or it was refused
      form.user_code = this.userCode;
    }
    return { address, form };
  }
}

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
const unescaped = (html) => html.replace(/&(amp|lt|gt|quot|#39);/g, (whole, name) => ENTITIES[name]);

/** The first form of a page: its address and its hidden fields. */
function formOf(html) {
  const address = /<form[^>]*action="([^"]*)"/.exec(html)?.[1];
  if (!address) return undefined;
  const fields = [...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
  return {
    address: unescaped(address),
    form: Object.fromEntries(fields.map(([, name, value]) => [name, unescaped(value)])),
  };
}

/** The words of a page. */
export const wordsOf = (html) =>
  html.replace(/<(style|script|title)[^]*?<\/\1>|<[^>]*>/g, ' ').replace(/\s+/g, ' ').trim();
