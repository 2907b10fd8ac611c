//! `ResponseBody`: the messages of an answer, whose end may say that the token was refused.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use http_body::{Body, Frame, SizeHint};

use crate::integrations::{sending::Sending, tower::refusal};

/// The body of an answer to an authorised call. It streams as the channel's own does.
///
/// ```
/// fn is_over<A: http_body::Body>(body: &authn::tonic::ResponseBody<A>) -> bool {
///     http_body::Body::is_end_stream(body)
/// }
/// ```
pub struct ResponseBody<A> {
    // Pinned on the heap: `unsafe` code or another crate would be needed otherwise.
    body: Pin<Box<A>>,
    /// Until the trailers have come.
    sending: Option<Sending>,
}

impl<A> ResponseBody<A> {
    pub(super) fn new(body: A, sending: Option<Sending>) -> Self {
        Self { body: Box::pin(body), sending }
    }
}

impl<A: Body> Body for ResponseBody<A> {
    type Data = A::Data;
    type Error = A::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<A::Data>, A::Error>>> {
        let polled = self.body.as_mut().poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(trailers) = frame.trailers_ref()
            && let Some(sending) = self.sending.take()
            && let Some(status) = refusal(trailers)
        {
            // Messages may have been received, so the call is not sent once more.
            drop(sending.answered(status, trailers));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<A> fmt::Debug for ResponseBody<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}
