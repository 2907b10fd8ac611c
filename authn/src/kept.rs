//! `Kept`: a small map of secrets that a provider keeps between its calls.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{
    Error, Options, Result, SecretString, SessionPolicy,
    runtime::to_its_end,
    store::{Record, SessionSpec, StoredSession},
    time::before,
    token::Kept as Secrets,
};

/// Most secrets of one provider.
const MOST: usize = 16;
/// Longest name, in bytes.
const LONGEST_NAME: usize = 64;
/// Longest secret, in bytes.
const LONGEST: usize = 16 * 1024;
/// Longest time to wait for another process that changes the same secrets.
const LEASE: Duration = Duration::from_secs(30);

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
/// They are in memory, and end with the credentials. Under `#[token_provider("name", kept)]` they are in the store that the
/// option `store` names, by default `file`, so that other processes and later programs find them. They belong to the
/// configured secrets and options of the provider: with others, they are not found.
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
///         let code = match kept.get("code").await? {
///             Some(code) => code,
///             None => {
///                 let code = SecretString::from("c1"); // a real one comes from a server
///                 kept.set("code", code.clone()).await?;
///                 code
///             }
///         };
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
pub struct Kept(Place);

#[derive(Clone)]
enum Place {
    Memory(Arc<Mutex<Secrets>>),
    Store(Arc<SessionSpec>),
}

impl Kept {
    /// Creates a map in a store, or in memory.
    pub(crate) fn new(spec: Option<Arc<SessionSpec>>) -> Self {
        Self(spec.map_or_else(Place::default, Place::Store))
    }

    /// Returns the secret under a name; `None` if there is none.
    ///
    /// It is read from the store each time, so it is the one that any process has set last.
    pub async fn get(&self, name: &str) -> Result<Option<SecretString>> {
        match &self.0 {
            Place::Memory(secrets) => Ok(lock(secrets).get(name).cloned()),
            Place::Store(spec) => Ok(read(spec).await?.kept().get(name).cloned()),
        }
    }

    /// Keeps a secret under a name, in place of the last one. When it returns, the store has saved it.
    ///
    /// Fails with [`Store`](crate::ErrorKind::Store) if the store can't save it, and with
    /// [`Internal`](crate::ErrorKind::Internal) if there are too many, or the name or the secret is too long.
    pub async fn set(&self, name: &str, secret: SecretString) -> Result<()> {
        if name.len() > LONGEST_NAME || secret.expose().len() > LONGEST {
            let message = "the secret that a provider keeps, or its name, is too long";
            return Err(Error::internal(message)
                .with_help("keep at most 16 KiB under a name of at most 64 bytes"));
        }
        self.change(name, Some(secret)).await
    }

    /// Removes the secret under a name, if there is one. Fails like [`set`](Self::set).
    pub async fn remove(&self, name: &str) -> Result<()> {
        self.change(name, None).await
    }

    async fn change(&self, name: &str, secret: Option<SecretString>) -> Result<()> {
        let spec = match &self.0 {
            Place::Memory(secrets) => {
                let mut secrets = lock(secrets);
                match secret {
                    Some(_) if secrets.len() >= MOST && !secrets.contains_key(name) => {
                        return Err(too_many());
                    }
                    Some(secret) => secrets.insert(name.to_owned(), secret),
                    None => secrets.remove(name),
                };
                return Ok(());
            }
            Place::Store(spec) => Arc::clone(spec),
        };
        let name = name.to_owned();
        // It holds the lease, so it ends even if the caller stops waiting.
        to_its_end(async move {
            let session = spec.open(SessionPolicy::Begun).await?;
            let end = crate::time::Clock::system().sleep(LEASE);
            let lease = before(session.lock(), end).await.ok_or_else(|| busy(&session))??;
            let mut record = session.load().await?;
            session.keep_session(&mut record);
            let changes = record.keep(&name, secret.as_ref());
            if record.kept_count() > MOST {
                return Err(too_many());
            }
            let is_saved = !changes || session.save(&mut record).await?;
            drop(lease);
            is_saved.then_some(()).ok_or_else(|| {
                Error::store("what a provider keeps was deleted by a logout meanwhile")
                    .with_help("try again")
            })
        })
        .await
    }

    /// Returns the name of the store; `None` for memory.
    pub(crate) fn store(&self) -> Option<&str> {
        match &self.0 {
            Place::Memory(_) => None,
            Place::Store(spec) => Some(spec.store.name()),
        }
    }

    /// Returns whether a store has anything.
    pub(crate) async fn has_any(&self) -> Result<bool> {
        match &self.0 {
            Place::Memory(_) => Ok(false),
            Place::Store(spec) => Ok(read(spec).await?.kept_count() > 0),
        }
    }

    /// Deletes everything.
    pub(crate) async fn clear(&self) -> Result<()> {
        match &self.0 {
            Place::Memory(secrets) => {
                lock(secrets).clear();
                Ok(())
            }
            Place::Store(spec) => spec.find(SessionPolicy::Begun).await?.clear().await,
        }
    }
}

async fn read(spec: &SessionSpec) -> Result<Record> {
    let session = spec.find(SessionPolicy::Begun).await?;
    let mut record = session.load().await?;
    session.keep_session(&mut record);
    Ok(record)
}

fn lock(secrets: &Mutex<Secrets>) -> std::sync::MutexGuard<'_, Secrets> {
    secrets.lock().unwrap_or_else(PoisonError::into_inner)
}

fn too_many() -> Error {
    Error::internal(format!("a provider keeps more than {MOST} secrets"))
        .with_help("remove those that it no longer needs")
}

fn busy(session: &StoredSession) -> Error {
    Error::store(format!(
        "another process has held what is kept in {} for {} seconds",
        session.place(),
        LEASE.as_secs()
    ))
    .with_help("end it, or try again")
}

impl Default for Place {
    fn default() -> Self {
        Self::Memory(Arc::default())
    }
}

/// Shows names, and no secret.
impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Memory(secrets) => f.debug_tuple("Kept").field(&lock(secrets).keys()).finish(),
            Place::Store(spec) => {
                f.debug_struct("Kept").field("store", &spec.store.name()).finish()
            }
        }
    }
}
