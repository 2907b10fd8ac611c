//! New token sets: they are passed to the program, and then handed out.

use std::sync::Arc;

use super::{
    exchange::{Exchange, Fresh, expired_on_arrival, logged_out},
    memory::Memory,
    scopes::ScopeSlot,
};
use crate::{Issued, Result, SessionPolicy, TokenSet, Update, store::Record};

/// A new token set that the program has not accepted yet. It stays in memory until then.
#[derive(Clone)]
pub(super) struct Pending {
    update: Update,
    fresh: Fresh,
    /// Where its token is published.
    scope: Arc<ScopeSlot>,
    /// How often all tokens had been invalidated when it was asked for.
    invalidations: u64,
}

impl Pending {
    /// Returns whether a record has its session. Another process that renewed the session since then has reported that
    /// itself.
    pub(super) fn is_of(&self, record: &Record) -> bool {
        let own = self.fresh.tokens.refresh_token();
        own.is_none_or(|own| {
            record.refresh_token.as_ref().is_some_and(|kept| **kept == *own.expose())
        })
    }
}

impl Exchange {
    /// Calls `on_update` and publishes the token. The token set is in the memory or in the store.
    pub(super) async fn hand_out(&self, memory: &mut Memory, fresh: Fresh) -> Result<Issued> {
        self.note(memory, fresh);
        self.report(memory).await?.unwrap_or_else(|| Err(logged_out()))
    }

    /// Notes a token set that `on_update` has to be called with.
    pub(super) fn note(&self, memory: &mut Memory, fresh: Fresh) {
        let previous = fresh.previous.clone();
        let key = self.context.key().into();
        // With the expiry that the cache goes by.
        let tokens = fresh.tokens.clone().with_token(fresh.issued.token().clone());
        let update = Update::new(tokens, previous, self.context.profile(), key);
        let (scope, invalidations) = (Arc::clone(&self.scope), self.invalidations);
        memory.pending.push(Pending { update, fresh, scope, invalidations });
    }

    /// Calls `on_update` with each token set that it has not accepted, and publishes their tokens. Returns the token for
    /// the scopes of this exchange, if there is one among them.
    pub(super) async fn report(&self, memory: &mut Memory) -> Result<Option<Result<Issued>>> {
        let mut own = None;
        while let Some(pending) = memory.pending.first().cloned() {
            self.notify(&pending.update).await?;
            memory.pending.remove(0);
            let result = self.publish_reported(&pending);
            if self.state.slots.are_same(&pending.scope, &self.scope) {
                own = Some(result);
            }
        }
        Ok(own)
    }

    /// Reports what was left, and returns its token if that is fresh.
    pub(super) async fn report_left(&self, memory: &mut Memory) -> Result<Option<Issued>> {
        let Some(Ok(issued)) = self.report(memory).await? else { return Ok(None) };
        let now = self.context.clock().now();
        let is_fresh = self.scope.before(|schedule| schedule.refresh, now, |_| ()).is_some();
        Ok((is_fresh && !self.forced).then_some(issued))
    }

    fn publish_reported(&self, pending: &Pending) -> Result<Issued> {
        let Pending { fresh, scope, invalidations, .. } = pending;
        if let Some(unverified) = &fresh.unverified {
            return Err(unverified.clone());
        }
        // Checked last: the refresh token is valid, whatever the clocks say of the access token.
        if fresh.schedule.expiry.reached(self.context.clock().now()) {
            return Err(expired_on_arrival());
        }
        let is_published = self.publish_in(scope, *invalidations, &fresh.issued, fresh.schedule)?;
        is_published.then(|| fresh.issued.clone()).ok_or_else(logged_out)
    }

    /// Calls the functions of `on_update` with a new token set, and waits for them.
    async fn notify(&self, update: &Update) -> Result<()> {
        // A token that is passed on was reported where it was exchanged for.
        let inner = self.shared.source.inner().and_then(|inner| inner.context.on_update());
        let configured = self.context.on_update().filter(|_| inner.is_none());
        for on_update in self.shared.on_update.iter().chain(configured) {
            self.notified(on_update.call(update.clone())).await??;
        }
        Ok(())
    }

    /// Warns once of a configured refresh token that its server has replaced: the next start of the program would send
    /// the spent one.
    pub(super) fn warn_of_rotation(&self, tokens: &TokenSet) {
        let SessionPolicy::From(configured) = self.shared.source.session() else { return };
        let is_reported = self.shared.on_update.is_some() || self.context.on_update().is_some();
        let is_replaced =
            tokens.refresh_token().is_some_and(|new| *new.expose() != *configured.expose());
        if is_replaced && !is_reported && self.state.warns_of_rotation() {
            tracing::warn!(
                authn.key = self.context.key(),
                "the server has replaced the configured refresh token, and the new one is only in memory: set \
                 `store`, or keep it by `on_update`"
            );
        }
    }
}
