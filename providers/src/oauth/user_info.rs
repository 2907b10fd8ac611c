//! What the server says about the user of a token (OpenID Connect Core, 5.3).

use authn::{
    Error, Issued, Request, Result, TokenSet, TokenSource as _, UserInfo,
    http::{self, StatusCode},
};

use super::{Call, id_token};
use crate::token_endpoint::{Advice, Endpoint, GrantAdvice, Received, TokenResponse, user_info};

/// Asks the server about the user of a set; `None` if it refuses the access token.
pub(super) async fn ask(call: Call<'_>, tokens: &TokenSet) -> Result<Option<UserInfo>> {
    let Call { options, context, .. } = call;
    let address = options.server.endpoint(Endpoint::UserInfo, context).await?;
    let mut request = context.http().get(address.url());
    // As requests to the API are authorised, with a proof of possession if the token needs one.
    for (name, value) in &headers(call, address.as_str(), tokens)? {
        let value = value.to_str().map_err(|_| unusable())?;
        request = request.header(name, value);
    }
    let response = TokenResponse::from(request.send().await?);
    if response.status() == StatusCode::UNAUTHORIZED {
        return Ok(None);
    }
    const HELP: &str = "ask for the scope `openid`, and log in again";
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

/// Returns the headers that authorise a request to an address.
fn headers(call: Call<'_>, address: &str, tokens: &TokenSet) -> Result<http::HeaderMap> {
    let request = http::Request::get(address).body(()).map_err(|_| unusable())?;
    let (mut parts, ()) = request.into_parts();
    let issued = Issued::from(tokens.clone());
    call.options.authorize(&mut Request::from(&mut parts), &issued, call.context)?;
    Ok(parts.headers)
}

fn unusable() -> Error {
    Error::configuration("no request can be made to the UserInfo endpoint")
        .with_help("check `userinfo_endpoint_url`")
}
