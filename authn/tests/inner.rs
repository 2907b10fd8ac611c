//! A cache in front of other credentials: what happens there happens here.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    path::Path,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use authn::{
    Bound, Context, Credentials, CredentialsBuilder, Environment, Error, ErrorKind,
    InteractiveSource, Loader, Login, LoginOutcome, Managed, Placement, Request, Result,
    SecretString, SessionPolicy, Token, TokenProvider, TokenSet, TokenSource,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    store::{Document, Lease, StoreKey, TokenStore},
    time::{Clock, ManualClock},
};
use tokio::sync::Notify;

static ASKED: AtomicUsize = AtomicUsize::new(0);

/// Returns tokens of the logged-in user, numbered in the order of the requests.
#[authn::token_provider("desk", cached, login)]
struct Desk {}

fn grant(name: &str) -> Result<TokenSet> {
    let number = ASKED.fetch_add(1, Ordering::SeqCst);
    let token = Token::new(format!("{name}-{number}"))?.with_expires_in(Duration::from_mins(10));
    Ok(TokenSet::new(token).with_refresh_token(name.into()))
}

impl TokenSource for Desk {
    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        let last = last.and_then(TokenSet::refresh_token);
        let last = last.ok_or_else(|| context.login_required("no user is logged in"))?;
        grant(&last.expose())
    }
}

impl InteractiveSource for Desk {
    async fn login(&self, _: &Context, login: &Login) -> Result<Option<TokenSet>> {
        grant(&login.ask(&Question::new("name")).await?.expose()).map(Some)
    }

    fn session(&self) -> SessionPolicy<'_> {
        SessionPolicy::Begun
    }
}

/// Passes on the tokens of others.
#[authn::token_provider("lid", cached)]
struct Lid {
    /// Whose.
    #[provider]
    of: Credentials,
}

impl TokenSource for Lid {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let token = match context.scopes() {
            [] => self.of.token().await?,
            scopes => self.of.with_scope(scopes).token().await?,
        };
        Ok(token.into())
    }

    fn inner(&self) -> Option<&Bound> {
        Some(self.of.bound())
    }
}

/// Exchanges the tokens of others.
#[authn::token_provider("swap", cached)]
struct Swap {
    /// Whose.
    #[provider]
    of: Credentials,
}

impl TokenSource for Swap {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let token = self.of.token_for(context).await?;
        Ok(Token::new(format!("swapped/{}", token.secret()))?.into())
    }

    fn subjects(&self) -> Vec<&Bound> {
        vec![self.of.bound()]
    }
}

#[derive(Debug)]
struct Named(&'static str);

impl Prompt for Named {
    fn show_link(&self, _: &Link) {}

    fn show_code(&self, _: &UserCode) {}

    async fn ask(&self, _: &Question) -> Result<SecretString> {
        Ok(self.0.into())
    }

    fn progress(&self, _: &Progress) {}
}

fn loader(state: &Path, options: &str, of: &str) -> Loader {
    let text = format!(
        "[credentials]\norigins = ['*']\n[credentials.lid]\n{options}\n[credentials.lid.of.{of}]"
    );
    Loader::new().environment(Environment::empty().state_directory(state)).defaults(&text)
}

/// Credentials as another process would have them: nothing is shared but the store.
fn load(state: &Path, options: &str, of: &str) -> Credentials {
    loader(state, options, of).load().unwrap()
}

/// Gives the name in a token.
async fn holder(credentials: &Credentials) -> String {
    let token = credentials.token().await.unwrap();
    token.secret().split('-').next().unwrap().to_owned()
}

#[tokio::test]
async fn an_inner_login_leaves_nothing_of_the_last_user() {
    for store in ["file", "memory"] {
        let folder = tempfile::tempdir().unwrap();
        let process = || load(folder.path(), &format!("store = '{store}'"), "desk");
        let credentials = process();
        let narrow = credentials.with_scope(&["read"]);
        for name in ["alice", "bob"] {
            let outcome = credentials.login(Login::new(Named(name))).await.unwrap();
            assert_eq!(outcome, LoginOutcome::LoggedIn);
            assert_eq!(holder(&credentials).await, name, "{store}");
            assert_eq!(holder(&narrow).await, name, "{store}");
            assert_eq!(holder(&process()).await, name, "{store}");
        }
    }
}

#[tokio::test]
async fn a_login_and_a_logout_reach_the_subject_of_an_exchange() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[credentials]\norigins = ['*']\n[credentials.swap.of.desk]";
    let environment = Environment::empty().state_directory(folder.path());
    let credentials = Loader::new().environment(environment).defaults(text).load().unwrap();
    assert!(credentials.needs_login());
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");
    for name in ["alice", "bob"] {
        let outcome = credentials.login(Login::new(Named(name))).await.unwrap();
        assert_eq!(outcome, LoginOutcome::LoggedIn);
        assert_eq!(holder(&credentials).await, format!("swapped/{name}"));
        let status = credentials.status().await.unwrap();
        assert!(status.has_token && status.has_session && status.has_refresh_token);
        assert_eq!(status.store.as_deref(), Some("file"), "the session is the subject's");
    }
    let first = credentials.token().await.unwrap();
    credentials.invalidate_all();
    assert_ne!(credentials.token().await.unwrap().secret(), first.secret(), "of a new subject");
    credentials.logout().await.unwrap();
    assert!(!credentials.status().await.unwrap().has_session);
    assert_eq!(credentials.token().await.unwrap_err().kind(), ErrorKind::LoginRequired);
    credentials.close().await;
    assert_eq!(credentials.token().await.unwrap_err().kind(), ErrorKind::Closed);
}

