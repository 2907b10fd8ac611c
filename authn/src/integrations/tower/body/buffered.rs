//! `ReplayBody`: a body of which is kept what has been sent, so that it can be sent once more.
//!
//! Two readers share the body: that of the first sending, and that of the second one. The second reader gets what the first
//! one has read, and then the rest. From the moment that it exists, the first one waits, so that no more is read than can be
//! kept. Once the second one starts, the first one fails, which ends the first sending if that is still under way. This comes
//! before the second sending needs anything: it may wait for the stream or the connection that the first one has.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use bytes::{Buf as _, Bytes};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use crate::tower::BoxError;

/// The body of a request that [`AuthLayer::buffer_body`](crate::tower::AuthLayer::buffer_body) sends.
///
/// A part that is kept shares the memory of the caller's buffer, as clones of `Bytes` do. So a small slice keeps the whole
/// buffer that it is of, until the head of the answer has come.
///
/// ```
/// use authn::tower::{Auth, AuthLayer, BufferBody, ReplayBody};
/// use tower_layer::Layer;
///
/// # type Streamed = http_body_util::Empty<&'static [u8]>;
/// fn authorized<S>(client: S, layer: &AuthLayer<BufferBody>) -> Auth<S, BufferBody>
/// where
///     S: tower_service::Service<http::Request<ReplayBody<Streamed>>>,
/// {
///     layer.layer(client)
/// }
/// ```
pub struct ReplayBody<B> {
    shared: Arc<Shared<B>>,
    is_second: bool,
}

pub(super) struct Shared<B>(Mutex<State<B>>);

struct State<B> {
    body: Pin<Box<B>>,
    /// What the first reader has read, and the second one has not.
    parts: VecDeque<Part>,
    /// How many more bytes can be kept; `None` if nothing is kept, such as because there were more.
    room: Option<usize>,
    turn: Turn,
    /// The first reader, while it waits.
    waiting: Option<Waker>,
}

#[derive(Clone)]
enum Part {
    Data(Bytes),
    Trailers(HeaderMap),
}

/// Who reads.
#[derive(Clone, Copy, PartialEq)]
enum Turn {
    First,
    /// The first one waits until the second one starts, or is dropped.
    Waiting,
    Second,
}

impl<B> Shared<B> {
    pub(super) fn new(body: B, limit: usize) -> Arc<Self> {
        let body = Box::pin(body);
        let (parts, turn, waiting) = (VecDeque::new(), Turn::First, None);
        Arc::new(Self(Mutex::new(State { body, parts, room: Some(limit), turn, waiting })))
    }

    /// Keeps nothing from now on, unless there is a second reader.
    pub(super) fn forget(&self) {
        let mut state = self.lock();
        if state.turn == Turn::First {
            state.forget();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<B>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B> State<B> {
    /// Lets another reader read, and tells the first one.
    fn give(&mut self, turn: Turn) {
        self.turn = turn;
        self.waiting.take().into_iter().for_each(Waker::wake);
    }

    fn keep(&mut self, part: &Part) {
        self.room = self.room.and_then(|room| room.checked_sub(part.len()));
        match self.room {
            Some(_) => self.parts.push_back(part.clone()),
            None => self.forget(),
        }
    }

    fn forget(&mut self) {
        self.room = None;
        self.parts = VecDeque::new();
    }
}

impl Part {
    fn len(&self) -> usize {
        match self {
            Self::Data(data) => data.len(),
            Self::Trailers(_) => 0,
        }
    }
}

impl<B> ReplayBody<B> {
    pub(super) fn first(shared: &Arc<Shared<B>>) -> Self {
        Self { shared: Arc::clone(shared), is_second: false }
    }

    /// Returns the second reader; `None` if not everything was kept.
    pub(super) fn second(shared: &Arc<Shared<B>>) -> Option<Self> {
        let mut state = shared.lock();
        state.room?;
        state.turn = Turn::Waiting;
        Some(Self { shared: Arc::clone(shared), is_second: true })
    }

    /// Lets the second reader read, and ends the first one.
    pub(super) fn start(&self) {
        self.shared.lock().give(Turn::Second);
    }
}

impl<B> Body for ReplayBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let mut state = this.shared.lock();
        // What the second reader reads is not kept, because there is no third.
        if this.is_second {
            if let Some(part) = state.parts.pop_front() {
                return Poll::Ready(Some(Ok(part.into())));
            }
        } else if state.turn == Turn::Second {
            return Poll::Ready(Some(Err("the request is sent once more".into())));
        } else {
            state.waiting = Some(context.waker().clone());
            if state.turn == Turn::Waiting {
                return Poll::Pending;
            }
        }
        let frame = match ready!(state.body.as_mut().poll_frame(context)) {
            None => return Poll::Ready(None),
            Some(Err(error)) => {
                // A body that has failed can't be sent once more.
                state.forget();
                return Poll::Ready(Some(Err(error.into())));
            }
            Some(Ok(frame)) => frame,
        };
        let part = match frame.into_data() {
            Ok(mut data) => Part::Data(data.copy_to_bytes(data.remaining())),
            Err(frame) => match frame.into_trailers() {
                Ok(trailers) => Part::Trailers(trailers),
                // There are no other kinds of frames.
                Err(_) => return Poll::Ready(None),
            },
        };
        if !this.is_second {
            state.keep(&part);
        }
        Poll::Ready(Some(Ok(part.into())))
    }

    fn is_end_stream(&self) -> bool {
        let state = self.shared.lock();
        (!self.is_second || state.parts.is_empty()) && state.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let state = self.shared.lock();
        let mut hint = state.body.size_hint();
        if self.is_second {
            let unread: u64 = state.parts.iter().map(|part| part.len() as u64).sum();
            // The upper bound first: a lower one may not exceed it.
            if let Some(upper) = hint.upper() {
                hint.set_upper(upper.saturating_add(unread));
            }
            hint.set_lower(hint.lower().saturating_add(unread));
        }
        hint
    }
}

/// The first reader goes on if the second one was not used.
impl<B> Drop for ReplayBody<B> {
    fn drop(&mut self) {
        if self.is_second {
            let mut state = self.shared.lock();
            if state.turn == Turn::Waiting {
                state.give(Turn::First);
            }
        }
    }
}

impl From<Part> for Frame<Bytes> {
    fn from(part: Part) -> Self {
        match part {
            Part::Data(data) => Self::data(data),
            Part::Trailers(trailers) => Self::trailers(trailers),
        }
    }
}

impl<B> fmt::Debug for ReplayBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayBody").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, convert::Infallible, task};

