//! Format `docker`: the answer of `docker-credential-NAME get` (docker-credential-helpers).

use authn::Url;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Answer, Unusable, parsed_object};
use crate::exec::answer::USERNAME;

/// What a helper prints, with exit status 1, if it has no credential.
const NOT_FOUND: &[u8] = b"credentials not found in native keychain";

/// The user of an identity token, which is no password.
const TOKEN_USER: &str = "<token>";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Credential {
    #[serde(default)]
    username: String,
    #[serde(default)]
    secret: Zeroizing<String>,
}

/// The server as docker names it: a host with its port, or the whole URL if it has a path, as that of Docker Hub does.
pub(super) fn question(server: &Url) -> Zeroizing<Vec<u8>> {
    let text = server.as_str();
    let is_bare = server.path() == "/" && server.query().is_none();
    let host = text.split_once("://").map_or(text, |(_, host)| host.trim_end_matches('/'));
    Zeroizing::new(if is_bare { host } else { text }.as_bytes().to_vec())
}

pub(super) fn read(output: &[u8], has_succeeded: bool) -> Result<Answer, Unusable> {
    if output.trim_ascii() == NOT_FOUND {
        return Err(Unusable::NotFound);
    }
    if !has_succeeded {
        return Err(Unusable::Invalid("the command failed"));
    }
    let Credential { username, secret } = parsed_object(output)?;
    if secret.is_empty() {
        return Err(Unusable::NotFound);
    }
    let answer = Answer::new(secret);
    Ok(if username.is_empty() || username == TOKEN_USER {
        answer
    } else {
        answer.with(USERNAME, Zeroizing::new(username))
    })
}
