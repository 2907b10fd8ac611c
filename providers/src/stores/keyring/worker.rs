//! Runs calls to a keyring on a thread of their own, each with a timeout. The thread has its own runtime, so that calls
//! work without a runtime and block no other one.

use std::{
    pin::Pin,
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
    start(limit, visit)?.1.await.unwrap_or_else(|_| Err(fault()))
}

/// Runs a call and blocks until it has ended.
pub(super) fn run_blocking<T: Send + 'static>(
    limit: Duration,
    visit: impl AsyncFnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (thread, mut arrival) = start(limit, visit)?;
    // It fails only if the call panics, and then nothing arrives.
    let _ = thread.join();
    arrival.try_recv().unwrap_or_else(|_| Err(fault()))
}

/// Starts a call, and returns its thread and where its result arrives. It arrives nowhere if the call panics.
fn start<T: Send + 'static>(
    limit: Duration,
    visit: impl AsyncFnOnce() -> Result<T> + Send + 'static,
) -> Result<(JoinHandle<()>, oneshot::Receiver<Result<T>>)> {
    let (answer, arrival) = oneshot::channel();
    // The thread's code and the runtime's are in a program once: the call is behind a pointer.
    let work: Box<dyn FnOnce() + Send> = Box::new(move || {
        let mut result = None;
        let failed = block_on(limit, Box::pin(async { result = Some(visit().await) })).err();
        // The caller may have stopped waiting.
        let _ = answer.send(failed.map(Err).or(result).unwrap_or_else(|| Err(fault())));
    });
    let thread = Builder::new().name("authn-keyring".to_owned()).spawn(work);
    Ok((thread.map_err(|error| unstarted("thread", &error))?, arrival))
}

fn block_on(limit: Duration, call: Pin<Box<dyn Future<Output = ()> + '_>>) -> Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| unstarted("runtime", &error))?;
    let result = runtime.block_on(async { time::timeout(limit, call).await });
    // Tasks of the bus that still run are not waited for.
    runtime.shutdown_background();
    result.map_err(|_| {
        failure(format!("the keyring did not answer within {limit:?}")).with_help(
            "check whether it waits to be unlocked, restart it, or set `stores.keyring.timeout` higher",
        )
    })
}

fn unstarted(what: &str, error: &std::io::Error) -> Error {
    failure(format!("the {what} that asks the keyring can't be started ({})", reason(error)))
        .with_help("check the limits on threads and open files")
}

fn fault() -> Error {
    Error::internal("the keyring store failed by a fault in its code").with_help("report it")
}
