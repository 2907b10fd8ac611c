//! What a program asks the server about its tokens: what a source gets, and what happens to the cached token.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use authn::{
    Bound, Context, Credentials, Environment, ErrorKind, InteractiveSource, Introspection, Loader,
    Login, Result, SecretString, Token, TokenSet, TokenSource, Url, UserInfo, blocking,
    prompt::{Link, Progress, Prompt, Question, UserCode},
};

/// What the server does, and what it was asked with.
#[derive(Debug, Default)]
struct Server {
    issued: AtomicUsize,
    knows_no_token: AtomicBool,
    /// How often it refuses to tell who the user is.
    refuses: AtomicUsize,
    asked: Mutex<Vec<String>>,
}

static SERVERS: Mutex<Vec<Arc<Server>>> = Mutex::new(Vec::new());

/// Has a server that is asked.
#[authn::token_provider("asked", cached, login)]
struct Asked {
    /// Number of the server.
    server: usize,
}

impl Asked {
    fn server(&self) -> Arc<Server> {
        Arc::clone(&SERVERS.lock().unwrap()[self.server])
    }

    fn note(&self, what: &str, tokens: Option<&TokenSet>) {
        let shown = tokens.map(|tokens| {
            let id_token = tokens.id_token().map(|id_token| id_token.expose().to_owned());
            let kept = tokens.kept("key").map(|key| key.expose().to_owned());
            format!("{} {id_token:?} {kept:?}", tokens.token().secret())
        });
        self.server().asked.lock().unwrap().push(format!("{what}: {shown:?}"));
    }
}

impl TokenSource for Asked {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let number = self.server().issued.fetch_add(1, Ordering::SeqCst) + 1;
        let token = Token::new(format!("a{number}"))?;
        // The first answer alone has an ID token.
        let token = if number == 1 { token.with_id_token("id1".into()) } else { token };
        Ok(TokenSet::new(token).with_refresh_token("r".into()).with_kept("key", "k".into()))
    }
}

impl InteractiveSource for Asked {
    async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> {
        Ok(None)
    }

    fn needs_login(&self) -> bool {
        false
    }

    async fn introspect(&self, _: &Context, tokens: &TokenSet) -> Result<Introspection> {
        self.note("introspect", Some(tokens));
        let active = !self.server().knows_no_token.load(Ordering::SeqCst);
        Introspection::from_json(format!(r#"{{"active":{active}}}"#).as_bytes())
    }

    async fn user_info(&self, _: &Context, tokens: &TokenSet) -> Result<Option<UserInfo>> {
        self.note("user_info", Some(tokens));
        let refuses = &self.server().refuses;
        let less = |left: usize| left.checked_sub(1);
        if refuses.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
            return Ok(None);
        }
        UserInfo::from_json(br#"{"sub":"42"}"#).map(Some)
    }

    async fn logout_url(
        &self,
        _: &Context,
        last: Option<&TokenSet>,
        back: Option<&str>,
    ) -> Result<Url> {
        self.note(&format!("logout_url {back:?}"), last);
        Ok(Url::parse("https://i.test/bye").unwrap())
    }
}

/// Passes on the tokens of another.
#[authn::token_provider("over_asked", cached)]
struct Over {
    /// Whose.
    #[provider]
    of: Credentials,
}

impl TokenSource for Over {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        Ok(self.of.with_scope(context.scopes()).token().await?.into())
    }

    fn inner(&self) -> Option<&Bound> {
        Some(self.of.bound())
    }
}

/// Sees links, and answers nothing.
#[derive(Clone, Debug, Default)]
struct Watcher(Arc<Mutex<Vec<String>>>);

impl Prompt for Watcher {
    fn show_link(&self, link: &Link) {
        assert_ne!(link.url().path(), "/panic", "as asked");
        self.0.lock().unwrap().push(link.url().to_string());
    }

    fn show_code(&self, _: &UserCode) {}

    async fn ask(&self, _: &Question) -> Result<SecretString> {
        unreachable!("nothing is asked")
    }