/// Has a token, and can't forget it.
#[authn::token_provider("stuck")]
struct Stuck {}

impl TokenProvider for Stuck {
    async fn token(&self, _: &Context) -> Result<Token> {
        Ok(Token::new("abc")?.with_expires_in(Duration::from_mins(10)))
    }

    fn managed(&self) -> Option<&dyn Managed> {
        Some(self)
    }
}

impl Managed for Stuck {
    fn logout<'a>(
        &'a self,
        _: &'a Context,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>> {
        Box::pin(async {
            Err(Error::new(ErrorKind::Store, "the inner store is gone; look for it"))
        })
    }
}

#[tokio::test]
async fn the_stored_token_is_deleted_even_if_the_inner_logout_fails() {
    let folder = tempfile::tempdir().unwrap();
    let process = || load(folder.path(), "store = 'file'", "stuck");
    let credentials = process();
    credentials.token().await.unwrap();
    assert!(process().status().await.unwrap().has_token);
    let error = credentials.logout().await.unwrap_err();
    assert!(error.to_string().contains("inner store"), "{error}");
    assert!(!process().status().await.unwrap().has_token);
}

#[test]
fn what_is_said_of_users_belongs_to_the_provider_within() {
    let folder = tempfile::tempdir().unwrap();
    for option in ["expected_username", "username_claim"] {
        let config = loader(folder.path(), &format!("{option} = 'alice'"), "desk").read();
        let problem = config.problems()[0].render(false);
        assert!(problem.contains(&format!("`{option}`")), "{problem}");
        assert!(problem.contains("the table of the inner provider"), "{problem}");
        assert!(config.credentials().is_err());
    }
}

#[tokio::test]
async fn a_refused_scoped_token_is_refused_in_the_inner_provider_too() {
    let folder = tempfile::tempdir().unwrap();
    let credentials = load(folder.path(), "store = 'memory'", "desk");
    credentials.login(Login::new(Named("alice"))).await.unwrap();
    let narrow = credentials.with_scope(&["read"]);
    let refused = narrow.token().await.unwrap();
    narrow.invalidate(&refused);
    assert_ne!(narrow.token().await.unwrap().secret(), refused.secret());
}

/// Returns a token of the request being served, or adds a credential of its own.
#[derive(Debug)]
struct Odd {
    per_request: bool,
}

impl TokenProvider for Odd {
    async fn token(&self, _: &Context) -> Result<Token> {
        Token::new("s3cr3t")
    }

    async fn authorize(&self, request: &mut Request<'_>, context: &Context) -> Result<()> {
        request.bearer(&self.token(context).await?)
    }

    fn is_per_request(&self) -> bool {
        self.per_request
    }
}

/// Returns one token.
#[derive(Debug)]
struct Plain;

impl TokenProvider for Plain {
    async fn token(&self, _: &Context) -> Result<Token> {
        Token::new("abc")
    }
}

#[derive(Debug)]
struct Passing(Credentials);

impl TokenSource for Passing {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        self.0.bound().token_set(context).await
    }

    fn inner(&self) -> Option<&Bound> {
        Some(self.0.bound())
    }
}

