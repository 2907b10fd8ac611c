//! What a provider makes of answers: nonces, refusals, scopes that are missing; and signatures with what was kept.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use authn::{
    Cached, Context, Environment, Error, InteractiveSource, Issued, Loader, Login, Reaction,
    Registry, Request, ResponseHead, Result, SessionPolicy, Token, TokenProvider, TokenSet,
    TokenSource, Used, reqwest::Client,
};
use http::{HeaderName, HeaderValue, StatusCode};

use crate::server::{Received, Server};

const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// Proves itself with the server's last nonce (RFC 9449, section 9).
#[derive(Debug, Default)]
struct Prover {
    nonce: Mutex<String>,
}

impl TokenProvider for Prover {
    async fn token(&self, _context: &Context) -> Result<Token> {
        Err(Error::no_token())
    }

    async fn authorize(&self, request: &mut Request<'_>, _context: &Context) -> Result<()> {
        let nonce = self.nonce.lock().unwrap();
        // Anew for each of the two requests.
        request.replace_header("x-proof", format!("proof-{nonce}"))
    }

    fn response(&self, head: &ResponseHead<'_>, _used: &Used, _context: &Context) -> Reaction {
        let Some(nonce) = head.header(NONCE.as_str()) else { return Reaction::Pass };
        nonce.clone_into(&mut self.nonce.lock().unwrap());
        match head.status() {
            StatusCode::UNAUTHORIZED => Reaction::Retry,
            _ => Reaction::Pass,
        }
    }
}

/// Accepts each of its nonces once.
fn counting_nonces() -> impl Fn(&Received) -> (u16, String) {
    let next = AtomicUsize::new(0);
    move |request| {
        let current = next.load(Ordering::SeqCst);
        let is_right =
            current > 0 && request.header("x-proof") == Some(&format!("proof-{current}"));
        next.store(current + 1, Ordering::SeqCst);
        (if is_right { 200 } else { 401 }, format!("DPoP-Nonce: {}\r\n", current + 1))
    }
}

#[tokio::test]
async fn a_nonce_of_an_answer_is_in_the_next_proof() {
    let server = Server::start(counting_nonces());
    let client = server.client(Prover::default());
    for expected in [2, 3, 4] {
        let response = client.post(&server.url).body("abc").send().await.unwrap();
        assert_eq!(response.status(), 200);
        // Only the first request is sent twice: each answer has the nonce of the next.
        assert_eq!(server.requests().len(), expected);
    }
    let proofs: Vec<String> =
        server.requests().iter().map(|one| one.header("x-proof").unwrap().to_owned()).collect();
    assert_eq!(proofs, ["proof-", "proof-1", "proof-2", "proof-3"]);
    assert!(server.requests().iter().all(|request| request.body == "abc"));
}

#[tokio::test]
async fn a_request_is_sent_once_more_and_no_more() {
    let server = Server::start(|_| (401, "DPoP-Nonce: again\r\n".to_owned()));
    let client = server.client(Prover::default());
    assert_eq!(client.get(&server.url).send().await.unwrap().status(), 401);
    assert_eq!(server.requests().len(), 2);
}

/// Asks for another try after every answer.
#[derive(Debug)]
struct Insistent(Reaction);

impl TokenProvider for Insistent {
    async fn token(&self, _context: &Context) -> Result<Token> {
        Token::new("abc")
    }

    fn response(&self, _: &ResponseHead<'_>, _: &Used, _: &Context) -> Reaction {
        self.0.clone()
    }
}

