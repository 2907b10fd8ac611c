//! A store of a program: what it must do, and the documents that the framework keeps in it.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod rotating;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use authn::{
    Credentials, ErrorKind, Loader, Result,
    config::KnownStore,
    store::{Document, Lease, StoreKey, TokenStore},
};
use rotating::{Bench, token};

/// A store with the required functions alone.
#[derive(Clone, Debug, Default)]
struct Shelf {
    documents: Arc<Mutex<BTreeMap<StoreKey, Document>>>,
    leases: Arc<Mutex<BTreeMap<StoreKey, Arc<tokio::sync::Mutex<()>>>>>,
    /// A save replaces nothing.
    is_stuck: Arc<AtomicBool>,
}

impl TokenStore for Shelf {
    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        let lease = Arc::clone(self.leases.lock().unwrap().entry(key.clone()).or_default());
        Ok(Lease::new(lease.lock_owned().await))
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        Ok(self.documents.lock().unwrap().get(key).cloned())
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        let mut documents = self.documents.lock().unwrap();
        let revision = documents.get(key).map_or(0, |document| document.revision);
        let saved = revision == expected && !self.is_stuck.load(Ordering::SeqCst);
        if saved {
            documents.insert(key.clone(), document.clone());
        }
        Ok(saved)
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        Ok(self.documents.lock().unwrap().keys().cloned().collect())
    }
}

impl Shelf {
    fn loader(&self, bench: &Bench, store: &str) -> Loader {
        let loader = bench.loader(&format!("refresh_token = 'r0'\nstore = '{store}'"));
        loader.store("shelf", self.clone())
    }

    fn process(&self, bench: &Bench) -> Credentials {
        self.loader(bench, "shelf").load().unwrap()
    }

    fn fingerprint_key(&self) -> String {
        let documents = self.documents.lock().unwrap();
        documents[&StoreKey::new(".fingerprint-key")].text.expose().to_owned()
    }
}

async fn sessions(loader: Loader, store: &str) -> Vec<StoreKey> {
    let stores = loader.read().stores();
    let known: Option<KnownStore> = stores.into_iter().find(|known| known.name() == store);
    let found = known.unwrap().sessions().await.unwrap();
    found.iter().map(|session| session.key().clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_required_functions_are_enough_for_a_configured_refresh_token() {
    let (bench, shelf) = (Bench::new(), Shelf::default());
    for number in 1..=3 {
        let callers = (0..5).map(|_| {
            let process = shelf.process(&bench);
            tokio::spawn(async move { token(&process).await })
        });
        for caller in callers.collect::<Vec<_>>() {
            assert_eq!(caller.await.unwrap(), format!("t{number}"), "processes share the session");
        }
        bench.expire();
    }
    assert_eq!(bench.exchanges(), 3, "each refresh token was sent once");
    shelf.process(&bench).logout().await.unwrap();
    let status = shelf.process(&bench).status().await.unwrap();
    assert!(!status.has_token && !status.has_refresh_token, "{status:?}");
}

#[tokio::test]
async fn the_fingerprint_key_of_a_store_is_no_session() {
    let (bench, shelf) = (Bench::new(), Shelf::default());
    for store in ["file", "shelf"] {
        let bench = Bench { folder: tempfile::tempdir().unwrap(), ..Bench::new() };
        token(&shelf.loader(&bench, store).load().unwrap()).await;
        let found = sessions(shelf.loader(&bench, store), store).await;
        assert_eq!(found.len(), 1, "{store}: {found:?}");
        assert!(found[0].as_str().starts_with("rotating-"), "{found:?}");
        shelf.loader(&bench, store).load().unwrap().logout().await.unwrap();
        assert_eq!(sessions(shelf.loader(&bench, store), store).await, [], "{store}");
    }
    // It stays for as long as the store.
    let key = shelf.fingerprint_key();
    bench.clock.advance(Duration::from_hours(24 * 200));
    token(&shelf.process(&bench)).await;
    assert_eq!(shelf.fingerprint_key(), key);
}

#[tokio::test]
async fn a_store_that_saves_nothing_is_an_error() {
    let (bench, shelf) = (Bench::new(), Shelf::default());
    shelf.is_stuck.store(true, Ordering::SeqCst);
    let error = shelf.process(&bench).token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store, "{error}");
    assert!(error.message().contains("does not save the document `.fingerprint-key`"), "{error}");
    assert_eq!(bench.exchanges(), 0, "nothing was sent");
    // A logout ends, too.
    let error = shelf.process(&bench).logout().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store, "{error}");
}

