//! Logins in a web application, between the framework and a source.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::time::{Duration, SystemTime};

use authn::{
    Bound, Context, Credentials, ErrorKind, InteractiveSource, Login, PendingLogin, Result,
    SecretString, Token, TokenProvider, TokenSet, TokenSource, Url, blocking,
    time::{Clock, ManualClock},
};

const REDIRECT_URI: &str = "https://app.test/callback?tenant=1";

/// A source whose login lasts for a minute.
#[derive(Debug)]
struct Web;

impl TokenSource for Web {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        Err(context.login_required("no user is logged in"))
    }
}

impl InteractiveSource for Web {
    async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> {
        Ok(None)
    }

    async fn begin_login(&self, context: &Context, uri: &str) -> Result<(Url, PendingLogin)> {
        let end = context.clock().now().plus(Duration::from_mins(1));
        let mut url = Url::parse("https://idp.test/login").unwrap();
        if let Some(tenant) = context.parameters().get("tenant") {
            url.set_query(Some(&format!("{}&tenant={tenant}", context.scopes().join("+"))));
        }
        Ok((url, PendingLogin::new(uri, end.wall()).with_kept("state", "af0ifjsldkj")))
    }

    async fn complete_login(
        &self,
        context: &Context,
        pending: &PendingLogin,
        returned: &Url,
    ) -> Result<TokenSet> {
        assert_eq!(pending.kept("state"), Some("af0ifjsldkj"));
        assert_eq!(pending.kept("nonce"), None);
        let token = Token::new(returned.query().unwrap())?;
        Ok(TokenSet::new(token.with_scope(&context.scopes().join(" "))))
    }
}

/// A source that logs nobody in through a web application.
#[derive(Debug)]
struct Native;

impl TokenSource for Native {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        Ok(Token::new("abc")?.into())
    }
}

impl InteractiveSource for Native {
    async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> {
        Ok(None)
    }
}

/// A provider without a cache.
#[derive(Debug)]
struct Uncached;

impl TokenProvider for Uncached {
    async fn token(&self, _: &Context) -> Result<Token> {
        Token::new("abc")
    }
}

fn web() -> (blocking::Credentials, ManualClock) {
    let clock = ManualClock::new();
    let builder = Credentials::builder().interactive(Web).clock(Clock::custom(clock.clone()));
    (builder.build().unwrap().into(), clock)
}

#[test]
fn a_redirect_address_keeps_the_code_from_others() {
    let (credentials, _) = web();
    for uri in [
        REDIRECT_URI,
        "https://app.test",
        "http://127.0.0.1:3000/callback",
        "http://[::1]/callback",
        "http://localhost/",
    ] {
        let (_, pending) = credentials.authorization_url(uri).unwrap();
        assert_eq!(pending.redirect_uri(), uri);
    }
    for (uri, said) in [
        ("http://app.test/callback", "without encryption"),
        ("http://127.0.0.1.app.test/callback", "without encryption"),
        ("ftp://localhost/callback", "without encryption"),
        ("https://app.test/callback#part", "a fragment"),
        ("https://user@app.test/callback", "a user name"),
        ("/callback", "absolute URL"),
        ("com.example.app:/callback", "absolute URL"),
        ("", "absolute URL"),
    ] {
        let error = credentials.authorization_url(uri).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{uri}");
        assert!(error.to_string().contains(said), "{uri}: {error}");
    }
}

#[test]
fn the_browser_comes_back_to_the_redirect_address_in_time() {
    let (credentials, clock) = web();
    let (_, pending) = credentials.authorization_url(REDIRECT_URI).unwrap();
    let text = pending.to_secret();
    let complete =
        |returned: &str| credentials.complete(PendingLogin::from_secret(&text).unwrap(), returned);
    for returned in ["https://app.test/callback?code=a", "/callback?code=a", "?code=a"] {
        assert_eq!(complete(returned).unwrap().token().secret(), "code=a", "{returned}");
    }
    for returned in
        ["https://app.test/?code=a", "https://app.test:444/callback?code=a", "/a?code=a"]
    {
        assert_eq!(complete(returned).unwrap_err().kind(), ErrorKind::Protocol, "{returned}");
    }
    clock.advance(Duration::from_mins(1));
    assert_eq!(complete("?code=a").unwrap_err().kind(), ErrorKind::LoginRequired);
}

#[test]
fn a_text_that_is_not_a_pending_login_is_an_error() {
    let (credentials, _) = web();
    let (_, pending) = credentials.authorization_url(REDIRECT_URI).unwrap();
    let text = pending.to_secret().expose().to_string();
    assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)));
    assert!(!format!("{pending:?}").contains("af0ifjsldkj"));
    let long = PendingLogin::new("https://app.test/", SystemTime::now());
    let long = long.with_kept("state", "a".repeat(16 << 10)).to_secret().expose().to_string();
    let cut = |text: &str, end: usize| text[..end].to_owned();
    for damaged in [
        String::new(),
        "1.".to_owned(),
        "1.e30".to_owned(),
        text[2..].to_owned(),
        format!("2{}", &text[1..]),
        format!("{text}="),
        format!("{text}AAAA"),
        format!(" {text}"),
        long,
    ]
    .into_iter()
    .chain((0..text.len()).map(|end| cut(&text, end)))
    {
        let error = PendingLogin::from_secret(&SecretString::from(damaged.as_str())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginRequired, "{damaged}");
    }
    let read = PendingLogin::from_secret(&SecretString::from(text)).unwrap();
    assert_eq!((read.redirect_uri(), read.valid_until()), (REDIRECT_URI, pending.valid_until()));
}

#[test]
fn a_provider_without_it_says_so() {
    let in_an_hour = || SystemTime::now() + Duration::from_hours(1);
    for credentials in [
        Credentials::builder().interactive(Native),
        Credentials::builder().source(Native),
        Credentials::builder().provider(Uncached),
    ] {
        let credentials = blocking::Credentials::from(credentials.build().unwrap());
        let error = credentials.authorization_url(REDIRECT_URI).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        assert!(error.to_string().contains("no login in a web application"), "{error}");
        let pending = PendingLogin::new(REDIRECT_URI, in_an_hour());
        let error = credentials.complete(pending, "?code=a").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    }
}

/// A cache in front of another provider.
#[derive(Debug)]
struct Outer(Credentials);

impl TokenSource for Outer {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        self.0.bound().token_set(context).await
    }

    fn inner(&self) -> Option<&Bound> {
        Some(self.0.bound())
    }
}

#[test]
fn a_login_has_the_scopes_and_the_parameters_of_its_call_behind_a_cache_too() {
    let direct = Credentials::builder().interactive(Web).build().unwrap();
    let cached = Credentials::builder().source(Outer(direct.clone())).build().unwrap();
    for credentials in [direct, cached] {
        let call = credentials.with_scope(&["read"]).with_parameters([("tenant", "a")]);
        let call = blocking::Credentials::from(call);
        let (url, pending) = call.authorization_url(REDIRECT_URI).unwrap();
        assert_eq!(url.query(), Some("read&tenant=a"));
        let tokens = call.complete(pending, "?code=a").unwrap();
        assert_eq!(tokens.token().scope(), Some("read"));
    }
}
