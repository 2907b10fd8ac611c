//! `Kept`: a small map of secrets that a provider keeps between its calls.

mod turn;

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, task_local};

use self::turn::Turn;
use crate::{
    Error, Options, Result, SecretString, SessionPolicy,
    per_process::PerProcess,
    runtime::to_its_end,
    store::{Record, SessionSpec},
    time::{Clock, before},
    token::Kept as Secrets,
};

/// Most secrets of one provider.
const MOST: usize = 16;
/// Longest name, in bytes.
const LONGEST_NAME: usize = 64;
/// Longest secret, in bytes.
const LONGEST: usize = 16 * 1024;
/// Longest time for making a secret: as for an exchange.
const MAKE: Duration = Duration::from_mins(2);

task_local! {
    /// Whose secret the code makes that is running.
    static MAKING: usize;
}

/// The option of a provider that keeps secrets.
#[derive(Options)]
pub(crate) struct KeptOptions {
    /// Store of what the provider keeps: `memory`, `file`, or the name of another store.
    #[default("file".to_owned())]
    pub(crate) store: String,
}

/// The secrets that a [`TokenProvider`](crate::TokenProvider) keeps, by name. [`Context::kept`](crate::Context::kept)
/// returns them.
///
/// Without the flag `kept` they are in memory, and end with the credentials. Under `#[token_provider("name", kept)]` the
/// option `store` names where they are, so that other processes and later programs find them. By default that is `file` in
/// a configuration, and `memory` for a provider that a program makes by its builder. They belong to the configured secrets
/// and options of the provider: with others, they are not found.
/// [`Credentials::logout`](crate::Credentials::logout) deletes them.
///
/// There are at most 16. A name has at most 64 bytes, and a secret at most 16 KiB.
///
/// ```
/// use authn::{Context, Credentials, Kept, Result, SecretString, Token, TokenProvider};
///
/// /// Enrols this machine once.
/// #[authn::token_provider("enrolled", kept)]
/// struct Enrolled {}
///
/// impl TokenProvider for Enrolled {
///     async fn token(&self, context: &Context) -> Result<Token> {
///         let kept: &Kept = context.kept();
///         let code = kept.get_or_try_init("code", || async {
///             Ok(SecretString::from("c1")) // a real one comes from a server
///         });
///         let code = code.await?;
///         # kept.set("old", code.clone()).await?;
///         # assert!(kept.get("old").await?.is_some());
///         # kept.remove("old").await?;
///         Token::new(&*code.expose())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<()> {
/// let credentials = Credentials::builder().provider(Enrolled {}).domain("api.example.com").build()?;
/// assert_eq!(credentials.token().await?.secret(), "c1");
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct Kept {
    place: Place,
    clock: Clock,
}

#[derive(Clone)]
enum Place {
    /// After a reload, the new provider shares those of the old one.
    Memory(Arc<Mutex<Arc<InMemory>>>),
    Store(Arc<SessionSpec>, Gate),
}

/// Held by the one call of this process that changes something.
type Gate = Arc<PerProcess<Arc<tokio::sync::Mutex<()>>>>;

#[derive(Default)]
struct InMemory {
    memory: Mutex<Memory>,
    gate: Gate,
}

#[derive(Default)]
struct Memory {
    secrets: Secrets,
    /// How often everything was deleted.
    logouts: u64,
}

impl Kept {
    /// Creates a map in a store, or in memory.
    pub(crate) fn new(spec: Option<Arc<SessionSpec>>) -> Self {
        let in_store = |spec| Place::Store(spec, Gate::default());
        Self { place: spec.map_or_else(Place::default, in_store), ..Self::default() }
    }

    /// Sets the clock by which it waits.
    pub(crate) fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    /// Returns the secret under a name; `None` if there is none.
    ///
    /// It is read from the store each time, so it is the one that any process has set last.
    pub async fn get(&self, name: &str) -> Result<Option<SecretString>> {
        match &self.place {
            Place::Memory(shared) => Ok(lock(&lock(shared).memory).secrets.get(name).cloned()),
            Place::Store(spec, _) => Ok(read(spec).await?.kept().get(name).cloned()),
        }
    }

