//! `Replay`: how the body of a request is sent once more.

mod buffered;

use std::{convert::Infallible, fmt, sync::Arc};

use http_body::Body;

use super::BoxError;
use buffered::Shared;

pub use buffered::ReplayBody;

/// How a request is sent once more: [`CloneBody`], [`BufferBody`] or [`SendOnce`]. `B` is the body that the caller sends.
///
/// ```
/// use authn::tower::{BufferBody, CloneBody, Replay, ReplayBody, SendOnce};
/// # use http_body_util::{Full, StreamBody};
/// # type Bytes = std::collections::VecDeque<u8>;
///
/// fn sends<R: Replay<B, Sent = S>, B, S>() {}
/// sends::<CloneBody, Full<Bytes>, Full<Bytes>>();
/// sends::<SendOnce, String, String>();
/// sends::<BufferBody, Full<Bytes>, ReplayBody<Full<Bytes>>>();
/// ```
pub trait Replay<B>: sealed::Sealed + Clone + Send + 'static {
    /// The body that the client gets.
    type Sent: Send + 'static;
    /// What is kept to send the body once more.
    #[doc(hidden)]
    type Kept: Send + 'static;

    /// Returns the body to send, and what is kept of it if that is possible.
    #[doc(hidden)]
    fn keep(&self, body: B) -> (Self::Sent, Option<Self::Kept>);

    /// Returns the body once more; `None` if it is not whole. The first one waits until this one is started or dropped.
    #[doc(hidden)]
    fn again(kept: &Self::Kept) -> Option<Self::Sent>;

    /// Tells a body that was returned by [`again`](Self::again) that it is sent, which ends the first one.
    #[doc(hidden)]
    fn start(sent: &Self::Sent) {
        let _ = sent;
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::CloneBody {}
    impl Sealed for super::BufferBody {}
    impl Sealed for super::SendOnce {}
}

/// Sends a clone of the body. See [`AuthLayer::new`](super::AuthLayer::new).
#[derive(Clone, Copy, Debug)]
pub struct CloneBody(pub(super) ());

impl<B: Clone + Send + 'static> Replay<B> for CloneBody {
    type Sent = B;
    type Kept = B;

    fn keep(&self, body: B) -> (B, Option<B>) {
        let kept = body.clone();
        (body, Some(kept))
    }

    fn again(kept: &B) -> Option<B> {
        Some(kept.clone())
    }
}

/// Sends each request once. See [`AuthLayer::send_once`](super::AuthLayer::send_once).
#[derive(Clone, Copy, Debug)]
pub struct SendOnce(pub(super) ());

impl<B: Send + 'static> Replay<B> for SendOnce {
    type Sent = B;
    type Kept = Infallible;

    fn keep(&self, body: B) -> (B, Option<Infallible>) {
        (body, None)
    }

    fn again(kept: &Infallible) -> Option<B> {
        match *kept {}
    }
}

/// Keeps what has been sent of a body. See [`AuthLayer::buffer_body`](super::AuthLayer::buffer_body).
#[derive(Clone, Copy, Debug)]
pub struct BufferBody {
    /// Most bytes that are kept.
    pub(in crate::integrations) limit: usize,
}

impl<B> Replay<B> for BufferBody
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Sent = ReplayBody<B>;
    type Kept = Kept<B>;

    fn keep(&self, body: B) -> (ReplayBody<B>, Option<Kept<B>>) {
        let shared = Shared::new(body, self.limit);
        (ReplayBody::first(&shared), Some(Kept(shared)))
    }

    fn again(kept: &Kept<B>) -> Option<ReplayBody<B>> {
        ReplayBody::second(&kept.0)
    }

    fn start(sent: &ReplayBody<B>) {
        sent.start();
    }
}

/// What has been sent of a body, with its rest. Without it, no more is kept.
#[doc(hidden)]
pub struct Kept<B>(Arc<Shared<B>>);

impl<B> Drop for Kept<B> {
    fn drop(&mut self) {
        self.0.forget();
    }
}

impl<B> fmt::Debug for Kept<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}
