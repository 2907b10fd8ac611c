//! Format `az`: the answer of `az account get-access-token -o json`.
//!
//! `expiresOn` is a local time without an offset, so it is not read. Versions before 2.54 have no `expires_on`.

use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Answer, Unusable, parsed_object, present};
use crate::exec::time::Seconds;

#[derive(Deserialize)]
struct Response {
    #[serde(rename = "accessToken")]
    access_token: Option<Zeroizing<String>>,
    expires_on: Option<Seconds>,
}

pub(super) fn read(output: &[u8]) -> Result<Answer, Unusable> {
    let response: Response = parsed_object(output)?;
    let token = present(response.access_token, "it has no `accessToken`")?;
    let expiry = match response.expires_on {
        None => None,
        Some(seconds) => Some(
            seconds.unix_time().ok_or(Unusable::Invalid("its `expires_on` is not a Unix time"))?,
        ),
    };
    Ok(Answer::new(token).with_expiry(expiry))
}