    /// Returns the secret under a name. If there is none, it is made and kept: by one call, while the others wait for it.
    ///
    /// That holds for all calls of this process, and with a store for all processes that share it. `make` is called only if
    /// there is no secret. Its future runs at most once, under the lease of the store, and may be dropped before it has
    /// started, because another process has made the secret. It runs on the framework's background thread, so it must not
    /// block. It goes on if the caller stops waiting, so that a secret which a server has issued is kept.
    ///
    /// The future has 2 minutes. If it fails, nothing is kept, its caller gets the error, and the next one makes the
    /// secret. It can read what is kept, and must not change it.
    ///
    /// ```
    /// # use authn::{Context, Kept, Result, SecretString, Url};
    /// # async fn key(context: &Context, url: &Url) -> Result<SecretString> {
    /// let issue = || {
    ///     let request = context.http().post(url);
    ///     async move { Ok(request.send().await?.success()?.json::<String>()?.into()) }
    /// };
    /// context.kept().get_or_try_init("key", issue).await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The error of `make`, or one of kind [`Network`](crate::ErrorKind::Network) if its time is up. Otherwise it fails like
    /// [`set`](Self::set). What can be checked before is checked before `make` runs, such as the room in the store.
    pub async fn get_or_try_init<M>(
        &self,
        name: &str,
        make: impl FnOnce() -> M,
    ) -> Result<SecretString>
    where
        M: Future<Output = Result<SecretString>> + Send + 'static,
    {
        if let Some(kept) = self.get(name).await? {
            return Ok(kept);
        }
        self.check(name, None)?;
        let (this, name, making) = (self.clone(), name.to_owned(), make());
        let (_caller, gone) = oneshot::channel::<()>();
        // So that the caller's future is small.
        let work = Box::pin(async move {
            let gone = Box::pin(async { drop(gone.await) });
            // Without its caller, nothing is begun.
            let Some(turn) = before(Turn::of(&this), gone).await else { return Err(cancelled()) };
            let mut turn = turn?;
            if let Some(kept) = turn.get(&name) {
                return Ok(kept);
            }
            turn.reserve(&name).await?;
            let making = MAKING.scope(this.id(), making);
            let secret = before(making, this.clock.sleep(MAKE)).await.ok_or_else(too_slow)??;
            this.check(&name, Some(&secret))?;
            turn.put(&name, Some(&secret)).await?;
            Ok(secret)
        });
        to_its_end(work).await
    }

    /// Keeps a secret under a name, in place of the last one. When it returns, the store has saved it.
    ///
    /// It waits while a secret is [made](Self::get_or_try_init), and at most 5 minutes. For a secret that a server issues
    /// once, use `get_or_try_init`: between a `get` and a `set`, another call may get one, too.
    ///
    /// Fails with [`Store`](crate::ErrorKind::Store) if the store can't save it or the wait is too long, and with
    /// [`Internal`](crate::ErrorKind::Internal) if there are too many, or the name or the secret is too long.
    pub async fn set(&self, name: &str, secret: SecretString) -> Result<()> {
        self.change(name, Some(secret)).await
    }

    /// Removes the secret under a name, if there is one. Fails like [`set`](Self::set).
    pub async fn remove(&self, name: &str) -> Result<()> {
        self.change(name, None).await
    }

    /// Changes a secret by what it is while no other call or process changes it. `None` is one that is not there.
    #[doc(hidden)]
    pub async fn update(
        &self,
        name: &str,
        change: impl FnOnce(Option<SecretString>) -> Option<SecretString> + Send + 'static,
    ) -> Result<()> {
        self.check(name, None)?;
        let (this, name) = (self.clone(), name.to_owned());
        to_its_end(async move {
            let mut turn = Turn::of(&this).await?;
            let old = turn.get(&name);
            let new = change(old.clone());
            let is_same = match (&old, &new) {
                (Some(old), Some(new)) => *old.expose() == *new.expose(),
                (old, new) => old.is_none() && new.is_none(),
            };
            if is_same {
                return Ok(());
            }
            this.check(&name, new.as_ref())?;
            turn.put(&name, new.as_ref()).await
        })
        .await
    }

