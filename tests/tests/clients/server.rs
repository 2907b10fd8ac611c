//! `Servers`: an API, another server, and a server of gRPC. They answer from one script, and note what they receive.

use std::{
    collections::VecDeque,
    convert::Infallible,
    net::{Ipv4Addr, TcpListener},
    sync::{Arc, Mutex},
    thread,
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    runtime::Handle,
    sync::{Semaphore, mpsc, oneshot},
};
use tokio_stream::wrappers::ReceiverStream;

use crate::{case::Answer, grpc};

/// The status of an answer to a request that the case does not have.
pub(crate) const UNEXPECTED: u16 = 599;

/// A body whose parts come one by one.
pub(crate) type Parts = StreamBody<ReceiverStream<Result<Frame<Bytes>, Infallible>>>;

pub(crate) struct Servers {
    pub(crate) script: Arc<Script>,
    _until_dropped: oneshot::Sender<Infallible>,
}

/// What the servers answer, and what they have received.
pub(crate) struct Script {
    pub(crate) api: String,
    pub(crate) other: String,
    pub(crate) grpc: String,
    pub(crate) runtime: Handle,
    answers: Mutex<VecDeque<Answer>>,
    received: Mutex<Vec<Got>>,
    /// Has one for each request that has arrived.
    pub(crate) arrived: Semaphore,
    /// Has one for each request of which a first part has arrived.
    pub(crate) begun: Arc<Semaphore>,
    /// Has one for each response of which the client has the first part.
    pub(crate) read: Arc<Semaphore>,
}

/// A request, as a server got it.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) at: &'static str,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Servers {
    /// Starts the servers on a thread of their own, which ends with this.
    pub(crate) fn start(answers: Vec<Answer>) -> Self {
        let listeners = [(); 3].map(|()| {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            listener.set_nonblocking(true).unwrap();
            listener
        });
        let [api, other, grpc] =
            listeners.each_ref().map(|one| format!("http://{}", one.local_addr().unwrap()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let script = Arc::new(Script {
            api,
            other,
            grpc,
            runtime: runtime.handle().clone(),
            answers: Mutex::new(answers.into()),
            received: Mutex::default(),
            arrived: Semaphore::new(0),
            begun: Arc::new(Semaphore::new(0)),
            read: Arc::new(Semaphore::new(0)),
        });
        let (until_dropped, dropped) = oneshot::channel::<Infallible>();
        let [api, other, grpc] = listeners;
        runtime.spawn(serve("api", api, Arc::clone(&script)));
        runtime.spawn(serve("other", other, Arc::clone(&script)));
        runtime.spawn(grpc::serve(grpc, Arc::clone(&script)));
        thread::spawn(move || runtime.block_on(dropped));
        Self { script, _until_dropped: until_dropped }
    }
}

impl Script {
    /// Notes a request, and returns its answer.
    pub(crate) fn answer(&self, got: Got) -> Answer {
        self.received.lock().unwrap().push(got);
        self.arrived.add_permits(1);
        let answer = self.answers.lock().unwrap().pop_front();
        answer.unwrap_or(Answer { status: UNEXPECTED, ..Answer::default() })
    }

    pub(crate) fn received(&self) -> Vec<Got> {
        self.received.lock().unwrap().clone()
    }

    /// Returns how many answers were not asked for.
    pub(crate) fn left(&self) -> usize {
        self.answers.lock().unwrap().len()
    }

    pub(crate) fn filled(&self, text: &str) -> String {
        text.replace("{api}", &self.api).replace("{other}", &self.other)
    }

    /// Returns parts, the second of which comes only once the gate lets it.
    pub(crate) fn parts<T: From<String> + Send + 'static>(
        &self,
        parts: Vec<String>,
        gate: &Arc<Semaphore>,
    ) -> ReceiverStream<T> {
        let (sender, receiver) = mpsc::channel(1);
        let gate = Arc::clone(gate);
        self.runtime.spawn(async move {
            for (number, part) in parts.into_iter().enumerate() {
                if number == 1 {
                    gate.acquire().await.unwrap().forget();
                }
                // Nobody may want it any more.
                if sender.send(T::from(part)).await.is_err() {
                    return;
                }
            }
        });
        ReceiverStream::new(receiver)
    }

    /// Returns a body of such parts.
    pub(crate) fn body(&self, parts: Vec<String>, gate: &Arc<Semaphore>) -> Parts {
        let (sender, receiver) = mpsc::channel(1);
        let mut parts = self.parts::<String>(parts, gate);
        self.runtime.spawn(async move {
            while let Some(part) = tokio_stream::StreamExt::next(&mut parts).await {
                if sender.send(Ok(Frame::data(Bytes::from(part)))).await.is_err() {
                    return;
                }
            }
        });
        StreamBody::new(ReceiverStream::new(receiver))
    }
}

async fn serve(at: &'static str, listener: TcpListener, script: Arc<Script>) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let script = Arc::clone(&script);
        let service = service_fn(move |request| {
            let script = Arc::clone(&script);
            async move { Ok::<_, Infallible>(handle(at, request, &script).await) }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn handle(at: &'static str, request: Request<Incoming>, script: &Script) -> Response<Parts> {
    let (head, mut body) = request.into_parts();
    let mut all = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        if all.is_empty() {
            script.begun.add_permits(1);
        }
        all.extend_from_slice(&frame.into_data().unwrap_or_default());
    }
    let answer = script.answer(Got {
        at,
        method: head.method.to_string(),
        target: head.uri.to_string(),
        headers: head.headers,
        body: String::from_utf8(all).unwrap(),
    });
    if answer.hangs {
        std::future::pending::<()>().await;
    }
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, script.filled(value));
    }
    let parts = if answer.parts.is_empty() { vec![answer.text] } else { answer.parts };
    response.body(script.body(parts, &script.read)).unwrap()
}
