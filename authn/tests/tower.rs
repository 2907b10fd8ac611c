//! `authn::tower::AuthLayer` as a layer: when it is ready, what a dropped future leaves, and what is sent below it.
//! `replay.rs` has bodies that stream.

#![cfg(feature = "tower")]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    convert::Infallible,
    future::{Future, pending, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context as Polling, Poll},
};

use authn::{
    Cached, Context, Credentials, Error, ErrorKind, Placement, Reaction, Request as Outgoing,
    ResponseHead, Result, Token, TokenProvider, TokenSet, TokenSource, UseCredentials, Used,
    WithholdToken, from_fn,
    tower::{Auth, AuthLayer, BoxError},
};
use http::{HeaderName, Request, Response, StatusCode};
use http_body_util::Empty;
use tokio::sync::Semaphore;
use tower::{Layer, Service, ServiceExt as _, limit::ConcurrencyLimit};

type Body = Empty<&'static [u8]>;

type Answers = Arc<dyn Fn(&Request<()>) -> StatusCode + Send + Sync>;

/// Answers as a test wants, and fails if it is called without having been ready.
struct Api {
    is_ready: bool,
    seen: Arc<Mutex<Vec<Request<()>>>>,
    answers: Answers,
}

impl Api {
    fn new(answers: impl Fn(&Request<()>) -> StatusCode + Send + Sync + 'static) -> Self {
        Self { is_ready: false, seen: Arc::default(), answers: Arc::new(answers) }
    }

    /// Returns the requests so far, as their URI and one header.
    fn seen(&self, header: &str) -> Vec<(String, Option<String>)> {
        let seen = self.seen.lock().unwrap();
        let shown = seen.iter().map(|request| {
            let value = request.headers().get(header);
            (request.uri().to_string(), value.map(|value| value.to_str().unwrap().to_owned()))
        });
        shown.collect()
    }
}

/// A clone is a service of its own, which is not ready.
impl Clone for Api {
    fn clone(&self) -> Self {
        let (seen, answers) = (Arc::clone(&self.seen), Arc::clone(&self.answers));
        Self { is_ready: false, seen, answers }
    }
}

impl Service<Request<Body>> for Api {
    type Response = Response<&'static str>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Polling<'_>) -> Poll<Result<(), Infallible>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        assert!(self.is_ready, "it is asked whether it is ready before each call");
        self.is_ready = false;
        let request = request.map(drop);
        assert!(request.extensions().is_empty(), "what is for the layer stays there");
        let mut response = Response::new("answer");
        *response.status_mut() = (self.answers)(&request);
        self.seen.lock().unwrap().push(request);
        Box::pin(async move { Ok(response) })
    }
}

/// Returns credentials for `https://a.test` whose tokens are `t1`, `t2` …
fn counting() -> Credentials {
    let count = AtomicUsize::new(0);
    let source = from_fn(move |_| {
        let number = count.fetch_add(1, Ordering::Relaxed) + 1;
        async move { Token::new(format!("t{number}")) }
    });
    Credentials::builder().source(source).origin("https://a.test").build().unwrap()
}

fn get(uri: &str) -> Request<Body> {
    Request::get(uri).body(Body::new()).unwrap()
}

fn seen(uri: &str, value: &str) -> (String, Option<String>) {
    (uri.to_owned(), Some(value.to_owned()))
}

fn refusing(refused: &'static str) -> impl Fn(&Request<()>) -> StatusCode {
    move |request| match request.headers().get("authorization") {
        Some(value) if value == refused => StatusCode::UNAUTHORIZED,
        _ => StatusCode::OK,
    }
}

#[tokio::test]
async fn a_refused_token_is_replaced_and_the_request_sent_once_more() {
    let api = Api::new(refusing("Bearer t1"));
    let mut client = AuthLayer::new(counting()).layer(api.clone());
    let response = client.ready().await.unwrap().call(get("https://a.test/x")).await.unwrap();
    assert_eq!(response.status(), 200);
    let [one, two] = ["Bearer t1", "Bearer t2"].map(|value| seen("https://a.test/x", value));
    assert_eq!(api.seen("authorization"), [one, two]);
}