    async fn change(&self, name: &str, secret: Option<SecretString>) -> Result<()> {
        self.check(name, secret.as_ref())?;
        let (this, name) = (self.clone(), name.to_owned());
        // It holds the lease, so it ends even if the caller stops waiting.
        to_its_end(async move { Turn::of(&this).await?.put(&name, secret.as_ref()).await }).await
    }

    /// Fails if a secret can't be changed, whatever is kept.
    fn check(&self, name: &str, secret: Option<&SecretString>) -> Result<()> {
        if MAKING.try_with(|making| *making == self.id()).unwrap_or(false) {
            // It would wait for itself.
            let message = "a provider changes what it keeps while it makes a secret to be kept";
            return Err(Error::internal(message).with_help("change it before or after that"));
        }
        if name.len() > LONGEST_NAME || secret.is_some_and(|secret| secret.expose().len() > LONGEST)
        {
            let message = "the secret that a provider keeps, or its name, is too long";
            return Err(Error::internal(message)
                .with_help("keep at most 16 KiB under a name of at most 64 bytes"));
        }
        Ok(())
    }

    fn gate(&self) -> Gate {
        match &self.place {
            Place::Memory(shared) => Arc::clone(&lock(shared).gate),
            Place::Store(_, gate) => Arc::clone(gate),
        }
    }

    fn id(&self) -> usize {
        Arc::as_ptr(&self.gate()).addr()
    }

    /// Continues with what another one has in memory, so that both see each change. A store is shared anyway.
    pub(crate) fn continue_from(&self, of: &Self) {
        if let (Place::Memory(own), Place::Memory(of)) = (&self.place, &of.place) {
            let of = Arc::clone(&lock(of));
            *lock(own) = of;
        }
    }

    /// Returns the name of the store; `None` for memory.
    pub(crate) fn store(&self) -> Option<&str> {
        match &self.place {
            Place::Memory(_) => None,
            Place::Store(spec, _) => Some(spec.store.name()),
        }
    }

    /// Returns whether a store has anything.
    pub(crate) async fn has_any(&self) -> Result<bool> {
        match &self.place {
            Place::Memory(_) => Ok(false),
            Place::Store(spec, _) => Ok(read(spec).await?.kept_count() > 0),
        }
    }

    /// Deletes everything.
    pub(crate) async fn clear(&self) -> Result<()> {
        match &self.place {
            Place::Memory(shared) => {
                let shared = Arc::clone(&lock(shared));
                let mut memory = lock(&shared.memory);
                memory.secrets.clear();
                memory.logouts += 1;
                Ok(())
            }
            Place::Store(spec, _) => spec.find(SessionPolicy::Begun).await?.clear().await,
        }
    }
}

async fn read(spec: &SessionSpec) -> Result<Record> {
    let session = spec.find(SessionPolicy::Begun).await?;
    let mut record = session.load().await?;
    session.keep_session(&mut record);
    Ok(record)
}

fn lock<T>(memory: &Mutex<T>) -> MutexGuard<'_, T> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

fn too_slow() -> Error {
    Error::network(format!(
        "what a provider keeps was not made within {} minutes, and that was cancelled",
        MAKE.as_secs() / 60
    ))
    .with_help("try again later")
}

fn cancelled() -> Error {
    Error::cancelled("no caller waits for what a provider keeps").with_help("try again")
}

impl Default for Place {
    fn default() -> Self {
        Self::Memory(Arc::default())
    }
}

/// Shows names, and no secret.
impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Kept");
        match &self.place {
            Place::Memory(shared) => {
                let shared = Arc::clone(&lock(shared));
                shown.field("names", &lock(&shared.memory).secrets.keys())
            }
            Place::Store(spec, _) => shown.field("store", &spec.store.name()),
        };
        shown.finish_non_exhaustive()
    }
}
