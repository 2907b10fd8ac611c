//! `authn::tonic`: what the interceptor and the layer do without a server. `tests/tests/grpc` has one.

#![cfg(feature = "tonic")]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context as Polling, Poll},
    time::Duration,
};

use authn::{
    Context, Credentials, CredentialsBuilder, Error, ErrorKind, Placement, Request, Result, Token,
    TokenProvider, UseCredentials, WithholdToken, from_fn,
    time::{Clock, ManualClock},
    tonic::{AuthInterceptor, AuthLayer},
};
use http::{HeaderMap, Response, StatusCode, Uri};
use http_body_util::BodyExt as _;
use tonic::{Code, GrpcMethod, Status, body::Body, service::Interceptor as _};
use tower::{Layer, Service, ServiceExt as _, service_fn};

const ORIGIN: &str = "https://a.test";

fn builder() -> CredentialsBuilder {
    let count = AtomicUsize::new(0);
    let source = from_fn(move |_| {
        let number = count.fetch_add(1, Ordering::Relaxed) + 1;
        async move { Token::new(format!("t{number}")) }
    });
    Credentials::builder().source(source).origin(ORIGIN)
}

fn call(credentials: &Credentials, origin: &'static str) -> Result<HeaderMap, Status> {
    let mut interceptor = AuthInterceptor::new(credentials.clone(), Uri::from_static(origin));
    let mut request = tonic::Request::new(());
    request.extensions_mut().insert(GrpcMethod::new("shop.Things", "Get"));
    interceptor.call(request).map(|request| request.into_parts().0.into_headers())
}

#[tokio::test]
async fn an_interceptor_without_a_token_requests_one_for_later_calls() {
    let credentials = builder().build().unwrap();
    let status = call(&credentials, ORIGIN).unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("no valid token is available"), "{status}");
    // It joins the exchange that the call has started.
    assert_eq!(credentials.token().await.unwrap().secret(), "t1");
    let headers = call(&credentials, ORIGIN).unwrap();
    assert_eq!(headers["authorization"], "Bearer t1");
    assert!(headers["authorization"].is_sensitive());
}

#[tokio::test]
async fn a_later_call_of_an_interceptor_has_the_error_of_the_exchange() {
    let source = from_fn(|_| async {
        Err::<Token, _>(Error::new(ErrorKind::LoginRequired, "no user is logged in"))
    });
    let credentials = Credentials::builder().source(source).origin(ORIGIN).build().unwrap();
    let interceptor = AuthInterceptor::new(credentials, Uri::from_static(ORIGIN));
    let call = || interceptor.clone().call(tonic::Request::new(())).unwrap_err();
    let mut status = call();
    assert_eq!(status.code(), Code::Unavailable);
    // The exchange ends in the background.
    while status.code() == Code::Unavailable {
        tokio::task::yield_now().await;
        status = call();
    }
    assert_eq!(status.code(), Code::Unauthenticated);
    assert!(status.message().contains("no user is logged in"), "{status}");
}

#[tokio::test]
async fn a_call_to_another_origin_or_another_place_is_refused() {
    let credentials = builder().build().unwrap();
    credentials.token().await.unwrap();
    for origin in ["https://b.test", "https://a.test:8443", "/"] {
        let status = call(&credentials, origin).unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
        let source = std::error::Error::source(&status).unwrap();
        assert_eq!(source.downcast_ref::<Error>().unwrap().kind(), ErrorKind::Origin);
    }
    for placement in [Placement::query("key"), Placement::body("key")] {
        let credentials = builder().placement(placement).build().unwrap();
        credentials.token().await.unwrap();
        let status = call(&credentials, ORIGIN).unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
    }
}

/// Signs what a call is.
#[derive(Debug)]
struct Signs;

impl TokenProvider for Signs {
    async fn token(&self, _: &Context) -> Result<Token> {
        Err(Error::no_token())
    }

    fn try_authorize(&self, request: &mut Request<'_>, _: &Context) -> Option<Result<()>> {
        let signed = format!("{} {}", request.method(), request.uri());
        Some(request.replace_header("x-signed", signed))
    }
}

#[test]
fn a_signer_sees_the_whole_address_of_a_call() {
    let credentials = Credentials::builder().provider(Signs).origin(ORIGIN).build().unwrap();
    let headers = call(&credentials, ORIGIN).unwrap();
    assert_eq!(headers["x-signed"], "POST https://a.test/shop.Things/Get");
}

/// The rest of an answer: trailers alone.
struct Trailers(Option<HeaderMap>);

impl http_body::Body for Trailers {
    type Data = &'static [u8];
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Polling<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Self::Data>, Infallible>>> {
        Poll::Ready(self.0.take().map(|trailers| Ok(http_body::Frame::trailers(trailers))))
    }
}

