//! `client_secret_basic`: client identifier and secret in the `Authorization` header (RFC 6749, 2.3.1).

use authn::Result;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::Client;
use crate::{choice::choice, token_endpoint::TokenRequest};

choice! {
    /// How identifier and secret are encoded.
    pub(crate) enum BasicEncoding {
        /// Form-encoded first, as RFC 6749, 2.3.1 requires.
        Form = "form",
        /// Not encoded.
        Raw = "raw",
    }
}

pub(super) fn authenticate(client: &Client, request: &mut TokenRequest) -> Result<()> {
    let secret = client.secret()?.expose();
    request.set_header("authorization", &value(client.id(), &secret, client.basic_encoding));
    Ok(())
}

fn value(id: &str, secret: &str, encoding: BasicEncoding) -> Zeroizing<String> {
    let pair = match encoding {
        BasicEncoding::Form => {
            Zeroizing::new(format!("{}:{}", form(id).as_str(), form(secret).as_str()))
        }
        BasicEncoding::Raw => Zeroizing::new(format!("{id}:{secret}")),
    };
    let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
    Zeroizing::new(format!("Basic {}", encoded.as_str()))
}

/// Returns what helps if the server reads identifier and secret in another encoding. It is `None` if both are the same.
pub(super) fn hint(id: &str, secret: &str, encoding: BasicEncoding) -> Option<String> {
    let is_same = *form(id) == id && *form(secret) == secret;
    let other = match encoding {
        BasicEncoding::Form => "raw",
        BasicEncoding::Raw => "form",
    };
    (!is_same).then(|| {
        format!(
            "the identifier or the secret has characters that an encoding changes, so the server may need \
             `basic_encoding = \"{other}\"`"
        )
    })
}

fn form(text: &str) -> Zeroizing<String> {
    Zeroizing::new(url::form_urlencoded::byte_serialize(text.as_bytes()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_as_a_form_or_not_at_all() {
        let form = value(
            "1PpG/Q 1",
            "z/tZ9VwFZqApmIQ+ZH1I5pLk/uB4ud:X2/8bL+wfFTt1rFw=",
            BasicEncoding::Form,
        );
        assert_eq!(
            *form,
            "Basic MVBwRyUyRlErMTp6JTJGdFo5VndGWnFBcG1JUSUyQlpIMUk1cExrJTJGdUI0dWQlM0FYMiUyRjhiTCUy\
             QndmRlR0MXJGdyUzRA=="
        );
        let raw = value("a b", "c+d", BasicEncoding::Raw);
        assert_eq!(*raw, format!("Basic {}", STANDARD.encode("a b:c+d")));
    }
}
