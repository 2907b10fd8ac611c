//! 10,000 calls of two threads while the token rotates: no call is without a valid token, and there is one exchange for each
//! expiry. The clock is the test's, and moves while both threads are between two calls.

use std::{
    convert::Infallible,
    net::{Ipv4Addr, TcpListener},
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use authn::{
    Credentials, Token, from_fn,
    testing::settled,
    time::{Clock, ManualClock},
    tonic::{AuthInterceptor, AuthLayer},
};
use http::{Request, uri::PathAndQuery};
use tokio::{
    runtime::{self, Runtime},
    sync::oneshot,
};
use tonic::{
    Code, GrpcMethod, Response, Status,
    body::Body,
    client::{Grpc, GrpcService},
    server::Grpc as Server,
    service::interceptor::InterceptedService,
    transport::{Channel, Endpoint, server::TcpIncoming},
};
use tower::{Layer as _, service_fn};

use crate::text::Text;

const LIFETIME: Duration = Duration::from_hours(1);
/// Into its last part, in which a token is renewed while it is still valid.
const ALMOST: Duration = Duration::from_mins(59);
const THREADS: usize = 2;
const ROUNDS: usize = 100;
const CALLS: usize = 10_000 / ROUNDS / THREADS;

/// What the server and the threads know.
struct Scene {
    clock: ManualClock,
    credentials: Credentials,
    exchanges: Arc<AtomicUsize>,
    /// The number of the oldest token that is valid.
    oldest: Arc<AtomicUsize>,
    calls: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
    channel: Channel,
    origin: http::Uri,
    _until_dropped: oneshot::Sender<Infallible>,
}

impl Scene {
    fn new() -> Arc<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let endpoint =
            Endpoint::from_shared(format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let counts = [(); 4].map(|()| Arc::new(AtomicUsize::new(0)));
        let [exchanges, oldest, calls, refused] = counts.each_ref().map(Arc::clone);
        let (until_dropped, dropped) = oneshot::channel::<Infallible>();
        let runtime = runtime();
        let channel = {
            let _entered = runtime.enter();
            endpoint.connect_lazy()
        };
        runtime.spawn(serve(
            listener,
            Arc::clone(&oldest),
            Arc::clone(&calls),
            Arc::clone(&refused),
        ));
        thread::spawn(move || runtime.block_on(dropped));

        let (clock, origin) = (ManualClock::new(), endpoint.uri().clone());
        let counted = Arc::clone(&exchanges);
        let source = from_fn(move |_| {
            let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
            async move { Ok(Token::new(format!("t{number}"))?.with_expires_in(LIFETIME)) }
        });
        let builder = Credentials::builder().source(source).origin(&origin.to_string());
        let credentials = builder.clock(Clock::custom(clock.clone())).build().unwrap();
        Arc::new(Self {
            clock,
            credentials,
            exchanges,
            oldest,
            calls,
            refused,
            channel,
            origin,
            _until_dropped: until_dropped,
        })
    }

    /// Lets two threads call, and moves the clock between the rounds: to the end of the token's life, or to shortly before it.
    fn run<C>(
        self: &Arc<Self>,
        client: &C,
        call: impl Fn(&Self, &Runtime, &mut Grpc<C>) + Copy + Send + 'static,
    ) where
        C: Clone + Send + 'static,
    {
        let barrier = Arc::new(Barrier::new(THREADS + 1));
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let (scene, barrier) = (Arc::clone(self), Arc::clone(&barrier));
                let mut client = Grpc::new(C::clone(client));
                thread::spawn(move || {
                    let runtime = runtime();
                    for _ in 0..ROUNDS {
                        barrier.wait();
                        for _ in 0..CALLS {
                            call(&scene, &runtime, &mut client);
                        }
                        barrier.wait();
                    }
                })
            })
            .collect();
        let runtime = runtime();
        for round in 0..ROUNDS {
            if round % 2 == 0 {
                self.clock.advance(LIFETIME);
                self.oldest.store(round + 1, Ordering::SeqCst);
            } else {
                self.clock.advance(ALMOST);
            }
            barrier.wait();
            barrier.wait();
            runtime.block_on(settled(&self.credentials));
            assert_eq!(self.exchanges.load(Ordering::SeqCst), round + 1, "one for each expiry");
        }
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(self.calls.load(Ordering::SeqCst), THREADS * ROUNDS * CALLS);
        assert_eq!(self.refused.load(Ordering::SeqCst), 0);
    }
}

async fn serve(
    listener: TcpListener,
    oldest: Arc<AtomicUsize>,
    calls: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
) {
    let incoming = TcpIncoming::from(tokio::net::TcpListener::from_std(listener).unwrap());
    let service = service_fn(move |request: Request<Body>| {
        let (oldest, calls, refused) =
            (Arc::clone(&oldest), Arc::clone(&calls), Arc::clone(&refused));
        let call = service_fn(move |request: tonic::Request<String>| {
            calls.fetch_add(1, Ordering::SeqCst);
            let token =
                request.metadata().get("authorization").and_then(|value| value.to_str().ok());
            let number =
                token.and_then(|token| token.strip_prefix("Bearer t")?.parse::<usize>().ok());
            let is_valid = number.is_some_and(|number| number >= oldest.load(Ordering::SeqCst));
            if !is_valid {
                refused.fetch_add(1, Ordering::SeqCst);
            }
            let answer = if is_valid {
                Ok(Response::new(request.into_inner()))
            } else {
                Err(Status::unauthenticated("the token has expired"))
            };
            async move { answer }
        });
        async move { Ok::<_, Infallible>(Server::new(Text).unary(call, request).await) }
    });
    tonic::transport::Server::builder().serve_with_incoming(service, incoming).await.unwrap();
}

fn runtime() -> Runtime {
    runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn unary<C>(runtime: &Runtime, client: &mut Grpc<C>) -> Result<(), Status>
where
    C: GrpcService<Body>,
    C::ResponseBody: Send + 'static,
    <C::ResponseBody as http_body::Body>::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    C::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    runtime.block_on(async {
        client.ready().await.map_err(|error| Status::from_error(error.into()))?;
        let mut request = tonic::Request::new("a thing".to_owned());
        request.extensions_mut().insert(GrpcMethod::new("shop.Things", "Get"));
        let path = PathAndQuery::from_static("/shop.Things/Get");
        let answer = client.unary(request, path, Text).await?;
        assert_eq!(answer.into_inner(), "a thing");
        Ok(())
    })
}

#[test]
fn calls_of_the_layer_wait_for_a_valid_token() {
    let scene = Scene::new();
    let layer = AuthLayer::new(scene.credentials.clone(), scene.origin.clone());
    scene.run(&layer.layer(scene.channel.clone()), |_, runtime, client| {
        unary(runtime, client).unwrap();
    });
}

#[test]
fn calls_of_the_interceptor_have_a_valid_token_or_are_not_sent() {
    let scene = Scene::new();
    let interceptor = AuthInterceptor::new(scene.credentials.clone(), scene.origin.clone());
    let client = InterceptedService::new(scene.channel.clone(), interceptor);
    scene.run(&client, |scene, runtime, client| {
        let Err(status) = unary(runtime, client) else { return };
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        // It has started the exchange, or joined that of the other thread.
        runtime.block_on(scene.credentials.token()).unwrap();
        unary(runtime, client).unwrap();
    });
}
