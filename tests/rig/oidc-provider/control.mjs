// The test's own side door, /__rig/…: no OAuth here. README.md has the table.
import { clearStores, storeSizes } from './adapter.mjs';
import { setPatches } from './answers.mjs';
import { readBody } from './body.mjs';
import { offsetSeconds, setOffsetSeconds } from './clock.mjs';
import { forgetRotation, rotateKeys } from './id-tokens.mjs';
import { forget, queueFaults, requests } from './recorder.mjs';

/** Answers a request to the side door. */
export async function control(request, response, url, resourceServer) {
  const send = (value) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };
  const query = url.searchParams;

  switch (url.pathname) {
    case '/__rig/log':
      return send(requests());
    case '/__rig/count': {
      const wanted = [...query];
      return send(requests().filter((entry) => wanted.every(([k, v]) => String(entry[k]) === v)).length);
    }
    case '/__rig/clock':
      setOffsetSeconds(Number(query.get('offset_s') ?? 0));
      return send({ offset_s: offsetSeconds() });
    case '/__rig/faults': {
      const queue = JSON.parse(await readBody(request) || '[]');
      queueFaults(queue);
      return send({ queued: queue.length });
    }
    case '/__rig/answers': {
      const patches = JSON.parse(await readBody(request) || '{}');
      setPatches(patches);
      return send(patches);
    }
    case '/__rig/rotate-keys':
      return send({ keys: rotateKeys(query.has('keep-old')) });
    case '/__rig/nonce':
      resourceServer.setNonce(query.get('value'), Number(query.get('after') ?? 0));
      return send({ dpopNonce: query.get('value') });
    case '/__rig/api-log':
      return send(resourceServer.requests());
    case '/__rig/reset':
      forget();
      resourceServer.forget();
      setPatches({});
      forgetRotation();
      setOffsetSeconds(0);
      resourceServer.setNonce();
      if (query.has('store')) clearStores();
      return send({ stored: storeSizes() });
    default:
      return response.writeHead(404).end();
  }
}
