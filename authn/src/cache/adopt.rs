//! Tokens that a store holds: which of them still serve, and until when.

use std::time::Duration;

use super::{exchange::Exchange, schedule::Schedule};
use crate::{Issued, store::Record, time::chance};

/// How far a clock may have been ahead when a token was stored: clocks are set by a little all the time.
const TOLERANCE: Duration = Duration::from_mins(1);

impl Exchange {
    /// Takes over a stored token that is not the one that brought us here. A fresh one is returned; one that
    /// has only not expired is put at hand, for the case that the exchange fails.
    pub(super) fn adopt(&self, record: &Record) -> Option<Issued> {
        let (issued, schedule) = self.stored(record)?;
        if self.scope.knows(issued.token()) {
            return None;
        }
        let is_published = self.publish(&issued, schedule).ok()?;
        let is_fresh = !schedule.refresh.reached(self.context.clock().now());
        (is_published && is_fresh).then_some(issued)
    }

    /// Returns the token that a record has for these scopes, and plans its life; `None` if it has expired, or
    /// was stored by a clock that was ahead of this one, so that its age is not known.
    pub(super) fn stored(&self, record: &Record) -> Option<(Issued, Schedule)> {
        let stored = record.tokens.get(&self.context.scopes().join(" "))?;
        let now = self.context.clock().now();
        if stored.asked_at > now.wall() + TOLERANCE {
            return None;
        }
        let token = stored.token()?;
        let options = &self.shared.options;
        let fallback = options.expires_in_fallback;
        let lifetime = stored.lifetime().unwrap_or(fallback);
        let expires_at = token.expires_at().unwrap_or(stored.asked_at + fallback);
        let expiry = token.clone().with_expires_at(expires_at).expiry(now, now)?;
        let schedule = Schedule::plan(expiry.minus(lifetime), expiry, options, chance());
        let issued = || Issued::new(token.settled(expiry), record.kept());
        (!expiry.reached(now)).then(|| (issued(), schedule))
    }
}
