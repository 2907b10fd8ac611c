//! `KnownStore`: a store of the configuration, for programs that list, end or encrypt its sessions, or wrap it.

use std::collections::BTreeSet;

use crate::{
    Error, Result,
    diagnostic::{Problem, ProblemCode, Severity},
    sorted::sorted,
    store::{
        Content, Document, Examination, Inspected, KnownSession, Lease, Locked, NamedStore, Seal,
        StoreKey, TokenStore, fingerprint_key, is_session,
    },
};

/// A token store that a configuration can choose.
///
/// ```
/// use authn::{Environment, Loader};
///
/// let text = "[stores.file]\ndirectory = \"/var/lib/app/tokens\"";
/// let config = Loader::new().environment(Environment::empty()).defaults(text).read();
/// let stores = config.stores();
/// let file = stores.iter().find(|store| store.name() == "file").expect("a store");
/// assert_eq!(file.place().as_deref(), Some("/var/lib/app/tokens"));
/// let place = file.place_of(&authn::store::StoreKey::new("oauth-default-1"));
/// assert_eq!(place.as_deref(), Some("/var/lib/app/tokens/oauth-default-1.json"));
/// ```
///
/// ```
/// use authn::{Environment, Loader, config::KnownStore};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let environment = Environment::empty().state_directory(folder.path());
/// let config = Loader::new().environment(environment).read();
/// let stores: Vec<KnownStore> = config.stores();
/// for store in &stores {
///     println!("{} in {:?}: {}", store.name(), store.place(), store.sessions().await?.len());
///     assert!(store.examine().await.is_empty(), "no problems");
///     if store.encrypts() {
///         println!("{} documents were not encrypted", store.encrypt().await?);
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct KnownStore(pub(super) NamedStore);

impl KnownStore {
    /// Returns the name by which the option `store` chooses it.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// Returns where the store keeps its sessions, such as a folder or an address without secrets.
    pub fn place(&self) -> Option<String> {
        self.0.place()
    }

    /// Returns where the store keeps the session of a key, such as a file; `None` if it has no place of its own.
    pub fn place_of(&self, key: &StoreKey) -> Option<String> {
        self.0.place_of(key)
    }

    /// Returns the problems of the store without changing it: who can read it, whether it can be written to, and which
    /// files were set aside.
    pub async fn examine(&self) -> Vec<Problem> {
        self.examine_all().await.0
    }

    /// Does the same, and returns what the store's server says of itself, too.
    #[doc(hidden)]
    pub async fn examine_all(&self) -> (Vec<Problem>, Examination) {
        let (mut problems, mut server) = (self.0.examine(), Examination::default());
        if problems.iter().all(|problem| problem.severity() != Severity::Error)
            && let Err(error) = self.ask(&mut problems, &mut server).await
        {
            problems.push(error.as_problem(ProblemCode::Store));
        }
        (problems, server)
    }

    async fn ask(&self, problems: &mut Vec<Problem>, server: &mut Examination) -> Result<()> {
        *server = self.0.examine_server().await?;
        problems.extend(server.problems().iter().cloned());
        self.examine_seals(problems).await
    }

    /// Returns what the store's server says of itself, and the leases there. It is empty for a store without a server.
    #[doc(hidden)]
    pub async fn examination(&self) -> Result<Examination> {
        self.0.examine_server().await
    }

    /// Returns its sessions, without those that were logged out. Sessions of options that have changed since are among
    /// them.
    pub async fn sessions(&self) -> Result<Vec<KnownSession>> {
        let mut sessions = Vec::new();
        for key in self.0.list().await?.into_iter().filter(is_session) {
            if let Some(inspected) = self.0.inspect(&key).await? {
                sessions.extend(KnownSession::of(self.name(), key, inspected));
            }
        }
        Ok(sessions)
    }

    /// Returns whether the store encrypts its sessions.
    pub fn encrypts(&self) -> bool {
        self.0.encrypts()
    }

    /// Encrypts each document, also the framework's own, that is not encrypted with the store's current key, and returns how
    /// many it encrypted. The texts that were set aside are deleted, because they may contain tokens. It waits for the
    /// exchanges of these sessions.
    ///
    /// If one can't be encrypted, such as one of a key that the store does not have, the others are, and the first error is
    /// returned.
    ///
    /// Each session is whole at any time, also if the program is killed meanwhile. Then another call continues.
    pub async fn encrypt(&self) -> Result<usize> {
        if !self.encrypts() {
            let message = format!("the store `{}` has no encryption key", self.name());
            let help = format!("set `stores.{}.encryption_key`", self.name());
            return Err(Error::configuration(message).with_help(help));
        }
        let (mut count, mut result) = (0, Ok(()));
        for key in self.all_keys().await? {
            let encrypted = self.encrypt_one(&key).await;
            count += usize::from(matches!(encrypted, Ok(true)));
            result = result.and(encrypted.map(drop));
        }
        result.map(|()| count)
    }

    /// Encrypts the document of a key, and returns whether it was not encrypted with the current key.
    async fn encrypt_one(&self, key: &StoreKey) -> Result<bool> {
        let seal = self.0.inspect(key).await?.map(|inspected| inspected.seal);
        if seal == Some(Seal::Locked) {
            // The error says what is missing.
            self.0.load(key).await?;
        }
        self.0.encrypt(key).await?;
        Ok(seal == Some(Seal::Outdated))
    }