#[tokio::test]
async fn a_request_that_is_sent_once_has_its_token_replaced_for_the_next() {
    let api = Api::new(refusing("Bearer t1"));
    let mut client = AuthLayer::new(counting()).send_once().layer(api.clone());
    for (status, count) in [(401, 1), (200, 2)] {
        let response = client.ready().await.unwrap().call(get("https://a.test/")).await.unwrap();
        assert_eq!((response.status().as_u16(), api.seen("authorization").len()), (status, count));
    }
}

#[tokio::test]
async fn extensions_say_which_credentials_a_request_has() {
    let api = Api::new(|_| StatusCode::OK);
    let mut client = AuthLayer::new(counting()).layer(api.clone());
    let other = Credentials::builder().source(from_fn(|_| async { Token::new("other") }));
    let other = UseCredentials(other.origin("https://b.test").build().unwrap());
    let mut requests = [(); 4].map(|()| get("https://b.test/"));
    requests[0].extensions_mut().insert(WithholdToken);
    requests[1].extensions_mut().insert(other.clone());
    requests[2].extensions_mut().insert(other);
    requests[2].extensions_mut().insert(WithholdToken);
    let mut results = Vec::new();
    for request in requests {
        let done = client.ready().await.unwrap().call(request).await;
        results.push(done.map_err(|error| error.downcast::<Error>().unwrap().kind()).err());
    }
    assert_eq!(results, [None, None, None, Some(ErrorKind::Origin)]);
    let sent: Vec<_> = api.seen("authorization").into_iter().map(|(_, value)| value).collect();
    assert_eq!(sent, [None, Some("Bearer other".to_owned()), None]);
}

#[tokio::test]
async fn a_uri_without_a_host_is_of_the_origin_that_the_layer_has() {
    let place = Placement::query("key");
    let builder = Credentials::builder().source(from_fn(|_| async { Token::new("abc") }));
    let credentials = builder.origin("https://a.test").placement(place).build().unwrap();
    let api = Api::new(|_| StatusCode::OK);
    let layer = AuthLayer::new(credentials);
    let [none, right, wrong] = ["", "https://a.test", "https://b.test"].map(|origin| {
        let layer = layer.clone();
        let layer = match origin {
            "" => layer,
            origin => layer.origin(origin.parse().unwrap()),
        };
        layer.layer(api.clone())
    });
    for mut client in [none, wrong] {
        let error = client.ready().await.unwrap().call(get("/x")).await.unwrap_err();
        assert_eq!(error.downcast::<Error>().unwrap().kind(), ErrorKind::Origin);
    }
    let mut client: Auth<Api> = right;
    client.ready().await.unwrap().call(get("/x?y=1")).await.unwrap();
    client.ready().await.unwrap().call(get("https://a.test")).await.unwrap();
    client.ready().await.unwrap().call(get("https://b.test")).await.unwrap_err();
    let sent: Vec<_> = api.seen("key").into_iter().map(|(uri, _)| uri).collect();
    assert_eq!(sent, ["/x?y=1&key=abc", "https://a.test/?key=abc"]);
}

#[tokio::test]
async fn an_origin_without_a_scheme_is_refused_whatever_the_uri_says() {
    let api = Api::new(|_| StatusCode::OK);
    for (origin, shown) in [
        ("a.test", "`a.test`"),
        ("a.test:443", "`a.test:443`"),
        ("canary@a.test:443", "`a.test:443`"),
        ("/canary", "without a host"),
    ] {
        // Lenient ones, too: the program would never have a credential.
        for credentials in [counting(), counting().if_available()] {
            let layer = AuthLayer::new(credentials).origin(origin.parse().unwrap());
            let mut client = layer.layer(api.clone());
            for uri in ["https://a.test/x", "/x"] {
                let error = client.ready().await.unwrap().call(get(uri)).await.unwrap_err();
                let error = error.downcast::<Error>().unwrap();
                assert_eq!(error.kind(), ErrorKind::Origin);
                assert!(error.to_string().contains(shown), "{error}");
                assert!(!error.to_string().contains("canary"), "{error}");
            }
        }
    }
    assert_eq!(api.seen("authorization"), []);
}

