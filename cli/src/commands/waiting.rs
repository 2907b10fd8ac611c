//! Gets credentials and waits for them: the one place that starts a runtime.

use std::{
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Duration,
};

use authn::{
    Credentials,
    config::{Config, Problem, ProblemCode, Severity},
};
use tokio::{runtime::Builder, select, signal, time};

use crate::{
    app::App,
    exit::{Code, Failure},
    output,
};

/// What is over within it needs no word.
const GRACE: Duration = Duration::from_millis(300);

/// Reads the configuration and makes credentials of it.
pub(super) fn load(app: &App) -> Result<(Config, Credentials), Failure> {
    let config = app.loader().read();
    let credentials = credentials(&config, |problem| app.output.problems([problem]))?;
    Ok((config, credentials))
}

/// Makes credentials of a configuration. What is without effect in it is told, also if that fails: it may be
/// why.
pub(super) fn credentials(
    config: &Config,
    tell: impl FnMut(&Problem),
) -> authn::Result<Credentials> {
    // Where there is a log, they stand there.
    if !tracing::enabled!(target: "authn", tracing::Level::WARN) {
        let is_told = |problem: &&Problem| {
            problem.severity() == Severity::Warning && problem.code() != ProblemCode::NoOrigins
        };
        config.problems().iter().filter(is_told).for_each(tell);
    }
    config.credentials()
}

/// Waits until `work` is done, or the user interrupts.
///
/// An exchange under way is then waited for all the same, because what a server gives once may not be
/// lost; a second interrupt ends that too.
pub(super) fn wait<T, E: Into<Failure>>(
    credentials: &Credentials,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Failure> {
    let mut work = Box::pin(work);
    // What is at hand, or fresh in a store, needs no runtime and no thread.
    if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        return done.map_err(Into::into);
    }
    attend(credentials, work, &output::tell)
}

/// Waits for what a person does and what a server makes of it, and has an interrupt end the former at once.
/// `tell` says that the latter is waited for.
pub(super) fn attend<T, E: Into<Failure>>(
    credentials: &Credentials,
    mut work: Pin<Box<impl Future<Output = Result<T, E>>>>,
    tell: &dyn Fn(&str),
) -> Result<T, Failure> {
    block_on(async |interrupts| {
        select! {
            biased;
            done = work.as_mut() => {
                credentials.close().await;
                return done.map_err(Into::into);
            }
            _ = interrupts.recv() => {}
        }
        // Nobody is asked for anything any more.
        drop(work);
        let mut closed = pin!(credentials.close());
        if time::timeout(GRACE, closed.as_mut()).await.is_err() {
            tell(
                "interrupted: waiting for the exchange under way, so that nothing is lost; once more ends that too",
            );
            select! {
                () = closed => {}
                _ = interrupts.recv() => {}
            }
        }
        Err(Failure::Silent(Code::Interrupted))
    })
}

/// Waits until what only looks is done, or the user interrupts.
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
        #[cfg(unix)]
        let interrupts = signal::unix::signal(signal::unix::SignalKind::interrupt());
        #[cfg(windows)]
        let interrupts = signal::windows::ctrl_c();
        work(&mut interrupts.map_err(|error| no(&error))?).await
    })
}

#[cfg(unix)]
type Interrupts = signal::unix::Signal;

#[cfg(windows)]
type Interrupts = signal::windows::CtrlC;

fn no(error: &io::Error) -> Failure {
    Failure::new(Code::Other, format!("there is no runtime to wait in ({})", error.kind()))
        .with_help("check the limits on open files")
}
