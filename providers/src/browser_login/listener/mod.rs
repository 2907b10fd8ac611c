//! `Listener`: waits on loopback for the browser to come back (RFC 8252, 7.3 and 8.3), and shows the result of the
//! login when it is known.
//!
//! Any program on this machine, and any page in its browser, can send requests here. Only a request with the login's
//! `state` ends the wait, and nothing from a request is ever shown.

mod page;
mod responder;

use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
    time::Duration,
};

use authn::{Context, time::Clock};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::UnboundedSender,
    task::{self, AbortHandle, JoinSet},
};

use super::{Checks, Event, redirect::Redirect};
use responder::{Held, Responder};

/// Most connections at a time, for each address. A browser opens a few, some of them in advance.
const CONNECTIONS: usize = 32;

/// Longest time until a connection has sent its request.
const READING: Duration = Duration::from_secs(3);

/// Longest time for the last page to be sent.
const PAGE: Duration = Duration::from_secs(10);

/// Longest head of a request, in bytes. It includes the cookies that other programs on this machine have set.
const HEAD: usize = 64 << 10;

/// Wait after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(100);

/// A listener that ends, with all its connections, when it is dropped.
pub(super) struct Listener {
    responder: Arc<Responder>,
    clock: Clock,
    _accepting: JoinSet<()>,
}

impl Listener {
    /// Starts to answer requests, and reports events.
    pub(super) fn start(
        redirect: Redirect,
        expected: Arc<dyn Checks>,
        events: UnboundedSender<Event>,
        context: &Context,
    ) -> Self {
        let clock = context.clock().clone();
        let responder = Arc::new(Responder::new(redirect.path, expected, events));
        let mut accepting = JoinSet::new();
        for socket in redirect.sockets {
            accepting.spawn(accept(socket, Arc::clone(&responder), clock.clone()));
        }
        Self { responder, clock, _accepting: accepting }
    }

    /// Shows the result of the login to every browser that waits for it.
    pub(super) async fn finish(self, is_logged_in: bool) {
        self.responder.close(is_logged_in);
        let mut waiting = self.responder.waiting();
        drop(self.clock.within(PAGE, waiting.wait_for(|count| *count == 0)).await);
    }
}

/// Accepts connections. They end when this task ends.
async fn accept(socket: TcpListener, responder: Arc<Responder>, clock: Clock) {
    let mut connections = JoinSet::new();
    let mut open = OpenConnections::default();
    loop {
        let Ok((stream, _)) = socket.accept().await else {
            clock.sleep(PAUSE).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        if !open.has_room() {
            // A new client may have sent its request, which is read now.
            task::yield_now().await;
            if !open.make_room() {
                continue;
            }
        }
        let (responder, clock, held) =
            (Arc::clone(&responder), clock.clone(), Arc::new(Held::default()));
        let is_held = Arc::downgrade(&held);
        let task = connections.spawn(async move { serve(stream, &responder, &held, &clock).await });
        open.0.push_back((task, is_held));
    }
}

/// The open connections, the oldest first. A client that opens many and sends nothing can't keep others out: the oldest
/// connection is closed, unless it waits for the end of the login. A connection is waiting as long as its [`Held`]
/// exists, so only a weak reference is stored here.
#[derive(Default)]
struct OpenConnections(VecDeque<(AbortHandle, Weak<Held>)>);

impl OpenConnections {
    fn has_room(&mut self) -> bool {
        self.0.retain(|(task, _)| !task.is_finished());
        self.0.len() < CONNECTIONS
    }

    /// Closes a connection if there are too many. Returns `false` if none can be closed.
    fn make_room(&mut self) -> bool {
        if self.has_room() {
            return true;
        }
        let is_held = |held: &Weak<Held>| held.upgrade().is_some_and(|held| held.is_held());
        let oldest = self.0.iter().position(|(_, held)| !is_held(held));
        let Some((task, _)) = oldest.and_then(|oldest| self.0.remove(oldest)) else { return false };
        task.abort();
        true
    }
}

/// Answers one request. A connection without a request is closed after [`READING`]; a connection that waits for the end
/// of the login is kept.
async fn serve(stream: TcpStream, responder: &Responder, held: &Held, clock: &Clock) {
    let service = service_fn(|request| responder.answer(request, held));
    let mut connection = http1::Builder::new()
        .keep_alive(false)
        // A client that closes its side after the request gets its answer all the same.
        .half_close(true)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let in_time = clock.within(READING, &mut connection).await;
    if in_time.is_none() && held.is_held() {
        drop(connection.await);
    }
}
