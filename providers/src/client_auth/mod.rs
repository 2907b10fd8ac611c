//! How the client authenticates (RFC 6749, 2.3).
//!
//! - [`client_secret_basic`]: with a header
//! - [`assertion`]: with a signed token
//!
//! Each request uses one method. Another method is never tried after a failure, because the request contains a code or
//! a refresh token that can be used only once.

mod assertion;
mod client_secret_basic;

use authn::{Context, Error, Result, SecretString, http::HttpRequest};

use crate::{
    choice::choice,
    jws::{Algorithm, Header, check_header},
    token_endpoint::Form,
};

use client_secret_basic::BasicEncoding;

choice! {
    /// A way to authenticate, by its registered name (RFC 7591, 2; OpenID Connect Core, 9).
    pub(crate) enum Method {
        /// Identifier and secret in the `Authorization` header.
        ClientSecretBasic = "client_secret_basic",
        /// Identifier and secret in the form.
        ClientSecretPost = "client_secret_post",
        /// A token signed with the secret.
        ClientSecretJwt = "client_secret_jwt",
        /// A token signed with a private key.
        PrivateKeyJwt = "private_key_jwt",
        /// The identifier only (a public client).
        None = "none",
    }
}

/// The options for a client's authentication.
#[derive(Clone, authn::Options)]
#[allow(clippy::struct_field_names, reason = "they are the options' names")]
#[allow(clippy::used_underscore_binding, reason = "an underscore marks a secret")]
pub(crate) struct Client {
    /// Client identifier at the server.
    pub(crate) client_id: Option<String>,
    /// Client secret.
    _client_secret: Option<SecretString>,
    /// How the client authenticates. Unset, it is `client_secret_basic` with a client secret, `private_key_jwt` with a
    /// private key, and `none` otherwise.
    token_endpoint_auth_method: Option<Method>,
    /// How identifier and secret are encoded for `client_secret_basic`: `form` as RFC 6749, 2.3.1 requires, or `raw`
    /// for servers that do not decode them.
    #[default(BasicEncoding::Form)]
    basic_encoding: BasicEncoding,
    /// Private key for `private_key_jwt`, as PEM (PKCS#8, PKCS#1 or SEC1, without a passphrase) or as a JWK. RSA of
    /// 2048 to 8192 bits, P-256, P-384 and Ed25519 are supported.
    _private_key: Option<SecretString>,
    /// Identifier of the private key at the server. Unset, it is the JWK's `kid`.
    key_id: Option<String>,
    /// Algorithm that signs the client's assertions. Unset, it is the JWK's `alg`, or follows from the type of the key:
    /// `RS256`, `ES256`, `ES384` or `EdDSA`, and `HS256` for `client_secret_jwt`.
    algorithm: Option<Algorithm>,
    /// Audience of the client's assertions. Unset, it is the issuer if it is known, else the token endpoint.
    assertion_audience: Option<String>,
    /// Further members of the header of the client's assertions (RFC 7515, 4), such as `x5t`. `alg`, `b64`, `crit`, `kid`
    /// and `typ` are not allowed.
    #[default(Header::new())]
    jwt_header: Header,
}

impl Client {
    /// Returns the identifier, which is empty if there is none.
    pub(crate) fn id(&self) -> &str {
        self.client_id.as_deref().unwrap_or_default()
    }

    /// Returns whether there is a secret.
    pub(crate) fn has_secret(&self) -> bool {
        self._client_secret.is_some()
    }

    /// Returns whether there is a secret or a private key.
    pub(crate) fn has_credentials(&self) -> bool {
        self.has_secret() || self._private_key.is_some()
    }

    /// Returns whether the client authenticates with a secret if it has one.
    pub(crate) fn uses_secret(&self) -> bool {
        let method = self.token_endpoint_auth_method;
        self._private_key.is_none() && !matches!(method, Some(Method::PrivateKeyJwt | Method::None))
    }

