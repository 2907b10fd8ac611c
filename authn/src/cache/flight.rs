//! `Flight`: an exchange in the background that callers wait for.

use super::{
    exchange::Exchange,
    single_flight::{Leader, crashed},
};
use crate::{Error, ErrorKind, Issued, Result, SessionPolicy, runtime};

/// An exchange that callers wait for. If it is dropped before its end, by a panic, it ends with an error.
pub(super) struct Flight {
    exchange: Exchange,
    leader: Option<Leader>,
}

impl Flight {
    /// Starts an exchange in the background. It goes on if all callers stop waiting.
    pub(super) fn start(exchange: Exchange, leader: Leader) {
        let mut flight = Self { exchange, leader: Some(leader) };
        match runtime::handle() {
            Ok(runtime) => drop(runtime.spawn(async move { flight.run().await })),
            Err(error) => flight.end(Err(error)),
        }
    }

    async fn run(&mut self) {
        let result = self.exchange.run().await;
        self.end(result);
    }

    fn end(&mut self, result: Result<Issued>) {
        let Some(leader) = self.leader.take() else { return };
        let Exchange { shared, state, scope, context, generation, .. } = &self.exchange;
        let now = context.clock().now();
        let usable = scope.before(|schedule| schedule.end_of_use, now, |_| ()).is_some();
        // Without a session, the next attempt only reads the store, to find another process's login.
        let lacks_login = |error: &Error| error.kind() == ErrorKind::LoginRequired;
        let is_local = result.as_ref().is_err_and(lacks_login)
            && context.session_spec().is_some()
            && matches!(shared.source.session(), SessionPolicy::Begun);
        if let Err(error) = &result {
            tracing::warn!(key = context.key(), kind = ?error.kind(), usable, "exchange failed");
        }
        scope.single_flight.end(&leader, result, now, usable, is_local);
        if state.slots.generation() != *generation {
            scope.single_flight.forget_failure();
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.end(Err(crashed()));
    }
}
