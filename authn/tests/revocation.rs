//! A revocation reaches the refresh token and each access token that has not expired, wherever they are kept.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use authn::{
    Bound, Context, Credentials, Environment, Error, ErrorKind, InteractiveSource, Loader, Login,
    Result, SecretString, SessionPolicy, Token, TokenSet, TokenSource,
    time::{Clock, ManualClock},
};

/// What the server has issued and revoked.
#[derive(Debug, Default)]
struct Server {
    issued: AtomicUsize,
    revoked: Mutex<Vec<String>>,
    /// Tokens that it does not revoke.
    refused: Mutex<Vec<String>>,
    has_sessions: AtomicBool,
}

static SERVERS: Mutex<Vec<Arc<Server>>> = Mutex::new(Vec::new());

impl Server {
    fn revoke(&self, token: &str) -> Result<()> {
        if self.refused.lock().unwrap().iter().any(|refused| refused == token) {
            return Err(Error::refused("the server does not revoke this").with_help("ask it"));
        }
        self.revoked.lock().unwrap().push(token.to_owned());
        Ok(())
    }
}

/// Requests tokens from the test's server.
#[authn::token_provider("revocable", cached, login)]
struct Revocable {
    /// Number of the server.
    server: usize,
    /// Configured refresh token.
    _refresh_token: Option<SecretString>,
}

impl Revocable {
    fn server(&self) -> Arc<Server> {
        Arc::clone(&SERVERS.lock().unwrap()[self.server])
    }
}

impl TokenSource for Revocable {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let server = self.server();
        server.issued.fetch_add(1, Ordering::SeqCst);
        let minutes = if context.scopes() == ["short"] { 1 } else { 60 };
        let token = Token::new(format!("a-{}", context.scopes().join("-")))?
            .with_expires_in(Duration::from_mins(minutes));
        let tokens = TokenSet::new(token);
        let has_session = server.has_sessions.load(Ordering::SeqCst);
        Ok(if has_session { tokens.with_refresh_token("r".into()) } else { tokens })
    }
}

impl InteractiveSource for Revocable {
    async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> {
        Ok(None)
    }

    fn needs_login(&self) -> bool {
        false
    }

    fn session(&self) -> SessionPolicy<'_> {
        self._refresh_token.as_ref().map_or(SessionPolicy::None, SessionPolicy::From)
    }

    async fn revoke(&self, _: &Context, tokens: &TokenSet) -> Result<()> {
        match tokens.refresh_token().or(self._refresh_token.as_ref()) {
            Some(refresh_token) => self.server().revoke(&refresh_token.expose()),
            None => self.server().revoke(tokens.token().secret()),
        }
    }

    async fn revoke_access_token(&self, _: &Context, tokens: &TokenSet) -> Result<bool> {
        assert!(tokens.refresh_token().is_none());
        self.server().revoke(tokens.token().secret()).map(|()| true)
    }
}

/// Passes on the tokens of others.
#[authn::token_provider("over", cached)]
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

fn server() -> (usize, Arc<Server>) {
    let server = Arc::new(Server::default());
    let mut servers = SERVERS.lock().unwrap();
    servers.push(Arc::clone(&server));
    (servers.len() - 1, server)
}

fn load(state: &Path, clock: &ManualClock, table: &str) -> Credentials {
    Loader::new()
        .environment(Environment::empty().state_directory(state))
        .clock(Clock::custom(clock.clone()))
        .defaults(&format!("[credentials]\norigins = ['*']\n{table}"))
        .load()
        .unwrap()
}

/// Each way to keep the tokens, as the table of the provider, and whether another process sees them.
fn tables(number: usize, more: &str) -> [(String, bool); 4] {
    let inner = format!("revocable = {{ server = {number}, store = 'memory'{more} }}");
    [
        (format!("[credentials.revocable]\nserver = {number}\nstore = 'memory'{more}"), false),
        (format!("[credentials.revocable]\nserver = {number}\nstore = 'file'{more}"), true),
        (format!("[credentials.over]\nstore = 'memory'\nof = {{ {inner} }}"), false),
        (format!("[credentials.over]\nstore = 'file'\nof = {{ {inner} }}"), true),
    ]
}