    /// Returns whether two clients have the same identifier and secret.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let secret =
            |client: &Self| client._client_secret.as_ref().map(|secret| secret.expose().to_owned());
        self.client_id == other.client_id
            && *secret(self).unwrap_or_default() == *secret(other).unwrap_or_default()
    }

    /// Returns the client with what a server has registered. Without a method, it is the one that follows from the
    /// secret.
    pub(crate) fn registered(
        &self,
        id: &str,
        secret: Option<SecretString>,
        method: Option<Method>,
    ) -> Self {
        let client_id = Some(id.to_owned());
        let token_endpoint_auth_method = method.or(self.token_endpoint_auth_method);
        let _client_secret = secret.filter(|_| method != Some(Method::None));
        Self { client_id, _client_secret, token_endpoint_auth_method, ..self.clone() }
    }

    /// Sets the secret.
    pub(crate) fn set_secret(&mut self, secret: Option<SecretString>) {
        self._client_secret = secret;
    }

    /// Returns the configured method, or the one that follows from the other options.
    pub(crate) fn method(&self) -> Method {
        self.token_endpoint_auth_method.unwrap_or(
            match (&self._client_secret, &self._private_key) {
                (Some(_), _) => Method::ClientSecretBasic,
                (None, Some(_)) => Method::PrivateKeyJwt,
                (None, None) => Method::None,
            },
        )
    }

    /// Checks that all options that the method needs are set, and none that it does not use.
    pub(crate) fn validate(&self) -> Result<()> {
        if self.id().is_empty() {
            return Err(Error::configuration("`client_id` is not set")
                .with_help("set it to the client identifier at the server"));
        }
        if self.token_endpoint_auth_method.is_none()
            && self._client_secret.is_some()
            && self._private_key.is_some()
        {
            return Err(Error::configuration("both `client_secret` and `private_key` are set")
                .with_help("remove the one that the client does not authenticate with"));
        }
        self.check_unused()?;
        check_header(&self.jwt_header)?;
        match self.method() {
            Method::ClientSecretBasic | Method::ClientSecretPost => self.secret().map(drop),
            Method::ClientSecretJwt | Method::PrivateKeyJwt => assertion::signer(self).map(drop),
            Method::None => Ok(()),
        }
    }

    fn check_unused(&self) -> Result<()> {
        let method = self.method();
        let with_secret = !matches!(method, Method::PrivateKeyJwt | Method::None);
        let with_key = method == Method::PrivateKeyJwt;
        let signs = with_key || method == Method::ClientSecretJwt;
        let options = [
            ("client_secret", self._client_secret.is_some(), with_secret),
            ("private_key", self._private_key.is_some(), with_key),
            ("key_id", self.key_id.is_some(), with_key),
            ("algorithm", self.algorithm.is_some(), signs),
            ("assertion_audience", self.assertion_audience.is_some(), signs),
            ("jwt_header", !self.jwt_header.is_empty(), signs),
        ];
        match options.into_iter().find(|(_, is_set, is_used)| *is_set && !is_used) {
            Some((option, ..)) => Err(Error::configuration(format!(
                "`{option}` is set, but `token_endpoint_auth_method` {} does not use it",
                method.name()
            ))
            .with_help("remove it, or choose a method that does")),
            None => Ok(()),
        }
    }

    /// Adds the form and the client's authentication to a request to the authorization server. `audience` is the
    /// audience of an assertion unless another one is configured.
    pub(crate) fn authenticate(
        &self,
        request: HttpRequest,
        mut form: Form,
        audience: &str,
        context: &Context,
    ) -> Result<HttpRequest> {
        let method = self.method();
        if method == Method::ClientSecretBasic {
            let request = client_secret_basic::authenticate(self, request)?;
            return Ok(request.form(&form.pairs()));
        }
        // Optional with an assertion (RFC 7521, 4.2), but some servers find the client by it.
        form.add("client_id", self.id());
        match method {
            Method::ClientSecretPost => form.add("client_secret", &self.secret()?.expose()),
            Method::ClientSecretJwt | Method::PrivateKeyJwt => {
                assertion::add(self, &mut form, audience, context)?;
            }
            Method::ClientSecretBasic | Method::None => {}
        }
        Ok(request.form(&form.pairs()))
    }

    /// Returns the help if the server rejects the client.
    pub(crate) fn advice(&self) -> &'static str {
        match self.method() {
            Method::ClientSecretBasic | Method::ClientSecretPost => {
                "check `client_id`, `client_secret` and `token_endpoint_auth_method`"
            }
            Method::ClientSecretJwt => {
                "check `client_id`, `client_secret`, `algorithm` and `assertion_audience`, and this \
                 machine's clock"
            }
            Method::PrivateKeyJwt => {
                "check `client_id`, `private_key`, `key_id` and `assertion_audience`, and this \
                 machine's clock"
            }
            Method::None => "check `client_id`, and set `client_secret` if the client needs one",
        }
    }

    /// Returns the secret, which is never empty.
    pub(crate) fn secret(&self) -> Result<&SecretString> {
        // The file that contains it can be empty while it is being written.
        self._client_secret.as_ref().filter(|secret| !secret.is_empty()).ok_or_else(|| {
            Error::configuration(format!(
                "`client_secret` is not set, but `token_endpoint_auth_method` {} needs it",
                self.method().name()
            ))
            .with_help(
                "set it, preferably to a reference like `{ file = \"/run/secrets/client\" }`",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use serde_json::{Value, json};

    use super::*;
    use crate::jws::Claims;

    /// RFC 8410, 10.3.
    const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";

    #[test]
    fn both_kinds_of_assertions_have_the_configured_header() {
        let members = json!({ "x5t": "abc", "n": 1, "list": [true], "table": { "a": 1.5 } });
        for (method, expected) in [
            (Method::ClientSecretJwt, json!({ "alg": "HS256", "typ": "JWT" })),
            (Method::PrivateKeyJwt, json!({ "alg": "EdDSA", "typ": "JWT", "kid": "k" })),
        ] {
            let with_key = method == Method::PrivateKeyJwt;
            let client = Client {
                client_id: Some("c".to_owned()),
                _client_secret: (!with_key).then(|| "s3cr3t".into()),
                token_endpoint_auth_method: Some(method),
                basic_encoding: BasicEncoding::Form,
                _private_key: with_key.then(|| KEY.into()),
                key_id: with_key.then(|| "k".to_owned()),
                algorithm: None,
                assertion_audience: None,
                jwt_header: serde_json::from_value(members.clone()).unwrap(),
            };
            client.validate().unwrap();
            let lifetime = std::time::Duration::from_mins(1);
            let claims = Claims::valid_for(lifetime, &authn::time::Clock::system()).unwrap();
            let token = assertion::signer(&client).unwrap().sign(&claims).unwrap();
            let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
            let mut header: Value = serde_json::from_slice(&header).unwrap();
            for (name, value) in members.as_object().unwrap() {
                assert_eq!(header.as_object_mut().unwrap().remove(name).as_ref(), Some(value));
            }
            assert_eq!(header, expected);
        }
    }
}
