#!/usr/bin/env node
// Stands in for the user and the browser: opens a login page in headless Chromium, fills it in, and ends when
// the page is no longer the authorization server's. A program under test starts it as its browser command.
//
//   node login-browser.mjs URL
//
// Environment:
//   LOGIN, PASSWORD   who logs in (alice, wonderland)
//   DENY=1            presses Cancel instead
//   USER_CODE         what to type at a device page, if the address doesn't carry it
//   SHOT=FOLDER       takes a picture of every page
//   CHROME            the browser (default: Debian's chromium-headless-shell, else chromium)
import fs from 'node:fs';
import { chromium } from 'playwright-core';

const { LOGIN = 'alice', PASSWORD = 'wonderland', DENY, USER_CODE, SHOT, CHROME } = process.env;
const INSTALLED = ['/usr/lib/chromium/chromium-headless-shell', '/usr/bin/chromium'];
const MOST_PAGES = 10;
const url = process.argv[2];
const started = Date.now();

const say = (text) => process.stderr.write(`${String(Date.now() - started).padStart(6)} ms ${text}\n`);

/** An address fit to be shown: an authorization code is a secret until it is redeemed. */
const shown = (address) => address.replace(/([?&]code=)[^&]+/, '$1******').slice(0, 110);

const executablePath = CHROME ?? INSTALLED.find((file) => fs.existsSync(file));
if (!url || !executablePath) {
  say(url ? 'no browser: install chromium-headless-shell, or set CHROME' : 'usage: login-browser.mjs URL');
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
    '--host-resolver-rules=MAP fonts.googleapis.com 127.0.0.1:9',
  ],
});
const page = await browser.newPage();
page.setDefaultTimeout(15_000);
await page.route(/googleapis/, (route) => route.abort()); // the login pages import a web font
say(`launched ${executablePath} ${browser.version()}`);

let pictures = 0;
async function picture(name) {
  if (!SHOT) return;
  await page.screenshot({ path: `${SHOT}/${pictures}-${name}.png` });
  pictures += 1;
}

const shows = async (selector) => (await page.locator(selector).count()) > 0;

/** Fills in the page that is shown. False if it is none that wants anything. */
async function fillIn() {
  if (await shows('input[name=login]')) {
    await picture('login');
    if (DENY) {
      await page.click('a:has-text("Cancel")');
    } else {
      await page.fill('input[name=login]', LOGIN);
      await page.fill('input[name=password]', PASSWORD);
      await page.click('button[type=submit]');
    }
    say(DENY ? 'cancelled' : 'login sent');
  } else if (await shows('input[name=user_code]:not([type=hidden])')) {
    if (USER_CODE) await page.fill('input[name=user_code]', USER_CODE);
    await picture('user-code');
    await page.click('button[type=submit]');
    say('user code sent');
  } else if (await shows('button:has-text("Continue")')) {
    await picture('continue');
    await page.click('button:has-text("Continue")');
    say('continue pressed');
  } else {
    return false;
  }
  return true;
}

const server = new URL(url).origin;
await page.goto(url, { waitUntil: 'domcontentloaded' });
say(`at ${shown(page.url())}`);
for (let step = 0; step < MOST_PAGES && new URL(page.url()).origin === server; step += 1) {
  if (!(await fillIn())) break;
  // The click may have led to a program that closes its listener as soon as it has the answer.
  await page.waitForLoadState('domcontentloaded').catch(() => {});
}
await picture('end');
say(`ended at ${shown(page.url())}: ${(await page.innerText('body')).trim().slice(0, 80)}`);
await browser.close();