/// A store one of whose functions panics.
#[derive(Clone, Debug, Default)]
struct Shaky {
    inner: Shelf,
    panics: Arc<Mutex<&'static str>>,
}

impl Shaky {
    fn enter(&self, function: &str) {
        assert!(*self.panics.lock().unwrap() != function, "CNRY in {function}");
    }
}

/// Panics when it is dropped.
struct Loud(Shaky);

impl Drop for Loud {
    fn drop(&mut self) {
        self.0.enter("drop");
    }
}

impl TokenStore for Shaky {
    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        self.enter("lock");
        let (held, lost) = ((self.inner.lock(key).await?, Loud(self.clone())), self.clone());
        Ok(Lease::new(held).with_lost(async move {
            lost.enter("lost");
            std::future::pending::<()>().await;
        }))
    }

    fn load(&self, key: &StoreKey) -> impl Future<Output = Result<Option<Document>>> + Send {
        // Before there is a future.
        self.enter("load");
        self.inner.load(key)
    }

    async fn reserve(&self, _: &StoreKey, _: &Document, expected: u64) -> Result<Option<u64>> {
        self.enter("reserve");
        Ok(Some(expected))
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        tokio::task::yield_now().await;
        self.enter("save");
        self.inner.save(key, document, expected).await
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        self.enter("list");
        self.inner.list().await
    }

    async fn remove_leftovers(&self, _: &StoreKey) -> Result<()> {
        self.enter("remove_leftovers");
        Ok(())
    }

    fn load_now(&self, _: &StoreKey) -> Option<Document> {
        self.enter("load_now");
        None
    }

    fn place(&self) -> Option<String> {
        self.enter("place");
        None
    }

    fn place_of(&self, _: &StoreKey) -> Option<String> {
        self.enter("place_of");
        None
    }
}

#[tokio::test]
async fn a_function_that_panics_has_failed_and_no_session_is_lost() {
    let text = |function: &str| format!("the token store `shaky` panicked in `{function}`");
    for (function, fails, exchanges) in [
        ("lock", Some(text("lock")), 1),
        ("load", Some(text("load")), 1),
        ("reserve", Some(text("reserve")), 1),
        ("save", Some(text("save")), 2),
        ("lost", Some("was lost".to_owned()), 1),
        ("drop", None, 2),
        ("list", None, 2),
        ("load_now", None, 2),
        ("place", None, 2),
    ] {
        let (bench, shaky) = (Bench::new(), Shaky::default());
        let credentials = process(&bench, &shaky);
        assert_eq!(token(&credentials).await, "t1");
        bench.expire();
        *shaky.panics.lock().unwrap() = function;
        let result = credentials.token().await;
        assert_eq!(bench.exchanges(), exchanges, "{function}");
        match fails {
            None => assert_eq!(result.unwrap().secret(), "t2", "{function}"),
            Some(expected) => {
                let error = result.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Store, "{error:?}");
                assert!(error.message().contains(&expected), "{error}");
                assert!(!format!("{error} {error:?}").contains("CNRY"), "{error:?}");
            }
        }
        *shaky.panics.lock().unwrap() = "";
        bench.clock.advance(Duration::from_mins(1));
        // By the refresh token that the server has issued last, which accepts no other.
        assert_eq!(token(&credentials).await, "t2", "{function}");
        bench.expire();
        assert_eq!(token(&process(&bench, &shaky)).await, "t3", "{function} of another process");
    }
}

fn process(bench: &Bench, shaky: &Shaky) -> Credentials {
    let loader = bench.loader("refresh_token = 'r0'\nstore = 'shaky'");
    loader.store("shaky", shaky.clone()).load().unwrap()
}

#[tokio::test]
async fn a_logout_and_a_listing_report_a_function_that_panics() {
    let (bench, shaky) = (Bench::new(), Shaky::default());
    let credentials = process(&bench, &shaky);
    assert_eq!(token(&credentials).await, "t1");
    let stores = bench.loader("").store("shaky", shaky.clone()).read().stores();
    let known = stores.into_iter().find(|known| known.name() == "shaky").unwrap();
    *shaky.panics.lock().unwrap() = "list";
    let errors = [
        known.sessions().await.unwrap_err().message().to_owned(),
        known.examine().await[0].message().to_owned(),
    ];
    assert!(errors.iter().all(|error| error.ends_with("panicked in `list`")), "{errors:?}");
    *shaky.panics.lock().unwrap() = "place_of";
    assert_eq!(known.place_of(&StoreKey::new("key")), None);
    *shaky.panics.lock().unwrap() = "remove_leftovers";
    let error = credentials.logout().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store, "{error}");
    assert!(error.message().ends_with("panicked in `remove_leftovers`"), "{error}");
}
