//! Why an exchange is made, as its source sees it.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use authn::{
    Context, Credentials, Environment, InteractiveSource, Loader, Login, Reason, Registry, Result,
    SessionPolicy, Token, TokenSet, TokenSource,
    time::{Clock, ManualClock},
};

const LIFETIME: Duration = Duration::from_hours(1);

static LOG: Mutex<Vec<(String, Reason)>> = Mutex::new(Vec::new());

/// Notes why it is asked.
#[authn::token_provider("reasoned", cached, login)]
#[derive(Default)]
struct Reasoned {
    /// Name in the log.
    name: String,
}

impl TokenSource for Reasoned {
    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        let mut log = LOG.lock().unwrap();
        let number = log.len();
        log.push((self.name.clone(), context.reason()));
        drop(log);
        if context.reason() == Reason::Expiring {
            assert!(last.is_some(), "there is a token to renew");
        }
        let token = Token::new(format!("t{number}"))?.with_expires_in(LIFETIME);
        Ok(TokenSet::new(token).with_refresh_token("r".into()))
    }
}

impl InteractiveSource for Reasoned {
    async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> {
        Ok(None)
    }

    fn session(&self) -> SessionPolicy<'_> {
        SessionPolicy::Begun
    }

    fn needs_login(&self) -> bool {
        false
    }
}

fn reasons(name: &str) -> Vec<Reason> {
    let log = LOG.lock().unwrap();
    log.iter().filter(|(of, _)| of == name).map(|(_, reason)| *reason).collect()
}

fn stored(name: &str, folder: &std::path::Path, clock: &ManualClock) -> Credentials {
    let environment = Environment::empty().state_directory(folder);
    let registry = Registry::builder().register::<Reasoned>().build().unwrap();
    let loader = Loader::new().registry(registry).environment(environment);
    let loader = loader.clock(Clock::custom(clock.clone()));
    let text = format!("[credentials]\norigins = ['*']\nreasoned.name = '{name}'");
    loader.defaults(&text).load().unwrap()
}

fn in_memory(name: &str, clock: &ManualClock) -> Credentials {
    let source = Reasoned { name: name.to_owned() };
    let builder = Credentials::builder().interactive(source).origin("*");
    builder.clock(Clock::custom(clock.clone())).build().unwrap()
}

async fn renewed(credentials: &Credentials) {
    let before = LOG.lock().unwrap().len();
    credentials.token().await.unwrap();
    // A refresh in the background has no other sign of its end than its token.
    while LOG.lock().unwrap().len() == before {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_source_knows_why_it_is_asked_with_a_store_and_without() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    for (name, credentials) in
        [("memory", in_memory("memory", &clock)), ("store", stored("store", folder.path(), &clock))]
    {
        credentials.token().await.unwrap();
        assert_eq!(reasons(name), [Reason::First]);
        clock.advance(LIFETIME.saturating_sub(Duration::from_secs(1)));
        renewed(&credentials).await;
        assert_eq!(reasons(name)[1..], [Reason::Expiring], "{name}");
        clock.advance(LIFETIME * 2);
        renewed(&credentials).await;
        assert_eq!(reasons(name)[2..], [Reason::Expired], "{name}");
        credentials.invalidate(&credentials.token().await.unwrap());
        renewed(&credentials).await;
        assert_eq!(reasons(name)[3..], [Reason::Refused], "{name}");
        clock.advance(LIFETIME * 2);
        renewed(&credentials).await;
        assert_eq!(reasons(name)[4..], [Reason::Expired], "{name}: the refusal is over");
        // Other scopes have no token yet, whatever happened to the first ones.
        renewed(&credentials.with_scope(&["more"])).await;
        assert_eq!(reasons(name)[5..], [Reason::First], "{name}");
        credentials.invalidate(&credentials.token().await.unwrap());
        credentials.logout().await.unwrap();
        renewed(&credentials).await;
        assert_eq!(reasons(name)[6..], [Reason::First], "{name}: after the logout");
    }
}

#[tokio::test]
async fn a_refusal_holds_until_an_exchange_succeeds() {
    #[derive(Debug, Default)]
    struct Failing(Mutex<Vec<Reason>>);

    #[derive(Debug)]
    struct Shared(Arc<Failing>);

    impl TokenSource for Shared {
        async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
            let mut reasons = self.0.0.lock().unwrap();
            reasons.push(context.reason());
            if reasons.len() == 2 {
                return Err(authn::Error::network("the server is down"));
            }
            Ok(Token::new(format!("t{}", reasons.len()))?.with_expires_in(LIFETIME).into())
        }
    }

    let (log, clock) = (Arc::new(Failing::default()), ManualClock::new());
    let builder = Credentials::builder().source(Shared(Arc::clone(&log))).origin("*");
    let credentials = builder.clock(Clock::custom(clock.clone())).build().unwrap();
    credentials.invalidate(&credentials.token().await.unwrap());
    credentials.token().await.unwrap_err();
    clock.advance(LIFETIME / 2);
    credentials.token().await.unwrap();
    assert_eq!(*log.0.lock().unwrap(), [Reason::First, Reason::Refused, Reason::Refused]);
}

#[tokio::test]
async fn a_program_that_starts_later_finds_the_last_token_ended() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    stored("again", folder.path(), &clock).token().await.unwrap();
    clock.advance(LIFETIME * 2);
    stored("again", folder.path(), &clock).token().await.unwrap();
    assert_eq!(reasons("again"), [Reason::First, Reason::Expired]);
}
