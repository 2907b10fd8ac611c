//! How the client authenticates (RFC 6749, 2.3).
//!
//! - [`method`]: the ways that a configuration can choose
//! - [`client_secret_basic`]: with a header
//! - [`assertion`]: with a signed token
//! - [`request_signer`]: the key that also signs authorization requests
//! - [`certificate`]: with the certificate of the connection
//! - [`own`]: in a way of a crate's own
//!
//! Each request uses one method. Another method is never tried after a failure, because the request contains a code or
//! a refresh token that can be used only once.

mod assertion;
mod certificate;
mod client_secret_basic;
mod method;
mod own;
mod request_signer;

use std::path::PathBuf;

use authn::{
    Context, Error, Result, SecretString, Token, Used,
    http::{ClientIdentity, is_showable},
};

use crate::{
    jws::{Algorithm, Header, check_header},
    token_endpoint::TokenRequest,
};

use certificate::{Certificates, Files};
use client_secret_basic::BasicEncoding;

pub(crate) use assertion::TYPE as ASSERTION_TYPE;
pub(crate) use method::{Method, Standard};
pub use own::{ClientAuth, ErasedClientAuth, RegisteredClient};

/// Most methods of a server that a message names.
const MOST_NAMED: usize = 8;

/// The options for a client's authentication.
#[derive(Clone, authn::Options)]
#[allow(clippy::struct_field_names, reason = "they are the options' names")]
#[allow(clippy::used_underscore_binding, reason = "an underscore marks a secret")]
pub(crate) struct Client {
    /// Client identifier at the server.
    #[needed]
    pub(crate) client_id: Option<String>,
    /// Client secret.
    _client_secret: Option<SecretString>,
    /// How the client authenticates: `client_secret_basic`, `client_secret_post`, `client_secret_jwt`, `private_key_jwt`,
    /// `tls_client_auth`, `self_signed_tls_client_auth`, `client_assertion`, `none`, or a way that a crate registers. Unset,
    /// it is `client_secret_basic` with a client secret, `private_key_jwt` with a private key, `tls_client_auth` with a
    /// certificate alone, and `none` otherwise.
    token_endpoint_auth_method: Option<Method>,
    /// How identifier and secret are encoded for `client_secret_basic`: `form` as RFC 6749, 2.3.1 requires, or `raw`
    /// for servers that do not decode them.
    #[default(BasicEncoding::Form)]
    basic_encoding: BasicEncoding,
    /// Private key for `private_key_jwt` and for request objects, as PEM (PKCS#8, PKCS#1 or SEC1, without a passphrase) or
    /// as a JWK. RSA of 2048 to 8192 bits, P-256, P-384 and Ed25519 are supported.
    _private_key: Option<SecretString>,
    /// Identifier of the private key at the server. Unset, it is the JWK's `kid`.
    key_id: Option<String>,
    /// Algorithm that signs the client's assertions and request objects. Unset, it is the JWK's `alg`, or follows from the
    /// type of the key: `RS256`, `ES256`, `ES384` or `EdDSA`, and `HS256` for `client_secret_jwt`. A request object is
    /// signed with another algorithm for this key if the server says that it accepts only that one.
    algorithm: Option<Algorithm>,
    /// Audience of the client's assertions. Unset, it is the issuer if it is known, else the token endpoint.
    assertion_audience: Option<String>,
    /// Further members of the header of the client's assertions and request objects (RFC 7515, 4), such as `x5t`. `alg`,
    /// `b64`, `crit`, `kid` and `typ` are not allowed.
    #[default(Header::new())]
    jwt_header: Header,
    /// PEM file with the client's certificate and those between it and its authority, in this order, for `tls_client_auth` and
    /// `self_signed_tls_client_auth` (RFC 8705). With another method, it binds the tokens alone (RFC 8705, 4). It is
    /// read again for each exchange. It is shown to the server's `mtls_endpoint_aliases`, and to the APIs that tokens
    /// are sent to.
    certificate: Option<PathBuf>,
    /// Private key of the certificate, as PEM (PKCS#8, PKCS#1 or SEC1, without a passphrase). While it and the
    /// certificate do not fit during a rotation, the last ones that did are used for at most five minutes.
    _certificate_key: Option<SecretString>,
    __certificates: Certificates,
}