    /// Returns the keys of all documents, also of the framework's own, which a store need not list.
    async fn all_keys(&self) -> Result<BTreeSet<StoreKey>> {
        let mut keys: BTreeSet<_> = sorted(self.0.list().await?);
        keys.insert(fingerprint_key());
        Ok(keys)
    }

    /// Adds the problems of the encryption of its documents.
    async fn examine_seals(&self, problems: &mut Vec<Problem>) -> Result<()> {
        let (mut outdated, mut ids) = (0, BTreeSet::new());
        for key in self.all_keys().await? {
            let inspected = match self.0.inspect(&key).await {
                Ok(Some(inspected)) => inspected,
                Ok(None) => continue,
                Err(error) => {
                    problems.push(error.as_problem(ProblemCode::Store));
                    continue;
                }
            };
            let place = || self.place_of(&key).unwrap_or_else(|| format!("`{key}`"));
            match inspected.seal {
                Seal::Unused => {}
                Seal::Current => ids.extend(inspected.key_id),
                Seal::Outdated => {
                    outdated += 1;
                    ids.insert(inspected.key_id.unwrap_or_else(|| "none".to_owned()));
                }
                Seal::Damaged => {
                    let why = Content::why(Content::CORRUPT);
                    let message = format!("{} is not used, because {why}", place());
                    let problem = Problem::warning(ProblemCode::StoreLeftover, message);
                    problems.push(problem.with_help(Content::help(Content::CORRUPT)));
                }
                Seal::Locked => {
                    let id = inspected.key_id.unwrap_or_else(|| "of a later version".to_owned());
                    let message = format!(
                        "{} is encrypted with the key {id}, which the store does not have",
                        place()
                    );
                    let name = self.name();
                    let option =
                        if self.encrypts() { "previous_encryption_keys" } else { "encryption_key" };
                    let help = format!(
                        "set `stores.{name}.{option}`, or end all sessions by `logout --all` if the key is lost"
                    );
                    problems.push(Problem::warning(ProblemCode::Store, message).with_help(help));
                }
            }
        }
        if outdated > 0 {
            let ids: Vec<String> = ids.into_iter().collect();
            let message = format!(
                "the store `{}` has documents that are not encrypted with its current key: {outdated} (keys in use: {})",
                self.name(),
                ids.join(", ")
            );
            let help = format!(
                "the command `stores {} --encrypt` encrypts them, and so does the next exchange of each",
                self.name()
            );
            problems.push(Problem::warning(ProblemCode::NotEncrypted, message).with_help(help));
        }
        Ok(())
    }

    /// Ends a session: deletes its tokens, and what was set aside under its key. Nothing is sent to the server.
    ///
    /// Programs that have the session loaded keep its access token until it expires.
    pub async fn forget(&self, key: &StoreKey) -> Result<()> {
        self.0.clear(key).await
    }

    /// Ends all sessions, also damaged ones, those of a later version, and those of a key that the store does not have. If one
    /// can't be ended, the others are, and the first error is returned. If the list can't be read, none is ended.
    ///
    /// The framework's own document is made anew if it is of a key that the store does not have.
    pub async fn forget_all(&self) -> Result<Vec<KnownSession>> {
        let sessions = self.sessions().await?;
        let mut result = Ok(());
        for key in self.0.list().await?.iter().filter(|key| is_session(key)) {
            result = result.and(self.0.clear(key).await);
        }
        let own = fingerprint_key();
        let seal = self.0.inspect(&own).await?.map(|inspected| inspected.seal);
        if seal == Some(Seal::Locked) {
            result = result.and(self.0.clear(&own).await);
        }
        result.map(|()| sessions)
    }
}

/// A program can wrap the store that a configuration sets up, and pass the wrapper to [`Loader::store`](crate::Loader::store).
impl TokenStore for KnownStore {
    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        self.0.lock(key).await
    }

    fn is_remote(&self) -> bool {
        self.0.is_remote()
    }

    async fn lock_unless_replaced(&self, key: &StoreKey, revision: u64) -> Result<Locked> {
        self.0.lock_unless_replaced(key, revision).await
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        self.0.load_as_stored(key).await
    }

    async fn reserve(
        &self,
        key: &StoreKey,
        document: &Document,
        expected: u64,
    ) -> Result<Option<u64>> {
        self.0.reserve(key, document, expected).await
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        self.0.save(key, document, expected).await
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        self.0.list().await
    }

    async fn remove_leftovers(&self, key: &StoreKey) -> Result<()> {
        self.0.remove_leftovers(key).await
    }

    async fn examine_server(&self) -> Result<Examination> {
        self.0.examine_server().await
    }

    async fn inspect(&self, key: &StoreKey) -> Result<Option<Inspected>> {
        self.0.inspect(key).await
    }

    async fn set_aside(&self, key: &StoreKey, document: &Document) -> Result<()> {
        self.0.set_aside(key, document).await
    }

    fn encrypts(&self) -> bool {
        self.0.encrypts()
    }

    fn load_now(&self, key: &StoreKey) -> Option<Document> {
        self.0.load_now_as_stored(key)
    }

    fn place(&self) -> Option<String> {
        self.0.place()
    }

    fn place_of(&self, key: &StoreKey) -> Option<String> {
        self.0.place_of(key)
    }

    fn examine(&self) -> Vec<Problem> {
        self.0.examine()
    }
}
