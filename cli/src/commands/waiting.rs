//! Gets credentials and waits for them: the one place that starts a runtime.

use std::{
    io,
    pin::pin,
    task::{Context, Poll, Waker},
};

use authn::{
    Credentials,
    config::{Config, Severity},
};
use tokio::{runtime::Builder, select, signal};

use crate::{
    exit::{Code, Failure},
    output,
    session::Session,
};

/// The warning that no request can be authorised: no matter for a token, and an error for a request.
pub(super) const NO_ORIGINS: &str = "no-origins";

/// Reads the configuration and makes credentials of it. What is without effect in it is told, also if that
/// fails: it may be why.
pub(super) fn load(session: &Session) -> Result<(Config, Credentials), Failure> {
    let config = session.loader().read();
    let credentials = config.credentials();
    // Where there is a log, they stand there.
    if !tracing::enabled!(target: "authn", tracing::Level::WARN) {
        let warnings =
            config.problems().iter().filter(|problem| problem.severity() == Severity::Warning);
        warnings
            .filter(|problem| problem.code() != NO_ORIGINS)
            .for_each(|problem| session.output.problem(problem));
    }
    Ok((config, credentials?))
}

/// Waits until `work` is done, or somebody interrupts.
///
/// An exchange under way is then waited for all the same, because what a server gives once may not be
/// lost; a second interrupt ends that too.
pub(super) fn wait<T, E>(
    credentials: &Credentials,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Failure>
where
    Failure: From<E>,
{
    let mut work = pin!(work);
    // What is at hand, or fresh in a store, needs no runtime and no thread.
    if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        return done.map_err(Failure::from);
    }
    block_on(async |interrupts| {
        select! {
            biased;
            done = work.as_mut() => {
                credentials.close().await;
                return done.map_err(Failure::from);
            }
            _ = interrupts.recv() => {}
        }
        output::tell(
            "interrupted: waiting for the exchange under way, so that nothing is lost; once more ends that too",
        );
        select! {
            () = credentials.close() => {}
            _ = interrupts.recv() => {}
        }
        Err(Failure::Silent(Code::Interrupted))
    })
}

/// Waits until what only looks is done, or somebody interrupts.
pub(super) fn look<T>(work: impl Future<Output = authn::Result<T>>) -> Result<T, Failure> {
    block_on(async |interrupts| {
        select! {
            biased;
            done = work => done.map_err(Failure::from),
            _ = interrupts.recv() => Err(Failure::Silent(Code::Interrupted)),
        }
    })
}

fn block_on<T>(
    work: impl AsyncFnOnce(&mut Interrupts) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| no(&error))?;
    runtime.block_on(async {
        let mut interrupts = interrupts().map_err(|error| no(&error))?;
        work(&mut interrupts).await
    })
}

#[cfg(unix)]
type Interrupts = signal::unix::Signal;

#[cfg(unix)]
fn interrupts() -> io::Result<Interrupts> {
    signal::unix::signal(signal::unix::SignalKind::interrupt())
}

#[cfg(windows)]
type Interrupts = signal::windows::CtrlC;

#[cfg(windows)]
fn interrupts() -> io::Result<Interrupts> {
    signal::windows::ctrl_c()
}

fn no(error: &io::Error) -> Failure {
    Failure::new(Code::Other, format!("there is no runtime to wait in ({})", error.kind()))
        .with_help("check the limits on open files")
}
