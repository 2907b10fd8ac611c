//! A token that never expires, as its source says: no fallback ends it, in memory or in a store.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use authn::{
    Context, Environment, Loader, Result, Token, TokenSet, TokenSource,
    time::{Clock, ManualClock},
};

static EXCHANGES: AtomicUsize = AtomicUsize::new(0);

/// Gives tokens that never expire.
#[authn::token_provider("endless", cached)]
struct Endless {}

impl TokenSource for Endless {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let number = EXCHANGES.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Token::new(format!("t{number}"))?.without_expiry().into())
    }
}

#[tokio::test]
async fn a_token_that_never_expires_is_used_until_it_is_refused() {
    for options in ["", "expires_in_fallback = '1m'", "store = 'file'\nexpires_in_fallback = '1m'"]
    {
        EXCHANGES.store(0, Ordering::SeqCst);
        let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
        let load = || {
            let text =
                format!("[credentials]\norigins = ['*']\n[credentials.endless]\n{options}\n");
            let environment = Environment::empty().state_directory(folder.path());
            let loader = Loader::new().environment(environment).clock(Clock::custom(clock.clone()));
            loader.defaults(&text).load().unwrap()
        };
        let credentials = load();
        let year = Duration::from_hours(24 * 365);
        for _ in 0..3 {
            assert_eq!(credentials.token().await.unwrap().secret(), "t1", "{options}");
            clock.advance(year);
        }
        assert_eq!(credentials.token().await.unwrap().expires_at(), None);
        let is_stored = options.contains("file");
        let other = load().token().await.unwrap();
        assert_eq!(other.secret() == "t1", is_stored, "another process: {options}");
        credentials.invalidate(&credentials.token().await.unwrap());
        let next = if is_stored { "t2" } else { "t3" };
        assert_eq!(credentials.token().await.unwrap().secret(), next, "{options}");
    }
}
