// What the user does at the login pages: the same options for the real browser and for the fake one.
//
//   --user NAME       who logs in (alice)
//   --password TEXT   with which password (wonderland)
//   --user-code CODE  what to type at a device page whose address carries no code
//   --deny            presses Cancel instead
//   --close           closes the page before the login, so that nothing ever comes back
//   --favicon         asks the callback's host for /favicon.ico before the callback, as browsers may
//   --tamper-state    opens the callback with another `state` (in a form: the fake browser)
//   --twice           opens the callback once more
//   --app             the address is that of a web application, which leads to the server (real browser)
//   --then TEXT       presses the button with this text on the last page (real browser)
//   --jar FILE        keeps the cookies in a file, and starts with those of an earlier run
//   --report FILE     writes what happened, as JSON, when all is done
//   --shots FOLDER    takes pictures of every page, and of the last one in every size and colour scheme (real browser)
//
// The address comes last. Each option can be a variable too: USER_CODE=, DENY=1, TWICE=1 … but LOGIN= for the user.
import fs from 'node:fs';
import { parseArgs } from 'node:util';

const STRINGS = ['user', 'password', 'user-code', 'jar', 'report', 'shots', 'then'];
const FLAGS = ['deny', 'close', 'favicon', 'tamper-state', 'twice', 'app'];

const variable = (name) =>
  process.env[name === 'user' ? 'LOGIN' : name.toUpperCase().replaceAll('-', '_')] || undefined;

/** Reads arguments and environment. Ends the process with code 2 if they make no sense. */
export function readOptions() {
  const options = Object.fromEntries([
    ...STRINGS.map((name) => [name, { type: 'string', default: variable(name) }]),
    ...FLAGS.map((name) => [name, { type: 'boolean', default: !!variable(name) }]),
  ]);
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (positionals.length !== 1) throw new Error(`one address is needed, not ${positionals.length}`);
    if (!URL.canParse(positionals[0])) throw new Error('the address is none');
    return { ...values, url: positionals[0] };
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    return process.exit(2);
  }
}

/** The address that a callback is opened with. */
export function callbackAddress(location, options) {
  const url = new URL(location);
  if (options['tamper-state']) url.searchParams.set('state', 'tampered');
  return url.href;
}

/** The form that is sent to a callback, if there is one. */
export function callbackForm(form, options) {
  return form && options['tamper-state'] ? { ...form, state: 'tampered' } : form;
}

/** Writes the report in one step: whoever sees the file sees all of it. */
export function writeReport(file, report) {
  if (!file) return;
  fs.writeFileSync(`${file}.new`, JSON.stringify(report));
  fs.renameSync(`${file}.new`, file);
}
