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
    known.unwrap().sessions().await.unwrap()
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
