//! The store `redis` against real servers: what every store must do, each failure with its own words, servers that lose
//! data, and no token anywhere on them.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod canary;
mod failures;
mod leases;
mod losses;
mod places;

use authn::{
    Environment, Error, Loader, Result,
    config::{Config, KnownStore},
    store::{Document, StoreKey, TokenStore as _},
};
use authn_providers as _;

/// Keys of 256 bits.
const KEY: &str = "encryption_key = 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='\n";
const OTHER_KEY: &str = "encryption_key = 'YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODk='\n";

/// The start of the names of all keys.
const PREFIX: &str = "authn:authn:";

fn config(options: &str) -> Config {
    let text = format!("[stores.redis]\n{options}");
    Loader::new().environment(Environment::empty()).defaults(&text).read()
}

/// Returns a handle of the store, as another process would have it.
fn opened(options: &str) -> KnownStore {
    let config = config(options);
    let problems: Vec<_> = config.problems().iter().map(ToString::to_string).collect();
    let store = config.stores().into_iter().find(|store| store.name() == "redis");
    store.unwrap_or_else(|| panic!("{problems:?}"))
}

/// Returns a handle of the store at an address.
fn at(url: &str) -> KnownStore {
    opened(&format!("url = '{url}'\n{KEY}"))
}

fn key() -> StoreKey {
    StoreKey::new("oauth-work-0123456789abcdef")
}

/// The name of a session's key in Redis.
fn name(part: &str) -> String {
    name_of(&key(), part)
}

fn name_of(key: &StoreKey, part: &str) -> String {
    format!("{PREFIX}{{{key}}}:{part}")
}

fn document(revision: u64, text: &str) -> Document {
    let text = format!("{{\"version\":1,\"revision\":{revision},\"refresh_token\":\"{text}\"}}");
    Document { revision, text: text.into() }
}

async fn save(store: &KnownStore, text: &str, expected: u64) -> Result<bool> {
    store.save(&key(), &document(expected + 1, text), expected).await
}

/// Returns the text of the refresh token that is stored, with its revision.
async fn loaded(store: &KnownStore) -> Option<(u64, String)> {
    let loaded = store.load(&key()).await.unwrap()?;
    let text = loaded.text.expose().to_owned();
    let token = text.split('"').rev().nth(1).unwrap().to_owned();
    Some((loaded.revision, token))
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with what is loaded")]
fn stored(revision: u64, text: &str) -> Option<(u64, String)> {
    Some((revision, text.to_owned()))
}

/// Fails unless an error has a part in its message, and one in its help.
#[track_caller]
fn expect(error: &Error, message: &str, help: &str) {
    let has = |text: &str, part: &str| text.contains(part);
    assert!(has(error.message(), message), "{error}");
    assert!(error.help().is_some_and(|text| has(text, help)), "{error}");
    assert_eq!(error.kind(), authn::ErrorKind::Store, "{error}");
    let is_unreachable = ["can't be reached", "LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN"];
    let is_unreachable = is_unreachable.iter().any(|part| error.message().contains(part));
    assert_eq!(error.is_unreachable(), is_unreachable, "{error}");
}
