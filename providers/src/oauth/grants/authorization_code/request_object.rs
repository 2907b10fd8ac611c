//! Request objects: the parameters of a login as a token that the client signs (RFC 9101, JAR). Nobody can change them in
//! the browser, and the server knows which client has sent them.

use std::time::Duration;

use authn::{Error, Result};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::options::Usage;
use crate::{
    jws::{Algorithm, Claims},
    oauth::Call,
    token_endpoint::Form,
};

/// The type of the token (RFC 9101, 10.8).
const TYPE: &str = "oauth-authz-req+jwt";

/// Longest lifetime. Some servers accept no longer one (FAPI 2.0 Message Signing, 5.3.1).
const LONGEST_LIFETIME: Duration = Duration::from_hours(1);

/// The parameters whose value is JSON, or a number. In a request object they are what they are in JSON (OpenID Connect
/// Core, 6.1; RFC 9396, 3).
const IN_JSON: [&str; 3] = ["authorization_details", "claims", "max_age"];

/// Returns whether the login signs its request.
pub(super) async fn is_wanted(call: Call<'_>) -> Result<bool> {
    let metadata = call.options.server.metadata(call.context).await?;
    let is_required = metadata.is_some_and(|metadata| metadata.wants_request_objects());
    match call.options.authorization.request_object {
        Usage::Always => Ok(true),
        Usage::Auto => Ok(is_required),
        Usage::Never if is_required => Err(Error::configuration(
            "the server requires signed authorization requests (RFC 9101), but `request_object` is `never`",
        )
        .with_help("remove `request_object`, and set `private_key`")),
        Usage::Never => Ok(false),
    }
}

/// Signs the parameters.
pub(super) async fn sign(
    call: Call<'_>,
    form: &Form,
    lifetime: Duration,
) -> Result<Zeroizing<String>> {
    let Call { options, client, context, .. } = call;
    let metadata = options.server.metadata(context).await?;
    let accepted: Vec<_> = metadata
        .iter()
        .flat_map(|metadata| metadata.request_object_algorithms())
        .filter_map(Algorithm::by_name)
        .collect();
    let signer = client.request_signer(&accepted)?.with_type(TYPE);
    // A server reads the object again when the user has opened the link.
    let lifetime = lifetime.min(LONGEST_LIFETIME);
    let claims = Claims::valid_for(lifetime, context.clock())?
        .not_before_now()
        .with("iss", client.id())
        .with("aud", options.server.audience()?);
    let claims =
        members(form).into_iter().fold(claims, |claims, (name, value)| claims.with(&name, value));
    signer.sign(&claims)
}

/// Returns the parameters as JSON. One that is repeated is a list.
fn members(form: &Form) -> Map<String, Value> {
    let mut members = Map::new();
    for (name, text) in form.pairs() {
        let parsed = IN_JSON.contains(&name).then(|| serde_json::from_str(text).ok()).flatten();
        let value = parsed.unwrap_or_else(|| Value::from(text));
        match members.get_mut(name) {
            None => drop(members.insert(name.to_owned(), value)),
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_have_their_types() {
        let mut form = Form::default();
        for (name, value) in [
            ("scope", "openid read"),
            ("resource", "https://a.test"),
            ("resource", "https://b.test"),
            ("resource", "https://c.test"),
            ("max_age", "0"),
            ("claims", r#"{"userinfo":{"name":null}}"#),
            ("authorization_details", r#"[{"type":"a"}]"#),
            ("state", "7"),
        ] {
            form.add(name, value);
        }
        assert_eq!(
            Value::Object(members(&form)),
            json!({
                "scope": "openid read",
                "resource": ["https://a.test", "https://b.test", "https://c.test"],
                "max_age": 0,
                "claims": { "userinfo": { "name": null } },
                "authorization_details": [{ "type": "a" }],
                "state": "7",
            })
        );
    }
}
