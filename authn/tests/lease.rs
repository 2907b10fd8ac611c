//! Stores whose leases expire: what a lost lease ends, and what it does not.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use authn::{
    Context, Credentials, Environment, ErrorKind, InteractiveSource, Loader, Login, Recovery,
    Result, Token, TokenSet, TokenSource,
    store::{Document, Lease, StoreKey, TokenStore},
};
use tokio::sync::{Notify, oneshot};

/// A store in memory whose leases a test loses.
#[derive(Clone, Debug, Default)]
struct Expiring(Arc<State>);

#[derive(Debug, Default)]
struct State {
    documents: Mutex<BTreeMap<StoreKey, Document>>,
    /// Loses the last lease when it is dropped or sent to.
    last: Mutex<Option<oneshot::Sender<()>>>,
    /// Whether a lease is lost as soon as it is taken.
    loses_at_once: std::sync::atomic::AtomicBool,
}

impl Expiring {
    fn lose_the_lease(&self) {
        drop(self.0.last.lock().unwrap().take());
    }
}

impl TokenStore for Expiring {
    async fn lock(&self, _: &StoreKey) -> Result<Lease> {
        let (holder, loss) = oneshot::channel::<()>();
        let mut last = self.0.last.lock().unwrap();
        *last = (!self.0.loses_at_once.load(Ordering::SeqCst)).then_some(holder);
        Ok(Lease::new(()).with_lost(async {
            let _ = loss.await;
        }))
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        Ok(self.0.documents.lock().unwrap().get(key).cloned())
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        let mut documents = self.0.documents.lock().unwrap();
        let revision = documents.get(key).map_or(0, |document| document.revision);
        if revision == expected {
            documents.insert(key.clone(), document.clone());
        }
        Ok(revision == expected)
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        Ok(self.0.documents.lock().unwrap().keys().cloned().collect())
    }
}

/// Exchanges each refresh token once.
#[authn::token_provider("once", cached, login)]
struct Once {}

static EXCHANGES: AtomicUsize = AtomicUsize::new(0);
static BEGUN: Notify = Notify::const_new();
static GO_ON: Notify = Notify::const_new();

impl TokenSource for Once {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let number = EXCHANGES.fetch_add(1, Ordering::SeqCst) + 1;
        BEGUN.notify_one();
        GO_ON.notified().await;
        let token = Token::new(format!("t{number}"))?;
        Ok(TokenSet::new(token).with_refresh_token(format!("r{number}").into()))
    }
}

impl InteractiveSource for Once {
    async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> {
        Ok(None)
    }
}

fn load(store: &Expiring) -> Credentials {
    let text = "[credentials]\norigins = ['*']\n[credentials.once]\nstore = 'expiring'";
    let loader = Loader::new().environment(Environment::empty()).store("expiring", store.clone());
    loader.defaults(text).load().unwrap()
}

#[tokio::test]
async fn a_lost_lease_begins_no_exchange_and_drops_no_result() {
    let store = Expiring::default();
    store.0.loses_at_once.store(true, Ordering::SeqCst);
    let error = load(&store).token().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.recovery()),
        (ErrorKind::Store, Recovery::Retry { after: None })
    );
    assert!(error.message().ends_with("was lost"), "{error}");
    assert_eq!(EXCHANGES.load(Ordering::SeqCst), 0, "nothing was sent");

    store.0.loses_at_once.store(false, Ordering::SeqCst);
    let credentials = load(&store);
    let exchange = tokio::spawn(async move { credentials.token().await });
    BEGUN.notified().await;
    store.lose_the_lease();
    GO_ON.notify_one();
    assert_eq!(exchange.await.unwrap().unwrap().secret(), "t1");
    // What the server has given is stored: it would take the old refresh token for a stolen one.
    let again = load(&store).token().await.unwrap();
    assert_eq!((again.secret(), EXCHANGES.load(Ordering::SeqCst)), ("t1", 1));
}
