//! `conformance::check_store`, `check_store_with` and `conformance::rejects`: what they accept, and that each names a
//! planted fault.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    collections::BTreeMap,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    thread,
};

use authn::{
    Context, Error, Result, SecretString, Token, TokenProvider, Url, Validation, conformance,
    store::{Document, FileStore, Lease, StoreKey, TokenStore},
};
use tokio::{
    sync::{Notify, oneshot},
    task::yield_now,
};

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    ChecksAndSavesInTwoSteps,
    WritesInTwoSteps,
    LocksNothing,
    LocksOneHandle,
    LocksForOneThatHasGone,
    LosesAtOnce,
    LosesAndKeeps,
    LosesInSilence,
    LosesTheLeasesOfAllKeys,
    ReleasesTheLeaseOfAnother,
    RefusesSavesAfterALoss,
    KeepsASessionThatEnded,
    ForgetsRevisions,
    CountsRevisions,
    CutsKeys,
    CutsKeysOfLeases,
    IgnoresRevisions,
    SavesNothing,
    ListsNothing,
    ListsAllButOne,
    ReservesNothing,
    ReservesOverAnother,
    ShowsDocuments,
    ErrorsOfAnotherKind,
    Panics,
}

#[derive(Default)]
struct Place {
    documents: Mutex<BTreeMap<String, Document>>,
    leases: Leases,
}

/// The holder of each lease.
#[derive(Default)]
struct Leases {
    holders: Mutex<BTreeMap<String, Arc<AtomicBool>>>,
    freed: Notify,
    has_lost: AtomicBool,
}

impl Leases {
    /// Ends the lease of a key.
    fn end(&self, name: &str, fault: Fault) {
        let mut holders = self.holders.lock().unwrap();
        for (_, is_lost) in
            holders.iter().filter(|(of, _)| *of == name || fault == Fault::LosesTheLeasesOfAllKeys)
        {
            is_lost.store(true, Ordering::SeqCst);
        }
        if fault != Fault::LosesAndKeeps {
            holders.remove(name);
        }
        self.has_lost.store(true, Ordering::SeqCst);
        self.freed.notify_waiters();
    }

    async fn acquire(&self, name: &str) -> Arc<AtomicBool> {
        loop {
            let freed = self.freed.notified();
            {
                let mut holders = self.holders.lock().unwrap();
                if !holders.contains_key(name) {
                    let is_lost = Arc::<AtomicBool>::default();
                    holders.insert(name.to_owned(), Arc::clone(&is_lost));
                    return is_lost;
                }
            }
            freed.await;
        }
    }
}

/// Releases a lease when it is dropped.
struct Release {
    leases: Arc<Place>,
    own: Option<Arc<Leases>>,
    name: String,
    is_lost: Arc<AtomicBool>,
    fault: Fault,
}

impl Drop for Release {
    fn drop(&mut self) {
        let leases = self.own.as_deref().unwrap_or(&self.leases.leases);
        let mut holders = leases.holders.lock().unwrap();
        let is_own = holders.get(&self.name).is_some_and(|held| Arc::ptr_eq(held, &self.is_lost));
        if is_own || self.fault == Fault::ReleasesTheLeaseOfAnother {
            holders.remove(&self.name);
            leases.freed.notify_waiters();
        }
    }
}

/// A store in memory, with one fault.
struct Toy {
    place: Arc<Place>,
    /// Leases that only this handle sees.
    own: Arc<Leases>,
    fault: Fault,
}

impl std::fmt::Debug for Toy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.fault == Fault::ShowsDocuments {
            for document in self.place.documents.lock().unwrap().values() {
                f.write_str(&document.text.expose())?;
            }
        }
        f.write_str("Toy")
    }
}

impl Toy {
    fn name(&self, key: &StoreKey) -> String {
        if self.fault == Fault::CutsKeys { cut_off(key) } else { key.as_str().to_owned() }
    }

    fn put(&self, name: &str, document: Document) {
        self.place.documents.lock().unwrap().insert(name.to_owned(), document);
    }

    fn revision(&self, name: &str) -> u64 {
        let documents = self.place.documents.lock().unwrap();
        documents.get(name).map_or(0, |document| document.revision)
    }
}

