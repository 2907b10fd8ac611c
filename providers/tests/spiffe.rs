//! `spiffe` against a Workload API that this test serves: gRPC over HTTP/2 on a unix socket (SPIFFE Workload API, section 6).

#![cfg(all(feature = "spiffe", unix))]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    convert::Infallible,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use authn::{
    Credentials, Environment, ErrorKind, Loader,
    conformance::Canary,
    time::{Clock, ManualClock},
};
use authn_providers as _;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    HeaderMap, Request, Response,
    body::{Bytes, Incoming},
    server::conn::http2,
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{net::UnixListener, sync::Notify, task::JoinHandle};
use tracing_subscriber::filter::LevelFilter;

const SVID: &str = "e30.eyJleHAiOjQxMDI0NDQ4MDB9.c2ln";

/// What the agent answers.
#[derive(Clone)]
enum Answer {
    Svid(&'static str),
    Nothing,
    Status(u8, &'static str),
    /// It hangs, and tells that it does.
    Never(Arc<Notify>),
}

/// A field of a message of Protocol Buffers that is a text or a message.
fn field(number: u8, value: &[u8]) -> Vec<u8> {
    let length = u8::try_from(value.len()).unwrap();
    assert!(length < 0x80);
    [&[number << 3 | 2, length], value].concat()
}

fn frame(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0], &length[..], message].concat().into()
}

/// Returns the texts of a request by the numbers of their fields.
fn texts(mut message: &[u8]) -> Vec<(u8, String)> {
    let mut texts = Vec::new();
    while let [tag, length, rest @ ..] = message {
        let (value, rest) = rest.split_at(usize::from(*length));
        texts.push((tag >> 3, String::from_utf8(value.to_vec()).unwrap()));
        message = rest;
    }
    texts
}

type Asked = Arc<Mutex<Vec<Vec<(u8, String)>>>>;

async fn answer(
    request: Request<Incoming>,
    answer: Answer,
    asked: Asked,
) -> Result<Response<http_body_util::combinators::BoxBody<Bytes, Infallible>>, Infallible> {
    let (head, body) = request.into_parts();
    assert_eq!(head.uri.path(), "/SpiffeWorkloadAPI/FetchJWTSVID");
    // Without this header, an agent must refuse: the request could be that of a server that was tricked.
    assert_eq!(head.headers["workload.spiffe.io"], "true");
    let body = body.collect().await.unwrap().to_bytes();
    asked.lock().unwrap().push(texts(&body[5..]));
    let status = |code: u8, message: &str, body: Bytes| {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", code.to_string().parse().unwrap());
        trailers.insert("grpc-message", message.parse().unwrap());
        let body = Full::new(body).with_trailers(async move { Some(Ok(trailers)) });
        Response::builder().header("content-type", "application/grpc").body(body.boxed()).unwrap()
    };
    Ok(match answer {
        Answer::Svid(svid) => {
            let svid =
                [field(1, b"spiffe://example.org/things"), field(2, svid.as_bytes())].concat();
            status(0, "", frame(&field(1, &svid)))
        }
        Answer::Nothing => status(0, "", frame(&[])),
        Answer::Status(code, message) => status(code, message, Bytes::new()),
        Answer::Never(hangs) => {
            hangs.notify_one();
            std::future::pending().await
        }
    })
}

/// Starts an agent at a socket. Returns what it is asked.
fn agent(socket: &Path, with: Answer) -> (JoinHandle<()>, Asked) {
    let _ = std::fs::remove_file(socket);
    let listener = UnixListener::bind(socket).unwrap();
    let asked = Asked::default();
    let notes = Arc::clone(&asked);
    let task = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (with, notes) = (with.clone(), Arc::clone(&notes));
            let service =
                service_fn(move |request| answer(request, with.clone(), Arc::clone(&notes)));
            tokio::spawn(async move {
                let server = http2::Builder::new(TokioExecutor::new());
                drop(server.serve_connection(TokioIo::new(stream), service).await);
            });
        }
    });
    (task, asked)
}

fn load(socket: &Path, options: &str, clock: Clock) -> Credentials {
    let variable = format!("unix://{}", socket.display());
    let text = format!("[credentials]\ndomain = 'api.example.com'\n{options}");
    let environment = Environment::empty().variable("SPIFFE_ENDPOINT_SOCKET", variable);
    Loader::new().environment(environment).clock(clock).defaults(&text).load().unwrap()
}