/// Gets tokens of four sets of scopes, one of which expires.
async fn fill(credentials: &Credentials, clock: &ManualClock) {
    for scopes in [&[][..], &["one"], &["two"], &["short"]] {
        credentials.with_scope(scopes).token().await.unwrap();
    }
    clock.advance(Duration::from_mins(5));
}

fn sorted(tokens: &Mutex<Vec<String>>) -> Vec<String> {
    let mut tokens = tokens.lock().unwrap().clone();
    tokens.sort();
    tokens
}

#[tokio::test]
async fn each_access_token_that_has_not_expired_is_revoked() {
    for table in 0..4 {
        let (number, server) = server();
        let (table, is_stored) = &tables(number, "")[table];
        let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
        let mut credentials = load(folder.path(), &clock, table);
        fill(&credentials, &clock).await;
        if *is_stored {
            credentials = load(folder.path(), &clock, table);
        }
        let revocation = credentials.revoke().await.unwrap();
        assert_eq!(sorted(&server.revoked), ["a-", "a-one", "a-two"], "{table}");
        assert_eq!((revocation.revoked, revocation.failed.len()), (3, 0), "{table}");
        assert!(!credentials.status().await.unwrap().has_token);
        assert_eq!(credentials.revoke().await.unwrap().revoked, 0, "nothing is left");
    }
}

#[tokio::test]
async fn the_refresh_token_is_revoked_and_then_the_access_tokens() {
    for (more, refresh_token) in [("", "r"), ("\n_refresh_token = 'c'", "c")] {
        for store in ["memory", "file"] {
            let (number, server) = server();
            server.has_sessions.store(more.is_empty(), Ordering::SeqCst);
            let more = more.replace("\n_", "\n");
            let table =
                format!("[credentials.revocable]\nserver = {number}\nstore = '{store}'{more}");
            let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
            let credentials = load(folder.path(), &clock, &table);
            fill(&credentials, &clock).await;
            // The server revokes the session, but not one of the access tokens.
            server.refused.lock().unwrap().push("a-one".to_owned());
            let revocation = credentials.revoke().await.unwrap();
            assert_eq!(server.revoked.lock().unwrap()[0], refresh_token, "first");
            assert_eq!(sorted(&server.revoked), ["a-", "a-two", refresh_token], "{table}");
            assert_eq!(revocation.revoked, 3);
            assert_eq!(revocation.failed[0].message(), "the server does not revoke this");
            assert!(!credentials.status().await.unwrap().has_token, "it is deleted");
        }
    }
}

#[tokio::test]
async fn a_failure_stops_no_other_revocation_and_nothing_is_deleted() {
    for (has_sessions, refused) in [(true, "r"), (false, "a-one")] {
        let (number, server) = server();
        server.has_sessions.store(has_sessions, Ordering::SeqCst);
        let table = format!("[credentials.revocable]\nserver = {number}\nstore = 'file'");
        let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
        let credentials = load(folder.path(), &clock, &table);
        fill(&credentials, &clock).await;
        server.refused.lock().unwrap().push(refused.to_owned());
        let error = credentials.revoke().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        let all = if has_sessions { 4 } else { 3 };
        let message =
            format!("1 of {all} tokens could not be revoked: the server does not revoke this");
        assert_eq!((error.message(), error.help()), (&*message, Some("ask it")));
        assert_eq!(server.revoked.lock().unwrap().len(), all - 1);
        assert!(credentials.status().await.unwrap().has_token, "it can be tried again");
        server.refused.lock().unwrap().clear();
        assert_eq!(credentials.revoke().await.unwrap().revoked, all);
    }
}

/// Loads credentials for a second process, which sees the store alone.
fn other_process(folder: &Path, clock: &ManualClock, table: &str) -> Credentials {
    load(folder, clock, table)
}