#[tokio::test]
async fn the_error_of_a_uri_without_a_host_says_how_to_name_one() {
    let mut client = AuthLayer::new(counting()).layer(Api::new(|_| StatusCode::OK));
    let error = client.ready().await.unwrap().call(get("/x")).await.unwrap_err();
    assert!(error.to_string().contains("`AuthLayer::origin`"), "{error}");
}

#[tokio::test]
async fn a_host_header_that_names_another_server_is_refused() {
    for (uri, host, is_sent) in [
        ("https://a.test/", "a.test", true),
        ("https://a.test/", "A.Test:443", true),
        ("https://u@a.test:443/", "a.test", true),
        ("/", "a.test", true),
        ("https://a.test/", "b.test", false),
        ("https://a.test/", "a.test:8443", false),
        ("https://a.test/", "a.test.b.test", false),
        ("https://a.test/", "a.test@b.test", false),
        ("https://a.test/", "u@a.test", false),
        ("https://a.test/", "", false),
        ("/", "b.test", false),
    ] {
        let api = Api::new(|_| StatusCode::OK);
        let layer = AuthLayer::new(counting()).origin("https://a.test".parse().unwrap());
        let mut client = layer.layer(api.clone());
        let mut request = get(uri);
        request.headers_mut().insert("host", host.parse().unwrap());
        let sent = client.ready().await.unwrap().call(request).await;
        let kind = sent.map(drop).map_err(|error| error.downcast::<Error>().unwrap().kind());
        let expected = if is_sent { Ok(()) } else { Err(ErrorKind::Origin) };
        assert_eq!(kind, expected, "{uri} {host}");
        assert_eq!(api.seen("authorization").len(), usize::from(is_sent));
    }
    // One of two is another one.
    let (mut parts, ()) = Request::get("https://a.test/").body(()).unwrap().into_parts();
    for host in ["a.test", "b.test"] {
        parts.headers.append("host", host.parse().unwrap());
    }
    let error = counting().authorize(&mut parts).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Origin);
    assert!(error.to_string().contains("`Host`"), "{error}");
    assert!(!parts.headers.contains_key("authorization"));
}

/// Has its token when a test lets it.
#[derive(Debug)]
struct Waits(Arc<Semaphore>);

impl TokenSource for Waits {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        self.0.acquire().await.unwrap().forget();
        Ok(Token::new("abc")?.into())
    }
}

fn waiting() -> (Arc<Semaphore>, Credentials) {
    let allowed = Arc::new(Semaphore::new(0));
    let source = Cached::new(Waits(Arc::clone(&allowed)));
    (allowed, Credentials::builder().provider(source).origin("https://a.test").build().unwrap())
}

#[tokio::test]
async fn a_request_that_waits_for_a_token_keeps_its_place_until_it_is_dropped() {
    let (allowed, credentials) = waiting();
    let api = Api::new(|_| StatusCode::OK);
    let limited = ConcurrencyLimit::new(api.clone(), 1);
    let mut client = AuthLayer::new(credentials.clone()).layer(limited);
    let mut waiting = client.ready().await.unwrap().call(get("https://a.test/"));
    assert!(is_pending(&mut waiting).await, "it waits for the token");
    assert!(
        is_pending(poll_fn(|polling| Service::<Request<Body>>::poll_ready(&mut client, polling)))
            .await
    );
    drop(waiting);
    let sent = client.ready().await.unwrap().call(get("https://a.test/"));
    // The exchange that the first one has started goes on.
    allowed.add_permits(1);
    assert_eq!(sent.await.unwrap().status(), 200);
    assert_eq!(api.seen("authorization"), [seen("https://a.test/", "Bearer abc")]);
}

/// Returns whether a future is not ready at once.
async fn is_pending(future: impl Future) -> bool {
    let mut future = pin!(future);
    poll_fn(|polling| Poll::Ready(future.as_mut().poll(polling).is_pending())).await
}

#[tokio::test]
async fn a_dropped_request_is_not_sent() {
    let credentials = counting();
    credentials.token().await.unwrap();
    let api = Api::new(|_| StatusCode::OK);
    let held = tower::service_fn(|_: Request<Body>| pending::<Result<Response<()>, Infallible>>());
    let mut never = AuthLayer::new(credentials.clone()).layer(held);
    let mut sent = never.ready().await.unwrap().call(get("https://a.test/"));
    assert!(is_pending(&mut sent).await);
    drop(sent);
    drop(AuthLayer::new(credentials).layer(api.clone()).call(get("https://a.test/")));
    assert_eq!(api.seen("authorization"), []);
}

