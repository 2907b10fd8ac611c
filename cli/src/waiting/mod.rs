//! Loads credentials and waits for their operations: the only module that starts a runtime.

mod signals;

use std::{
    io::{self, IsTerminal as _},
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use authn::{
    Credentials,
    config::{Config, Problem, ProblemCode, Severity},
    diagnostic::{check_limit_on_files, limit_help, reason},
};
use tokio::{runtime::Builder, select, sync::oneshot, time};

use self::signals::Signals;
use crate::{
    app::App,
    exit::{Code, Failure},
    output,
};

/// How long an interrupted exchange is waited for before a message says so.
const MESSAGE_DELAY: Duration = Duration::from_millis(300);
/// How long a user at a terminal waits before a message says for what.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads the configuration and returns it with its credentials.
pub(crate) fn load(app: &App) -> Result<(Config, Credentials), Failure> {
    let config = app.loader().read();
    let credentials = credentials(&config, |problem| app.output.problems([problem]))?;
    Ok((config, credentials))
}

/// Returns the credentials of a configuration, and passes its warnings to `report`, even if it fails: they may be
/// the cause.
pub(crate) fn credentials(
    config: &Config,
    report: impl FnMut(&Problem),
) -> authn::Result<Credentials> {
    // If there is a log, it contains them.
    if !tracing::enabled!(target: "authn", tracing::Level::WARN) {
        let is_reported = |problem: &&Problem| {
            problem.severity() == Severity::Warning && problem.code() != ProblemCode::NoOrigins
        };
        config.problems().iter().filter(is_reported).for_each(report);
    }
    config.credentials()
}

/// Waits until `work` is done, or a signal ends the program.
///
/// After a signal, an exchange in progress is completed, because a token that the server issues only once must not be
/// lost. A second signal stops that too.
pub(crate) fn wait<T, E: Into<Failure>>(
    credentials: &Credentials,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Failure> {
    let mut work = Box::pin(work);
    // A cached or stored token needs no runtime and no thread.
    if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        return done.map_err(Into::into);
    }
    let report = |text: &str| {
        if io::stderr().is_terminal() {
            output::message(text);
        }
    };
    wait_for_user(credentials, Box::pin(explained(work, &report)), &output::message)
}

/// Waits for `work`, and reports what is waited for if that takes long.
async fn explained<T>(work: impl Future<Output = T>, report: &dyn Fn(&str)) -> T {
    let mut work = pin!(work);
    select! {
        biased;
        done = work.as_mut() => return done,
        () = time::sleep(PATIENCE) => {}
    }
    let awaited = authn::http::awaited().unwrap_or_else(|| "the credentials".to_owned());
    report(&format!("waiting for {awaited}; press Ctrl-C to stop"));
    work.await
}

/// Waits for the user and for the exchange that follows. A signal ends the wait for the user at once; `report`
/// is called if an exchange must be completed first.
pub(crate) fn wait_for_user<T, E: Into<Failure>>(
    credentials: &Credentials,
    work: Pin<Box<impl Future<Output = Result<T, E>>>>,
    report: &dyn Fn(&str),
) -> Result<T, Failure> {
    outcome(work, |work| finish(credentials, work, report))?.map_err(Into::into)
}

/// Waits until a read-only operation is done, or a signal ends the program.
pub(crate) fn query<T>(work: impl Future<Output = authn::Result<T>>) -> Result<T, Failure> {
    outcome(work, |work| {
        block_on(async |signals| {
            select! {
                biased;
                () = work => Ok(()),
                code = signals.recv() => Err(Failure::Silent(code)),
            }
        })
    })?
    .map_err(Failure::from)
}

/// Work whose result is left elsewhere. All of it has the same type, so that the code that waits for it is in the program
/// once.
type Work<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Has `run` run some work, and returns what that has left.
fn outcome<T>(
    work: impl Future<Output = T>,
    run: impl FnOnce(Work<'_>) -> Result<(), Failure>,
) -> Result<T, Failure> {
    let mut done = None;
    run(Box::pin(async { done = Some(work.await) }))?;
    // `run` fails unless the work is done.
    done.ok_or(Failure::Silent(Code::Other))
}

/// Runs work until it is done. After a signal it is dropped, and the exchange in progress is completed.
fn finish(
    credentials: &Credentials,
    mut work: Work<'_>,
    report: &dyn Fn(&str),
) -> Result<(), Failure> {
    block_on(async |signals| {
        let interrupted;
        select! {
            biased;
            () = work.as_mut() => {
                credentials.close().await;
                return Ok(());
            }
            code = signals.recv() => interrupted = code,
        }
        // Ends all questions.
        drop(work);
        let mut closed = pin!(credentials.close());
        if time::timeout(MESSAGE_DELAY, closed.as_mut()).await.is_err() {
            report(
                "interrupted: waiting for the token request in progress; press Ctrl-C again to stop",
            );
            select! {
                () = closed => {}
                _ = signals.recv() => {}
            }
        }
        Err(Failure::Silent(interrupted))
    })
}

/// Waits until a question at the terminal is answered, or a signal ends the program. Once an operation was waited for, no
/// signal ends a question otherwise.
pub(crate) fn answer<T: Send + 'static>(
    question: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let (sender, answer) = oneshot::channel();
    // It can't be interrupted, so at the end of the program nothing waits for it.
    let ask = move || drop(sender.send(question()));
    outcome(answer, |answer| asked(Box::new(ask), answer))?
        .unwrap_or(Err(Failure::Silent(Code::Other)))
}

/// Starts a thread that asks, and waits for the answer.
fn asked(ask: Box<dyn FnOnce() + Send>, answer: Work<'_>) -> Result<(), Failure> {
    block_on(async |signals| {
        thread::Builder::new().spawn(ask).map_err(|error| no_runtime(&error))?;
        select! {
            biased;
            code = signals.recv() => Err(Failure::Silent(code)),
            () = answer => Ok(()),
        }
    })
}

fn block_on(work: impl AsyncFnOnce(&mut Signals) -> Result<(), Failure>) -> Result<(), Failure> {
    check_limit_on_files().map_err(|error| no_runtime(&error))?;
    let runtime =
        Builder::new_current_thread().enable_all().build().map_err(|error| no_runtime(&error))?;
    let done = runtime.block_on(async {
        let mut signals = Signals::listen().map_err(|error| no_runtime(&error))?;
        let done = work(&mut signals).await;
        // Otherwise the next program would wait until the lease ends by itself.
        select! {
            () = authn::private::released() => {}
            _ = signals.recv() => {}
        }
        done
    });
    // A command that prints a token has its own process group, so that a signal to this program does not end it.
    authn::private::kill_all();
    done
}

fn no_runtime(error: &io::Error) -> Failure {
    Failure::new(Code::Other, format!("can't start the async runtime ({})", reason(error)))
        .with_help(limit_help(error).unwrap_or("check the limits on threads and memory"))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_long_wait_is_explained_once() {
        for (seconds, expected) in [(0, 0), (4, 0), (6, 1), (600, 1)] {
            let said = RefCell::new(Vec::new());
            let report = |text: &str| said.borrow_mut().push(text.to_owned());
            explained(time::sleep(Duration::from_secs(seconds)), &report).await;
            let said = said.into_inner();
            assert_eq!(said.len(), expected, "{seconds} s: {said:?}");
            let is_plain = |text: &String| {
                text.starts_with("waiting for ") && text.ends_with("; press Ctrl-C to stop")
            };
            assert!(said.iter().all(is_plain), "{said:?}");
        }
    }
}
