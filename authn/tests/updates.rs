//! What `on_update` is told of a source that has no refresh tokens.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use authn::{
    Context, Credentials, Environment, Loader, Result, Token, TokenSet, TokenSource,
    time::{Clock, ManualClock},
};

/// The number of exchanges of all processes of the test.
static EXCHANGES: AtomicUsize = AtomicUsize::new(0);

/// Gives numbered tokens alone.
#[authn::token_provider("without_sessions", cached)]
struct WithoutSessions {}

impl TokenSource for WithoutSessions {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let number = EXCHANGES.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Token::new(format!("t{number}"))?.with_expires_in(Duration::from_mins(10)).into())
    }
}

/// The previous access token, the previous refresh token, and the new access token of each update.
type Told = Arc<Mutex<Vec<(Option<String>, Option<String>, String)>>>;

fn told(previous: Option<&str>, new: &str) -> (Option<String>, Option<String>, String) {
    (previous.map(str::to_owned), None, new.to_owned())
}

#[tokio::test]
async fn the_replaced_access_token_is_told_without_a_refresh_token() {
    for store in ["memory", "file"] {
        EXCHANGES.store(0, Ordering::SeqCst);
        let (folder, clock, updates) =
            (tempfile::tempdir().unwrap(), ManualClock::new(), Told::default());
        let process = || -> Credentials {
            let updates = Arc::clone(&updates);
            Loader::new()
                .environment(Environment::empty().state_directory(folder.path()))
                .clock(Clock::custom(clock.clone()))
                .defaults(&format!(
                    "[credentials]\norigins = ['*']\n[credentials.without_sessions]\nstore = '{store}'"
                ))
                .on_update_sync(move |update| {
                    let access = update.previous_access_token();
                    updates.lock().unwrap().push((
                        access.map(|token| token.secret().to_owned()),
                        update.previous_refresh_token().map(|token| token.expose().to_owned()),
                        update.tokens().token().secret().to_owned(),
                    ));
                    Ok(())
                })
                .load()
                .unwrap()
        };
        let first = process();
        for expected in ["t1", "t2", "t3"] {
            assert_eq!(first.token().await.unwrap().secret(), expected, "{store}");
            clock.advance(Duration::from_mins(11));
        }
        let mut expected = vec![told(None, "t1"), told(Some("t1"), "t2"), told(Some("t2"), "t3")];
        assert_eq!(*updates.lock().unwrap(), expected, "{store}");
        // Another process knows what it replaces from the store alone.
        assert_eq!(process().token().await.unwrap().secret(), "t4", "{store}");
        expected.push(told((store == "file").then_some("t3"), "t4"));
        assert_eq!(*updates.lock().unwrap(), expected, "{store}");
    }
}