#[tokio::test]
async fn credentials_made_in_code_follow_the_same_rules() {
    let built = |provider: CredentialsBuilder| provider.origin("*");
    for (per_request, said) in [(true, "must not be cached"), (false, "can't be cached")] {
        let inner = built(Credentials::builder().provider(Odd { per_request })).build().unwrap();
        assert_eq!(inner.status().await.unwrap().is_authenticated(), !per_request);
        let error = built(Credentials::builder().source(Passing(inner))).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(said), "{error}");
    }
    let inner = built(Credentials::builder().provider(Plain).placement(Placement::query("key")));
    let inner = inner.build().unwrap();
    assert!(!inner.status().await.unwrap().is_authenticated(), "it is not ready");
    let outer = built(Credentials::builder().source(Passing(inner.clone()))).build().unwrap();
    for _ in ["cold", "warm"] {
        let (mut parts, ()) = http::Request::get("https://a.test/").body(()).unwrap().into_parts();
        outer.authorize(&mut parts).await.unwrap();
        assert_eq!(parts.uri, "https://a.test/?key=abc");
    }
    let twice = Credentials::builder().source(Passing(inner)).placement(Placement::query("other"));
    let error = built(twice).build().unwrap_err();
    assert!(error.to_string().contains("set twice"), "{error}");
}

/// A store whose disk can be full.
#[derive(Clone, Debug, Default)]
struct Disk {
    documents: Arc<Mutex<BTreeMap<StoreKey, Document>>>,
    is_full: Arc<AtomicBool>,
}

impl TokenStore for Disk {
    async fn lock(&self, _: &StoreKey) -> Result<Lease> {
        Ok(Lease::new(()))
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Document>> {
        Ok(self.documents.lock().unwrap().get(key).cloned())
    }

    async fn save(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        if self.is_full.load(Ordering::SeqCst) {
            return Err(Error::store("the disk is full").with_help("make room"));
        }
        let mut documents = self.documents.lock().unwrap();
        let revision = documents.get(key).map_or(0, |document| document.revision);
        if revision == expected {
            documents.insert(key.clone(), document.clone());
        }
        Ok(revision == expected)
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        Ok(self.documents.lock().unwrap().keys().cloned().collect())
    }
}

#[tokio::test]
async fn an_adopted_set_that_is_not_saved_leaves_nothing_of_the_last_user() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let text = "[credentials]\norigins = ['*']\n[credentials.lid.of.desk]\nstore = 'disk'";
    let environment = Environment::empty().state_directory(folder.path());
    let loader = Loader::new().environment(environment).defaults(text);
    let credentials = loader.store("disk", disk.clone()).load().unwrap();
    credentials.adopt(grant("alice").unwrap()).await.unwrap();
    assert_eq!(holder(&credentials).await, "alice");
    disk.is_full.store(true, Ordering::SeqCst);
    let error = credentials.adopt(grant("bob").unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store, "{error}");
    disk.is_full.store(false, Ordering::SeqCst);
    assert_eq!(holder(&credentials).await, "bob", "the tokens are in memory, and saved now");
}

/// Needs another token of its subject at the end of each exchange.
#[derive(Debug)]
struct Slow {
    of: Credentials,
    started: Arc<Notify>,
    goes_on: Arc<Notify>,
}

impl TokenSource for Slow {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let refused = self.of.token_for(context).await?;
        self.started.notify_one();
        self.goes_on.notified().await;
        self.of.invalidate(&refused);
        Ok(self.of.token_for(context).await?.into())
    }

    fn subjects(&self) -> Vec<&Bound> {
        vec![self.of.bound()]
    }
}

#[tokio::test]
async fn a_subject_is_closed_after_the_exchanges_that_need_it() {
    for goes_on in [true, false] {
        let clock = ManualClock::new();
        let built = |builder: CredentialsBuilder| {
            builder.clock(Clock::custom(clock.clone())).origin("*").build().unwrap()
        };
        let count = AtomicUsize::new(0);
        let nested = built(Credentials::builder().source(authn::from_fn(move |_| {
            let number = count.fetch_add(1, Ordering::SeqCst) + 1;
            async move { Token::new(format!("t{number}")) }
        })));
        let slow = Slow { of: nested.clone(), started: Arc::default(), goes_on: Arc::default() };
        let (started, gate) = (Arc::clone(&slow.started), Arc::clone(&slow.goes_on));
        let outer = built(Credentials::builder().source(slow));
        let caller = outer.clone();
        let call = tokio::spawn(async move { caller.token().await });
        started.notified().await;
        let mut close = pin!(outer.close());
        assert!(poll_fn(|context| Poll::Ready(close.as_mut().poll(context).is_pending())).await);
        if goes_on {
            gate.notify_one();
            close.await;
            assert_eq!(call.await.unwrap().unwrap().secret(), "t2");
        } else {
            // An exchange that does not end is not waited for longer than this.
            clock.advance(Duration::from_secs(30));
            close.await;
            call.abort();
        }
        assert_eq!(nested.refresh().await.unwrap_err().kind(), ErrorKind::Closed);
    }
}
