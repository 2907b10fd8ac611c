//! How the client says who it is at the token endpoint (RFC 6749, 2.3). One method a request; another one
//! is never tried.

use authn::{
    Error, Result, SecretString, Show, View,
    http::{HttpRequest, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::grants::Members;

/// A way to authenticate (RFC 7591, 2).
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Method {
    /// Identifier and secret in the `Authorization` header.
    ClientSecretBasic,
    /// Identifier and secret in the form.
    ClientSecretPost,
}

/// How identifier and secret are encoded for [`Method::ClientSecretBasic`].
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum BasicEncoding {
    /// Form-encoded first, as RFC 6749, 2.3.1 asks.
    Form,
    /// As they are.
    Raw,
}

/// A client's means to authenticate.
pub(super) struct ClientAuth<'a> {
    pub(super) client_id: &'a str,
    pub(super) client_secret: Option<&'a SecretString>,
    pub(super) method: Option<Method>,
    pub(super) basic_encoding: BasicEncoding,
}

impl ClientAuth<'_> {
    pub(super) fn validate(&self) -> Result<()> {
        if self.client_secret.is_none() {
            return Err(Error::configuration(
                "`client_secret` is not set, so the client can't authenticate; \
                 set it, best as a reference like `{ file = \"/run/secrets/client\" }`",
            ));
        }
        Ok(())
    }

    /// Adds the client's authentication and the form to a token request.
    pub(super) fn authenticate(
        &self,
        request: HttpRequest,
        mut members: Members,
    ) -> Result<HttpRequest> {
        self.validate()?;
        let secret = self.client_secret.map(SecretString::expose);
        let secret = secret.as_deref().unwrap_or_default();
        let request = match self.method.unwrap_or(Method::ClientSecretBasic) {
            Method::ClientSecretBasic => request.header(header::AUTHORIZATION, &self.basic(secret)),
            Method::ClientSecretPost => {
                members.add("client_id", self.client_id);
                members.add("client_secret", secret);
                request
            }
        };
        Ok(request.form(&members.pairs()))
    }

    fn basic(&self, secret: &str) -> Zeroizing<String> {
        let pair = match self.basic_encoding {
            BasicEncoding::Form => format!("{}:{}", form(self.client_id), form(secret)),
            BasicEncoding::Raw => format!("{}:{secret}", self.client_id),
        };
        let pair = Zeroizing::new(pair);
        Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())))
    }
}

fn form(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

impl Show for Method {
    fn show(&self) -> View {
        View::text(match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
        })
    }
}

impl Show for BasicEncoding {
    fn show(&self) -> View {
        View::text(match self {
            Self::Form => "form",
            Self::Raw => "raw",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(id: &str, secret: &str, basic_encoding: BasicEncoding) -> String {
        let auth = ClientAuth { client_id: id, client_secret: None, method: None, basic_encoding };
        auth.basic(secret).to_string()
    }

    #[test]
    fn basic_encodes_as_a_form_or_not_at_all() {
        assert_eq!(
            basic(
                "1PpG/Q 1",
                "z/tZ9VwFZqApmIQ+ZH1I5pLk/uB4ud:X2/8bL+wfFTt1rFw=",
                BasicEncoding::Form
            ),
            "Basic MVBwRyUyRlErMTp6JTJGdFo5VndGWnFBcG1JUSUyQlpIMUk1cExrJTJGdUI0dWQlM0FYMiUyRjhiTCUy\
             QndmRlR0MXJGdyUzRA=="
        );
        assert_eq!(
            basic("a b", "c", BasicEncoding::Raw),
            format!("Basic {}", STANDARD.encode("a b:c"))
        );
    }
}