#[tokio::test]
async fn one_access_token_is_revoked_and_dropped_everywhere() {
    for (table, has_sessions) in (0..4).flat_map(|table| [(table, false), (table, true)]) {
        let (number, server) = server();
        server.has_sessions.store(has_sessions, Ordering::SeqCst);
        let (table, is_stored) = &tables(number, "")[table];
        let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
        let credentials = load(folder.path(), &clock, table);
        fill(&credentials, &clock).await;
        let issued = server.issued.load(Ordering::SeqCst);
        let one = credentials.with_scope(&["one"]);
        let revocation = credentials.revoke_tokens(one.token().await.unwrap()).await.unwrap();
        assert_eq!((revocation.revoked, revocation.failed.len()), (1, 0), "{table}");
        assert_eq!(*server.revoked.lock().unwrap(), ["a-one"], "{table}");
        assert!(one.try_token().is_none(), "{table}");
        assert!(credentials.with_scope(&["two"]).try_token().is_some(), "{table}");
        if *is_stored {
            let elsewhere = other_process(folder.path(), &clock, table);
            assert!(elsewhere.with_scope(&["two"]).token().await.is_ok());
            assert_eq!(server.issued.load(Ordering::SeqCst), issued, "the others are stored");
            let _ = elsewhere.with_scope(&["one"]).token().await.unwrap();
            assert_eq!(server.issued.load(Ordering::SeqCst), issued + 1, "{table}");
        }
        one.token().await.unwrap();
        assert!(server.issued.load(Ordering::SeqCst) > issued, "{table}");
    }
}

#[tokio::test]
async fn a_set_of_another_session_leaves_this_one_and_a_set_of_this_one_ends_it() {
    let token = |text: &str| Token::new(text).unwrap();
    for table in 0..4 {
        for (set, revoked, is_over) in [
            (
                TokenSet::new(token("b")).with_refresh_token("other".into()),
                &["other", "b"][..],
                false,
            ),
            (TokenSet::new(token("a-")).with_refresh_token("r".into()), &["r", "a-"], true),
            (
                TokenSet::new(token("b").with_expires_at(std::time::SystemTime::UNIX_EPOCH))
                    .with_refresh_token("other".into()),
                &["other"],
                false,
            ),
        ] {
            let (number, server) = server();
            server.has_sessions.store(true, Ordering::SeqCst);
            let (table, _) = &tables(number, "")[table];
            let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
            let credentials = load(folder.path(), &clock, table);
            fill(&credentials, &clock).await;
            let revocation = credentials.revoke_tokens(set).await.unwrap();
            assert_eq!(revocation.revoked, revoked.len());
            assert_eq!(*server.revoked.lock().unwrap(), revoked);
            let status = credentials.status().await.unwrap();
            assert_eq!((status.has_session, status.has_token), (!is_over, !is_over), "{table}");
            let other = credentials.with_scope(&["two"]);
            if is_over || !table.contains("over") {
                // A cache over this one asks it again, which costs nothing.
                assert_eq!(other.try_token().is_some(), !is_over, "{table}");
            }
            let issued = server.issued.load(Ordering::SeqCst);
            other.token().await.unwrap();
            assert_eq!(server.issued.load(Ordering::SeqCst) > issued, is_over, "{table}");
        }
    }
}

#[tokio::test]
async fn nothing_is_dropped_if_tokens_are_not_revoked() {
    let (number, server) = server();
    server.has_sessions.store(true, Ordering::SeqCst);
    let table = format!("[credentials.revocable]\nserver = {number}\nstore = 'file'");
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let credentials = load(folder.path(), &clock, &table);
    let token = credentials.token().await.unwrap();
    server.refused.lock().unwrap().push("a-".to_owned());
    let error = credentials.revoke_tokens(token.clone()).await.unwrap_err();
    assert_eq!(error.message(), "the server does not revoke this");
    assert_eq!(credentials.try_token().unwrap().secret(), "a-");
    // The refresh token is revoked all the same, so the session is over.
    let set = TokenSet::new(token).with_refresh_token("r".into());
    let revocation = credentials.revoke_tokens(set).await.unwrap();
    assert_eq!((revocation.revoked, revocation.failed.len()), (1, 1));
    assert!(!credentials.status().await.unwrap().has_session);
}

#[tokio::test]
async fn a_configured_refresh_token_is_not_revoked_with_an_access_token() {
    let (number, server) = server();
    let table = format!(
        "[credentials.revocable]\nserver = {number}\nstore = 'memory'\nrefresh_token = 'c'"
    );
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let credentials = load(folder.path(), &clock, &table);
    credentials.revoke_tokens(credentials.token().await.unwrap()).await.unwrap();
    assert_eq!(*server.revoked.lock().unwrap(), ["a-"]);
}
