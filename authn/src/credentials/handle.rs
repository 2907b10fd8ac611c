//! `Handle`: a provider as one handle uses it, and where a reload has put the current one.

use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use arc_swap::{ArcSwap, ArcSwapOption, Guard};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{Credentials, login_once::LoginOnce};
use crate::{
    Bound, Context, Error, ErrorKind, Result, SecretString, per_process::PerProcess, runtime,
};

/// Most sessions that are kept although the configuration has no provider for them.
const MOST_UNUSED: usize = 16;

/// A provider for the scopes and the parameters of one handle.
pub(super) struct Handle {
    /// Of the version with which the handle was made.
    bound: Bound,
    version: u64,
    reloads: Option<Arc<Reloads>>,
    /// Of a later version, for the scopes and the parameters of this handle.
    newer: ArcSwapOption<Newer>,
    pub(super) way: Way,
}

pub(super) struct Newer {
    version: u64,
    bound: Bound,
}

/// What a handle does about requests that can't be authorised.
#[derive(Clone, Default)]
pub(super) struct Way {
    /// Whether a request is left as it is where nothing applies.
    pub(super) lenient: bool,
    /// Logs a user in where nobody is.
    pub(super) login: Option<Arc<LoginOnce>>,
}

impl Way {
    /// Returns whether a request with this error is left as it is.
    pub(super) fn excuses(&self, error: &Error) -> bool {
        use ErrorKind::{LoginRequired, NotApplicable, Origin};
        self.lenient && matches!(error.kind(), LoginRequired | NotApplicable | Origin)
    }

    /// Returns the login that an error asks for.
    pub(super) fn login_for(&self, error: &Error) -> Option<&Arc<LoginOnce>> {
        self.login.as_ref().filter(|_| error.kind() == ErrorKind::LoginRequired)
    }
}

/// The current provider of a handle. It borrows, so that threads don't share a reference count.
pub(super) enum Current<'a> {
    First(&'a Bound),
    Newer(Guard<Option<Arc<Newer>>>, &'a Bound),
}

impl Deref for Current<'_> {
    type Target = Bound;

    #[inline]
    fn deref(&self) -> &Bound {
        match self {
            Self::First(bound) => bound,
            Self::Newer(newer, first) => newer.as_deref().map_or(first, |newer| &newer.bound),
        }
    }
}

impl Handle {
    pub(super) fn new(bound: Bound, reloads: Option<Arc<Reloads>>) -> Self {
        Self { bound, version: 0, reloads, newer: ArcSwapOption::empty(), way: Way::default() }
    }

    /// Returns the provider that the handle was made with.
    pub(super) fn first(&self) -> &Bound {
        &self.bound
    }

    /// Returns the current provider. Before the first reload that costs one atomic load.
    #[inline]
    pub(super) fn current(&self) -> Current<'_> {
        match &self.reloads {
            Some(reloads) if reloads.version.load(Ordering::Relaxed) != self.version => {
                self.reloaded(reloads)
            }
            _ => Current::First(&self.bound),
        }
    }

    #[cold]
    #[inline(never)]
    fn reloaded(&self, reloads: &Reloads) -> Current<'_> {
        let known = self.newer.load();
        let version = reloads.version.load(Ordering::Acquire);
        if known.as_ref().is_some_and(|newer| newer.version == version) {
            return Current::Newer(known, &self.bound);
        }
        let current = reloads.current.load_full();
        let bound = current.bound.for_call(&self.bound.context).into_owned();
        self.newer.store(Some(Arc::new(Newer { version: current.number, bound })));
        Current::Newer(self.newer.load(), &self.bound)
    }

    /// Returns a handle with another way, or for another call.
    pub(super) fn change(&self, way: Way, call: Option<&Context>) -> Self {
        // Read before the provider: a reload between the two is noticed at the next call.
        let version = self.reloads.as_ref().map_or(0, |all| all.version.load(Ordering::Acquire));
        let current = self.current();
        let bound = call.map_or_else(|| current.clone(), |call| current.narrowed(call));
        Self { bound, version, reloads: self.reloads.clone(), newer: ArcSwapOption::empty(), way }
    }

    /// Reads the configuration again. Until the new provider is complete, nothing changes.
    pub(super) async fn reload(&self) -> Result<()> {
        let reloads = self.reloads.as_ref().ok_or_else(no_configuration)?;
        let _one_at_a_time = reloads.lock().await;
        let read = Arc::clone(&reloads.read);
        let new = runtime::aside(move || read()).await?;
        let new = new.0.reloads.as_ref().ok_or_else(no_configuration)?.current.load_full();
        let old = reloads.current.load_full();
        let sessions = continue_sessions(&new.sessions, &old.sessions);
        let number = old.number + 1;
        let bound = new.bound.clone();
        if reloads.is_closed.load(Ordering::Relaxed) {
            bound.managed().close(&bound.context).await;
        }
        reloads.current.store(Arc::new(Version { number, bound, sessions }));
        reloads.version.store(number, Ordering::Release);
        tracing::info!(authn.version = number, "configuration reloaded");
        Ok(())
    }

    /// Closes the current provider and those of later reloads.
    pub(super) async fn close(&self) {
        let bound = match &self.reloads {
            Some(reloads) => {
                // A reload sees it, or has ended.
                let _no_reload = reloads.lock().await;
                reloads.is_closed.store(true, Ordering::Relaxed);
                self.current().clone()
            }
            None => self.bound.clone(),
        };
        bound.managed().close(&bound.context).await;
    }
}

