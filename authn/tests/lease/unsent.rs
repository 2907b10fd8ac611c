//! What has not been sent when the lease is lost is not sent.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use authn::{
    Context, Credentials, Environment, Error, ErrorKind, Loader, Recovery, Result, SecretString,
    Token, TokenSet, TokenSource, Url, testing::TokenServer,
};

use super::{rotating::Bench, shelf::Shelf, start, wait_after_failure};
use crate::rotating::token;

fn assert_unsent(error: &Error) {
    assert_eq!(
        (error.kind(), error.recovery(), error.help()),
        (ErrorKind::Store, Recovery::Retry { after: None }, Some("try again"))
    );
    let expected = "the lease of the session in the shelf was lost, so the exchange was not sent";
    assert_eq!(error.message(), expected);
}

#[tokio::test]
async fn a_lease_that_is_lost_at_any_time_before_the_request_sends_nothing() {
    for is_first in [true, false] {
        let (bench, shelf) = (Bench::new(), Shelf::default());
        let credentials = shelf.process(&bench);
        if !is_first {
            assert_eq!(token(&credentials).await, "t1");
            bench.expire();
        }
        let sent = bench.exchanges();
        // At once, and while the source prepares its request, such as by reading metadata.
        shelf.lose_after(Some(0));
        assert_unsent(&credentials.token().await.unwrap_err());
        shelf.lose_after(None);
        wait_after_failure(&bench);
        let preparing = bench.server.stops.at("before");
        let exchange = start(&credentials);
        preparing.reached().await;
        let before = shelf.revisions();
        shelf.take_leases_away();
        preparing.go_on();
        assert_unsent(&exchange.await.unwrap().unwrap_err());
        assert_eq!(bench.exchanges(), sent, "nothing was sent");
        assert_eq!(shelf.revisions(), before, "and nothing was changed");
        wait_after_failure(&bench);
        assert_eq!(token(&credentials).await, format!("t{}", sent + 1));
    }
}

#[tokio::test]
async fn a_lost_lease_reserves_nothing() {
    let (bench, shelf) = (Bench::new(), Shelf::default());
    let credentials = shelf.process(&bench);
    token(&credentials).await;
    bench.expire();
    let before = shelf.revisions();
    shelf.lose_after(Some(0));
    assert_unsent(&credentials.token().await.unwrap_err());
    assert_eq!(shelf.revisions(), before, "the new holder's record is left alone");
}

#[tokio::test]
async fn after_the_exchange_its_context_refuses_nothing() {
    static KEPT: Mutex<Option<Context>> = Mutex::new(None);

    /// Keeps the context of its exchange.
    #[authn::token_provider("keeps_context", cached, login)]
    struct KeepsContext {}

    impl TokenSource for KeepsContext {
        async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
            *KEPT.lock().unwrap() = Some(context.clone());
            Ok(Token::new("t")?.into())
        }
    }

    impl authn::InteractiveSource for KeepsContext {
        async fn login(&self, _: &Context, _: &authn::Login) -> Result<Option<TokenSet>> {
            Ok(None)
        }
    }

    let shelf = Shelf::default();
    let text = "[credentials]\norigins = ['*']\n[credentials.keeps_context]\nstore = 'shelf'";
    let loader = Loader::new().environment(Environment::empty()).store("shelf", shelf.clone());
    let credentials = loader.defaults(text).load().unwrap();
    token(&credentials).await;
    // The lease is released, although the context is still there.
    shelf.take_leases_away();
    KEPT.lock().unwrap().as_ref().unwrap().check_lease().unwrap();
}

/// What a test does between two requests of the source.
static BETWEEN: Mutex<Vec<Box<dyn Fn() + Send>>> = Mutex::new(Vec::new());

/// Sends its secret to a server by the client of the framework, once more if the server wants that, as for a nonce, and reads
/// what the answer needs.
#[authn::token_provider("sends_twice", cached, login)]
struct SendsTwice {
    /// Token endpoint.
    url: Url,
    /// First refresh token.
    _refresh_token: SecretString,
    /// Index in `BETWEEN`.
    between: usize,
    /// What it reads first.
    metadata: Option<Url>,
}

