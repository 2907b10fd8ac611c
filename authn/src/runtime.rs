//! The framework's background runtime: one thread, which the first exchange starts.
//!
//! Exchanges run on it. So they outlive their callers and the callers' runtimes, and work from code without a runtime.

use std::{
    cell::Cell,
    future::Future,
    pin::{Pin, pin},
    sync::{Arc, OnceLock},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use tokio::runtime::{Builder, Handle};

use crate::{Error, Result};

/// A future behind a pointer, for traits that are used as objects.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How long a thread for blocking work is kept: longer than an exchange takes.
const KEEP_ALIVE: Duration = Duration::from_mins(3);

/// Returns the handle of the background runtime, and starts it if it does not run yet.
pub(crate) fn handle() -> Result<&'static Handle> {
    static RUNTIME: OnceLock<Option<Handle>> = OnceLock::new();
    RUNTIME.get_or_init(start).as_ref().ok_or_else(|| {
        Error::internal("the background thread could not be started")
            .with_help("check the limits on threads and open files")
    })
}

/// Runs work that blocks its thread, such as reading a disk, on a thread of its own. All exchanges share the background
/// thread, so none of them may block it.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    handle()?.spawn_blocking(work).await.unwrap_or_else(|_| Err(panicked()))
}

/// Runs work in the background to its end, whether its caller polls it or not, such as work that holds a lock.
pub(crate) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    handle()?.spawn(work).await.unwrap_or_else(|_| Err(panicked()))
}

fn panicked() -> Error {
    Error::internal("work in the background ended by a fault in its code").with_help("report it")
}

/// Waits in real time, on any runtime or none.
pub(crate) async fn sleep(wait: Duration) -> Result<()> {
    let end = {
        let _timers = handle()?.enter();
        tokio::time::sleep(wait)
    };
    end.await;
    Ok(())
}

thread_local! {
    static HERE: Cell<bool> = const { Cell::new(false) };
}

fn start() -> Option<Handle> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        // The thread on which a store reserved room is there for the save, even if no other could be started then.
        .thread_keep_alive(KEEP_ALIVE)
        .build()
        .ok()?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("authn".to_owned())
        .spawn(move || {
            HERE.set(true);
            runtime.block_on(std::future::pending::<()>());
        })
        .ok()?;
    Some(handle)
}

/// Blocks the thread until a future ends. The future's own timers and connections use the background runtime.
pub(crate) fn block_on<F: Future>(future: F) -> Result<F::Output> {
    if HERE.get() {
        // The exchange that it waits for needs this thread.
        return Err(Error::internal(
            "a provider or hook waits by blocking the thread on which all exchanges run",
        )
        .with_help("await the asynchronous credentials there, or make it a `Hook::sync`"));
    }
    let _background = handle()?.enter();
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return Ok(output),
            Poll::Pending => thread::park(),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