impl TokenStore for Toy {
    async fn lock(&self, key: &StoreKey) -> Result<Lease> {
        let fault = self.fault;
        if fault == Fault::LocksNothing {
            return Ok(Lease::new(()));
        }
        let own = (fault == Fault::LocksOneHandle).then(|| Arc::clone(&self.own));
        let cut = fault == Fault::CutsKeysOfLeases;
        let name = if cut { cut_off(key) } else { self.name(key) };
        let leases = Arc::clone(&self.place);
        let acquired = async move {
            let is_lost = own.as_deref().unwrap_or(&leases.leases).acquire(&name).await;
            Release { leases, own, name, is_lost, fault }
        };
        let held = if fault == Fault::LocksForOneThatHasGone {
            let (sender, receiver) = oneshot::channel();
            tokio::spawn(async move {
                if let Err(held) = sender.send(acquired.await) {
                    std::mem::forget(held);
                }
            });
            receiver.await.unwrap()
        } else {
            acquired.await
        };
        let is_lost = Arc::clone(&held.is_lost);
        let lease = Lease::new(held);
        Ok(match fault {
            Fault::LosesInSilence => lease,
            Fault::LosesAtOnce => lease.with_lost(async {}),
            _ => lease.with_lost(poll_fn(move |_| {
                if is_lost.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
            })),
        })
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        assert!(self.fault != Fault::Panics);
        Ok(self.place.documents.lock().unwrap().get(&self.name(key)).cloned())
    }

    async fn reserve(
        &self,
        key: &StoreKey,
        document: &Document,
        expected: u64,
    ) -> Result<Option<u64>> {
        let name = self.name(key);
        if self.fault == Fault::ReservesOverAnother && self.revision(&name) != expected {
            self.put(&name, document.clone());
        }
        Ok((self.fault != Fault::ReservesNothing).then_some(expected))
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        let name = self.name(key);
        let text = document.text.expose().to_owned();
        if text.len() > 1024 * 1024 {
            let text = "the document is too large";
            return Err(match self.fault {
                Fault::ErrorsOfAnotherKind => Error::network(text),
                _ => Error::store(text),
            });
        }
        if self.revision(&name) != expected && self.fault != Fault::IgnoresRevisions {
            return Ok(false);
        }
        let has_lost = self.place.leases.has_lost.load(Ordering::SeqCst);
        if has_lost && self.fault == Fault::RefusesSavesAfterALoss {
            return Ok(false);
        }
        if self.fault == Fault::SavesNothing {
            return Ok(true);
        }
        if self.fault == Fault::ChecksAndSavesInTwoSteps {
            yield_now().await;
        }
        let is_empty = !text.contains("kept");
        if is_empty && self.fault == Fault::KeepsASessionThatEnded {
            return Ok(true);
        }
        if is_empty && self.fault == Fault::ForgetsRevisions {
            self.place.documents.lock().unwrap().remove(&name);
            return Ok(true);
        }
        if self.fault == Fault::WritesInTwoSteps {
            let half: String = text.chars().take(text.len() / 2).collect();
            let half = Document { revision: document.revision, text: half.as_str().into() };
            self.put(&name, half);
            yield_now().await;
        }
        let revision = match self.fault {
            Fault::CountsRevisions => document.revision + 1,
            _ => document.revision,
        };
        self.put(&name, Document { revision, ..document.clone() });
        Ok(true)
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        if self.fault == Fault::ListsNothing {
            return Ok(Vec::new());
        }
        let documents = self.place.documents.lock().unwrap();
        let forgets = self.fault == Fault::ListsAllButOne;
        let is_listed = |name: &&String| !forgets || !name.ends_with("listed-2");
        Ok(documents.keys().filter(is_listed).map(|name| StoreKey::new(name)).collect())
    }
}

fn cut_off(key: &StoreKey) -> String {
    key.as_str().chars().take(24).collect()
}

/// Returns the message of a panic; `None` if there is none.
fn panicked(work: impl FnOnce()) -> Option<String> {
    let payload = catch_unwind(AssertUnwindSafe(work)).err()?;
    Some(*payload.downcast::<String>().unwrap())
}

/// Returns what a check finds of a store with a fault.
fn found(fault: Fault, has_end: bool) -> Option<String> {
    let place = Arc::<Place>::default();
    let ended = Arc::clone(&place);
    panicked(|| {
        let open = || Ok(Toy { place: Arc::clone(&place), own: Arc::default(), fault });
        if has_end {
            conformance::check_store_with(open, move |key| ended.leases.end(key.as_str(), fault));
        } else {
            conformance::check_store(open);
        }
    })
}

#[test]
fn a_store_without_a_fault_keeps_the_rules_whether_its_leases_end_or_not() {
    assert_eq!(found(Fault::None, false), None);
    assert_eq!(found(Fault::None, true), None);
}

