// Gets many opaque tokens, four at a time, to show that the server forgets nothing under load.
//
//   node flood.mjs TOKEN_URL COUNT
const [url, count] = process.argv.slice(2);
let left = Number(count);
const body = new URLSearchParams({ grant_type: 'client_credentials', resource: 'urn:rig:opaque' });
const authorization = `Basic ${btoa('cc-basic:secret')}`;

async function worker() {
  while (left > 0) {
    left -= 1;
    const response = await fetch(url, { method: 'POST', headers: { authorization }, body });
    if (!response.ok) throw new Error(`the token endpoint answered ${response.status}`);
    await response.arrayBuffer();
  }
}

await Promise.all(Array.from({ length: 4 }, worker));
