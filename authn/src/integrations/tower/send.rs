//! One request of a service: authorised, sent, and sent once more if the provider or a status that refuses the token asks
//! for it.

use std::future::poll_fn;

use http::{Request, Response, Uri, request::Parts, uri::Parts as UriParts};
use tower_service::Service;

use super::{AuthLayer, BoxError, Replay, grpc::status, second::SecondSending};
use crate::{
    Body,
    integrations::{choice::chosen, origin, sending::Sending},
    request::known_body,
};

/// Sends a request by a service that is ready. Returns the response, and what its end is judged by if the request had
/// credentials.
pub(in crate::integrations) async fn send<S, R, B, A>(
    mut service: S,
    options: AuthLayer<R>,
    request: Request<B>,
) -> Result<(Response<A>, Option<Sending>), BoxError>
where
    S: Service<Request<R::Sent>, Response = Response<A>>,
    S::Error: Into<BoxError>,
    R: Replay<B>,
{
    let (mut parts, body) = request.into_parts();
    let (body, kept) = options.replay.keep(body);
    let Some(credentials) = chosen(&mut parts.extensions, &options.credentials) else {
        drop(kept);
        let response = service.call(Request::from_parts(parts, body)).await.map_err(Into::into)?;
        return Ok((response, None));
    };
    let again = kept.map(|kept| (parts.clone(), kept));
    let uri = origin::whole(&parts.uri, options.origin.as_ref(), options.is_channel)?;
    let mut sending =
        Sending::new(credentials.into_owned(), parts.method.clone(), uri, options.steps_up);
    let mut target = Target::of(&mut parts, sending.uri(), &body, options.is_channel);
    if let Err(error) = sending.authorize(target.request()).await {
        return Err(origin::explain(error, sending.uri()).into());
    }
    target.finish();
    let response = service.call(Request::from_parts(parts, body)).await.map_err(Into::into)?;

    let next = sending.answered(status(&response), response.headers());
    let (Some(next), Some((mut parts, kept))) = (next, again) else {
        return Ok((response, Some(sending)));
    };
    let Some(body) = R::again(&kept) else { return Ok((response, Some(sending))) };
    let mut target = Target::of(&mut parts, sending.uri(), &body, options.is_channel);
    let Some(renewed) = next.authorize(target.request()).await else {
        return Ok((response, Some(sending)));
    };
    target.finish();
    // The first sending ends before the second one waits for anything, because it may hold just that, such as the only
    // connection. So there is no way back to its answer.
    let failed = SecondSending::failed(status(&response));
    drop(response);
    R::start(&body);
    poll_fn(|context| service.poll_ready(context)).await.map_err(&failed)?;
    let response = service.call(Request::from_parts(parts, body)).await.map_err(&failed)?;
    // The provider sees this answer too, such as its next nonce; it is not sent a third time.
    renewed.heard(status(&response), response.headers());
    Ok((response, Some(renewed)))
}

/// The head of a request while it is authorised, with its whole URI.
struct Target<'a> {
    parts: &'a mut Parts,
    asked: Uri,
    uri: Uri,
    body: Body<'a>,
    is_call: bool,
}

impl<'a> Target<'a> {
    fn of<B: 'static>(parts: &'a mut Parts, uri: &Uri, body: &'a B, is_call: bool) -> Self {
        let body = known_body(&parts.method, &parts.headers, body);
        Self { parts, asked: uri.clone(), uri: uri.clone(), body, is_call }
    }

    fn request(&mut self) -> crate::Request<'_> {
        let Parts { method, headers, .. } = &mut *self.parts;
        let request = crate::Request::new(method, &mut self.uri, headers);
        let request = request.with_known_body(self.body);
        if self.is_call { request.for_call() } else { request }
    }

    /// Adds what was added to the query.
    fn finish(self) {
        if self.uri == self.asked {
            return;
        }
        if self.parts.uri.authority().is_some() {
            self.parts.uri = self.uri;
            return;
        }
        let mut parts = UriParts::default();
        parts.path_and_query = self.uri.into_parts().path_and_query;
        self.parts.uri = Uri::from_parts(parts).unwrap_or_default();
    }
}
