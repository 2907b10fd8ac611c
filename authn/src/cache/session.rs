//! The stored session: its state, its deletion.

use super::{exchange::Exchange, schedule::Schedule};
use crate::{
    Bound, LastFailure, Result, Status,
    store::{Record, StoredSession},
};

impl Exchange {
    /// Returns the inner provider for the scopes of the context.
    pub(super) fn inner(&self) -> Option<Bound> {
        Some(self.shared.source.inner()?.for_call(&self.context).into_owned())
    }

    /// Returns the session that the configured secrets start, and writes nothing; `None` if it is only in memory.
    pub(super) async fn found(&self) -> Result<Option<StoredSession>> {
        match self.context.session_spec() {
            Some(spec) => spec.find(self.shared.source.session()).await.map(Some),
            None => Ok(None),
        }
    }

    /// Reads the record of the configured session.
    pub(super) async fn read(&self, session: &StoredSession) -> Result<Record> {
        let mut record = session.load().await?;
        self.keep_session(session, &mut record);
        Ok(record)
    }

    /// Returns the state of the session, without any network.
    pub(super) async fn status(self) -> Result<Status> {
        let expiry = |schedule: &Schedule| schedule.expiry;
        let mut issued = self.scope.before(expiry, self.context.clock().now(), Clone::clone);
        let inner = self.inner();
        let has_inner = inner.is_some();
        let inner = match inner {
            Some(inner) => inner.status().await?,
            None => Status::default(),
        };
        let kept = match self.found().await? {
            None => Status {
                last_failure: self.scope.single_flight.last_failure(),
                ..self.state.slots.status()
            },
            Some(session) => {
                let record = self.read(&session).await?;
                issued = issued.or_else(|| Some(self.stored(&session, &record)?.0));
                Status {
                    has_refresh_token: record.refresh_token.is_some(),
                    has_session: record.has_session(),
                    store: Some(session.name().to_owned()),
                    username: record.username,
                    server_clock_ahead: record.server_clock_ahead,
                    last_failure: record
                        .failure
                        .map(|failure| LastFailure { error: failure.error(), at: failure.at }),
                    ..Status::default()
                }
            }
        };
        let token = match issued {
            Some(issued) => Some(issued.token().clone()),
            None => self.shared.source.initial(&self.context).map(|first| first.token().clone()),
        };
        // Without a token here, a valid one of the inner provider is passed on.
        let current = token.map_or_else(|| inner.clone(), |token| Status::of(Some(&token)));
        Ok(Status {
            has_refresh_token: inner.has_refresh_token || kept.has_refresh_token,
            // The secrets that a cache keeps of the inner provider sign requests, and start no session.
            has_session: if has_inner { inner.has_session } else { kept.has_session },
            store: kept.store.or(inner.store),
            username: kept.username.or(inner.username),
            server_clock_ahead: kept.server_clock_ahead.or(inner.server_clock_ahead),
            last_failure: kept.last_failure.or(inner.last_failure),
            ..current
        })
    }

    /// Deletes the session and its tokens.
    pub(super) async fn logout(self) -> Result<()> {
        // First, so that a running exchange leaves nothing, even if the store fails.
        self.state.forget();
        let inner = match self.shared.source.inner() {
            Some(inner) => inner.managed().logout(&inner.context).await,
            None => Ok(()),
        };
        inner.and(self.forget().await)
    }

    /// Deletes the session of this cache, not that of an inner provider.
    pub(super) async fn forget(&self) -> Result<()> {
        self.state.forget();
        let cleared = match self.found().await {
            Ok(Some(session)) => session.clear().await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        // Once more, for a record that was read meanwhile.
        self.state.forget();
        cleared
    }
}
