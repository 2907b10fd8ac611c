//! Format `gcp`: what an executable source of Google's workload identity prints, version 1 (AIP-4117).

use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::{Answer, Unusable, parsed_object, present};
use crate::exec::time::Seconds;

/// The types of a JWT, which is in `id_token`.
const JWT: [&str; 2] =
    ["urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:jwt"];

/// The type of an assertion, which is in `saml_response`.
const SAML: &str = "urn:ietf:params:oauth:token-type:saml2";

#[derive(Deserialize)]
struct Answered {
    version: Value,
    success: bool,
    token_type: Option<String>,
    id_token: Option<Zeroizing<String>>,
    saml_response: Option<Zeroizing<String>>,
    expiration_time: Option<Seconds>,
}

/// A failure is one whatever the exit status is.
pub(super) fn read(output: &[u8], has_succeeded: bool) -> Result<Answer, Unusable> {
    let response: Answered = parsed_object(output)?;
    if response.version != 1 {
        return Err(Unusable::Invalid("its `version` is not 1"));
    }
    if !response.success {
        return Err(Unusable::Refused);
    }
    if !has_succeeded {
        return Err(Unusable::Invalid("the command failed"));
    }
    let token = match response.token_type.as_deref() {
        Some(jwt) if JWT.contains(&jwt) => present(response.id_token, "it has no `id_token`")?,
        Some(SAML) => present(response.saml_response, "it has no `saml_response`")?,
        _ => return Err(Unusable::Invalid("its `token_type` is missing or not known")),
    };
    let expiry = match response.expiration_time {
        None => None,
        Some(seconds) => Some(
            seconds
                .unix_time()
                .ok_or(Unusable::Invalid("its `expiration_time` is not a Unix time"))?,
        ),
    };
    Ok(Answer::new(token).with_expiry(expiry))
}