#[tokio::test]
async fn what_follows_redirects_around_the_layer_takes_no_credential_along() {
    use tower_http::follow_redirect::FollowRedirectLayer;

    let seen = Arc::<Mutex<Vec<String>>>::default();
    let noted = Arc::clone(&seen);
    let api = tower::service_fn(move |request: Request<Body>| {
        let token = request.headers().contains_key("authorization");
        noted.lock().unwrap().push(format!("{} {token}", request.uri()));
        let mut response = Response::builder();
        if request.uri().path() == "/away" {
            response = response.status(302).header("location", "https://b.test/there");
        }
        let response = response.body(Body::new()).unwrap();
        async move { Ok::<_, BoxError>(response) }
    });
    for (credentials, is_followed) in [(counting().if_available(), true), (counting(), false)] {
        let mut client =
            FollowRedirectLayer::new().layer(AuthLayer::new(credentials).layer(api.clone()));
        let done = client.ready().await.unwrap().call(get("https://a.test/away")).await;
        assert_eq!(done.is_ok(), is_followed);
    }
    let expected =
        ["https://a.test/away true", "https://b.test/there false", "https://a.test/away true"];
    assert_eq!(*seen.lock().unwrap(), expected);
}

/// Notes what it is told, and asks for another try while it is refused.
#[derive(Debug, Default)]
struct Noting(Mutex<Vec<u16>>);

impl TokenProvider for Noting {
    async fn token(&self, _: &Context) -> Result<Token> {
        Err(Error::no_token())
    }

    async fn authorize(&self, request: &mut Outgoing<'_>, _: &Context) -> Result<()> {
        let answers = self.0.lock().unwrap().len();
        request.replace_header(HeaderName::from_static("x-proof"), format!("p{answers}"))
    }

    fn response(&self, head: &ResponseHead<'_>, _: &Used, _: &Context) -> Reaction {
        self.0.lock().unwrap().push(head.status().as_u16());
        Reaction::Retry
    }
}

#[tokio::test]
async fn the_provider_sees_each_answer_and_a_request_is_sent_once_more_at_most() {
    let api = Api::new(|request| match request.headers()["x-proof"].to_str().unwrap() {
        "p0" => StatusCode::UNAUTHORIZED,
        "p1" => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    });
    let builder = Credentials::builder().provider(Noting::default()).origin("https://a.test");
    let mut client = AuthLayer::new(builder.build().unwrap()).layer(api.clone());
    for (status, count) in [(503, 2), (200, 3)] {
        let response = client.ready().await.unwrap().call(get("https://a.test/")).await.unwrap();
        assert_eq!((response.status().as_u16(), api.seen("x-proof").len()), (status, count));
    }
}

#[tokio::test]
async fn nothing_that_is_shown_has_a_token() {
    let builder = Credentials::builder().source(from_fn(|_| async { Token::new("canary-4711") }));
    let credentials = builder.origin("https://a.test").build().unwrap();
    credentials.token().await.unwrap();
    let layer =
        AuthLayer::new(credentials.clone()).origin("https://u:canary-4711@a.test".parse().unwrap());
    let service = tower::service_fn(|request: Request<Body>| {
        let shown = format!("{request:?}");
        async move { Err::<Response<()>, BoxError>(shown.into()) }
    });
    let mut client = layer.clone().layer(service);
    let future = client.ready().await.unwrap().call(get("https://a.test/"));
    let mut shown = vec![format!("{layer:?} {:?} {future:?}", layer.layer(()))];
    // The client below shows the whole request, whose token is marked as sensitive.
    shown.push(future.await.unwrap_err().to_string());
    shown.push(format!("{:?}", layer.clone().buffer_body(1).layer(())));
    shown.push(client.call(get("https://b.test/?key=canary-4711")).await.unwrap_err().to_string());
    shown.push(format!("{:?} {WithholdToken:?}", UseCredentials(credentials)));
    for text in shown {
        assert!(!text.contains("canary"), "{text}");
    }
}