/// What all handles of one configuration share.
pub(super) struct Reloads {
    version: AtomicU64,
    current: ArcSwap<Version>,
    read: Arc<dyn Fn() -> Result<Credentials> + Send + Sync>,
    /// Locked while the configuration is read. A reload of the parent never ends in its child.
    running: PerProcess<Arc<Mutex<()>>>,
    /// It changes under the lock.
    is_closed: AtomicBool,
}

/// The provider that one reading of a configuration has made.
struct Version {
    number: u64,
    bound: Bound,
    /// Those of earlier versions are last.
    sessions: Vec<Arc<BuiltSession>>,
}

/// A provider of a configuration that has a session, by what the session depends on.
pub(crate) struct BuiltSession {
    /// The provider's name and its plain options.
    pub(crate) options: String,
    pub(crate) secrets: Vec<SecretString>,
    pub(crate) bound: Bound,
}

impl BuiltSession {
    fn is_same(&self, other: &Self) -> bool {
        let same = |(one, other): (&SecretString, &SecretString)| one.is_same(other);
        self.options == other.options
            && self.secrets.len() == other.secrets.len()
            && self.secrets.iter().zip(&other.secrets).all(same)
    }
}

impl Reloads {
    pub(super) fn new(
        bound: Bound,
        sessions: Vec<BuiltSession>,
        read: impl Fn() -> Result<Credentials> + Send + Sync + 'static,
    ) -> Self {
        let version =
            Version { number: 0, bound, sessions: sessions.into_iter().map(Arc::new).collect() };
        Self {
            version: AtomicU64::new(0),
            current: ArcSwap::from_pointee(version),
            read: Arc::new(read),
            running: PerProcess::default(),
            is_closed: AtomicBool::new(false),
        }
    }

    async fn lock(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.running.get(|_| Arc::default()).value).lock_owned().await
    }
}

/// Lets the new providers continue the sessions in memory that stay the same. Of several ones, the one at the same place
/// comes first. Returns the new ones, and after them those that are not in use any more: a mistake in the configuration
/// that is corrected by the next reload must not lose them.
fn continue_sessions(
    new: &[Arc<BuiltSession>],
    old: &[Arc<BuiltSession>],
) -> Vec<Arc<BuiltSession>> {
    let mut old = old.to_vec();
    for new in new {
        let is_here = |old: &BuiltSession| old.bound.context.key() == new.bound.context.key();
        let at = old.iter().position(|old| is_here(old) && old.is_same(new));
        if let Some(at) = at.or_else(|| old.iter().position(|old| old.is_same(new))) {
            new.bound.continue_session(&old.remove(at).bound);
        }
    }
    old.truncate(MOST_UNUSED);
    new.iter().cloned().chain(old).collect()
}

fn no_configuration() -> Error {
    Error::configuration(
        "these credentials were made in code, so there is no configuration to read again",
    )
    .with_help("build new ones, or load them by a `Loader`")
}
