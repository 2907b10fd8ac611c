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
    /// Starts an exchange, which no caller's going can end.
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
        let Exchange { shared, scope, context, generation } = &self.exchange;
        let now = context.clock().now();
        let usable = scope.before(|schedule| schedule.end_of_use, now, |_| ()).is_some();
        // Without a session, another process's login is found by reading the store again.
        let lacks_login = |error: &Error| error.kind() == ErrorKind::LoginRequired;
        let cheap = result.as_ref().is_err_and(lacks_login)
            && context.stored_session().is_some()
            && matches!(shared.source.session(), SessionPolicy::Begun);
        if let Err(error) = &result {
            tracing::warn!(key = context.key(), kind = ?error.kind(), usable, "exchange failed");
        }
        scope.single_flight.end(&leader, result, now, usable, cheap);
        if shared.slots.generation() != *generation {
            scope.single_flight.forget_failure();
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.end(Err(crashed()));
    }
}
