//! `Shelf`: a store in memory whose leases a test takes away, and whose functions it lets fail.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Poll,
};

use authn::{
    Credentials, Error, Loader, Result,
    store::{Document, Lease, StoreKey, TokenStore},
};
use tokio::sync::Notify;

use crate::rotating::{Bench, Stops};

/// A place that all handles share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shelf(pub(crate) Arc<Place>);

#[derive(Debug, Default)]
pub(crate) struct Place {
    documents: Mutex<BTreeMap<StoreKey, Document>>,
    holders: Mutex<BTreeMap<StoreKey, Arc<Holder>>>,
    is_held: AtomicBool,
    freed: Notify,
    /// How often a lease is looked at before it is lost, if a test says so.
    looks: Mutex<Option<usize>>,
    failures: Mutex<BTreeMap<&'static str, Error>>,
    /// Room is reserved without a save.
    pub(crate) reserves: AtomicBool,
    /// How many of the next saves succeed, and return an error.
    lost_answers: AtomicUsize,
    /// Of the functions, by their names.
    pub(crate) stops: Stops,
}

#[derive(Debug, Default)]
struct Holder {
    is_lost: AtomicBool,
}

/// Releases a lease when it is dropped, and only its own.
struct Release {
    shelf: Shelf,
    key: StoreKey,
    holder: Arc<Holder>,
}

impl Drop for Release {
    fn drop(&mut self) {
        let mut holders = self.shelf.0.holders.lock().unwrap();
        if holders.get(&self.key).is_some_and(|holder| Arc::ptr_eq(holder, &self.holder)) {
            holders.remove(&self.key);
            self.shelf.0.freed.notify_waiters();
        }
    }
}

/// Another process that holds all leases.
struct Holding(Shelf);

impl Drop for Holding {
    fn drop(&mut self) {
        self.0.0.is_held.store(false, Ordering::SeqCst);
        self.0.0.freed.notify_waiters();
    }
}

impl Shelf {
    /// Ends all leases. No future of theirs is woken: a process that is stopped does not see a timer either.
    pub(crate) fn take_leases_away(&self) {
        let holders = std::mem::take(&mut *self.0.holders.lock().unwrap());
        for holder in holders.values() {
            holder.is_lost.store(true, Ordering::SeqCst);
        }
        self.0.freed.notify_waiters();
    }

    pub(crate) fn has_leases(&self) -> bool {
        !self.0.holders.lock().unwrap().is_empty()
    }

    /// Holds each lease of a session that is asked for, until what is returned is dropped.
    pub(crate) fn hold_all(&self) -> impl Drop {
        self.0.is_held.store(true, Ordering::SeqCst);
        Holding(self.clone())
    }

    /// Ends each lease that is taken from now on when it has been looked at so often.
    pub(crate) fn lose_after(&self, looks: Option<usize>) {
        *self.0.looks.lock().unwrap() = looks;
    }

