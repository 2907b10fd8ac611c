//! The options of `[stores.NAME]`, and the stores that a configuration can choose from.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, iter,
    sync::Arc,
};

use super::{Registry, StoreEntry, error::HOW_TO_LINK, reference::how_to_get};
use crate::{
    Error, Result,
    diagnostic::{Problem, ProblemCode, Severity, nearest},
    options::{
        Field, Item, Key, LoadContext, Options as _, report_unknown_key, section, section_with,
    },
    secret::{SecretSource, Target},
    store::{
        Document, ErasedStore, Examination, FileOptions, Inspected, KnownSession, Lease,
        NamedStore, Seal, StoreContext, StoreKey, TokenStore, fingerprint_key, is_session,
    },
};

const NO_SUCH_STORE: &str = "this program has no such token store";

const FILE: &str = "file";

/// The stores by name. `memory` is not among them, because its sessions are only in the cache.
#[derive(Clone, Default)]
pub(crate) struct Stores {
    by_name: BTreeMap<String, NamedStore>,
    /// The stores that references can point into.
    sources: BTreeMap<&'static str, Arc<dyn SecretSource>>,
    /// The stores whose options are not valid.
    refused: Vec<&'static str>,
}

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
///         println!("{} sessions were not encrypted", store.encrypt().await?);
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct KnownStore(NamedStore);

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
        let mut problems = self.0.examine();
        if problems.iter().any(|problem| problem.severity() == Severity::Error) {
            return problems;
        }
        let examined = self.0.examine_server().await;
        problems.extend(examined.iter().flat_map(Examination::problems).cloned());
        let seals = match examined {
            Ok(_) => self.examine_seals().await,
            Err(error) => Err(error),
        };
        match seals {
            Ok(found) => problems.extend(found),
            Err(error) => problems.push(error.as_problem(ProblemCode::Store)),
        }
        problems
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

    /// Encrypts each session that is not encrypted with the store's current key, and returns how many were. The texts that
    /// were set aside are deleted, because they may contain tokens. It waits for exchanges and logins of these sessions.
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
        match seal {
            // The lock encrypts it, and is held by no exchange meanwhile.
            Some(Seal::Outdated) => drop(self.0.lock(key).await?),
            // The error says what is missing.
            Some(Seal::Locked) => drop(self.0.load(key).await?),
            _ => {}
        }
        if is_session(key) {
            self.0.remove_leftovers(key).await?;
        }
        Ok(seal == Some(Seal::Outdated))
    }

    /// Returns the keys of all documents, also of the framework's own, which a store need not list.
    async fn all_keys(&self) -> Result<BTreeSet<StoreKey>> {
        let mut keys = BTreeSet::from_iter(self.0.list().await?);
        keys.insert(fingerprint_key());
        Ok(keys)
    }

    /// Returns the problems of the encryption of its documents.
    async fn examine_seals(&self) -> Result<Vec<Problem>> {
        let (mut outdated, mut ids, mut problems) = (0, BTreeSet::new(), Vec::new());
        for key in self.all_keys().await? {
            let Some(inspected) = self.0.inspect(&key).await? else { continue };
            let place = || self.place_of(&key).unwrap_or_else(|| format!("`{key}`"));
            match inspected.seal {
                Seal::Unused => {}
                Seal::Current => ids.extend(inspected.key_id),
                Seal::Outdated => {
                    outdated += 1;
                    ids.insert(inspected.key_id.unwrap_or_else(|| "none".to_owned()));
                }
                Seal::Damaged => {
                    let message = format!("{} is not used, because it was damaged", place());
                    let problem = Problem::warning(ProblemCode::StoreLeftover, message);
                    problems.push(problem.with_help("log in again, or set a new refresh token"));
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
                        "set `stores.{name}.{option}`, or delete the session if the key is lost"
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
        Ok(problems)
    }

    /// Ends a session: deletes its tokens, and what was set aside under its key. Nothing is sent to the server.
    ///
    /// Programs that have the session loaded keep its access token until it expires.
    pub async fn forget(&self, key: &StoreKey) -> Result<()> {
        self.0.clear(key).await
    }

    /// Ends all sessions, also those that this version can't read, and returns those that it can. If one can't be
    /// ended, the others are, and the first error is returned. If one can't be read, none is ended.
    pub async fn forget_all(&self) -> Result<Vec<KnownSession>> {
        let sessions = self.sessions().await?;
        let mut result = Ok(());
        for key in self.0.list().await?.iter().filter(|key| is_session(key)) {
            result = result.and(self.0.clear(key).await);
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

    async fn lock_unless_replaced(&self, key: &StoreKey, revision: u64) -> Result<Option<Lease>> {
        self.0.lock_unless_replaced(key, revision).await
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        self.0.load(key).await
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

    fn encrypts(&self) -> bool {
        self.0.encrypts()
    }

    fn load_now(&self, key: &StoreKey) -> Option<Document> {
        self.0.load_now(key)
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

impl Stores {
    pub(crate) fn add(&mut self, name: &str, store: Arc<dyn ErasedStore>) {
        self.by_name.insert(name.to_owned(), NamedStore::new(name, store));
    }

    pub(crate) fn get(&self, name: &str) -> Option<NamedStore> {
        self.by_name.get(name).cloned()
    }

    /// Returns the target of a reference whose kind is the name of a store.
    pub(crate) fn target(
        &self,
        kind: &str,
        text: &str,
        registry: &Registry,
    ) -> Result<Target, Box<Problem>> {
        if let Some(source) = self.sources.get(kind) {
            let (kind, target) = (kind.to_owned(), text.to_owned());
            return Ok(Target::Stored { kind, target, source: Arc::clone(source) });
        }
        let message = format!("this program has no `{kind}` to read a secret from");
        let help = match registry.store(kind) {
            Some(entry) => format!("{}, or refer to a file", how_to_configure(entry)),
            None => how_to_get(kind).unwrap_or_default(),
        };
        Err(Box::new(Problem::error(ProblemCode::UnresolvedReference, message).with_help(help)))
    }

    /// Returns whether the store `file` has a directory.
    pub(crate) fn has_file(&self) -> bool {
        self.by_name.contains_key(FILE)
    }

    pub(crate) fn all(&self) -> Vec<KnownStore> {
        self.by_name.values().cloned().map(KnownStore).collect()
    }

    /// Returns the values that the option `store` may have.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once("memory").chain(self.by_name.keys().map(String::as_str))
    }

    /// Returns the problem of a store that doesn't exist; `None` if the problem of its options is reported already.
    pub(crate) fn missing(&self, name: &str, registry: &Registry) -> Option<Problem> {
        (!self.refused.contains(&name)).then(|| self.absent(name, registry))
    }

    fn absent(&self, name: &str, registry: &Registry) -> Problem {
        if let Some(entry) = registry.store(name) {
            let help = format!("{}, or choose another `store`", how_to_configure(entry));
            return Problem::error(ProblemCode::NoStore, "this token store is not configured")
                .with_help(help);
        }
        if name == FILE {
            let help = "set `stores.file.directory`, or `store = \"memory\"` to lose the session with the program";
            return Problem::error(
                ProblemCode::NoStore,
                "there is no state directory for the session",
            )
            .with_help(help);
        }
        let names = self.names().collect::<Vec<_>>().join(", ");
        let help = match (how_to_get(name), nearest(name, self.names())) {
            (Some(how), _) => format!("choose one of {names}; {how}"),
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => {
                format!(
                    "choose one of {names}; for a store of another crate, {HOW_TO_LINK}; for a store that the \
                     program makes itself, call `Loader::store`"
                )
            }
        };
        Problem::error(ProblemCode::UnknownStore, NO_SUCH_STORE).with_help(help)
    }

    /// Adds the stores that the configuration sets up.
    pub(crate) fn read(
        &mut self,
        context: &dyn LoadContext,
        item: Option<&Item>,
        registry: &Registry,
        surroundings: &StoreContext<'_>,
    ) -> Option<()> {
        let key = Key::new(&["stores"]);
        let tables = item.and_then(Item::as_table);
        let table = |name: &str| tables.and_then(|tables| tables.get(name));
        for (name, item) in tables.into_iter().flatten() {
            let key = key.child(name);
            match how_to_get(name) {
                _ if registry.store_fields(name).is_some() => {}
                Some(help) => {
                    let problem =
                        Problem::error(ProblemCode::UnknownStore, NO_SUCH_STORE).with_key(&key);
                    context.report(problem.with_help(help), Some(item), true);
                }
                None => {
                    let is_near = nearest(name, registry.store_names()).is_some();
                    if item.as_table().is_none() || is_near {
                        report_unknown_key(context, &key, item);
                        continue;
                    }
                    let problem =
                        Problem::error(ProblemCode::UnknownStore, NO_SUCH_STORE).with_key(&key);
                    let help = format!(
                        "for a store of another crate, {HOW_TO_LINK}; or remove this table"
                    );
                    context.report(problem.with_help(help), Some(item), true);
                }
            }
        }
        let options = section::<FileOptions>(context, &key.child(FILE), table(FILE));
        if let Some(options) = &options
            && let Some(folder) = surroundings.tokens(options.directory.as_deref())
        {
            self.add(FILE, options.store(folder));
        }
        if options.is_none() {
            self.refused.push(FILE);
        }
        let others = registry.stores().filter(|entry| entry.target().is_none());
        self.open_all(others, context, item, surroundings);
        self.refused.is_empty().then_some(())
    }

    /// Adds the stores that can hold secrets. The options of the other ones can refer to these secrets.
    pub(crate) fn read_sources(
        &mut self,
        context: &dyn LoadContext,
        item: Option<&Item>,
        registry: &Registry,
        surroundings: &StoreContext<'_>,
    ) {
        let sources = registry.stores().filter(|entry| entry.target().is_some());
        self.open_all(sources, context, item, surroundings);
    }

    /// Opens stores of other crates. All are read even after a failure, so that all problems are reported.
    fn open_all<'a>(
        &mut self,
        entries: impl Iterator<Item = &'a StoreEntry>,
        context: &dyn LoadContext,
        item: Option<&Item>,
        surroundings: &StoreContext<'_>,
    ) {
        let tables = item.and_then(Item::as_table);
        for entry in entries {
            let table = tables.and_then(|tables| tables.get(entry.name()));
            if self.open_linked(entry, context, table, surroundings).is_none() {
                self.refused.push(entry.name());
            }
        }
    }

    /// Opens a store of another crate, and adds it.
    fn open_linked(
        &mut self,
        entry: &StoreEntry,
        context: &dyn LoadContext,
        table: Option<&Item>,
        surroundings: &StoreContext<'_>,
    ) -> Option<()> {
        let name = entry.name();
        // A linked store may be unused. If it has no table but needs options, that is a problem only when it is chosen.
        if table.is_none() && entry.fields().iter().any(Field::is_required) {
            return Some(());
        }
        let key = Key::new(&["stores", name]);
        let made = section_with(context, &key, table, entry.fields(), |table| {
            entry.build(table, surroundings)
        })?;
        // A store that the program has added itself has precedence.
        let named = || NamedStore::new(name, made.store);
        self.by_name.entry(name.to_owned()).or_insert_with(named);
        self.sources.extend(made.source.map(|source| (name, source)));
        Some(())
    }
}

/// Returns how to configure a store of another crate.
fn how_to_configure(entry: &StoreEntry) -> String {
    let required = entry.fields().iter().filter(|field| field.is_required());
    let required: Vec<String> = required.map(|field| format!("`{}`", field.key())).collect();
    match required.as_slice() {
        [] => format!("fix `[stores.{}]`", entry.name()),
        keys => format!("set {} in `[stores.{}]`", keys.join(", "), entry.name()),
    }
}

impl Registry {
    /// Returns the names of the stores whose options can be set.
    pub(crate) fn store_names(&self) -> impl Iterator<Item = &'static str> {
        iter::once(FILE).chain(self.stores().map(StoreEntry::name))
    }

    /// Returns the options of `[stores.NAME]`; `None` if this program has no such store.
    pub(crate) fn store_fields(&self, name: &str) -> Option<&'static [Field]> {
        if name == FILE {
            Some(FileOptions::FIELDS)
        } else {
            self.store(name).map(StoreEntry::fields)
        }
    }
}

impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.by_name.fmt(f)
    }
}
