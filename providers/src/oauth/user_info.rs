//! What the server says about the user of a token (OpenID Connect Core, 5.3).

use authn::{
    Error, Issued, Reaction, Request, ResponseHead, Result, TokenSet, TokenSource as _, Used,
    UserInfo,
    http::{self, HttpResponse, Method, StatusCode},
};

use super::{Call, id_token};
use crate::token_endpoint::{
    Address, Advice, Endpoint, GrantAdvice, Received, TokenResponse, user_info,
};

/// What helps if the server does not answer.
const HELP: &str = "ask for the scope `openid`, and log in again";

/// Asks the server about the user of a set; `None` if it refuses the access token.
pub(super) async fn ask(call: Call<'_>, tokens: &TokenSet) -> Result<Option<UserInfo>> {
    let Call { options, client, context, .. } = call;
    let address = options.server.endpoint_for(client, Endpoint::UserInfo, context).await?;
    let response = match get(call, &address, tokens).await? {
        (_, Reaction::Retry) => get(call, &address, tokens).await?.0,
        (response, _) => response,
    };
    let response = TokenResponse::from(response);
    if response.status() == StatusCode::UNAUTHORIZED {
        return Ok(None);
    }
    let grant = GrantAdvice { meaning: "", help: HELP, login_helps: false, guess: None };
    let advice = Advice { client: HELP, grant };
    let user = user_info(&Received::from(&response), &advice)?;
    // Otherwise another user's claims could be taken for this one's (OpenID Connect Core, 5.3.2).
    let expected = tokens.id_token().and_then(|id_token| id_token::subject(&id_token.expose()));
    if expected.is_some_and(|expected| expected != user.subject()) {
        return Err(Error::protocol(
            "the server describes another user than the one of the ID token",
        )
        .with_help("check `userinfo_endpoint_url`, and log in again"));
    }
    Ok(Some(user))
}

/// Sends the request as those to an API are sent, and returns what the provider makes of the answer.
async fn get(
    call: Call<'_>,
    address: &Address,
    tokens: &TokenSet,
) -> Result<(HttpResponse, Reaction)> {
    let Call { options, client, context, .. } = call;
    let request = http::Request::get(address.as_str()).body(()).map_err(|_| unusable())?;
    let (mut parts, ()) = request.into_parts();
    let (issued, mut used) = (Issued::from(tokens.clone()), Used::default());
    let mut authorized = Request::from(&mut parts).with_used(&mut used);
    options.authorize(&mut authorized, &issued, context)?;
    // A server takes a proof once.
    let mut request = context.http().get(address.url()).once();
    for (name, value) in &parts.headers {
        request = request.header(name, value.to_str().map_err(|_| unusable())?);
    }
    if let Some(identity) = client.identity_of(&used) {
        request = request.identity(&identity);
    }
    let response = request.send().await?;
    let head = ResponseHead::new(&Method::GET, &parts.uri, response.status(), response.headers());
    let reaction = options.response(&head, &used, context);
    Ok((response, reaction))
}

fn unusable() -> Error {
    Error::configuration("no request can be made to the UserInfo endpoint")
        .with_help("check `userinfo_endpoint_url`")
}
