//! Stored tokens: which of them are still usable, and until when.

use std::time::Duration;

use super::{
    exchange::{Exchange, last_id_token},
    schedule::Schedule,
};
use crate::{
    Issued,
    store::{Record, StoredSession},
    time::{Moment, chance, later},
};

/// How far a clock may have been ahead when a token was stored. Time synchronisation corrects clocks by little at any
/// time.
const TOLERANCE: Duration = Duration::from_mins(1);

impl Exchange {
    /// Publishes a stored token, unless it is the cached one or was refused. Returns it if it is fresh. A token past its
    /// refresh point is published only, in case the exchange fails.
    pub(super) fn adopt(&self, session: &StoredSession, record: &Record) -> Option<Issued> {
        let (issued, schedule) = self.publish_stored(session, record)?;
        let now = self.context.clock().now();
        let is_fresh = !schedule.refresh.reached(now);
        if is_fresh {
            let end = issued.token().expires_at();
            tracing::info!(
                authn.key = self.context.key(),
                authn.store.name = session.name(),
                authn.token.lifetime = end
                    .and_then(|end| end.duration_since(now.wall()).ok())
                    .map(|left| left.as_secs_f64()),
                "stored token used"
            );
        }
        is_fresh.then_some(issued)
    }

    /// Publishes a stored token, unless it is the cached one or was refused. Returns it, also if it is past its refresh point.
    pub(super) fn adopt_usable(&self, session: &StoredSession, record: &Record) -> Option<Issued> {
        self.publish_stored(session, record).map(|(issued, _)| issued)
    }

    fn publish_stored(
        &self,
        session: &StoredSession,
        record: &Record,
    ) -> Option<(Issued, Schedule)> {
        let (issued, schedule) = self.stored(session, record)?;
        if self.scope.knows(issued.token()) {
            return None;
        }
        let is_published =
            self.publish_in(&self.scope, self.invalidations, &issued, schedule).ok()?;
        is_published.then_some((issued, schedule))
    }

    /// Returns whether a token is good only for the origins that the server has named for it.
    fn needs_origins(&self) -> bool {
        self.context.origins().is_empty() && self.shared.source.discovers_origins()
    }

    /// Returns the record's token for these scopes, and its schedule; `None` if it has expired or was invalidated, if it is of
    /// another server, or if the clock that stored it was ahead of this one, so that its age is not known.
    pub(super) fn stored(
        &self,
        session: &StoredSession,
        record: &Record,
    ) -> Option<(Issued, Schedule)> {
        if self.needs_origins() && record.origins.is_none() {
            // It was stored while the configuration named origins.
            return None;
        }
        let stored = record.tokens.get(&self.entry(session))?;
        let now = self.context.clock().now();
        let is_from_later = stored.asked_at > now.wall() + TOLERANCE;
        if is_from_later || !self.state.slots.accepts_stored(stored.asked_at) {
            return None;
        }
        let token = stored.token()?;
        let options = &self.shared.options;
        // A record that a login began, with its token alone.
        let is_lasting = record.session != 0 && !record.has_session();
        let fallback = options.fallback(is_lasting).filter(|_| !token.never_expires());
        let lifetime = stored.lifetime().or(fallback).unwrap_or(Duration::MAX);
        let expires_at = token.expires_at().or_else(|| Some(later(stored.asked_at, fallback?)));
        let expiry = match expires_at {
            Some(at) => token.clone().with_expires_at(at).expiry(now, now)?,
            None => Moment::NEVER,
        };
        let schedule = Schedule::plan(expiry.minus(lifetime), expiry, options, chance());
        if expiry.reached(now) {
            return None;
        }
        let issued = Issued::new(token.settled(expiry), record.kept())
            .with_id_token(last_id_token(record))
            .with_server_clock_ahead(record.server_clock_ahead)
            .with_origins(record.origins());
        self.shared.source.is_own(&issued).then_some((issued, schedule))
    }
}
