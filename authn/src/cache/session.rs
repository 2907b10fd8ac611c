//! The stored session: its state, its deletion.

use super::{exchange::Exchange, schedule::Schedule};
use crate::{
    Bound, LastFailure, Result, Status,
    store::{Record, StoredSession},
};

impl Exchange {
    /// Returns the provider at which users log in and out in place of this one: the inner one for the scopes of the context,
    /// or a subject.
    pub(super) fn below(&self) -> Option<Bound> {
        self.inner().or_else(|| self.shared.below().cloned())
    }

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
        let passes_on = self.shared.source.inner().is_some();
        let below = self.below();
        let has_below = below.is_some();
        let below = match below {
            Some(below) => below.status().await?,
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
                    has_ended: record.has_ended(),
                    store: Some(session.name().to_owned()),
                    session: Some(session.key().clone()),
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
        let current = match token {
            None if passes_on => below.clone(),
            token => Status::of(token.as_ref()),
        };
        Ok(Status {
            has_refresh_token: below.has_refresh_token || kept.has_refresh_token,
            // The secrets that a cache keeps of the inner provider sign requests, and start no session.
            has_session: if has_below { below.has_session } else { kept.has_session },
            has_ended: kept.has_ended || below.has_ended,
            store: kept.store.or(below.store),
            session: kept.session.or(below.session),
            username: kept.username.or(below.username),
            server_clock_ahead: kept.server_clock_ahead.or(below.server_clock_ahead),
            last_failure: kept.last_failure.or(below.last_failure),
            ..current
        })
    }

    /// Deletes the session and its tokens.
    pub(super) async fn logout(self) -> Result<()> {
        // First, so that a running exchange leaves nothing, even if the store fails.
        self.drop_all();
        let mut result = Ok(());
        // What a service has for all users does not end with one of them.
        let is_its = |nested: &&Bound| nested.per_request || !self.shared.is_of_request;
        for nested in self.shared.nested().filter(is_its) {
            let done = nested.managed().logout(&nested.context).await;
            result = result.and(done);
        }
        let result = result.and(self.forget().await);
        match &result {
            Ok(()) => tracing::info!(authn.key = self.context.key(), "logged out"),
            Err(error) => {
                let kind = error.kind().name();
                tracing::info!(
                    authn.key = self.context.key(),
                    error.type = kind,
                    error.message = error.message(),
                    "logout failed"
                );
            }
        }
        result
    }

    /// Drops all tokens in memory, also those of the requests being served.
    fn drop_all(&self) {
        for state in self.shared.states() {
            state.forget();
        }
    }

    /// Deletes the session of this cache, not that of a nested provider.
    pub(super) async fn forget(&self) -> Result<()> {
        self.drop_all();
        let cleared = match self.found().await {
            Ok(Some(session)) => session.clear().await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        // Once more, for a record that was read meanwhile.
        self.drop_all();
        cleared
    }
}
