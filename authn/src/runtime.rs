//! The framework's background runtime: one thread, which the first exchange starts.
//!
//! Exchanges run on it. So they outlive their callers and the callers' runtimes, and work from code without a runtime.
//! After a fork, the child starts another one, because it has only the thread that forked.

use std::{
    cell::Cell,
    future::Future,
    io,
    panic::{self, AssertUnwindSafe},
    pin::{Pin, pin},
    process,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
    task::JoinSet,
};
use tracing::Instrument as _;

use crate::{
    Error, Result,
    diagnostic::{check_limit_on_files, limit_help, reason},
    per_process::PerProcess,
};

/// A future behind a pointer, for traits that are used as objects.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How long a thread for blocking work is kept: longer than an exchange takes.
const KEEP_ALIVE: Duration = Duration::from_mins(3);

/// A runtime. Its thread ends when this is dropped.
struct Running {
    handle: Handle,
    _until_dropped: oneshot::Sender<()>,
}

/// Returns the handle of the background runtime, and starts it if it does not run yet in this process. A failure is not
/// final: the next call tries again.
pub(crate) fn handle() -> Result<Handle> {
    static RUNTIME: PerProcess<Running> = PerProcess::new();
    if let Some(running) = RUNTIME.made() {
        return Ok(running.value.handle.clone());
    }
    let started = start().map_err(|error| {
        Error::internal(format!("the background thread can't be started ({})", reason(&error)))
            .with_help(limit_help(&error).unwrap_or("check the limits on threads and memory"))
    })?;
    // Of two that were started at once, one ends here.
    Ok(RUNTIME.get(|_| started).value.handle.clone())
}

/// Runs work that blocks its thread, such as reading a disk, on a thread of its own. All exchanges share the background
/// thread, so none of them may block it.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let outcome = Outcome::default();
    let left = outcome.clone();
    let work: Box<dyn FnOnce() + Send> = Box::new(move || left.leave(work()));
    // It fails only if the work panics, which leaves nothing.
    let _ = handle()?.spawn_blocking(work).await;
    outcome.taken()
}

/// Runs work in the background to its end, whether its caller polls it or not, such as work that holds a lock.
pub(crate) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let outcome = Outcome::default();
    let _ = handle()?.spawn(outcome.of(work).in_current_span()).await;
    outcome.taken()
}

/// Runs work on the background thread. Dropping the future ends the work.
pub(crate) async fn in_background<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    if is_here() {
        // So that the caller's future is small.
        return Box::pin(work).await;
    }
    let outcome = Outcome::default();
    let mut task = JoinSet::new();
    task.spawn_on(outcome.of(work).in_current_span(), &handle()?);
    match task.join_next().await {
        Some(Err(error)) if !error.is_panic() => Err(Error::internal(
            "work in the background ended because the program is shutting down",
        )
        .with_help("wait for it before the program ends")),
        _ => outcome.taken(),
    }
}

/// The place where work leaves its result. All tasks have the same type then, so that the code that runs them is in a
/// program once.
struct Outcome<T>(Arc<Mutex<Option<Result<T>>>>);

impl<T: Send + 'static> Outcome<T> {
    /// Returns the work as a task without a result.
    fn of(&self, work: impl Future<Output = Result<T>> + Send + 'static) -> Boxed<'static, ()> {
        let left = self.clone();
        Box::pin(async move { left.leave(work.await) })
    }
}

impl<T> Outcome<T> {
    fn leave(&self, result: Result<T>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    }

    /// Returns the result. Work that panicked has left none.
    fn taken(&self) -> Result<T> {
        let left = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        left.unwrap_or_else(|| Err(panicked()))
    }
}

impl<T> Clone for Outcome<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Outcome<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// Runs code of the program or of another crate; `None` if it panics. The panic's message could contain a secret.
pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Option<T> {
    // Nothing of this crate is changed by it halfway.
    panic::catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Does the same with a future, which is dropped if it panics.
pub(crate) async fn caught<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    std::future::poll_fn(|context| match catch(|| work.as_mut().poll(context)) {
        Some(Poll::Pending) => Poll::Pending,
        Some(Poll::Ready(done)) => Poll::Ready(Some(done)),
        None => Poll::Ready(None),
    })
    .await
}

/// The error of work that panicked.
pub(crate) fn panicked() -> Error {
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

/// Returns whether this is the background thread.
pub(crate) fn is_here() -> bool {
    HERE.get() == process::id()
}

fn start() -> io::Result<Running> {
    check_limit_on_files()?;
    let runtime = Builder::new_current_thread()
        .enable_all()
        // The thread on which a store reserved room is there for the save, even if no other could be started then.
        .thread_keep_alive(KEEP_ALIVE)
        .build()?;
    let handle = runtime.handle().clone();
    let (until_dropped, dropped) = oneshot::channel::<()>();
    thread::Builder::new().name("authn".to_owned()).spawn(move || {
        HERE.set(process::id());
        // The sender sends nothing.
        let _ = runtime.block_on(dropped);
    })?;
    // tokio panics if it can't start its first thread for blocking work. A limit on threads is noticed here instead.
    thread::Builder::new().spawn(|| ())?;
    drop(handle.spawn_blocking(|| ()));
    Ok(Running { handle, _until_dropped: until_dropped })
}

/// Blocks the thread until a future ends. The future's own timers and connections use the background runtime.
pub(crate) fn block_on<F: Future>(future: F) -> Result<F::Output> {
    if is_here() {
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
