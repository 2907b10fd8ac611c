//! `check_store`: what every token store must do, tested through several handles of one place.

use std::{collections::BTreeSet, future::Future, iter, pin::pin, sync::Arc, task, time::Duration};

use tokio::{
    task::{JoinSet, yield_now},
    time::timeout,
};

use super::Canary;
use crate::{
    Error, ErrorKind, Result, TokenSet,
    runtime::{aside, block_on, in_background},
    store::{Document, Lease, NamedStore, Record, StoreKey, TokenStore},
};

/// Handles of the store, each as another process would have it.
const HANDLES: usize = 4;
/// How long a lease that is held is asked for.
const MOMENT: Duration = Duration::from_millis(200);
/// Longest wait for a lease that is free.
const LONG: Duration = Duration::from_secs(5);
/// Changes that each handle makes at the same time as the others.
const CHANGES: u64 = 4;
/// Tries of one change. Each try that fails is a change of another handle.
const TRIES: usize = 1000;
/// Length of a session that every store must have room for.
const USUAL: usize = 8 * 1024;

/// What a store did wrong.
type Fault = String;

/// Ends the lease of a key.
type End = Arc<dyn Fn(&StoreKey) + Send + Sync>;

/// Checks a token store. `open` opens it as another process would: each call returns a new handle of the same place, which
/// holds no session of value. The check leaves empty documents there.
///
/// Each fault has the name of the rule that is broken:
///
/// - *documents*: a document is read as it was saved, by each handle, also if it is large or has unusual characters.
/// - *stale revision*: a save that expects another revision than the stored one replaces nothing.
/// - *lost update*: of several saves that replace the same revision, one succeeds.
/// - *torn write*: a document is read whole while it is replaced, and after its save was cancelled.
/// - *delete*: an empty document replaces a session, and a stale save does not bring that back.
/// - *lease*: it has one holder until it is dropped. Then the next one gets it, unless that one no longer waits.
/// - *keys*: the documents and leases of two keys are independent.
/// - *reserve*: the save after it succeeds, and it does not change a document of another revision.
/// - *list*: it has the keys of all sessions, each once.
/// - *secrets*: neither `Debug` nor an error nor the place shows anything of a document.
/// - *error kind*: each error is of kind [`Store`](ErrorKind::Store).
///
/// ```
/// use authn::{conformance, store::FileStore};
///
/// let folder = tempfile::tempdir()?;
/// conformance::check_store(|| Ok(FileStore::new(folder.path().join("tokens"))));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
///
/// If there are faults, with a list of them, or if `open` fails.
pub fn check_store<S: TokenStore>(open: impl Fn() -> Result<S>) {
    check_handles(open, None);
}

/// Checks a token store whose leases can end before they are released, such as after a time. It does all that [`check_store`]
/// does.
///
/// `end` ends the lease of a key, as if its holder had been stopped for too long: it prevents the renewal and waits until the
/// time is up, or moves the store's clock. When it returns, the lease is free. It may block its thread. It does not end
/// the leases of other keys.
///
/// There is one more rule:
///
/// - *lost lease*: after `end`, the next one acquires the lease, and the holder before is told, by
///   [`Lease::with_lost`](crate::store::Lease::with_lost). Its release does not release the lease of the next one. A save
///   that replaces the stored revision succeeds, no matter which process holds the lease: what a server has answered must
///   not be lost.
///
/// ```
/// use authn::conformance;
///
/// # use authn::store::{StoreKey, TokenStore};
/// # trait Vault: TokenStore + Clone { fn end_lease(&self, key: &StoreKey); }
/// # fn check(vault: impl Vault) {
/// let place = vault.clone();
/// conformance::check_store_with(|| Ok(vault.clone()), move |key| place.end_lease(key));
/// # }
/// ```
///
/// # Panics
///
/// Like [`check_store`], and if `end` panics.
pub fn check_store_with<S: TokenStore>(
    open: impl Fn() -> Result<S>,
    end: impl Fn(&StoreKey) + Send + Sync + 'static,
) {
    check_handles(open, Some(Arc::new(end)));
}

