#!/usr/bin/env node
// Stands in for the user and the browser: opens a login page in headless Chromium, fills it in, and ends when
// the page is no longer the authorization server's. A program under test starts it as its browser command.
// options.mjs says what it can be told to do.
//
//   node login-browser.mjs [OPTIONS] URL
//
// The report is that of fake-browser.mjs. With pictures it has `widths` too: how wide the last page wants to be in
// each size of window, in CSS pixels. CHROME= names another browser than Debian's chromium-headless-shell or
// chromium.
import fs from 'node:fs';
import { chromium } from 'playwright-core';
import { callbackAddress, readOptions, writeReport } from './options.mjs';

const INSTALLED = ['/usr/lib/chromium/chromium-headless-shell', '/usr/bin/chromium'];
const WINDOWS = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
const SCHEMES = ['light', 'dark'];
const MOST_PAGES = 10;
const options = readOptions();
const { url, user = 'alice', password = 'wonderland', deny, jar, shots } = options;
const first = new URL(url).origin;
// A web application leads to the server: the first other origin.
let server = options.app ? undefined : first;
const started = Date.now();

const say = (text) => process.stderr.write(`${String(Date.now() - started).padStart(6)} ms ${text}\n`);

/** An address fit to be shown: an authorization code is a secret until it is redeemed. */
const shown = (address) => address.replace(/([?&]code=)[^&]+/, '$1******').slice(0, 110);

const executablePath = process.env.CHROME ?? INSTALLED.find((file) => fs.existsSync(file));
if (!executablePath) {
  say('no browser: install chromium-headless-shell, or set CHROME');
  process.exit(2);
}

const browser = await chromium.launch({
  executablePath,
  headless: true,
  args: [
    '--no-sandbox', // tests also run as root, where the sandbox can't start
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    // Nothing but the test's own server is to be asked for anything.
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--host-resolver-rules=MAP fonts.googleapis.com 127.0.0.1:9', // the login pages import a web font
  ],
});
const storageState = jar && fs.existsSync(jar) ? jar : undefined;
const page = await browser.newPage({ viewport: WINDOWS.desktop, storageState });
page.setDefaultTimeout(15_000);
say(`launched ${executablePath} ${browser.version()}`);

const report = { url };
page.on('response', (response) => {
  if (response.request().isNavigationRequest()) report.status = response.status();
});
page.on('requestfailed', (request) => {
  if (request.isNavigationRequest()) report.status = null;
});
await stopAtCallback();
await browse();
if (jar) await page.context().storageState({ path: jar });
await browser.close();
writeReport(options.report, report);

/** Does what is asked for just before the callback. Playwright's own `route` sees no request after a redirect. */
async function stopAtCallback() {
  const session = await page.context().newCDPSession(page);
  await session.send('Fetch.enable', { patterns: [{ resourceType: 'Document' }] });
  session.on('Fetch.requestPaused', async ({ requestId, request }) => {
    const { origin } = new URL(request.url);
    if (!server && origin !== first) server = origin;
    if (server && origin !== server && !report.location) {
      report.location = callbackAddress(request.url, options);
      report.form = request.postData;
      if (options.favicon) report.favicon = await iconStatus(report.location);
      if (report.location !== request.url) {
        const responseHeaders = [{ name: 'location', value: report.location }];
        await session.send('Fetch.fulfillRequest', { requestId, responseCode: 303, responseHeaders });
        return;
      }
    }
    await session.send('Fetch.continueRequest', { requestId });
  });
}

/** The status of a site's icon. Headless Chromium doesn't ask for icons by itself. */
async function iconStatus(address) {
  const response = await fetch(new URL('/favicon.ico', address)).catch(() => undefined);
  return response ? response.status : null;
}

async function browse() {
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  say(`at ${shown(page.url())}`);
  if (options.close) return;

  for (let step = 0; step < MOST_PAGES && new URL(page.url()).origin === server; step += 1) {
    if (!(await fillIn())) break;
    // The click may have led to a program that closes its listener as soon as it has the answer.
    await page.waitForLoadState('domcontentloaded').catch(() => {});
  }
  report.words = (await page.innerText('body')).replace(/\s+/g, ' ').trim();
  say(`ended at ${shown(page.url())}: ${report.words.slice(0, 80)}`);
  if (shots) report.widths = await picturesOfEnd();

  if (options.then) {
    await page.click(`button:has-text("${options.then}")`);
    await page.waitForLoadState('domcontentloaded');
    report.then = (await page.innerText('body')).replace(/\s+/g, ' ').trim();
    say(`after ${options.then}: ${report.then.slice(0, 80)}`);
  }

  if (options.twice && report.location) {
    const response = await page.goto(report.location).catch(() => undefined);
    report.again = response ? response.status() : null;
    say(`the callback again: ${report.again}`);
  }
}

/** Fills in the page that is shown. False if it is none that wants anything. */
async function fillIn() {
  if (await shows('input[name=login]')) {
    await picture('login');
    if (deny) {
      await page.click('a:has-text("Cancel")');
    } else {
      await page.fill('input[name=login]', user);
      await page.fill('input[name=password]', password);
      await page.click('button[type=submit]');
    }
    say(deny ? 'cancelled' : 'login sent');
  } else if (await shows('input[name=user_code]:not([type=hidden])')) {
    if (!options['user-code'] || await shows('.red')) return false; // no code, or it was refused
    await page.fill('input[name=user_code]', options['user-code']);
    await picture('user-code');
    await page.click('button[type=submit]');
    say('user code sent');
  } else if (await shows('button:has-text("Yes, sign me out")')) {
    await picture('sign-out');
    await page.click('button:has-text("Yes, sign me out")');
    say('sign-out sent');
  } else if (await shows('button:has-text("Continue")')) {
    await picture('continue');
    await page.click(deny ? '[name=abort], a:has-text("Cancel")' : 'button:has-text("Continue")');
    say(deny ? 'cancelled' : 'continue pressed');
  } else if (await leadsAway()) {
    await page.waitForURL(({ origin }) => origin !== server, { waitUntil: 'commit' });
  } else {
    return false;
  }
  return true;
}

/** Whether the page sends a form to another site by itself. It may have left already. */
async function leadsAway() {
  const away = () => document.forms.length > 0 && new URL(document.forms[0].action).origin !== location.origin;
  return page.evaluate(away).catch(() => true);
}

async function shows(selector) {
  return (await page.locator(selector).count()) > 0;
}

async function picture(name) {
  if (!shots) return;
  report.pictures = (report.pictures ?? 0) + 1;
  await page.screenshot({ path: `${shots}/${report.pictures}-${name}.png` });
}

/** Pictures of the last page, without asking for it again: it may be there only once. Gives its widths. */
async function picturesOfEnd() {
  const widths = {};
  for (const [name, viewport] of Object.entries(WINDOWS)) {
    await page.setViewportSize(viewport);
    widths[name] = await page.evaluate(() => document.documentElement.scrollWidth);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${shots}/end-${name}-${colorScheme}.png` });
    }
  }
  return widths;
}
