//! Parameters of one call: each set has an access token of its own, in memory and in the store.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::sync::atomic::{AtomicUsize, Ordering};

use authn::{
    Context, Credentials, Environment, Loader, Reason, Result, Token, TokenSet, TokenSource,
    blocking,
};

static EXCHANGES: AtomicUsize = AtomicUsize::new(0);

/// Returns a token that shows its request.
#[authn::token_provider("showing", cached)]
struct Showing {
    /// Scopes.
    scope: Option<Vec<String>>,
}

impl TokenSource for Showing {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let _ = &self.scope;
        let number = EXCHANGES.fetch_add(1, Ordering::SeqCst) + 1;
        let mut parameters = String::new();
        for (name, value) in context.parameters() {
            parameters.extend([name, "=", value, "&"]);
        }
        let text = format!("{number}:{}?{parameters}", context.scopes().join("+"));
        Ok(Token::new(text)?.with_expires_in(std::time::Duration::from_hours(1)).into())
    }
}

async fn token(credentials: &Credentials) -> String {
    credentials.token().await.unwrap().secret().to_owned()
}

#[tokio::test]
async fn each_set_of_parameters_has_a_token_of_its_own_in_memory_and_in_the_store() {
    let folder = tempfile::tempdir().unwrap();
    for store in ["memory", "file"] {
        EXCHANGES.store(0, Ordering::SeqCst);
        let text =
            format!("[credentials]\norigins = ['*']\n[credentials.showing]\nstore = '{store}'");
        let environment = Environment::empty().state_directory(folder.path());
        let load = || {
            let loader = Loader::new().environment(environment.clone());
            loader.defaults(&text).load().unwrap()
        };
        let plain = load();
        let of_a = plain.with_parameters([("tenant", "a")]);
        let all = [
            (plain.clone(), "1:?"),
            (of_a.clone(), "2:?tenant=a&"),
            (plain.with_parameters([("tenant", "b")]), "3:?tenant=b&"),
            (of_a.with_scope(&["read"]), "4:read?tenant=a&"),
            (plain.with_scope(&["read"]), "5:read?"),
            (plain.with_parameters([("tenant", "a"), ("x", "1")]), "6:?tenant=a&x=1&"),
        ];
        for (credentials, expected) in &all {
            assert_eq!(token(credentials).await, *expected, "{store}");
        }
        for (credentials, expected) in &all {
            assert_eq!(token(credentials).await, *expected, "{store}");
        }
        let again = plain.with_scope(&["read"]).with_parameters(vec![("tenant".to_owned(), "a")]);
        assert_eq!(
            token(&again).await,
            "4:read?tenant=a&",
            "the order of the calls has no meaning"
        );
        let again = blocking::Credentials::from(plain.clone()).with_parameters([("tenant", "b")]);
        assert_eq!(again.try_token().unwrap().secret(), "3:?tenant=b&");
        // Another process reads each from the store, and never one for another.
        let other = load().with_parameters([("tenant", "a")]);
        let (expected, count) = match store {
            "file" => ("2:?tenant=a&", 6),
            _ => ("7:?tenant=a&", 7),
        };
        assert_eq!(token(&other).await, expected);
        assert_eq!(EXCHANGES.load(Ordering::SeqCst), count);
        assert_eq!(
            token(&load().with_parameters([("tenant", "c")])).await.split(':').next_back(),
            Some("?tenant=c&")
        );
    }
}

/// Renews a token by itself, as the documentation of `Context::reason` shows.
#[derive(Debug)]
struct Renewing;

impl TokenSource for Renewing {
    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        let text = match (last, context.reason()) {
            (Some(last), Reason::Expiring) => format!("{}+", last.token().secret()),
            _ => context.parameters()["tenant"].clone(),
        };
        Ok(Token::new(text)?.with_expires_in(std::time::Duration::from_hours(1)).into())
    }
}

#[tokio::test]
async fn the_last_token_of_a_source_is_that_of_the_same_parameters() {
    let credentials = Credentials::builder().source(Renewing).origin("*").build().unwrap();
    let [a, b] = ["a", "b"].map(|tenant| credentials.with_parameters([("tenant", tenant)]));
    assert_eq!([token(&a).await, token(&b).await], ["a", "b"]);
    for expected in ["a+", "a++"] {
        assert_eq!(a.refresh().await.unwrap().secret(), expected);
    }
    assert_eq!(b.refresh().await.unwrap().secret(), "b+");
}