impl Client {
    /// Creates a client that authenticates with a secret, if it has one (RFC 6749, 2.3.1).
    #[cfg(feature = "h2o_cloud")]
    pub(crate) fn with_secret(id: &str, secret: Option<&SecretString>) -> Self {
        Self {
            client_id: Some(id.to_owned()),
            _client_secret: secret.cloned(),
            token_endpoint_auth_method: None,
            basic_encoding: BasicEncoding::Form,
            _private_key: None,
            key_id: None,
            algorithm: None,
            assertion_audience: None,
            jwt_header: Header::new(),
            certificate: None,
            _certificate_key: None,
            __certificates: Certificates::default(),
        }
    }

    /// Returns the identifier, which is empty if there is none.
    pub(crate) fn id(&self) -> &str {
        self.client_id.as_deref().unwrap_or_default()
    }

    /// Returns whether there is a secret.
    pub(crate) fn has_secret(&self) -> bool {
        self._client_secret.is_some()
    }

    /// Returns whether there is a secret, a private key, a provider of assertions, or a certificate that authenticates the
    /// client.
    pub(crate) fn has_credentials(&self) -> bool {
        let is_other = matches!(self.method(), Method::Standard(method)
            if method.is_mutual_tls() || method == Standard::ClientAssertion);
        self.has_secret() || self._private_key.is_some() || is_other
    }

    /// Returns whether requests to the authorization server show a certificate.
    pub(crate) fn has_certificate(&self) -> bool {
        self.certificate.is_some()
    }

    /// Remembers the certificate that a token was issued for.
    pub(crate) fn note_identity(&self, token: &Token, identity: Option<ClientIdentity>) {
        if let Some(identity) = identity {
            self.__certificates.note(token, identity);
        }
    }

    /// Remembers the certificates of the tokens of an older client.
    pub(crate) fn continue_from(&self, older: &Self) {
        self.__certificates.continue_from(&older.__certificates);
    }

    /// Returns the certificate that a client shows with a token.
    pub(crate) fn identity_of(&self, used: &Used) -> Option<ClientIdentity> {
        self.certificate.as_ref()?;
        self.__certificates.of(used)
    }

    /// Returns whether the client authenticates with a secret if it has one.
    pub(crate) fn uses_secret(&self) -> bool {
        self._private_key.is_none()
            && match self.token_endpoint_auth_method {
                Some(Method::Standard(method)) => Self::is_with_secret(method),
                Some(Method::Own(_)) => true,
                None => self.has_secret() || self.certificate.is_none(),
            }
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
        method: Option<Standard>,
    ) -> Self {
        Self {
            client_id: Some(id.to_owned()),
            _client_secret: secret.filter(|_| method != Some(Standard::None)),
            token_endpoint_auth_method: method
                .map(Method::Standard)
                .or(self.token_endpoint_auth_method),
            ..self.clone()
        }
    }

    /// Sets the secret.
    pub(crate) fn set_secret(&mut self, secret: Option<SecretString>) {
        self._client_secret = secret;
    }

    /// Returns the configured method, or the one that follows from the other options.
    pub(crate) fn method(&self) -> Method {
        self.token_endpoint_auth_method.unwrap_or(Method::Standard(
            match (&self._client_secret, &self._private_key, &self.certificate) {
                (Some(_), ..) => Standard::ClientSecretBasic,
                (None, Some(_), _) => Standard::PrivateKeyJwt,
                (None, None, Some(_)) => Standard::TlsClientAuth,
                (None, None, None) => Standard::None,
            },
        ))
    }

    /// Returns whether the configuration says that the client does not authenticate.
    pub(crate) fn is_public(&self) -> bool {
        self.token_endpoint_auth_method.is_some_and(|method| method.is(Standard::None))
    }

    /// Returns whether the client authenticates at all.
    pub(crate) fn authenticates(&self) -> bool {
        !self.method().is(Standard::None)
    }

