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
    time::Duration,
};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

use crate::{Error, Result, per_process::PerProcess};

/// A future behind a pointer, for traits that are used as objects.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How long a thread for blocking work is kept: longer than an exchange takes.
const KEEP_ALIVE: Duration = Duration::from_mins(3);

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
    /// The process whose background thread this is; 0 on other threads. A child of it has the value of its parent.
    static HERE: Cell<u32> = const { Cell::new(0) };
}

fn start() -> Option<Running> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        // The thread on which a store reserved room is there for the save, even if no other could be started then.
        .thread_keep_alive(KEEP_ALIVE)
        .build()
        .ok()?;
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
