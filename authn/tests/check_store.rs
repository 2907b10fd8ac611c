//! `conformance::check_store` and `conformance::rejects`: what they accept, and that each names a planted fault.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
};

use authn::{
    Context, Error, Result, SecretString, Token, TokenProvider, Url, Validation, conformance,
    store::{Document, FileStore, Lease, StoreKey, TokenStore},
};
use tokio::task::yield_now;

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    ChecksAndSavesInTwoSteps,
    WritesInTwoSteps,
    LocksNothing,
    LocksOneHandle,
    KeepsASessionThatEnded,
    ForgetsRevisions,
    CutsKeys,
    IgnoresRevisions,
    ListsNothing,
    ReservesNothing,
    ShowsDocuments,
    ErrorsOfAnotherKind,
    Panics,
}

#[derive(Default)]
struct Place {
    documents: Mutex<BTreeMap<String, Document>>,
    leases: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// A store in memory, with one fault.
struct Toy {
    place: Arc<Place>,
    /// Leases that only this handle sees.
    own: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
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
        let length = if self.fault == Fault::CutsKeys { 24 } else { usize::MAX };
        key.as_str().chars().take(length).collect()
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
        let leases = match self.fault {
            Fault::LocksNothing => return Ok(Lease::new(())),
            Fault::LocksOneHandle => &self.own,
            _ => &self.place.leases,
        };
        let lease = Arc::clone(leases.lock().unwrap().entry(self.name(key)).or_default());
        Ok(Lease::new(lease.lock_owned().await))
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        assert!(self.fault != Fault::Panics);
        Ok(self.place.documents.lock().unwrap().get(&self.name(key)).cloned())
    }

    async fn reserve(&self, _: &StoreKey, _: &Document, expected: u64) -> Result<Option<u64>> {
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
        self.put(&name, document.clone());
        Ok(true)
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        if self.fault == Fault::ListsNothing {
            return Ok(Vec::new());
        }
        let documents = self.place.documents.lock().unwrap();
        Ok(documents.keys().map(|name| StoreKey::new(name)).collect())
    }
}

/// Returns the message of a panic; `None` if there is none.
fn panicked(work: impl FnOnce()) -> Option<String> {
    let payload = catch_unwind(AssertUnwindSafe(work)).err()?;
    Some(*payload.downcast::<String>().unwrap())
}

#[test]
fn each_planted_fault_of_a_store_is_named() {
    for (fault, expected) in [
        (Fault::None, None),
        (Fault::ChecksAndSavesInTwoSteps, Some("lost update: ")),
        (Fault::WritesInTwoSteps, Some("torn write: ")),
        (Fault::LocksNothing, Some("lease: a second holder")),
        (Fault::LocksOneHandle, Some("lease: a second holder")),
        (Fault::KeepsASessionThatEnded, Some("delete: the session is still there")),
        (Fault::ForgetsRevisions, Some("delete: the empty document is lost")),
        (Fault::CutsKeys, Some("keys: the document of one key")),
        (Fault::IgnoresRevisions, Some("stale revision: a save of revision 5")),
        (Fault::ListsNothing, Some("list: the key of a session is missing")),
        (Fault::ReservesNothing, Some("reserve: room for the next save is refused")),
        (Fault::ShowsDocuments, Some("secrets: `Debug`")),
        (Fault::ErrorsOfAnotherKind, Some("error kind: an error is of kind Network")),
        (Fault::Panics, Some("panicked in `load`")),
    ] {
        let place = Arc::<Place>::default();
        let found = panicked(|| {
            conformance::check_store(|| {
                Ok(Toy { place: Arc::clone(&place), own: Mutex::default(), fault })
            });
        });
        match expected {
            None => assert_eq!(found, None),
            Some(expected) => {
                let found = found.unwrap_or_else(|| panic!("{fault:?} was not found"));
                assert!(found.contains(expected), "{fault:?}: {found}");
                assert!(!found.contains("CNRY"), "{found}");
            }
        }
    }
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
