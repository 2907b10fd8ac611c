//! What the server says about a token (RFC 7662).

use authn::{Introspection, Result, TokenSet};

use super::{Call, typed_client::Missing};
use crate::token_endpoint::{Endpoint, Form, GrantAdvice, Received, introspection};

/// Asks the server about the access token of a set.
pub(super) async fn introspect(call: Call<'_>, tokens: &TokenSet) -> Result<Introspection> {
    let mut form = Form::default();
    form.add("token", tokens.token().secret());
    form.add("token_type_hint", "access_token");
    let advice = GrantAdvice {
        meaning: "",
        help: "allow the client to introspect tokens at the server",
        login_helps: false,
        guess: None,
    };
    let typed = Missing::client_of(call, tokens)?;
    let call = Call { client: typed.as_ref().unwrap_or(call.client), ..call };
    let (response, advice) = call.post(Endpoint::Introspection, form, advice).await?;
    Ok(introspection(&Received::from(&response), &advice)?)
}
