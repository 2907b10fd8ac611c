//! Runs calls to a keyring on a thread of their own, each with a timeout. The thread has its own runtime, so that calls
//! work without a runtime and block no other one.

use std::{
    thread::{Builder, JoinHandle},
    time::Duration,
};

use authn::{Error, Result, diagnostic::reason};
use tokio::{runtime, sync::oneshot, time};

use super::failure;

/// Runs a call and waits for it without blocking.
pub(super) async fn run<T: Send + 'static>(
    limit: Duration,
    visit: impl AsyncFnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (answer, arrival) = oneshot::channel();
    start(move || {
        // The caller may have stopped waiting.
        let _ = answer.send(block_on(limit, visit));
    })?;
    arrival.await.unwrap_or_else(|_| Err(fault()))
}

/// Runs a call and blocks until it has ended.
pub(super) fn run_blocking<T: Send + 'static>(
    limit: Duration,
    visit: impl AsyncFnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    start(move || block_on(limit, visit))?.join().unwrap_or_else(|_| Err(fault()))
}

fn start<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<JoinHandle<T>> {
    let thread = Builder::new().name("authn-keyring".to_owned()).spawn(work);
    thread.map_err(|error| unstarted("thread", &error))
}

fn block_on<T>(limit: Duration, visit: impl AsyncFnOnce() -> Result<T>) -> Result<T> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| unstarted("runtime", &error))?;
    let result = runtime.block_on(async { time::timeout(limit, visit()).await });
    // Tasks of the bus that still run are not waited for.
    runtime.shutdown_background();
    result.unwrap_or_else(|_| {
        Err(failure(format!("the keyring did not answer within {limit:?}")).with_help(
            "check whether it waits to be unlocked, restart it, or set `stores.keyring.timeout` higher",
        ))
    })
}

fn unstarted(what: &str, error: &std::io::Error) -> Error {
    failure(format!("the {what} that asks the keyring can't be started ({})", reason(error)))
        .with_help("check the limits on threads and open files")
}

fn fault() -> Error {
    Error::internal("the keyring store failed by a fault in its code").with_help("report it")
}