    /// Checks that all options that the method needs are set, and none that it does not use. `is_needed` is whether the server
    /// has to know the client, also one that does not authenticate. `signs_requests` is whether the private key always signs
    /// authorization requests too.
    pub(crate) fn validate(&self, is_needed: bool, signs_requests: bool) -> Result<()> {
        // An assertion says which client it is of (RFC 7521, 4.2).
        let is_named = self.method().is(Standard::ClientAssertion);
        if self.id().is_empty() && (is_needed || self.authenticates()) && !is_named {
            return Err(Error::configuration("`client_id` is not set")
                .with_help("set it to the client identifier at the server"));
        }
        if self.token_endpoint_auth_method.is_none()
            && self._client_secret.is_some()
            && self._private_key.is_some()
        {
            return Err(Error::configuration("both `client_secret` and `private_key` are set")
                .with_help(
                    "remove the one that the client does not authenticate with, or set \
                     `token_endpoint_auth_method` if the key is for `request_object = \"always\"`",
                ));
        }
        check_header(&self.jwt_header)?;
        if signs_requests {
            self.request_signer(&[])?;
        }
        self.load_certificate()?;
        let method = match self.method() {
            Method::Standard(method) => method,
            method @ Method::Own(own) => {
                method.check()?;
                return own.value().validate_client(&self.seen(""));
            }
        };
        self.check_unused(method, signs_requests)?;
        match method {
            Standard::ClientSecretBasic if self.is_split_elsewhere() => {
                Err(Error::configuration("`client_id` has a colon, which ends it in a header without encoding")
                    .with_help(
                        "remove `basic_encoding`, or set `token_endpoint_auth_method = \"client_secret_post\"`",
                    ))
            }
            Standard::ClientSecretBasic | Standard::ClientSecretPost => self.secret().map(drop),
            Standard::ClientSecretJwt | Standard::PrivateKeyJwt => {
                assertion::signer(self).map(drop)
            }
            Standard::TlsClientAuth | Standard::SelfSignedTlsClientAuth => self.check_certificate(),
            Standard::ClientAssertion | Standard::None => Ok(()),
        }
    }

    /// Returns whether the server would split identifier and secret at a colon of the identifier (RFC 7617, 2).
    fn is_split_elsewhere(&self) -> bool {
        self.basic_encoding == BasicEncoding::Raw && self.id().contains(':')
    }

    /// Reads the certificate, if one is set.
    pub(crate) fn load_certificate(&self) -> Result<()> {
        match self.files()? {
            Some(files) => self.__certificates.load(&files),
            None => Ok(()),
        }
    }

    /// Returns the files of the certificate, if one is set.
    fn files(&self) -> Result<Option<Files>> {
        match (&self.certificate, &self._certificate_key) {
            (Some(certificate), Some(key)) => {
                Ok(Some(Files { certificate: certificate.clone(), key: key.clone() }))
            }
            (None, None) => Ok(None),
            _ => Err(Error::configuration(
                "only one of `certificate` and `certificate_key` is set",
            )
            .with_help(
                "set both, the key preferably to a reference like `{ file = \"/run/secrets/client.key\" }`",
            )),
        }
    }

    /// Fails if there is no certificate, but the method needs it.
    fn check_certificate(&self) -> Result<()> {
        if self.has_certificate() {
            return Ok(());
        }
        Err(Error::configuration(format!(
            "`certificate` is not set, but `token_endpoint_auth_method` {} needs it",
            self.method().name()
        ))
        .with_help("set it to a PEM file, and `certificate_key` to its key"))
    }

    /// Returns whether a method sends the secret, or signs with it.
    fn is_with_secret(method: Standard) -> bool {
        use Standard::{ClientAssertion, None, PrivateKeyJwt};
        !matches!(method, PrivateKeyJwt | ClientAssertion | None) && !method.is_mutual_tls()
    }

    /// Returns the client as its own way to authenticate sees it.
    fn seen<'a>(&'a self, audience: &'a str) -> RegisteredClient<'a> {
        RegisteredClient {
            id: self.id(),
            secret: self._client_secret.as_ref(),
            private_key: self._private_key.as_ref(),
            key_id: self.key_id.as_deref(),
            audience: self.assertion_audience.as_deref().unwrap_or(audience),
        }
    }

