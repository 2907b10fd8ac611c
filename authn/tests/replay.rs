//! `authn::tower::AuthLayer` with bodies that stream: when the second sending starts, what is kept, and how a failure ends.

#![cfg(feature = "tower")]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    collections::VecDeque,
    future::{self, Future},
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use authn::{
    Credentials, Token, from_fn,
    tower::{AuthLayer, BoxError, ReplayBody},
};
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Full};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::{Layer, Service, ServiceExt, service_fn};

/// Bounds a test that would not end.
const LONG: Duration = Duration::from_secs(30);

/// Returns credentials for `https://a.test` whose tokens are `t1`, `t2` …
fn counting() -> Credentials {
    let count = AtomicUsize::new(0);
    let source = from_fn(move |_| {
        let number = count.fetch_add(1, Ordering::Relaxed) + 1;
        async move { Token::new(format!("t{number}")) }
    });
    Credentials::builder().source(source).origin("https://a.test").build().unwrap()
}

/// A body that does not end.
struct Endless(VecDeque<Bytes>);

impl Endless {
    fn new<const N: usize>(parts: [Bytes; N]) -> Self {
        Self(parts.into())
    }
}

impl Body for Endless {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.0.pop_front() {
            Some(part) => Poll::Ready(Some(Ok(Frame::data(part)))),
            None => Poll::Pending,
        }
    }
}

type Pinned<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A connection with room for one stream, which is there again once the body before has ended. It refuses the first token at
/// once, and answers any other with the first part of the body.
struct OneStream {
    free: Arc<Semaphore>,
    acquire: Option<Pinned<OwnedSemaphorePermit>>,
    permit: Option<OwnedSemaphorePermit>,
}

impl OneStream {
    fn new() -> Self {
        Self { free: Arc::new(Semaphore::new(1)), acquire: None, permit: None }
    }
}

impl Clone for OneStream {
    fn clone(&self) -> Self {
        Self { free: Arc::clone(&self.free), acquire: None, permit: None }
    }
}

impl<B> Service<Request<B>> for OneStream
where
    B: Body<Data = Bytes, Error = BoxError> + Send + Unpin + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = BoxError;
    type Future = Pinned<Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if self.permit.is_none() {
            let free = Arc::clone(&self.free);
            let acquire = self
                .acquire
                .get_or_insert_with(|| Box::pin(async { free.acquire_owned().await.unwrap() }));
            self.permit = Some(ready!(acquire.as_mut().poll(context)));
            self.acquire = None;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let permit = self.permit.take().unwrap();
        let is_refused = request.headers()["authorization"] == "Bearer t1";
        let mut body = request.into_body();
        Box::pin(async move {
            if is_refused {
                tokio::spawn(async move {
                    while let Some(Ok(_)) = body.frame().await {}
                    drop(permit);
                });
                let refusal = Response::builder().status(401);
                return Ok(refusal.body(Full::default()).unwrap());
            }
            let part = body.frame().await.unwrap()?.into_data().unwrap();
            Ok(Response::new(Full::new(part)))
        })
    }
}

#[tokio::test]
async fn the_first_sending_ends_before_the_second_waits_for_its_place() {
    let mut client = AuthLayer::new(counting()).buffer_body(1024).layer(OneStream::new());
    let body = Endless::new([Bytes::from_static(b"one")]);
    let request = Request::post("https://a.test/").body(body).unwrap();
    let ready = ServiceExt::<Request<Endless>>::ready(&mut client).await.unwrap();
    let sent = tokio::time::timeout(LONG, ready.call(request)).await;
    let response = sent.expect("the second sending gets its place").unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "one");
}

#[tokio::test]
async fn a_second_sending_that_fails_says_that_the_first_was_refused() {
    let count = Arc::new(AtomicUsize::new(0));
    let service = service_fn(move |_: Request<Full<Bytes>>| {
        future::ready(match count.fetch_add(1, Ordering::Relaxed) {
            0 => Ok(Response::builder().status(401).body(()).unwrap()),
            _ => Err(io::Error::other("connection reset")),
        })
    });
    let mut client = AuthLayer::new(counting()).layer(service);
    let request = Request::post("https://a.test/").body(Full::default()).unwrap();
    let error = client.ready().await.unwrap().call(request).await.unwrap_err();
    assert!(error.to_string().contains("answered with status 401"), "{error}");
    let source = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
    assert_eq!(source.to_string(), "connection reset");
}

/// Counts the parts that are still held.
struct Held(Arc<AtomicUsize>, &'static [u8]);

impl Held {
    fn part(count: &Arc<AtomicUsize>) -> Bytes {
        count.fetch_add(1, Ordering::SeqCst);
        Bytes::from_owner(Self(Arc::clone(count), b"a part"))
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        self.1
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn nothing_is_kept_of_a_body_once_it_will_not_be_sent_again() {
    // The answer has the body, so that a test goes on to read it.
    let service = service_fn(|request: Request<ReplayBody<Endless>>| async {
        let mut body = request.into_body();
        drop(body.frame().await.unwrap()?);
        Ok::<_, BoxError>(Response::new(body))
    });
    let count = Arc::new(AtomicUsize::new(0));
    let body = Endless::new([Held::part(&count), Held::part(&count), Held::part(&count)]);
    let mut client = AuthLayer::new(counting()).buffer_body(1024).layer(service);
    let request = Request::post("https://a.test/").body(body).unwrap();
    let mut body = client.ready().await.unwrap().call(request).await.unwrap().into_body();
    assert_eq!(count.load(Ordering::SeqCst), 2, "what was sent before the answer is dropped");
    drop(body.frame().await.unwrap().unwrap());
    assert_eq!(count.load(Ordering::SeqCst), 1, "nothing more is kept");
}