fn check_handles<S: TokenStore>(open: impl Fn() -> Result<S>, end: Option<End>) {
    let open = |_| {
        let store = open().unwrap_or_else(|error| panic!("the store can't be opened: {error}"));
        NamedStore::new("checked", Arc::new(store))
    };
    let handles = (0..HANDLES).map(open).collect();
    let bench = Bench { handles, canary: Canary::new(), end };
    let checked = block_on(in_background(async move { Ok(bench.faults().await) }));
    let faults =
        checked.flatten().unwrap_or_else(|error| vec![format!("panic: {}", error.message())]);
    assert!(faults.is_empty(), "the store:\n- {}", faults.join("\n- "));
}

struct Bench {
    handles: Vec<NamedStore>,
    /// In each document, and in the keys.
    canary: Canary,
    /// If leases can end before they are released.
    end: Option<End>,
}

impl Bench {
    async fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (name, result) in [
            ("documents", self.documents().await),
            ("stale revision", self.stale_revision().await),
            ("lost update", self.lost_update().await),
            ("torn write", self.torn_write().await),
            ("delete", self.delete().await),
            ("lease", self.lease().await),
            ("lost lease", self.lost_lease().await),
            ("keys", self.keys().await),
            ("reserve", self.reserve().await),
            ("list", self.list().await),
            ("secrets", self.secrets().await),
        ] {
            faults.extend(result.err().map(|fault| format!("{name}: {fault}")));
        }
        faults
    }

    fn handle(&self, number: usize) -> &NamedStore {
        &self.handles[number % self.handles.len()]
    }

    /// Returns a key that only this check uses.
    fn key(&self, name: &str) -> StoreKey {
        // Not the canary as a whole: keys may be shown.
        StoreKey::new(&format!("conformance-{}-{name}", &self.canary.as_str()[4..12]))
    }

    /// Returns a session as a document: the same one for the same revision and text.
    fn session(&self, revision: u64, text: &str) -> Document {
        let mut record = Record::default();
        let secret = |text: &str| text.into();
        record.take_session(
            &TokenSet::without_token()
                .with_kept("canary", secret(self.canary.as_str()))
                .with_kept("text", secret(text)),
        );
        record.write(revision)
    }

    async fn load(&self, handle: usize, key: &StoreKey) -> Result<Option<Document>, Fault> {
        self.done(self.handle(handle).load(key).await)
    }

    /// Saves a document with the revision after `expected`.
    async fn save(
        &self,
        handle: usize,
        key: &StoreKey,
        text: &str,
        expected: u64,
    ) -> Result<bool, Fault> {
        let document = self.session(expected + 1, text);
        self.done(self.handle(handle).save(key, &document, expected).await)
    }

    /// Fails unless the key has this session, for every handle.
    async fn expect(&self, key: &StoreKey, revision: u64, text: &str) -> Result<(), Fault> {
        let expected = self.session(revision, text);
        for handle in 0..HANDLES {
            let loaded = self.load(handle, key).await?;
            let loaded = loaded.ok_or("a document that was saved is missing")?;
            check(is_same(&loaded, &expected), || {
                format!(
                    "instead of the document of revision {revision}, with {} bytes, there is one of \
                     revision {}, with {} bytes",
                    length(&expected),
                    loaded.revision,
                    length(&loaded)
                )
            })?;
        }
        Ok(())
    }

    /// Returns the result of a function of the store, or what is wrong with its error.
    fn done<T>(&self, result: Result<T>) -> Result<T, Fault> {
        result.map_err(|error| match self.fault_of(&error) {
            Some(fault) => fault,
            None => format!("it fails ({error})"),
        })
    }

    fn fault_of(&self, error: &Error) -> Option<Fault> {
        if self.shows(&format!("{error} {error:?} {error:#?}")) {
            return Some("secrets: an error shows the document".to_owned());
        }
        (error.kind() != ErrorKind::Store).then(|| {
            format!("error kind: an error is of kind {:?}, not Store ({error})", error.kind())
        })
    }

    fn shows(&self, text: &str) -> bool {
        self.canary.find_in(text.as_bytes()).is_some()
    }

    async fn documents(&self) -> Result<(), Fault> {
        let key = self.key("documents");
        check(self.load(0, &key).await?.is_none(), || "a key that is new has a document".into())?;
        let unusual: String =
            (0..0x180).filter_map(char::from_u32).chain("\u{2028}\u{1f511}".chars()).collect();
        let texts = ["a", &unusual, &"x".repeat(USUAL), ""];
        for (expected, text) in (0..).zip(texts) {
            check(self.save(0, &key, text, expected).await?, || {
                format!("a document of {} bytes does not replace revision {expected}", text.len())
            })?;
            self.expect(&key, expected + 1, text).await?;
        }
        let loaded = self.load(0, &key).await?;
        if let (Some(now), Some(loaded)) = (self.handle(0).load_now(&key), loaded) {
            check(is_same(&now, &loaded), || "`load_now` and `load` return two documents".into())?;
        }
        Ok(())
    }

    async fn stale_revision(&self) -> Result<(), Fault> {
        let key = self.key("stale");
        check(!self.save(0, &key, "none", 5).await?, || {
            "a save of revision 5 succeeds at a key without a document".into()
        })?;
        check(self.load(1, &key).await?.is_none(), || {
            "a save that was refused stores its document".into()
        })?;
        for expected in 0..3 {
            check(self.save(0, &key, "new", expected).await?, || {
                format!("a save of revision {expected} is refused")
            })?;
        }
        for expected in [0, 1, 2, 4, u64::MAX - 1] {
            check(!self.save(1, &key, "stale", expected).await?, || {
                format!("a save of revision {expected} replaces revision 3")
            })?;
            self.expect(&key, 3, "new").await?;
        }
        Ok(())
    }

    async fn lost_update(&self) -> Result<(), Fault> {
        let key = self.key("updates");
        let mut savers = JoinSet::new();
        for number in 0..HANDLES {
            let (store, key) = (self.handle(number).clone(), key.clone());
            let documents: Vec<_> = (1..=CHANGES * HANDLES as u64 + 1)
                .map(|revision| self.session(revision, "update"))
                .collect();
            savers.spawn(async move {
                for _ in 0..CHANGES {
                    change(&store, &key, &documents).await?;
                }
                Ok(())
            });
        }
        while let Some(saved) = savers.join_next().await {
            self.done(saved.unwrap_or_else(|_| Err(panicked())))?;
        }
        let revision = self.load(0, &key).await?.map_or(0, |document| document.revision);
        let all = CHANGES * HANDLES as u64;
        check(revision == all, || {
            format!("after {all} saves that succeeded, the revision is {revision}")
        })
    }

    async fn torn_write(&self) -> Result<(), Fault> {
        let key = self.key("whole");
        let texts = ["short".to_owned(), "long".repeat(USUAL / 8)];
        let is_whole = |document: &Document| {
            texts.iter().any(|text| is_same(document, &self.session(document.revision, text)))
        };
        let documents: Vec<_> = (1..=16)
            .zip(texts.iter().cycle())
            .map(|(revision, text)| self.session(revision, text))
            .collect();
        let mut writer: JoinSet<Result<()>> = JoinSet::new();
        let (store, target) = (self.handle(0).clone(), key.clone());
        writer.spawn(async move {
            for (expected, document) in (0..).zip(&documents) {
                store.save(&target, document, expected).await?;
            }
            Ok(())
        });
        let result = loop {
            if let Some(result) = writer.try_join_next() {
                break result;
            }
            if let Some(document) = self.load(1, &key).await? {
                check(is_whole(&document), || {
                    "a part of a document is read while it is saved".into()
                })?;
            }
            yield_now().await;
        };
        self.done(result.unwrap_or_else(|_| Err(panicked())))?;
        for polls in 1..=4 {
            let revision = self.load(0, &key).await?.map_or(0, |document| document.revision);
            let document = self.session(revision + 1, &texts[polls % 2]);
            poll_and_drop(self.handle(0).save(&key, &document, revision), polls);
            let loaded = self.load(1, &key).await?;
            check(loaded.as_ref().is_some_and(is_whole), || {
                "after a save that was cancelled, the document is neither the old one nor the new one".into()
            })?;
        }
        Ok(())
    }

    async fn delete(&self) -> Result<(), Fault> {
        let key = self.key("ended");
        check(self.save(0, &key, "session", 0).await?, || "the first save is refused".into())?;
        let empty = Record::default().write(2);
        let emptied = self.done(self.handle(1).save(&key, &empty, 1).await)?;
        self.done(self.handle(1).remove_leftovers(&key).await)?;
        check(emptied, || "an empty document does not replace a session".into())?;
        let left = self.load(2, &key).await?;
        check(left.as_ref().is_none_or(|left| Record::read(left).is_empty()), || {
            "the session is still there after an empty document has replaced it".into()
        })?;
        check(!self.save(0, &key, "stale", 1).await?, || {
            "a stale save brings the session back".into()
        })?;
        check(left.is_some_and(|left| is_same(&left, &empty)), || {
            "the empty document is lost, and its revision with it".into()
        })?;
        check(self.save(3, &key, "next", 2).await?, || "no new session can be saved".into())
    }

    async fn lease(&self) -> Result<(), Fault> {
        let key = self.key("lease");
        let mut held = self.acquired(0, &key, "a lease that is free is not acquired").await?;
        check(!held.is_lost(), || "a new lease is lost".into())?;
        poll_and_drop(self.handle(1).lock(&key), 3);
        drop(held);
        let held = self.acquired(3, &key, "who no longer waits keeps it from others").await?;
        for second in [0, 1] {
            let acquired = timeout(MOMENT, self.handle(second).lock(&key)).await;
            check(acquired.is_err(), || "a second holder acquires it, too".into())?;
        }
        let (store, waited) = (self.handle(2).clone(), key.clone());
        let mut waiting = JoinSet::new();
        waiting.spawn(async move { store.lock(&waited).await.map(drop) });
        yield_now().await;
        drop(held);
        let woken = timeout(LONG, waiting.join_next()).await.ok().flatten();
        let woken = woken.ok_or("who waits does not acquire it after it was dropped")?;
        self.done(woken.unwrap_or_else(|_| Err(panicked())))?;
        self.acquired(0, &key, "it is not acquired a third time").await.map(drop)
    }

    async fn lost_lease(&self) -> Result<(), Fault> {
        if self.end.is_none() {
            return Ok(());
        }
        let (key, other) = (self.key("lost"), self.key("kept"));
        self.save(0, &key, "read", 0).await?;
        let mut former = self.acquired(0, &key, "a lease that is free is not acquired").await?;
        let mut kept = self.acquired(0, &other, "the lease of one key is that of another").await?;
        self.end(&key).await?;
        let mut next = self.acquired(1, &key, "it is held although it has ended").await?;
        // A store may notice it a little later, such as when it can't renew the lease.
        let is_told = former.is_lost() || timeout(LONG, former.lost()).await.is_ok();
        check(is_told, || "its holder is not told that it is lost".into())?;
        check(!kept.is_lost(), || "the lease of another key is lost with it".into())?;
        check(!next.is_lost(), || "the lease of the next holder is lost with it".into())?;
        check(self.save(0, &key, "answered", 1).await?, || {
            "a save of the stored revision is refused, because the lease is another's".into()
        })?;
        self.expect(&key, 2, "answered").await?;
        drop(former);
        let third = timeout(MOMENT, self.handle(2).lock(&key)).await;
        check(third.is_err(), || "its release releases the lease of the next holder".into())?;
        check(!next.is_lost(), || "its release ends the lease of the next holder".into())?;
        let (store, waited) = (self.handle(3).clone(), key.clone());
        let mut waiting = JoinSet::new();
        waiting.spawn(async move { store.lock(&waited).await.map(drop) });
        yield_now().await;
        self.end(&key).await?;
        let woken = timeout(LONG, waiting.join_next()).await.ok().flatten();
        let woken = woken.ok_or("who waits does not acquire it after it has ended")?;
        self.done(woken.unwrap_or_else(|_| Err(panicked())))?;
        drop(next);
        self.acquired(0, &key, "it is not acquired after it was lost and released").await.map(drop)
    }

    /// Ends the lease of a key.
    async fn end(&self, key: &StoreKey) -> Result<(), Fault> {
        let (Some(end), key) = (self.end.clone(), key.clone()) else { return Ok(()) };
        let ended = aside(move || {
            end(&key);
            Ok(())
        });
        ended.await.map_err(|_| "the function that ends it panicked".to_owned())
    }

    async fn acquired(&self, handle: usize, key: &StoreKey, fault: &str) -> Result<Lease, Fault> {
        let acquired = timeout(LONG, self.handle(handle).lock(key)).await;
        self.done(acquired.map_err(|_| fault.to_owned())?)
    }

    async fn keys(&self) -> Result<(), Fault> {
        let long = "k".repeat(120);
        let names = ["k", "k.login", "k-", "kk", &long, &format!("{long}l")];
        let keys = names.map(|name| self.key(name));
        for (key, name) in iter::zip(&keys, names) {
            check(self.save(0, key, name, 0).await?, || {
                "the document of one key is that of another".into()
            })?;
        }
        for (key, name) in iter::zip(&keys, names) {
            self.expect(key, 1, name).await?;
        }
        let mut leases = Vec::new();
        for (number, key) in keys.iter().enumerate() {
            leases
                .push(self.acquired(number, key, "the lease of one key is that of another").await?);
        }
        Ok(())
    }

    async fn reserve(&self) -> Result<(), Fault> {
        let key = self.key("reserved");
        let mut expected = 0;
        for text in ["first", "second"] {
            for saves in [false, true] {
                let _lease = self.acquired(0, &key, "no lease").await?;
                let document = match self.load(0, &key).await? {
                    Some(document) => document,
                    None => Record::default().write(1),
                };
                let reserved = self.handle(0).reserve(&key, &document, expected).await;
                expected = self.done(reserved)?.ok_or("room for the next save is refused")?;
                if saves {
                    let saved = self.save(0, &key, text, expected).await?;
                    check(saved, || "the save that room was reserved for is refused".into())?;
                    expected += 1;
                    self.expect(&key, expected, text).await?;
                }
            }
        }
        let stale = Record::default().write(expected + 7);
        let _lease = self.acquired(0, &key, "no lease").await?;
        self.done(self.handle(0).reserve(&key, &stale, expected + 7).await)?;
        self.expect(&key, expected, "second").await
    }

    async fn list(&self) -> Result<(), Fault> {
        let keys = ["listed-1", "listed-2"].map(|name| self.key(name));
        for key in &keys {
            self.save(0, key, "session", 0).await?;
        }
        let missing = self.key("missing");
        self.load(0, &missing).await?;
        let listed = self.done(self.handle(1).list().await)?;
        check(keys.iter().all(|key| listed.contains(key)), || {
            "the key of a session is missing".into()
        })?;
        check(!listed.contains(&missing), || "it has a key without a document".into())?;
        let all = listed.iter().collect::<BTreeSet<_>>().len();
        check(all == listed.len(), || "it has a key twice".into())
    }

    async fn secrets(&self) -> Result<(), Fault> {
        let key = self.key("secrets");
        let lease = self.acquired(0, &key, "no lease").await?;
        self.save(0, &key, "session", 0).await?;
        let store = self.handle(0);
        let shown = format!("{store:?} {store:#?} {lease:?} {:?}", store.place());
        check(!self.shows(&shown), || "`Debug` or the place shows the document".into())?;
        // It may be too large for the store, whose error must not show it. Then the old one stays.
        let document = self.session(2, &self.canary.as_str().repeat(2 * 1024 * 1024 / 36));
        match store.save(&key, &document, 1).await {
            Ok(_) => Ok(()),
            Err(error) => match self.fault_of(&error) {
                Some(fault) => Err(fault),
                None => self.expect(&key, 1, "session").await,
            },
        }
    }
}