impl TokenSource for SendsTwice {
    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        if let Some(metadata) = &self.metadata {
            context.http().get(metadata).send().await?.success()?;
        }
        let sent = last.and_then(TokenSet::refresh_token).unwrap_or(&self._refresh_token);
        let form = [("grant_type", "refresh_token"), ("refresh_token", &*sent.expose())];
        let mut answer = context.http().post(&self.url).form(&form).send().await?;
        if answer.status() == 400 {
            BETWEEN.lock().unwrap()[self.between]();
            answer = context.http().post(&self.url).form(&form).send().await?;
        }
        let answer = answer.success()?;
        BETWEEN.lock().unwrap()[self.between]();
        // The keys of the answer's signature.
        let metadata = self.url.join("/.well-known/openid-configuration").unwrap();
        context.http().get(&metadata).send().await?.success()?;
        let token = Token::new(answer.required::<String>("access_token")?)?;
        let next = answer.required::<String>("refresh_token")?;
        Ok(TokenSet::new(token).with_refresh_token(next.into()))
    }
}

impl authn::InteractiveSource for SendsTwice {
    async fn login(&self, _: &Context, _: &authn::Login) -> Result<Option<TokenSet>> {
        Ok(None)
    }

    fn session(&self) -> authn::SessionPolicy<'_> {
        authn::SessionPolicy::From(&self._refresh_token)
    }
}

fn sender(shelf: &Shelf, server: &TokenServer, busy: Option<&Busy>) -> Credentials {
    let mut all = BETWEEN.lock().unwrap();
    let taken = shelf.clone();
    all.push(Box::new(move || taken.take_leases_away()));
    server.accept_refresh_token("r0");
    let metadata = busy.map(|busy| format!("metadata = 'http://{}/'\n", busy.address));
    let metadata = metadata.unwrap_or_default();
    let text = format!(
        "[credentials]\norigins = ['*']\n[credentials.sends_twice]\nstore = 'shelf'\n\
         url = '{}'\nrefresh_token = 'r0'\nbetween = {}\n{metadata}",
        server.url("/token"),
        all.len() - 1
    );
    let loader = Loader::new().environment(Environment::empty()).store("shelf", shelf.clone());
    loader.defaults(&text).load().unwrap()
}

#[tokio::test]
async fn a_request_is_not_repeated_once_the_lease_is_lost() {
    let server = TokenServer::start().unwrap();
    // As for a nonce: the first answer asks for a repetition.
    let shelf = Shelf::default();
    server.answer_next(400, r#"{ "error": "use_dpop_nonce" }"#);
    assert_unsent(&sender(&shelf, &server, None).token().await.unwrap_err());
    assert_eq!(server.token_requests().len(), 1, "the second one was not sent");

    // The client repeats by itself a request that only reads. The lease is looked at twice before the source is asked, and
    // before each try.
    for looks in 2..=4 {
        let (shelf, busy) = (Shelf::default(), Busy::start());
        shelf.lose_after(Some(looks));
        assert_unsent(&sender(&shelf, &server, Some(&busy)).token().await.unwrap_err());
        assert_eq!(busy.requests.load(Ordering::SeqCst), looks - 2);
    }
}

/// A server that has no time.
struct Busy {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Busy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                    if line.unwrap().is_empty() {
                        break;
                    }
                }
                counted.fetch_add(1, Ordering::SeqCst);
                let answer = "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        Self { address, requests }
    }
}

#[tokio::test]
async fn what_an_answer_needs_is_asked_for_although_the_lease_is_lost() {
    let (server, shelf) = (TokenServer::start().unwrap(), Shelf::default());
    // The lease is taken away when the server has answered.
    let credentials = sender(&shelf, &server, None);
    assert_eq!(token(&credentials).await, "access-1");
    assert!(shelf.sessions()[0].contains("refresh-1"), "it is saved");
}
