//! One hop of a request: authorised, sent, and sent once more if the provider or a status that refuses the token asks
//! for it.

use ::reqwest::{Request as HttpRequest, Response};

use super::{
    Clients, Result,
    authorize::{authorize, uri},
};
use crate::{Credentials, ErrorKind, Reaction, ResponseHead, Used, request::Place};

/// Sends one request, and at most once more. The places in which the provider sets credentials are added to `places`.
///
/// A request is not sent again after a success (2xx), because the server has done what it asks for, nor if its body
/// streams, because such a body can be read once.
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
    let method = request.method().clone();
    let again = request.try_clone();
    let mut used = Used::default();
    match authorize(&mut request, credentials, &mut used).await {
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
    places.extend_from_slice(used.places());
    let react = |response: &Response, credentials: &Credentials, used: &Used| {
        let head = ResponseHead::new(&method, &uri, response.status(), response.headers());
        credentials.response(&head.with_step_up(steps_up), used)
    };
    let identity = credentials.client_identity(&used);
    let response = clients.execute(request, identity.as_ref()).await?;
    let reaction = react(&response, credentials, &used);
    let (Some(mut again), Some(next)) = (again, credentials.next(&reaction, &response, &used))
    else {
        return Ok(response);
    };
    let mut renewed = Used::default();
    // If there is no other credential, the caller gets the server's own answer.
    if authorize(&mut again, &next, &mut renewed).await.is_err()
        || (reaction == Reaction::Invalidate && is_same_token(&used, &renewed))
    {
        return Ok(response);
    }
    places.extend_from_slice(renewed.places());
    let identity = next.client_identity(&renewed);
    let response = clients.execute(again, identity.as_ref()).await?;
    // The provider sees this answer too, such as its next nonce; it is not sent a third time.
    let _ = react(&response, &next, &renewed);
    Ok(response)
}

impl Credentials {
    /// Returns the credentials for sending a request once more; `None` if it is not sent again.
    fn next(&self, reaction: &Reaction, response: &Response, used: &Used) -> Option<Self> {
        if response.status().is_success() {
            return None;
        }
        match reaction {
            Reaction::Retry => Some(self.clone()),
            Reaction::RetryWithScopes(scopes) => Some(self.with_scope(scopes)),
            Reaction::Pass | Reaction::Keep => None,
            Reaction::Invalidate => {
                self.invalidate(used.token()?);
                Some(self.clone())
            }
        }
    }
}

fn is_same_token(used: &Used, renewed: &Used) -> bool {
    let secret = |used: &Used| used.token().map(|token| token.secret().to_owned());
    secret(used) == secret(renewed)
}