#[tokio::test]
async fn a_request_that_succeeded_is_never_sent_again() {
    for reaction in
        [Reaction::Retry, Reaction::Invalidate, Reaction::RetryWithScopes(vec!["more".to_owned()])]
    {
        let server = Server::start(|_| (201, String::new()));
        let client = server.client(Insistent(reaction));
        assert_eq!(client.post(&server.url).body("abc").send().await.unwrap().status(), 201);
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn an_error_of_a_request_is_readable_when_main_returns_it() {
    let server = Server::start(|_| (200, String::new()));
    let client = server.client(Insistent(Reaction::Pass));
    let error = client.get("https://other.example.com/").send().await.unwrap_err();
    assert_eq!(
        format!("{error:?}").replace(&server.url, "ORIGIN"),
        "the request was not authorised: these credentials are not for https://other.example.com, \
         but for ORIGIN\n  \
         help: add it to `credentials.origins` if they should be"
    );
}

#[tokio::test]
async fn a_body_that_streams_is_not_sent_again() {
    let server = Server::start(counting_nonces());
    let client = server.client(Prover::default());
    let body = ::reqwest::Body::wrap(http_body_util::Full::<&[u8]>::from(&b"abc"[..]));
    let response = client.post(&server.url).body(body).send().await.unwrap();
    assert_eq!((response.status().as_u16(), server.requests().len()), (401, 1));
    // Its nonce is in the next proof all the same.
    let response = client.get(&server.url).send().await.unwrap();
    assert_eq!((response.status().as_u16(), server.requests().len()), (200, 2));
}

/// Signs each request with a key that the exchange gave.
#[authn::token_provider("signer", cached, login)]
#[derive(Default)]
struct Signer {
    __exchanges: AtomicUsize,
}

const SIGNATURE: HeaderName = HeaderName::from_static("x-signature");

impl TokenSource for Signer {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let number = self.__exchanges.fetch_add(1, Ordering::SeqCst);
        let token =
            Token::new(format!("t{number}"))?.with_expires_in(std::time::Duration::from_hours(1));
        let tokens = TokenSet::new(token).with_refresh_token("never-seen".into());
        Ok(tokens.with_kept("key", format!("key-of-t{number}").into()))
    }

    fn authorize(&self, request: &mut Request<'_>, issued: &Issued, _: &Context) -> Result<()> {
        let key = issued.kept("key").ok_or_else(|| Error::internal("the key is not there"))?;
        let signed = format!("{} {} {}", request.method(), request.uri().path(), &*key.expose());
        request.set_header(SIGNATURE, signed)?;
        request.bearer(issued.token())
    }

    fn response(&self, head: &ResponseHead<'_>, used: &Used, _: &Context) -> Reaction {
        let is_key_known = used.kept("key").is_some_and(|key| key.expose().starts_with("key-of-"));
        match head.status() {
            StatusCode::FORBIDDEN if is_key_known => Reaction::Invalidate,
            StatusCode::PAYMENT_REQUIRED => Reaction::RetryWithScopes(vec!["paid".to_owned()]),
            _ => Reaction::Pass,
        }
    }
}

impl InteractiveSource for Signer {
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

#[tokio::test]
async fn a_signature_reads_the_key_that_was_kept_with_its_token() {
    let server = Server::start(|_| (200, String::new()));
    let folder = tempfile::tempdir().unwrap();
    let load = || {
        let text = format!("[credentials]\norigins = ['{}']\nsigner = {{}}", server.url);
        let environment = Environment::empty().state_directory(folder.path());
        let registry = Registry::builder().register::<Signer>().build().unwrap();
        let loader = Loader::new().registry(registry).environment(environment);
        Client::new(loader.defaults(&text).load().unwrap()).unwrap()
    };
    // The first one exchanges, then it is cached, then read from the store.
    let first = load();
    for client in [&first, &first, &load()] {
        client.get(format!("{}/things", server.url)).send().await.unwrap();
        let received = server.requests().pop().unwrap();
        assert_eq!(received.target, "/things");
        assert_eq!(received.header("x-signature"), Some("GET /things key-of-t0"));
        assert_eq!(received.header("authorization"), Some("Bearer t0"));
    }
}

#[tokio::test]
async fn a_provider_can_say_that_a_token_was_refused_whatever_the_status() {
    let server = Server::start(|request| {
        (
            if request.header("authorization") == Some("Bearer t0") { 403 } else { 200 },
            String::new(),
        )
    });
    let client = server.client(Cached::new(Signer::default()));
    assert_eq!(client.get(&server.url).send().await.unwrap().status(), 200);
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1].header("x-signature"), Some("GET / key-of-t1"));
}

#[tokio::test]
async fn a_provider_can_ask_for_more_scopes() {
    let server = Server::start(|request| {
        (
            if request.header("authorization") == Some("Bearer t0") { 402 } else { 200 },
            String::new(),
        )
    });
    let client = server.client(Cached::new(Signer::default()));
    assert_eq!(client.get(&server.url).send().await.unwrap().status(), 200);
    assert_eq!(client.credentials().token().await.unwrap().secret(), "t0", "not invalidated");
    let more = client.credentials().with_scope(&["paid"]);
    assert_eq!(more.token().await.unwrap().secret(), "t1");
}

#[tokio::test]
async fn the_callers_own_credential_is_not_the_providers_to_renew() {
    let server = Server::start(|_| (401, String::new()));
    let client = server.client(Cached::new(Signer::default()));
    client.get(&server.url).header("authorization", "Mine abc").send().await.unwrap();
    assert_eq!(server.requests().len(), 1);
    assert_eq!(client.credentials().try_token().map(|token| token.secret().to_owned()), None);
}

#[test]
fn what_is_passed_to_a_provider_shows_no_secret() {
    let secret = "canary-4711";
    let issued = || {
        let tokens = TokenSet::new(Token::new(secret).unwrap()).with_refresh_token(secret.into());
        Issued::from(tokens.with_kept("key", secret.into()))
    };
    let uri = http::Uri::try_from(format!("https://api.example.com/?key={secret}")).unwrap();
    let headers = http::HeaderMap::from_iter([(NONCE, HeaderValue::from_static("canary-4711"))]);
    let head = ResponseHead::new(&http::Method::GET, &uri, StatusCode::OK, &headers);
    let mut used = Used::default();
    let (mut parts, ()) = http::Request::get(&uri).body(()).unwrap().into_parts();
    Request::from(&mut parts).with_used(&mut used).bearer(issued().token()).unwrap();
    assert_eq!(used.token().unwrap().secret(), secret);
    for shown in [
        format!("{:?} {:#?}", issued(), issued()),
        format!("{used:?} {used:#?}"),
        format!("{head:?} {head:#?}"),
        format!("{:?}", Request::from(&mut parts).with_used(&mut used)),
    ] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
