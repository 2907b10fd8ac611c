//! Pushed authorization requests (RFC 9126, PAR): the request goes to the server directly and authenticated, and the browser
//! gets a reference to it.

use authn::{Error, Result};

use super::options::Usage;
use crate::{
    oauth::Call,
    token_endpoint::{Endpoint, Form, GrantAdvice, PushedRequest, Received, pushed_request},
};

const ADVICE: GrantAdvice<'static> = GrantAdvice {
    meaning: "",
    help: "check the options and the server's log",
    login_helps: false,
    guess: None,
};

/// How a login pushes its request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Push {
    No,
    /// The server only offers it, so the login could do without.
    Offered,
    Yes,
}

impl Push {
    /// Returns whether the login pushes its request.
    pub(super) async fn of(call: Call<'_>) -> Result<Self> {
        let endpoint = Endpoint::PushedAuthorizationRequest;
        let server = &call.options.server;
        let metadata = server.metadata(call.context).await?;
        let is_required =
            metadata.as_ref().is_some_and(|metadata| metadata.wants_pushed_requests());
        match call.options.authorization.pushed_authorization_request {
            Usage::Always => Ok(Self::Yes),
            Usage::Never if is_required => Err(Error::configuration(
                "the server requires pushed authorization requests (RFC 9126), but \
                 `pushed_authorization_request` is `never`",
            )
            .with_help("remove `pushed_authorization_request`")),
            Usage::Never => Ok(Self::No),
            Usage::Auto if is_required || server.pushes_requests() => Ok(Self::Yes),
            // A client that does not authenticate gains little, and its user would have to open the link soon.
            Usage::Auto => {
                let is_offered = metadata.is_some_and(|metadata| metadata.names(endpoint));
                Ok(if is_offered && call.client.authenticates() { Self::Offered } else { Self::No })
            }
        }
    }
}

/// Pushes a request, and returns the reference to it.
pub(super) async fn push(call: Call<'_>, push: Push, form: Form) -> Result<PushedRequest> {
    let (response, advice) = call.post(Endpoint::PushedAuthorizationRequest, form, ADVICE).await?;
    pushed_request(&Received::from(&response), &advice).map_err(|failure| {
        call.note(&failure);
        let error = failure.error;
        if !failure.is_refusal || push != Push::Offered {
            return error;
        }
        let help = error.help().unwrap_or(ADVICE.help).to_owned();
        error.with_help(format!(
            "{help}, or set `pushed_authorization_request = \"never\"` if the client need not push its requests"
        ))
    })
}