const ONE: &str = "spiffe = { audience = ['https://api.example.com'] }";

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_is_asked_for_the_audiences_and_the_identity() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("agent.sock");
    let (_task, asked) = agent(&socket, Answer::Svid(SVID));
    let options = "spiffe = { audience = ['a', 'b'], spiffe_id = 'spiffe://example.org/things' }";
    let token = load(&socket, options, Clock::system()).token().await.unwrap();
    assert_eq!(token.secret(), SVID);
    assert!(token.expires_at().is_some());
    let id = (2, "spiffe://example.org/things".to_owned());
    assert_eq!(*asked.lock().unwrap(), [vec![(1, "a".to_owned()), (1, "b".to_owned()), id]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_of_the_agent_is_logged_or_shown() {
    let logs = tempfile::NamedTempFile::new().unwrap();
    // The requests are made on other threads.
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(Mutex::new(logs.reopen().unwrap()))
        .init();
    let canary = Canary::new();
    let svid = format!("e30.eyJleHAiOjQxMDI0NDQ4MDB9.{}", canary.as_str()).leak();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("agent.sock");
    let (_task, _) = agent(&socket, Answer::Svid(svid));
    let credentials = load(&socket, ONE, Clock::system());
    let token = credentials.token().await.unwrap();
    assert_eq!(token.secret(), svid);
    let shown = format!("{credentials:?} {token:?} {:?}", credentials.status().await);
    let logged = std::fs::read(logs.path()).unwrap();
    assert!(logged.windows(14).any(|text| text == b"exchange ended"));
    assert_eq!(canary.find_in(shown.as_bytes()), None);
    assert_eq!(canary.find_in(&logged), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_an_identity_of_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("agent.sock");
    let (_task, asked) = agent(&socket, Answer::Svid(SVID));
    let options = "workload_identity = { identity_audience = 'a' }";
    let token = load(&socket, options, Clock::system()).token().await.unwrap();
    assert_eq!(token.secret(), SVID);
    assert_eq!(*asked.lock().unwrap(), [vec![(1, "a".to_owned())]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_has_nothing_of_the_agents_text() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("agent.sock");
    for (with, kind, said) in [
        (Answer::Status(7, "no identity issued: s3cr3t"), ErrorKind::Refused, "has no identity"),
        (Answer::Status(7, "s3cr3t"), ErrorKind::Refused, "does not let this program"),
        (Answer::Status(3, "s3cr3t"), ErrorKind::Refused, "refuses the request"),
        (Answer::Status(14, "s3cr3t"), ErrorKind::Network, "can't answer now (unavailable)"),
        (Answer::Status(12, "s3cr3t"), ErrorKind::Protocol, "an error (unimplemented)"),
        (Answer::Nothing, ErrorKind::Protocol, "answered with"),
        (Answer::Svid("s3cr3t s3cr3t"), ErrorKind::InvalidToken, "characters"),
    ] {
        let (task, _) = agent(&socket, with);
        let error = load(&socket, ONE, Clock::system()).token().await.unwrap_err();
        task.abort();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(said), "{said}: {error}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("s3cr3t") && !error.is_not_applicable(), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_hangs_is_waited_for_ten_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("agent.sock");
    let hangs = Arc::<Notify>::default();
    let (_task, _) = agent(&socket, Answer::Never(Arc::clone(&hangs)));
    let clock = ManualClock::new();
    let credentials = load(&socket, ONE, Clock::custom(clock.clone()));
    let token = tokio::spawn(async move { credentials.token().await });
    hangs.notified().await;
    clock.advance(Duration::from_secs(10));
    let error = token.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
    assert!(error.message().ends_with("did not answer in time"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_was_restarted_is_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("agent.sock");
    let (task, _) = agent(&socket, Answer::Svid(SVID));
    let credentials = load(&socket, ONE, Clock::system());
    let first = credentials.token().await.unwrap();
    task.abort();
    let other = "e30.eyJleHAiOjQxMDI0NDQ4MDF9.c2ln";
    let (_task, _) = agent(&socket, Answer::Svid(other));
    credentials.invalidate(&first);
    assert_eq!(credentials.token().await.unwrap().secret(), other);
}

#[tokio::test]
async fn an_agent_that_is_down_is_no_other_machine() {
    let folder = tempfile::tempdir().unwrap();
    let credentials = load(&folder.path().join("absent.sock"), ONE, Clock::system());
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network, "{error}");
}

#[test]
fn options_that_are_no_agent_are_refused() {
    for (options, message) in [
        ("audience = []", "`audience` is empty"),
        ("audience = ['']", "`audience` is empty"),
        ("audience = ['a']\nspiffe_id = 'x'", "`spiffe_id` is not a SPIFFE ID"),
        ("audience = ['a']\nendpoint = 'tcp://10.0.0.1:8081'", "`endpoint` is not the socket"),
        ("audience = ['a']\nendpoint = 'tcp://localhost:8081'", "`endpoint` is not the socket"),
        ("audience = ['a']\nendpoint = 'http://127.0.0.1'", "`endpoint` is not the socket"),
        ("audience = ['a']\nendpoint = '/run/agent.sock'", "`endpoint` is not the socket"),
    ] {
        let text = format!("[credentials]\norigins = ['*']\n[credentials.spiffe]\n{options}");
        let loaded = Loader::new().environment(Environment::empty()).defaults(&text).load();
        let error = loaded.expect_err(options).to_string();
        assert!(error.contains(message), "{options}: {error}");
    }
}
