//! One login of a person: one process at a time, and kept in place of the last session.

use std::{
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::runtime::Handle;

use super::{
    Place, Shared, closed, deadline,
    exchange::{Exchange, limited, logged_out},
    identity, session,
};
use crate::{
    Context, Error, ErrorKind, Login, LoginOutcome, Result, TokenSource,
    prompt::Progress,
    runtime,
    store::{Lease, Record},
    time::before,
};

/// A right that is had within this time was nobody else's: some stores take a moment for each.
const MOMENT: Duration = Duration::from_millis(200);

/// Logs somebody in. It goes on in the background, where the server is asked already, though the caller has
/// gone; what a person does is no longer waited for then.
pub(super) async fn login<S: TokenSource>(
    shared: &Arc<Shared<S>>,
    place: &Arc<Place>,
    context: &Context,
    login: &Login,
) -> Result<LoginOutcome> {
    if let Some(inner) = shared.source.inner() {
        let outcome = inner.managed().login(&inner.context, login).await;
        if matches!(outcome, Ok(LoginOutcome::NotNeeded)) {
            return outcome;
        }
        // What was passed on may be another user's, also where the login failed at last: what it brought
        // may come into force yet.
        let forgotten = session::forget(shared, context).await;
        return outcome.and_then(|outcome| forgotten.map(|()| outcome));
    }
    if shared.closed.load(Ordering::Acquire) {
        return Err(closed());
    }
    let (_caller, login) = login.clone().tied();
    let (shared, place, context) = (Arc::clone(shared), Arc::clone(place), context.clone());
    let runtime = runtime::handle()?;
    let work = async move {
        let done = apart(runtime, {
            let login = login.clone();
            async move { alone(&shared, &place, &context, &login).await }
        });
        let outcome = done.await.unwrap_or_else(|| Err(panicked()));
        let is_logged_in = outcome.is_ok();
        // Each on its own: none is left out if the one before panics.
        apart(runtime, {
            let login = login.clone();
            async move { login.end(is_logged_in).await }
        })
        .await;
        apart(runtime, async move { login.progress(&Progress::Ended) }).await;
        outcome
    };
    runtime.spawn(work).await.unwrap_or_else(|_| Err(panicked()))
}

/// Does what others wrote on a thread of its own, which it may block; `None` if it panicked. Whatever it waits
/// for goes on on the background thread.
async fn apart<T: Send + 'static>(
    runtime: &'static Handle,
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    runtime.spawn_blocking(move || runtime.block_on(work)).await.ok()
}

fn panicked() -> Error {
    Error::new(ErrorKind::Internal, "the login ended by a fault in its code; report it")
}

/// Logs in once nobody else does, unless that has given a session.
async fn alone<S: TokenSource>(
    shared: &Shared<S>,
    place: &Place,
    context: &Context,
    login: &Login,
) -> Result<LoginOutcome> {
    let seen = stored(shared, context).await?;
    let logins = shared.logins.load(Ordering::Acquire);
    let _here = wait(shared.login.lock(), login).await?;
    if shared.logins.load(Ordering::Acquire) != logins {
        return Ok(LoginOutcome::ByAnother);
    }
    let _lease: Option<Lease> = match context.drawer() {
        Some(drawer) => Some(wait(drawer.lock_login(), login).await??),
        None => None,
    };
    let generation = shared.places.generation();
    let begun = stored(shared, context).await?;
    // A refresh of the same session is no login.
    if begun.session != seen.session && !begun.is_empty() {
        let generation = shared.places.succeed(generation).ok_or_else(logged_out)?;
        // One that is no longer fresh is renewed by whoever needs it.
        let _ = Exchange { shared, place, context, generation }.adopt(&begun);
        return Ok(LoginOutcome::ByAnother);
    }
    context.resolve_references().await?;
    let Some(grant) = shared.source.login(context, login).await? else {
        return Ok(LoginOutcome::NotNeeded);
    };
    let grant = identity::settle(shared, context, grant.with_new_session(), None).await?.known()?;
    let exchange = Exchange { shared, place, context, generation };
    exchange.begin(grant, begun.revision).await?;
    Ok(LoginOutcome::LoggedIn)
}

async fn stored<S: TokenSource>(shared: &Shared<S>, context: &Context) -> Result<Record> {
    let Some(drawer) = context.drawer() else { return Ok(Record::default()) };
    let mut record = limited(context, deadline::STORE, drawer.load()).await??;
    identity::keep_session(shared, drawer, &mut record);
    Ok(record)
}

/// Waits for what another login may hold, and says so if it does.
async fn wait<T>(work: impl Future<Output = T>, login: &Login) -> Result<T> {
    let mut work = pin!(work);
    let moment = Box::pin(tokio::time::sleep(MOMENT));
    if let Some(done) = before(work.as_mut(), moment).await {
        return Ok(done);
    }
    login.progress(&Progress::OtherLogin);
    login.unless_cancelled(work).await
}
