//! The framework's background runtime: one thread, which the first exchange starts.
//!
//! Exchanges run on it. So they outlive their callers and the callers' runtimes, and work from code without a runtime.
//! After a fork, the child starts another one, because it has only the thread that forked.

use std::{
    cell::Cell,
    future::Future,
    pin::{Pin, pin},
    process,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

use crate::{Error, Result, per_process::PerProcess};

/// A future behind a pointer, for traits that are used as objects.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A runtime. Its thread ends when this is dropped.
struct Running {
    handle: Handle,
    _until_dropped: oneshot::Sender<()>,
}

/// Returns the handle of the background runtime, and starts it if it does not run yet in this process.
pub(crate) fn handle() -> Result<Handle> {
    static RUNTIME: PerProcess<Option<Running>> = PerProcess::new();
    let running = RUNTIME.get(|_| start());
    running.value.as_ref().map(|running| running.handle.clone()).ok_or_else(|| {
        Error::internal("the background thread could not be started")
            .with_help("check the limits on threads and open files")
    })
}

thread_local! {
    /// The process whose background thread this is; 0 on other threads. A child of it has the value of its parent.
    static HERE: Cell<u32> = const { Cell::new(0) };
}

fn start() -> Option<Running> {
    let runtime = Builder::new_current_thread().enable_all().build().ok()?;
    let handle = runtime.handle().clone();
    let (until_dropped, dropped) = oneshot::channel::<()>();
    thread::Builder::new()
        .name("authn".to_owned())
        .spawn(move || {
            HERE.set(process::id());
            // The sender sends nothing.
            let _ = runtime.block_on(dropped);
        })
        .ok()?;
    Some(Running { handle, _until_dropped: until_dropped })
}

/// Blocks the thread until a future ends. The future's own timers and connections use the background runtime.
pub(crate) fn block_on<F: Future>(future: F) -> Result<F::Output> {
    if HERE.get() == process::id() {
        // The exchange that it waits for needs this thread.
        return Err(Error::internal(
            "a provider or hook waits by blocking the thread on which all exchanges run",
        )
        .with_help("await the asynchronous credentials there, or make it a `Hook::sync`"));
    }
    let background = handle()?;
    let _background = background.enter();
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