    fn progress(&self, progress: &Progress) {
        self.0.lock().unwrap().push(format!("{progress:?}"));
    }
}

/// Credentials of a server of their own, straight or passed on.
fn scenes() -> [(Arc<Server>, Credentials); 2] {
    [false, true].map(|is_over| {
        let server = Arc::new(Server::default());
        let mut servers = SERVERS.lock().unwrap();
        servers.push(Arc::clone(&server));
        let number = servers.len() - 1;
        drop(servers);
        let table = if is_over {
            format!("[credentials.over_asked]\nof = {{ asked = {{ server = {number}, store = 'memory' }} }}")
        } else {
            format!("[credentials.asked]\nserver = {number}\nstore = 'memory'")
        };
        let text = format!("[credentials]\norigins = ['*']\n{table}");
        let loader = Loader::new().environment(Environment::empty()).defaults(&text);
        (server, loader.load().unwrap())
    })
}

fn asked(server: &Server) -> Vec<String> {
    std::mem::take(&mut *server.asked.lock().unwrap())
}

#[tokio::test]
async fn a_source_gets_the_token_with_what_the_session_keeps() {
    for (server, credentials) in scenes() {
        credentials.introspect().await.unwrap();
        credentials.introspect_token(&Token::new("other").unwrap()).await.unwrap();
        credentials.refresh().await.unwrap();
        credentials.user_info().await.unwrap();
        credentials.logout_url(Some("https://app.test/")).await.unwrap();
        assert_eq!(
            asked(&server),
            [
                r#"introspect: Some("a1 Some(\"id1\") Some(\"k\")")"#,
                r#"introspect: Some("other Some(\"id1\") Some(\"k\")")"#,
                r#"user_info: Some("a2 Some(\"id1\") Some(\"k\")")"#,
                r#"logout_url Some("https://app.test/"): Some("a2 Some(\"id1\") Some(\"k\")")"#,
            ]
        );
        credentials.logout().await.unwrap();
        credentials.logout_url(None).await.unwrap();
        assert_eq!(asked(&server), ["logout_url None: None"]);
    }
}

#[tokio::test]
async fn a_token_that_is_not_active_is_not_used_again() {
    for (server, credentials) in scenes() {
        let token = credentials.token().await.unwrap();
        assert!(credentials.introspect().await.unwrap().is_active());
        assert!(credentials.try_token().is_some());
        server.knows_no_token.store(true, Ordering::SeqCst);
        let other = Token::new("other").unwrap();
        assert!(!credentials.introspect_token(&other).await.unwrap().is_active());
        assert!(credentials.try_token().is_some(), "another token says nothing about this one");
        assert!(!credentials.introspect_token(&token).await.unwrap().is_active());
        assert!(credentials.try_token().is_none());
        assert_eq!(credentials.token().await.unwrap().secret(), "a2");
    }
}

#[tokio::test]
async fn a_token_that_the_server_refuses_is_renewed_once() {
    for (refusals, expected) in [(1, Ok(())), (5, Err(ErrorKind::Refused))] {
        for (server, credentials) in scenes() {
            server.refuses.store(refusals, Ordering::SeqCst);
            let user = credentials.user_info().await;
            assert_eq!(user.map(drop).map_err(|error| error.kind()), expected);
            let asked = asked(&server);
            assert_eq!(asked.len(), 2, "{asked:?}");
            assert!(asked[0].contains("a1") && asked[1].contains("a2"), "{asked:?}");
        }
    }
}

#[tokio::test]
async fn the_address_is_shown_and_a_prompt_that_panics_is_an_error() {
    for (_, credentials) in scenes() {
        let watcher = Watcher::default();
        let url = Url::parse("https://i.test/bye").unwrap();
        credentials.open_logout(&url, Login::new(watcher.clone())).await.unwrap();
        assert_eq!(*watcher.0.lock().unwrap(), ["https://i.test/bye", "Ended"]);
        let url = Url::parse("https://i.test/panic").unwrap();
        let error = credentials.open_logout(&url, Login::new(watcher)).await.unwrap_err();
        assert!(error.message().contains("`show_link`"), "{error}");
    }
}

#[tokio::test]
async fn a_provider_without_a_server_says_so() {
    let source = authn::from_fn(|_| async { Token::new("abc") });
    let cached = Credentials::builder().source(source).domain("a.test").build().unwrap();
    let token = cached.token().await.unwrap();
    let url = Url::parse("https://i.test/bye").unwrap();
    for error in [
        cached.introspect().await.map(drop).unwrap_err(),
        cached.introspect_token(&token).await.map(drop).unwrap_err(),
        cached.user_info().await.map(drop).unwrap_err(),
        cached.revoke_tokens(token.clone()).await.map(drop).unwrap_err(),
        cached.logout_url(None).await.map(drop).unwrap_err(),
        cached.open_logout(&url, Login::new(Watcher::default())).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    }
    assert!(cached.try_token().is_some());
}

#[test]
fn blocking_credentials_ask_as_well() {
    for (server, credentials) in scenes() {
        let credentials = blocking::Credentials::from(credentials);
        assert!(credentials.introspect().unwrap().is_active());
        assert!(credentials.introspect_token(&Token::new("a").unwrap()).unwrap().is_active());
        assert_eq!(credentials.user_info().unwrap().subject(), "42");
        let url = credentials.logout_url(None).unwrap();
        credentials.open_logout(&url, Login::new(Watcher::default())).unwrap();
        assert_eq!(
            credentials.revoke_tokens(Token::new("a").unwrap()).unwrap_err().kind(),
            ErrorKind::Configuration
        );
        assert_eq!(asked(&server).len(), 4);
    }
}