/// Replaces the document of a key by the one of the next revision, however often others are faster.
async fn change(store: &NamedStore, key: &StoreKey, documents: &[Document]) -> Result<()> {
    for _ in 0..TRIES {
        let revision = store.load(key).await?.map_or(0, |document| document.revision);
        let next = usize::try_from(revision).ok().and_then(|index| documents.get(index));
        let next = next.ok_or_else(|| Error::store("there are more revisions than saves"))?;
        if store.save(key, next, revision).await? {
            return Ok(());
        }
        yield_now().await;
    }
    Err(Error::store(format!("each of {TRIES} saves of the stored revision is refused")))
}

/// Polls a future a few times, and drops it before it ends, as a caller does that no longer waits.
fn poll_and_drop<T>(future: impl Future<Output = T>, polls: usize) {
    let mut future = pin!(future);
    let mut context = task::Context::from_waker(task::Waker::noop());
    for _ in 0..polls {
        if future.as_mut().poll(&mut context).is_ready() {
            return;
        }
    }
}

fn panicked() -> Error {
    Error::store("the store panicked")
}

fn is_same(one: &Document, other: &Document) -> bool {
    one.revision == other.revision && *one.text.expose() == *other.text.expose()
}

fn length(document: &Document) -> usize {
    document.text.expose().len()
}

fn check(holds: bool, fault: impl FnOnce() -> Fault) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(fault()) }
}