/// Sends calls to a server that refuses the first token, in the headers or in the trailers, and returns how each ends and how
/// many have reached the server.
async fn refused_once(in_headers: bool, kind: &'static str) -> Vec<(Option<String>, usize)> {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let server = service_fn(move |request: http::Request<Body>| {
        counted.fetch_add(1, Ordering::SeqCst);
        let code = if request.headers()["authorization"] == "Bearer t1" { "16" } else { "0" };
        let mut response = Response::builder().status(StatusCode::OK).header("content-type", kind);
        let mut trailers = HeaderMap::new();
        if in_headers {
            response = response.header("grpc-status", code);
        } else {
            trailers.insert("grpc-status", code.parse().unwrap());
        }
        let response = response.body(Trailers(Some(trailers))).unwrap();
        async move { Ok::<_, Infallible>(response) }
    });
    let layer = AuthLayer::new(builder().build().unwrap(), Uri::from_static(ORIGIN));
    let mut channel = layer.layer(server);
    let mut ends = Vec::new();
    for _ in 0..2 {
        let request = http::Request::post("/shop.Things/Get").body(Body::empty()).unwrap();
        let response = channel.ready().await.unwrap().call(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap();
        let code = head.headers.get("grpc-status");
        let code = code.or_else(|| body.trailers().and_then(|all| all.get("grpc-status")));
        let code = code.map(|code| code.to_str().unwrap().to_owned());
        ends.push((code, calls.load(Ordering::SeqCst)));
    }
    ends
}

#[tokio::test]
async fn a_call_that_is_refused_before_any_message_is_sent_once_more() {
    let code = |code: &str| Some(code.to_owned());
    let grpc = "application/grpc";
    assert_eq!(refused_once(true, grpc).await, [(code("0"), 2), (code("0"), 3)]);
    // Messages may have come before, so only the next call has another token.
    assert_eq!(refused_once(false, grpc).await, [(code("16"), 1), (code("0"), 2)]);
    // What is no answer of gRPC has no such status.
    assert_eq!(refused_once(true, "text/plain").await[0], (code("16"), 1));
}

#[tokio::test]
async fn the_origin_of_the_channel_counts_and_not_what_a_client_calls_it() {
    let server = service_fn(|request: http::Request<Body>| {
        let has_token = request.headers().contains_key("authorization");
        let response = Response::builder().header("has-token", has_token.to_string());
        let response = response.body(Trailers(None)).unwrap();
        async move { Ok::<_, Infallible>(response) }
    });
    let credentials = builder().build().unwrap();
    for (origin, uri, is_sent) in [
        (ORIGIN, "https://b.test/shop.Things/Get", true),
        ("https://b.test", "https://a.test/shop.Things/Get", false),
        ("https://b.test", "/shop.Things/Get", false),
    ] {
        let mut channel =
            AuthLayer::new(credentials.clone(), Uri::from_static(origin)).layer(server);
        let request = http::Request::post(uri).body(Body::empty()).unwrap();
        let sent = channel.ready().await.unwrap().call(request).await;
        let sent = sent.ok().map(|response| response.headers()["has-token"] == "true");
        assert_eq!(sent, is_sent.then_some(true), "{origin} {uri}");
    }
}

/// Returns the status of a call that must not reach the server.
async fn unsent(credentials: Credentials, origin: &'static str, uri: &str) -> Status {
    let server = service_fn(|_: http::Request<Body>| {
        panic!("nothing is sent");
        #[expect(unreachable_code, reason = "for the type")]
        std::future::ready(Ok::<Response<Trailers>, Infallible>(Response::new(Trailers(None))))
    });
    let mut channel = AuthLayer::new(credentials, Uri::from_static(origin)).layer(server);
    let request = http::Request::post(uri).body(Body::empty()).unwrap();
    Status::from_error(channel.ready().await.unwrap().call(request).await.unwrap_err())
}

fn source(status: &Status) -> &Error {
    std::error::Error::source(status).unwrap().downcast_ref().unwrap()
}

#[tokio::test]
async fn an_origin_without_a_scheme_is_refused_whatever_a_client_calls_the_server() {
    for origin in ["a.test", "127.0.0.1:45483"] {
        for credentials in [builder().build().unwrap(), builder().build().unwrap().if_available()] {
            credentials.token().await.unwrap();
            for uri in ["https://a.test/shop.Things/Get", "/shop.Things/Get"] {
                let status = unsent(credentials.clone(), origin, uri).await;
                assert_eq!(source(&status).kind(), ErrorKind::Origin);
                assert!(status.message().contains(&format!("`{origin}`")), "{status}");
            }
            let status = call(&credentials, origin).unwrap_err();
            assert_eq!(source(&status).kind(), ErrorKind::Origin);
            assert!(status.message().contains(&format!("`{origin}`")), "{status}");
        }
    }
}

