//! Format `gcloud`: the answer of `gcloud config config-helper --format=json`.

use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Answer, Unusable, parsed_object, present};
use crate::exec::time::rfc_3339;

#[derive(Deserialize)]
struct Response {
    credential: Option<Credential>,
}

#[derive(Deserialize)]
struct Credential {
    access_token: Option<Zeroizing<String>>,
    token_expiry: Option<String>,
}

pub(super) fn read(output: &[u8]) -> Result<Answer, Unusable> {
    let response: Response = parsed_object(output)?;
    let credential = response.credential.ok_or(Unusable::Invalid("it has no `credential`"))?;
    let token = present(credential.access_token, "its `credential` has no `access_token`")?;
    let expiry = match credential.token_expiry.as_deref() {
        None => None,
        Some(text) => {
            Some(rfc_3339(text).ok_or(Unusable::Invalid("its `token_expiry` is not RFC 3339"))?)
        }
    };
    Ok(Answer::new(token).with_expiry(expiry))
}