    use super::*;

    /// Has a part each time that it is asked, and is then not ready once.
    struct Parts(VecDeque<Option<&'static str>>);

    impl Body for Parts {
        type Data = &'static [u8];
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Self::Data>, Infallible>>> {
            match self.0.pop_front() {
                Some(Some(part)) => Poll::Ready(Some(Ok(Frame::data(part.as_bytes())))),
                Some(None) => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                None => Poll::Ready(None),
            }
        }
    }

    fn shared(limit: usize) -> Arc<Shared<Parts>> {
        Shared::new(Parts([Some("ab"), Some("cd"), None, Some("ef")].into()), limit)
    }

    /// Returns what is read before it has to wait, and how it ends.
    fn read(body: &mut ReplayBody<Parts>) -> String {
        let mut context = Context::from_waker(task::Waker::noop());
        let mut all = String::new();
        loop {
            match Pin::new(&mut *body).poll_frame(&mut context) {
                Poll::Pending => return all + "…",
                Poll::Ready(None) => return all + ".",
                Poll::Ready(Some(Err(_))) => return all + "!",
                Poll::Ready(Some(Ok(frame))) => {
                    all += str::from_utf8(&frame.into_data().unwrap()).unwrap();
                }
            }
        }
    }

    #[test]
    fn the_second_reader_has_what_was_read_and_then_the_rest() {
        let shared = shared(6);
        let mut first = ReplayBody::first(&shared);
        assert_eq!(read(&mut first), "abcd…");
        let mut second = ReplayBody::second(&shared).unwrap();
        assert_eq!(read(&mut first), "…", "it waits for the second one");
        assert_eq!(second.size_hint().lower(), 4);
        second.start();
        assert_eq!(read(&mut first), "!", "its request is another one now");
        shared.forget();
        assert_eq!(read(&mut second), "abcdef.");
        assert_eq!(second.size_hint().lower(), 0);
    }

    #[test]
    fn the_first_reader_goes_on_without_the_second() {
        let shared = shared(6);
        let mut first = ReplayBody::first(&shared);
        assert_eq!(read(&mut first), "abcd…");
        drop(ReplayBody::second(&shared).unwrap());
        assert_eq!(read(&mut first), "ef.");
        assert_eq!(read(&mut ReplayBody::second(&shared).unwrap()), "abcdef.");
    }

    #[test]
    fn a_body_beyond_the_limit_is_sent_once() {
        for (limit, is_kept) in [(0, false), (3, false), (5, false), (6, true)] {
            let shared = shared(limit);
            let mut first = ReplayBody::first(&shared);
            assert_eq!(read(&mut first) + &read(&mut first), "abcd…ef.");
            assert_eq!(ReplayBody::second(&shared).is_some(), is_kept, "{limit}");
        }
    }
}
