// Where oidc-provider keeps sessions, codes and tokens.
//
// Its own development adapter is one LRU of 1,000 entries for the whole process: under load it forgets
// refresh tokens that are still good, and a test would see `invalid_grant` for no reason of its own. This
// one forgets nothing.

const stores = [];

/** Makes an adapter class with a store of its own: one for each provider. */
export function makeAdapter() {
  const entries = new Map();
  const keysByGrant = new Map();
  const idByUid = new Map();
  const idByUserCode = new Map();
  stores.push({
    clear: () => [entries, keysByGrant, idByUid, idByUserCode].forEach((map) => map.clear()),
    size: () => entries.size,
  });

  return class Adapter {
    constructor(model) {
      this.model = model;
    }

    key(id) {
      return `${this.model}:${id}`;
    }

    async upsert(id, payload) {
      const key = this.key(id);
      entries.set(key, payload);
      if (payload.grantId && this.model !== 'Grant') {
        if (!keysByGrant.has(payload.grantId)) keysByGrant.set(payload.grantId, new Set());
        keysByGrant.get(payload.grantId).add(key);
      }
      if (this.model === 'Session') idByUid.set(payload.uid, id);
      if (payload.userCode) idByUserCode.set(payload.userCode, id);
    }

    // Also after its expiry: the provider judges that itself, and only then can it say 'expired'.
    async find(id) {
      return entries.get(this.key(id));
    }

    async findByUid(uid) {
      return idByUid.has(uid) ? this.find(idByUid.get(uid)) : undefined;
    }

    async findByUserCode(userCode) {
      return idByUserCode.has(userCode) ? this.find(idByUserCode.get(userCode)) : undefined;
    }

    async consume(id) {
      const key = this.key(id);
      const payload = entries.get(key);
      if (payload) entries.set(key, { ...payload, consumed: Math.floor(Date.now() / 1000) });
    }

    async destroy(id) {
      entries.delete(this.key(id));
    }

    async revokeByGrantId(grantId) {
      for (const key of keysByGrant.get(grantId) ?? []) entries.delete(key);
      keysByGrant.delete(grantId);
    }
  };
}

/** Forgets every session, code and token of every provider. */
export const clearStores = () => stores.forEach((store) => store.clear());

/** How many entries each provider holds. */
export const storeSizes = () => stores.map((store) => store.size());
