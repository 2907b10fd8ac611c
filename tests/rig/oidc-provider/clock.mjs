// The clock that a test can move: expiry is tested without waiting for it.
//
// oidc-provider reads Date.now for every issue, expiry and replay decision, so that one function is
// replaced for the whole process. Code of ours that hands a time to `jose` takes `now()`, because
// `new Date()` reads the real clock.

const realNow = Date.now.bind(Date);
let offsetMs = 0;
Date.now = () => realNow() + offsetMs;

/** The moved time as a Date. */
export const now = () => new Date(Date.now());

/** Sets how far the clock is ahead of the real one; negative is behind. */
export function setOffsetSeconds(seconds) {
  offsetMs = seconds * 1000;
}

/** How far the clock is ahead of the real one. */
export const offsetSeconds = () => offsetMs / 1000;