    fn check_unused(&self, method: Standard, signs_requests: bool) -> Result<()> {
        let with_secret = Self::is_with_secret(method);
        let is_asserted = matches!(method, Standard::PrivateKeyJwt | Standard::ClientSecretJwt);
        let with_key = method == Standard::PrivateKeyJwt || signs_requests;
        let signs = is_asserted || signs_requests;
        let options = [
            ("client_secret", self._client_secret.is_some(), with_secret),
            ("private_key", self._private_key.is_some(), with_key),
            ("key_id", self.key_id.is_some(), with_key),
            ("algorithm", self.algorithm.is_some(), signs),
            ("assertion_audience", self.assertion_audience.is_some(), is_asserted),
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

    /// Adds the client's authentication to a request to the authorization server. `audience` is the audience of an
    /// assertion unless another one is configured.
    pub(crate) async fn authenticate(
        &self,
        request: &mut TokenRequest,
        audience: &str,
        context: &Context,
    ) -> Result<()> {
        if let Some(files) = self.files()? {
            request.set_identity(self.__certificates.read(&files, context.clock()).await?)?;
        }
        let method = match self.method() {
            Method::Standard(method) => method,
            Method::Own(own) => {
                let client = self.seen(audience);
                return own.value().authenticate_boxed(request, &client, context).await;
            }
        };
        if method == Standard::ClientSecretBasic {
            return client_secret_basic::authenticate(self, request);
        }
        // Optional with an assertion (RFC 7521, 4.2), but some servers find the client by it.
        if !self.id().is_empty() {
            request.set_parameter("client_id", self.id());
        }
        match method {
            Standard::ClientSecretPost => {
                request.set_parameter("client_secret", &self.secret()?.expose());
            }
            Standard::ClientSecretJwt | Standard::PrivateKeyJwt => {
                assertion::add(self, request, audience, context)?;
            }
            // The caller adds the assertion of a nested provider.
            Standard::ClientSecretBasic
            | Standard::TlsClientAuth
            | Standard::SelfSignedTlsClientAuth
            | Standard::ClientAssertion
            | Standard::None => {}
        }
        Ok(())
    }

    /// Returns the help if the server rejects the client.
    pub(crate) fn advice(&self) -> &'static str {
        let Method::Standard(method) = self.method() else {
            return "check `client_id`, its credentials and `token_endpoint_auth_method`";
        };
        match method {
            Standard::ClientSecretBasic | Standard::ClientSecretPost => {
                "check `client_id`, `client_secret` and `token_endpoint_auth_method`"
            }
            Standard::ClientSecretJwt => {
                "check `client_id`, `client_secret`, `algorithm` and `assertion_audience`, and this \
                 machine's clock"
            }
            Standard::PrivateKeyJwt => {
                "check `client_id`, `private_key`, `key_id` and `assertion_audience`, and this \
                 machine's clock"
            }
            Standard::TlsClientAuth => {
                "check `client_id`, and that the server expects the subject and the authority of `certificate`"
            }
            Standard::SelfSignedTlsClientAuth => {
                "check `client_id`, and that `certificate` is registered at the server"
            }
            Standard::ClientAssertion => {
                "check `client_id`, and the provider of the client's assertion"
            }
            Standard::None => "check `client_id`, and set `client_secret` if the client needs one",
        }
    }

    /// Returns what else helps if the server does not accept the client. `offered` are the methods that its metadata name.
    pub(crate) fn hint(&self, offered: &[&str]) -> Option<String> {
        let Method::Standard(method) = self.method() else { return None };
        let known = offered.iter().filter(|name| is_showable(name));
        let known: Vec<_> = known.take(MOST_NAMED).map(|name| format!("`{name}`")).collect();
        if !known.is_empty() && !offered.contains(&method.name()) {
            return Some(format!(
                "the server's metadata do not offer `{}`, but {}: set `token_endpoint_auth_method`",
                method.name(),
                known.join(", ")
            ));
        }
        match method {
            Standard::ClientSecretBasic => {
                client_secret_basic::hint(self.id(), &self.secret().ok()?.expose(), self.basic_encoding)
            }
            Standard::ClientSecretJwt | Standard::PrivateKeyJwt => Some(
                "the server may expect another `assertion_audience`, such as its issuer or its token endpoint"
                    .to_owned(),
            ),
            _ => None,
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
            (Standard::ClientSecretJwt, json!({ "alg": "HS256", "typ": "JWT" })),
            (Standard::PrivateKeyJwt, json!({ "alg": "EdDSA", "typ": "JWT", "kid": "k" })),
        ] {
            let with_key = method == Standard::PrivateKeyJwt;
            let client = Client {
                client_id: Some("c".to_owned()),
                _client_secret: (!with_key).then(|| "s3cr3t".into()),
                token_endpoint_auth_method: Some(Method::Standard(method)),
                basic_encoding: BasicEncoding::Form,
                _private_key: with_key.then(|| KEY.into()),
                key_id: with_key.then(|| "k".to_owned()),
                algorithm: None,
                assertion_audience: None,
                jwt_header: serde_json::from_value(members.clone()).unwrap(),
                certificate: None,
                _certificate_key: None,
                __certificates: Certificates::default(),
            };
            client.validate(true, false).unwrap();
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
