//! One hop of a request: authorised, sent, and sent once more if the provider or a status that refuses the token asks
//! for it.

use ::reqwest::{Request as HttpRequest, Response};

use super::{Clients, Result, uri::uri};
use crate::{Credentials, ErrorKind, Request, integrations::sending::Sending, request::Place};

/// Sends one request, and at most once more. The places in which the provider sets credentials are added to `places`.
///
/// A request is not sent again if its body streams, because such a body can be read once.
pub(super) async fn send(
    clients: &Clients,
    mut request: HttpRequest,
    credentials: Option<&Credentials>,
    is_first: bool,
    steps_up: bool,
    places: &mut Vec<Place>,
) -> Result<Response> {
    let Some(credentials) = credentials else { return clients.execute(request, None).await };
    let uri = match uri(request.url()) {
        Ok(uri) => uri,
        // As below: the server has chosen where a redirect leads.
        Err(_) if !is_first => return clients.execute(request, None).await,
        Err(error) => return Err(error.into()),
    };
    let again = request.try_clone();
    let mut sending = Sending::new(credentials.clone(), request.method().clone(), uri, steps_up);
    match sending.authorize(Request::from(&mut request)).await {
        Ok(()) => {}
        // The server has chosen where a redirect leads, and that it has no body left which could take a token: the
        // request is sent there without credentials.
        Err(error)
            if !is_first
                && matches!(error.kind(), ErrorKind::Origin | ErrorKind::Configuration) =>
        {
            return clients.execute(request, None).await;
        }
        Err(error) => return Err(error.into()),
    }
    places.extend_from_slice(sending.places());
    let response = clients.execute(request, sending.identity().as_ref()).await?;
    let next = sending.answered(response.status(), response.headers());
    let (Some(next), Some(mut again)) = (next, again) else { return Ok(response) };
    let Some(sending) = next.authorize(Request::from(&mut again)).await else {
        return Ok(response);
    };
    drop(response);
    places.extend_from_slice(sending.places());
    let response = clients.execute(again, sending.identity().as_ref()).await?;
    // The provider sees this answer too, such as its next nonce; it is not sent a third time.
    sending.heard(response.status(), response.headers());
    Ok(response)
}
