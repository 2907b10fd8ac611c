//! Tokens that a store holds: which of them still serve, and until when.

use std::time::Duration;

use super::{Shared, exchange::Exchange, schedule::Schedule};
use crate::{
    Token, TokenSource,
    store::{Record, StoredToken},
    time::{Moment, chance},
};

/// How far a clock may have been ahead when a token was stored: clocks are set by a little all the time.
const TOLERANCE: Duration = Duration::from_mins(1);

impl<S: TokenSource> Exchange<'_, S> {
    /// Takes over a stored token that is not the one that brought us here. A fresh one is returned; one that
    /// has only not expired is put at hand, for the case that the exchange fails.
    pub(super) fn adopt(&self, record: &Record) -> Option<Token> {
        let stored = record.tokens.get(&self.context.scopes().join(" "))?;
        if self.place.knows(&stored.token) {
            return None;
        }
        let now = self.context.clock().now();
        let schedule = plan_stored(self.shared, stored, now)?;
        if schedule.expiry.reached(now) {
            return None;
        }
        let token = match stored.token.expires_at() {
            Some(_) => stored.token.clone().settled(schedule.expiry),
            None => stored.token.clone(),
        };
        let is_published = self.publish(&token, schedule).ok()?;
        (is_published && !schedule.refresh.reached(now)).then_some(token)
    }
}

/// Plans the life of a stored token; `None` if it was stored by a clock that was ahead of this one, so that
/// its age is not known.
pub(super) fn plan_stored<S: TokenSource>(
    shared: &Shared<S>,
    stored: &StoredToken,
    now: Moment,
) -> Option<Schedule> {
    if stored.asked_at > now.wall() + TOLERANCE {
        return None;
    }
    let fallback = shared.options.expires_in_fallback;
    let lifetime = stored.lifetime().unwrap_or(fallback);
    let token = stored.token.clone();
    let token = match token.expires_at() {
        Some(_) => token,
        None => token.with_expires_at(stored.asked_at + fallback),
    };
    // A token that was just given an expiry has one.
    let expiry = token.expiry(now, now).unwrap_or(now);
    Some(Schedule::plan(expiry.minus(lifetime), expiry, &shared.options, chance()))
}