#[test]
fn each_planted_fault_of_a_store_is_named() {
    let faults = [
        (Fault::ChecksAndSavesInTwoSteps, "lost update: "),
        (Fault::WritesInTwoSteps, "torn write: "),
        (Fault::LocksNothing, "lease: a second holder"),
        (Fault::LocksOneHandle, "lease: a second holder"),
        (Fault::LocksForOneThatHasGone, "lease: who no longer waits keeps it from others"),
        (Fault::LosesAtOnce, "lease: a new lease is lost"),
        (Fault::LosesAndKeeps, "lost lease: it is held although it has ended"),
        (Fault::LosesInSilence, "lost lease: its holder is not told"),
        (Fault::LosesTheLeasesOfAllKeys, "lost lease: the lease of another key is lost"),
        (
            Fault::ReleasesTheLeaseOfAnother,
            "lost lease: its release releases the lease of the next",
        ),
        (Fault::RefusesSavesAfterALoss, "lost lease: a save of the stored revision is refused"),
        (Fault::KeepsASessionThatEnded, "delete: the session is still there"),
        (Fault::ForgetsRevisions, "delete: the empty document is lost"),
        (Fault::CountsRevisions, "documents: instead of the document of revision 1"),
        (Fault::CutsKeys, "keys: the document of one key"),
        (Fault::CutsKeysOfLeases, "keys: the lease of one key is that of another"),
        (Fault::IgnoresRevisions, "stale revision: a save of revision 5"),
        (Fault::SavesNothing, "documents: a document that was saved is missing"),
        (Fault::ListsNothing, "list: the key of a session is missing"),
        (Fault::ListsAllButOne, "list: the key of a session is missing"),
        (Fault::ReservesNothing, "reserve: room for the next save is refused"),
        (Fault::ReservesOverAnother, "reserve: instead of the document of revision"),
        (Fault::ShowsDocuments, "secrets: `Debug`"),
        (Fault::ErrorsOfAnotherKind, "error kind: an error is of kind Network"),
        (Fault::Panics, "panicked in `load`"),
    ];
    // At the same time: some faults are that a lease does not come, for which the check waits.
    thread::scope(|scope| {
        let checks = faults
            .map(|(fault, expected)| (fault, expected, scope.spawn(move || found(fault, true))));
        for (fault, expected, check) in checks {
            let found = check.join().unwrap();
            let found = found.unwrap_or_else(|| panic!("{fault:?} was not found"));
            assert!(found.contains(expected), "{fault:?}: {found}");
            assert!(!found.contains("CNRY"), "{found}");
        }
    });
}

#[test]
fn the_file_store_and_a_shared_one_keep_the_rules() {
    let folder = tempfile::tempdir().unwrap();
    conformance::check_store(|| Ok(FileStore::new(folder.path().join("tokens"))));
    let shared = Arc::new(FileStore::new(folder.path().join("shared")));
    conformance::check_store(|| Ok(Arc::clone(&shared)));
}

/// Refuses ports.
#[authn::token_provider("no_port")]
struct NoPort {
    /// Address.
    url: Url,
    /// Key.
    _key: SecretString,
}

impl TokenProvider for NoPort {
    fn validate(&self, _: &Context) -> Result<()> {
        let mut problems = Validation::new();
        if self.url.port().is_some() {
            problems.at("url").error("it has a port", "remove it");
        }
        problems.finish()
    }

    async fn token(&self, _: &Context) -> Result<Token> {
        Token::new(&*self._key.expose())
    }
}

#[test]
fn what_must_be_refused_is_checked_by_code_and_key() {
    let (url, key) = ("url = 'https://a.example'", "key = 's3cr3t'");
    let both = format!("{url}\n{key}");
    let port = format!("url = 'https://a.example:1'\n{key}");
    for (options, code, key, found) in [
        ("", "missing-key", None, None),
        ("", "missing-key", Some("url"), None),
        ("", "missing-key", Some("key"), None),
        (url, "missing-key", Some("key"), None),
        (port.as_str(), "invalid-value", Some("url"), None),
        (
            url,
            "missing-key",
            Some("url"),
            Some("expected `missing-key` at `credentials.no_port.url`"),
        ),
        (url, "unknown-key", None, Some("- `missing-key` at `credentials.no_port.key`: ")),
        (both.as_str(), "missing-key", None, Some("but the options are accepted")),
    ] {
        let said = panicked(|| match key {
            Some(key) => conformance::rejects_at::<NoPort>(options, key, code),
            None => conformance::rejects::<NoPort>(options, code),
        });
        match found {
            None => assert_eq!(said, None, "{options}"),
            Some(found) => {
                let said = said.unwrap();
                assert!(said.contains(found) && !said.contains("s3cr3t"), "{said}");
            }
        }
    }
}
