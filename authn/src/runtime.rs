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
};

use tokio::runtime::{Builder, Handle};

use crate::{Error, Result};

/// A future behind a pointer, for traits that are used as objects.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Returns the handle of the background runtime, and starts it if it does not run yet.
pub(crate) fn handle() -> Result<&'static Handle> {
    static RUNTIME: OnceLock<Option<Handle>> = OnceLock::new();
    RUNTIME.get_or_init(start).as_ref().ok_or_else(|| {
        Error::internal("the background thread could not be started")
            .with_help("check the limits on threads and open files")
    })
}

thread_local! {
    static HERE: Cell<bool> = const { Cell::new(false) };
}

fn start() -> Option<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build().ok()?;
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
