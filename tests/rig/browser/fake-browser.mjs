#!/usr/bin/env node
// Stands in for the user and the browser by plain HTTP: fast, and needs no browser. A program under test starts it
// as its browser command. options.mjs says what it can be told to do.
//
//   node fake-browser.mjs [OPTIONS] URL
//
// The report is `{url, location, form, status, words, favicon, again}`: what was opened, the callback's address and the
// form that was sent there if there was one, and the status and words of the last page; the statuses of the icon and of
// the second callback, where these were asked for. A status of null is an address where nobody listened.
import fs from 'node:fs';
import { User, wordsOf } from '../oidc-provider/user.mjs';
import { callbackAddress, callbackForm, readOptions, writeReport } from './options.mjs';

const options = readOptions();
const { url, deny } = options;
const user = new User({ login: options.user, password: options.password, userCode: options['user-code'], deny });

/** A page of the program, which may have closed its listener. */
const ofProgram = (address, form) => user.request(address, form).catch(() => ({ status: null, body: '' }));

/** What happened. */
async function browse() {
  if (options.close) {
    const { status, body } = await user.open(url);
    return { status, words: wordsOf(body) };
  }
  const page = await user.visit(url);
  if (!page.location) return { status: page.status, words: wordsOf(page.body) };

  const location = callbackAddress(page.location, options);
  const favicon = options.favicon ? (await ofProgram(new URL('/favicon.ico', location))).status : undefined;
  const form = callbackForm(page.form, options);
  const { status, body } = await ofProgram(location, form);
  const again = options.twice ? (await ofProgram(location, form)).status : undefined;
  return { location, form: form && String(new URLSearchParams(form)), status, words: wordsOf(body), favicon, again };
}

const { jar } = options;
if (jar && fs.existsSync(jar)) user.remember(JSON.parse(fs.readFileSync(jar)));
const report = { url, ...await browse() };
if (jar) fs.writeFileSync(jar, JSON.stringify(user.cookies));
writeReport(options.report, report);
