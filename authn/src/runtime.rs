//! The framework's own runtime: one thread, started by the first exchange.
//!
//! Exchanges run here, so they need no runtime of the caller's, outlive callers and their runtimes, and
//! work from code that has no runtime at all.

use std::{cell::Cell, future::Future, pin::Pin, sync::OnceLock};

use tokio::runtime::{Builder, Handle};

use crate::{Error, ErrorKind, Result};

/// A future behind a pointer, for traits that are used as objects.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Returns the handle to the background runtime, starting it if need be.
pub(crate) fn handle() -> Result<&'static Handle> {
    static RUNTIME: OnceLock<Option<Handle>> = OnceLock::new();
    RUNTIME.get_or_init(start).as_ref().ok_or_else(|| {
        Error::new(
            ErrorKind::Internal,
            "the background thread could not be started; check the limits on threads and open files",
        )
    })
}

thread_local! {
    static HERE: Cell<bool> = const { Cell::new(false) };
}

/// Returns whether this is the background thread, which nothing may block: all exchanges run on it.
pub(crate) fn is_here() -> bool {
    HERE.get()
}

fn start() -> Option<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build().ok()?;
    let handle = runtime.handle().clone();
    std::thread::Builder::new()
        .name("authn".to_owned())
        .spawn(move || {
            HERE.set(true);
            runtime.block_on(std::future::pending::<()>());
        })
        .ok()?;
    Some(handle)
}