#[tokio::test]
async fn a_name_of_binary_metadata_takes_no_token() {
    let place = Placement::header(http::HeaderName::from_static("token-bin"), "");
    let credentials = builder().placement(place).build().unwrap();
    credentials.token().await.unwrap();
    let statuses = [
        call(&credentials, ORIGIN).unwrap_err(),
        unsent(credentials.clone(), ORIGIN, "/shop.Things/Get").await,
    ];
    for status in statuses {
        assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
        assert!(status.message().contains("`-bin`"), "{status}");
    }
    let error = credentials.clone().metadata().await.unwrap_err();
    assert!(error.to_string().contains("`-bin`"), "{error}");
}

#[tokio::test]
async fn an_interceptor_reads_the_extensions_of_a_call() {
    let other = Credentials::builder().source(from_fn(|_| async { Token::new("other") }));
    let other = other.origin(ORIGIN).build().unwrap();
    let elsewhere = builder().build().unwrap();
    for (own, waits) in [(builder().build().unwrap(), false), (builder().build().unwrap(), true)] {
        let mut interceptor = AuthInterceptor::new(own.clone(), Uri::from_static(ORIGIN));
        if !waits {
            own.token().await.unwrap();
            other.token().await.unwrap();
        }
        let mut request = tonic::Request::new(());
        request.extensions_mut().insert(UseCredentials(other.clone()));
        let sent = interceptor.call(request).unwrap();
        assert_eq!(sent.metadata().get("authorization").unwrap(), "Bearer other");
        assert!(sent.extensions().get::<UseCredentials>().is_none());
        let mut request = tonic::Request::new(());
        request.extensions_mut().insert(UseCredentials(elsewhere.clone()));
        request.extensions_mut().insert(WithholdToken);
        let sent = interceptor.call(request).unwrap();
        assert!(sent.metadata().is_empty());
        assert!(sent.extensions().get::<WithholdToken>().is_none());
        assert_eq!(own.try_token().is_some(), !waits, "no token is requested in vain");
    }
    // Those that have no token yet have one requested.
    let mut interceptor =
        AuthInterceptor::new(builder().build().unwrap(), Uri::from_static(ORIGIN));
    let mut request = tonic::Request::new(());
    request.extensions_mut().insert(UseCredentials(elsewhere.clone()));
    assert_eq!(interceptor.call(request).unwrap_err().code(), Code::Unavailable);
    assert_eq!(elsewhere.token().await.unwrap().secret(), "t1");
}

#[tokio::test]
async fn an_error_of_the_background_ends_with_a_token() {
    let fails = Arc::new(AtomicBool::new(true));
    let (is_down, clock) = (Arc::clone(&fails), ManualClock::new());
    let source = from_fn(move |_| {
        let is_down = is_down.load(Ordering::SeqCst);
        async move {
            if is_down {
                return Err(Error::new(ErrorKind::LoginRequired, "no user is logged in"));
            }
            Token::new("t1").map(|token| token.with_expires_in(Duration::from_mins(10)))
        }
    });
    let builder = Credentials::builder().source(source).origin(ORIGIN);
    let credentials = builder.clock(Clock::custom(clock.clone())).build().unwrap();
    let interceptor = AuthInterceptor::new(credentials.clone(), Uri::from_static(ORIGIN));
    let call = || interceptor.clone().call(tonic::Request::new(()));
    assert_eq!(call().unwrap_err().code(), Code::Unavailable);
    // After what the call has started, which the same thread does.
    for _ in 0..3 {
        clock.advance(Duration::from_hours(1));
        credentials.token().await.unwrap_err();
    }
    fails.store(false, Ordering::SeqCst);
    clock.advance(Duration::from_hours(1));
    credentials.token().await.unwrap();
    call().unwrap();
    clock.advance(Duration::from_hours(1));
    let status = call().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
}

#[tokio::test]
async fn a_call_that_is_not_authorised_says_what_to_do() {
    for (error, code) in [
        (Error::network("the server is down"), Code::Unavailable),
        (Error::new(ErrorKind::LoginRequired, "no user is logged in"), Code::Unauthenticated),
        (Error::configuration("the key is wrong"), Code::FailedPrecondition),
    ] {
        let kind = error.kind();
        let source = from_fn(move |_| {
            let error = error.clone();
            async move { Err::<Token, _>(error) }
        });
        let credentials = Credentials::builder().source(source).origin(ORIGIN).build().unwrap();
        let status = unsent(credentials, ORIGIN, "/shop.Things/Get").await;
        assert_eq!(status.code(), code, "{status}");
        let source = std::error::Error::source(&status).unwrap();
        assert_eq!(source.downcast_ref::<Error>().unwrap().kind(), kind);
    }
}
