// Plays the user at the login pages by plain HTTP; no browser needed.
//
//   node approve.mjs code BASE AUTHORIZATION_URL [USER [PASSWORD]]  prints the redirect to the client
//   node approve.mjs device BASE USER_CODE [USER [PASSWORD]]         approves a device
//   node approve.mjs device-deny BASE USER_CODE                     refuses a device
//
// BASE is the issuer. What it does at a device page is printed as the last page's words; it fails where these
// are neither of success nor of a refusal that was asked for.
import { User, wordsOf } from './user.mjs';

const [mode, base, target, login, password] = process.argv.slice(2);

async function authorize() {
  const page = await new User({ login, password }).visit(target);
  if (!page.location) throw new Error(`no redirect: ${wordsOf(page.body)}`);
  return page.location;
}

async function answerDevice(deny) {
  const user = new User({ login, password, deny, userCode: target });
  const words = wordsOf((await user.visit(`${base}/device`)).body);
  if (!words.includes(deny ? 'interrupted' : 'was successful')) throw new Error(words);
  return words;
}

const MODES = {
  code: authorize,
  device: () => answerDevice(false),
  'device-deny': () => answerDevice(true),
};
if (!MODES[mode]) {
  console.error(`approve.mjs: the first argument is one of ${Object.keys(MODES).join(', ')}`);
  process.exit(2);
}
console.log(await MODES[mode]());
