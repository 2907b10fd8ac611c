//! Format `aws`: the keys that `credential_process` of an AWS profile prints, version 1.
//!
//! The keys sign requests and are not a token. They are kept beside the token, which is the public identifier of the key.

use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::{Answer, Unusable, parsed_object, present};
use crate::exec::{
    answer::{AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN},
    time::rfc_3339,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Keys {
    version: Value,
    access_key_id: Option<Zeroizing<String>>,
    secret_access_key: Option<Zeroizing<String>>,
    session_token: Option<Zeroizing<String>>,
    expiration: Option<String>,
}

pub(super) fn read(output: &[u8]) -> Result<Answer, Unusable> {
    let keys: Keys = parsed_object(output)?;
    if keys.version != 1 {
        return Err(Unusable::Invalid("its `Version` is not 1"));
    }
    let identifier = present(keys.access_key_id, "it has no `AccessKeyId`")?;
    let secret = present(keys.secret_access_key, "it has no `SecretAccessKey`")?;
    let expiry = match keys.expiration.as_deref() {
        None => None,
        Some(text) => {
            Some(rfc_3339(text).ok_or(Unusable::Invalid("its `Expiration` is not RFC 3339"))?)
        }
    };
    let answer = Answer::new(identifier.clone())
        .with_expiry(expiry)
        .with(AWS_ACCESS_KEY_ID, identifier)
        .with(AWS_SECRET_ACCESS_KEY, secret);
    Ok(match keys.session_token.filter(|token| !token.is_empty()) {
        Some(token) => answer.with(AWS_SESSION_TOKEN, token),
        None => answer,
    })
}
