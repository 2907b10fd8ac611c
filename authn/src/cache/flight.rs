//! `Flight`: an exchange in the background that callers wait for.

use tracing::{Instrument as _, Span};

use super::{
    exchange::Exchange,
    single_flight::{Leader, crashed},
};
use crate::{
    Error, ErrorKind, Issued, Result, SessionPolicy, runtime,
    telemetry::{Metric, Operation},
};

/// An exchange that callers wait for. If it is dropped before its end, by a panic, it ends with an error.
pub(super) struct Flight {
    exchange: Exchange,
    leader: Option<(Leader, Operation)>,
}

impl Flight {
    /// Starts an exchange in the background, within a span. It goes on if all callers stop waiting.
    pub(super) fn start(exchange: Exchange, leader: Leader, span: Span) {
        let operation = Operation::exchange(span.clone(), exchange.context.labels());
        let mut flight = Self { exchange, leader: Some((leader, operation)) };
        match runtime::handle() {
            Ok(runtime) => {
                drop(runtime.spawn(async move { flight.run().await }.instrument(span)));
            }
            Err(error) => flight.end(Err(error)),
        }
    }

    async fn run(&mut self) {
        let result = self.exchange.run().await;
        self.end(result);
    }

    fn end(&mut self, result: Result<Issued>) {
        let Some((leader, operation)) = self.leader.take() else { return };
        let Exchange { shared, state, scope, context, generation, .. } = &self.exchange;
        let now = context.clock().now();
        let usable = scope.before(|schedule| schedule.end_of_use, now, |_| ()).is_some();
        // Without a session, the next attempt only reads the store, to find another process's login.
        let lacks_login = |error: &Error| error.kind() == ErrorKind::LoginRequired;
        let is_local = result.as_ref().is_err_and(lacks_login)
            && context.session_spec().is_some()
            && matches!(shared.source.session(), SessionPolicy::Begun);
        match &result {
            Ok(issued) if self.exchange.has_asked() => {
                operation.end(None);
                let expiry = issued.token().expires_at();
                if let Some(lifetime) = expiry.and_then(|at| at.duration_since(now.wall()).ok()) {
                    Metric::Lifetime.record(lifetime, context.labels(), None);
                }
            }
            // A stored token, which another process has exchanged for.
            Ok(_) => operation.discard(),
            Err(error) => {
                let kind = error.kind().name();
                tracing::warn!(
                    authn.key = context.key(),
                    error.type = kind,
                    error.message = error.message(),
                    authn.token.usable = usable,
                    "exchange failed"
                );
                operation.end(Some(error));
            }
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