    /// Lets functions fail from now on.
    pub(crate) fn fail(&self, functions: &[&'static str], error: &Error) {
        let failures = functions.iter().map(|function| (*function, error.clone()));
        *self.0.failures.lock().unwrap() = failures.collect();
    }

    /// Lets the next saves succeed, and return an error even so.
    pub(crate) fn lose_answers_of_saves(&self, count: usize) {
        self.0.lost_answers.store(count, Ordering::SeqCst);
    }

    pub(crate) fn work_again(&self) {
        self.0.failures.lock().unwrap().clear();
    }

    async fn enter(&self, function: &'static str, key: &StoreKey) -> Result<()> {
        // The key of the fingerprints is read before the lease is taken.
        if key.as_str() == ".fingerprint-key" && function != "lock" && function != "load" {
            return Ok(());
        }
        if key.as_str() != ".fingerprint-key" {
            self.0.stops.pass(function).await;
        }
        self.0.failures.lock().unwrap().get(function).cloned().map_or(Ok(()), Err)
    }

    /// Returns the documents of sessions.
    pub(crate) fn sessions(&self) -> Vec<String> {
        let documents = self.0.documents.lock().unwrap();
        let sessions = documents.iter().filter(|(key, _)| key.as_str() != ".fingerprint-key");
        sessions.map(|(_, document)| document.text.expose().to_owned()).collect()
    }

    pub(crate) fn revisions(&self) -> Vec<u64> {
        self.0.documents.lock().unwrap().values().map(|document| document.revision).collect()
    }

    pub(crate) fn loader(&self, bench: &Bench, more: &str) -> Loader {
        let loader = bench.loader(&format!("store = 'shelf'\n{more}"));
        loader.store("shelf", self.clone())
    }

    /// Returns credentials as another process has them.
    pub(crate) fn process(&self, bench: &Bench) -> Credentials {
        self.loader(bench, "refresh_token = 'r0'").load().unwrap()
    }
}

impl TokenStore for Shelf {
    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        self.enter("lock", key).await?;
        loop {
            let freed = self.0.freed.notified();
            let holder = {
                let mut holders = self.0.holders.lock().unwrap();
                let is_held =
                    self.0.is_held.load(Ordering::SeqCst) && key.as_str() != ".fingerprint-key";
                if is_held || holders.contains_key(key) {
                    None
                } else {
                    let holder = Arc::<Holder>::default();
                    holders.insert(key.clone(), Arc::clone(&holder));
                    Some(holder)
                }
            };
            let Some(holder) = holder else {
                freed.await;
                continue;
            };
            let looks = AtomicUsize::new(0);
            let most = *self.0.looks.lock().unwrap();
            let held =
                Release { shelf: self.clone(), key: key.clone(), holder: Arc::clone(&holder) };
            let release = async move {
                held.shelf.0.stops.pass("release").await;
                drop(held);
            };
            return Ok(Lease::new(()).with_release(release).with_lost(poll_fn(move |_| {
                let looks = looks.fetch_add(1, Ordering::SeqCst);
                let is_over = most.is_some_and(|most| looks >= most);
                if is_over || holder.is_lost.load(Ordering::SeqCst) {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })));
        }
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        self.enter("load", key).await?;
        Ok(self.0.documents.lock().unwrap().get(key).cloned())
    }

    async fn reserve(
        &self,
        key: &StoreKey,
        document: &Document,
        expected: u64,
    ) -> Result<Option<u64>> {
        self.enter("reserve", key).await?;
        if self.0.reserves.load(Ordering::SeqCst) {
            let is_same = self.revision(key) == expected;
            return Ok(is_same.then_some(expected));
        }
        Ok(self.put(key, document, expected).then_some(document.revision))
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        self.enter("save", key).await?;
        let saved = self.put(key, document, expected);
        let lost = &self.0.lost_answers;
        let is_lost = key.as_str() != ".fingerprint-key" && lost.load(Ordering::SeqCst) > 0;
        if is_lost {
            lost.fetch_sub(1, Ordering::SeqCst);
            return Err(Error::store("the answer of the shelf is lost"));
        }
        Ok(saved)
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        let keys: BTreeSet<_> = self.0.documents.lock().unwrap().keys().cloned().collect();
        Ok(keys.into_iter().collect())
    }

    fn place(&self) -> Option<String> {
        Some("the shelf".to_owned())
    }
}

impl Shelf {
    fn revision(&self, key: &StoreKey) -> u64 {
        self.0.documents.lock().unwrap().get(key).map_or(0, |document| document.revision)
    }

    fn put(&self, key: &StoreKey, document: &Document, expected: u64) -> bool {
        let mut documents = self.0.documents.lock().unwrap();
        let revision = documents.get(key).map_or(0, |document| document.revision);
        if revision == expected {
            documents.insert(key.clone(), document.clone());
        }
        revision == expected
    }
}
