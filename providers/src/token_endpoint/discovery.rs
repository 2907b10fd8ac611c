//! Where a server's endpoints are: its metadata (RFC 8414, OpenID Connect Discovery 1.0), fetched once and
//! kept for an hour.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use authn::{
    Context, Error, Result, Url,
    http::{HttpResponse, StatusCode},
    time::Moment,
};
use serde::Deserialize;
use serde_json::Value;

use super::{Address, with};

/// How long metadata are kept. Endpoints move seldom, and a process may live for months.
const LIFETIME: Duration = Duration::from_hours(1);

const OPENID: &str = ".well-known/openid-configuration";
const OAUTH: &str = ".well-known/oauth-authorization-server";

/// Fetches and keeps one issuer's metadata.
#[derive(Default)]
pub(crate) struct Discovery(Mutex<Option<Kept>>);

#[derive(Clone)]
struct Kept {
    metadata: Arc<Metadata>,
    until: Moment,
}

/// What is used of a server's metadata (RFC 8414, 2; RFC 8628, 4; RFC 9126, 5; RFC 9207, 3).
#[derive(Deserialize)]
pub(crate) struct Metadata {
    issuer: String,
    authorization_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    jwks_uri: Option<String>,
    /// Of any type, as the next, so that a server's slip in it does not spoil the rest.
    authorization_response_iss_parameter_supported: Option<Value>,
    require_pushed_authorization_requests: Option<Value>,
}

/// An endpoint that can be discovered.
#[derive(Clone, Copy)]
pub(crate) enum Endpoint {
    Authorization,
    DeviceAuthorization,
    Token,
    Revocation,
    Jwks,
}

impl Discovery {
    /// Returns the metadata of the server at `address`, which must call itself `issuer`.
    pub(crate) async fn metadata(
        &self,
        address: &Address,
        issuer: &str,
        context: &Context,
    ) -> Result<Arc<Metadata>> {
        let now = context.clock().now();
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(kept) = kept.filter(|kept| !kept.until.reached(now)) {
            return Ok(kept.metadata);
        }
        let metadata = Arc::new(fetch(address, issuer, context).await?);
        let kept = Kept { metadata: Arc::clone(&metadata), until: now.plus(LIFETIME) };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok(metadata)
    }
}

impl Metadata {
    /// Returns an endpoint of the server.
    pub(crate) fn endpoint(&self, endpoint: Endpoint) -> Result<Address> {
        let found = match endpoint {
            Endpoint::Authorization => &self.authorization_endpoint,
            Endpoint::DeviceAuthorization => &self.device_authorization_endpoint,
            Endpoint::Token => &self.token_endpoint,
            Endpoint::Revocation => &self.revocation_endpoint,
            Endpoint::Jwks => &self.jwks_uri,
        };
        let found = found.as_deref().and_then(Address::parse).ok_or_else(|| {
            let [name, option, more] = endpoint.texts();
            Error::protocol(format!("the server's metadata name no {name}"))
                .with_help(format!("set `{option}` {more}"))
        })?;
        // Not all of them are sent to from here: a browser would open one in the clear.
        authn::http::check(found.url(), false)?;
        Ok(found)
    }

    /// Returns whether the server says that it names itself in its answers to the redirect address (RFC 9207,
    /// 3). If so, one without `iss` is not the server's.
    pub(crate) fn names_itself_in_answers(&self) -> bool {
        self.authorization_response_iss_parameter_supported == Some(Value::Bool(true))
    }

    /// Returns whether the server says that it takes no authorization request but what was sent to it before
    /// (RFC 9126, 5).
    pub(crate) fn wants_pushed_requests(&self) -> bool {
        self.require_pushed_authorization_requests == Some(Value::Bool(true))
    }
}

impl Endpoint {
    /// Returns the error of an endpoint that is neither configured nor to be discovered.
    pub(crate) fn unknown(self) -> Error {
        let [name, option, _] = self.texts();
        Error::configuration(format!(
            "no {name} is known, and without an issuer none can be discovered"
        ))
        .with_help(format!("set `{option}`"))
    }

    /// Returns what it is called, after "no"; the option that sets it; and what to say after that option where
    /// the metadata do not name it.
    fn texts(self) -> [&'static str; 3] {
        const OR_ANOTHER_GRANT: &str = "if it has one, or choose another `grant_type`";
        match self {
            Self::Authorization => {
                ["authorization endpoint", "authorization_endpoint_url", OR_ANOTHER_GRANT]
            }
            Self::DeviceAuthorization => [
                "device authorization endpoint",
                "device_authorization_endpoint_url",
                OR_ANOTHER_GRANT,
            ],
            Self::Token => ["token endpoint", "token_endpoint_url", "instead of `issuer_url`"],
            Self::Revocation => [
                "revocation endpoint",
                "revocation_endpoint_url",
                "if it has one, or let the tokens expire",
            ],
            Self::Jwks => ["key set", "jwks_url", "to the address of its keys"],
        }
    }
}

/// Asks for the metadata of the server at `address`, whatever it answers.
pub(crate) async fn ask_for_metadata(address: &Address, context: &Context) -> Result<HttpResponse> {
    let [url, _] = well_known_urls(address.url());
    context.http().get(&url).send().await
}

async fn fetch(address: &Address, issuer: &str, context: &Context) -> Result<Metadata> {
    let mut status = StatusCode::OK;
    for url in well_known_urls(address.url()) {
        let response = context.http().get(&url).send().await?;
        status = response.status();
        if status == StatusCode::OK && response.is_json() {
            return check(issuer, &response);
        }
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(unavailable(&response));
        }
    }
    let reason = if status == StatusCode::OK {
        "not JSON".to_owned()
    } else {
        format!("status {}", status.as_u16())
    };
    Err(Error::protocol(format!("the issuer has no metadata ({reason})"))
        .with_help("check `issuer_url`, or set `token_endpoint_url` instead"))
}

/// Both well-known URLs: behind the issuer's path as OpenID Connect has it, and before it as RFC 8414, 3.
fn well_known_urls(issuer: &Url) -> [Url; 2] {
    let path = issuer.path().trim_end_matches('/');
    let at = |path: String| {
        let mut url = issuer.clone();
        url.set_path(&path);
        url
    };
    [at(format!("{path}/{OPENID}")), at(format!("/{OAUTH}{path}"))]
}

/// An issuer must call itself exactly as it is configured (RFC 8414, 3.3), or another server could answer
/// in its place.
fn check(issuer: &str, response: &HttpResponse) -> Result<Metadata> {
    let metadata: Metadata = response.json()?;
    if metadata.issuer == issuer {
        return Ok(metadata);
    }
    let slash = metadata.issuer.trim_end_matches('/') == issuer.trim_end_matches('/');
    let (message, help) = if slash {
        (
            "the server calls itself another issuer than configured: the two differ in a slash at the end",
            "add the slash to `issuer_url`, or remove it",
        )
    } else {
        (
            "the server calls itself another issuer than configured",
            "set `issuer_url` exactly to the issuer in the server's metadata",
        )
    };
    Err(Error::protocol(message).with_help(help))
}

/// Makes the error of a server that can't answer now.
pub(crate) fn unavailable(response: &HttpResponse) -> Error {
    let error = Error::network(format!(
        "{} answered with status {}",
        response.place(),
        response.status().as_u16()
    ))
    .with_help("try again later");
    with(error, response.retry_after(), Error::with_retry_after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_behind_and_before_the_issuers_path() {
        let urls = |issuer: &str| well_known_urls(&Url::parse(issuer).unwrap()).map(String::from);
        assert_eq!(
            urls("https://a.test"),
            [
                "https://a.test/.well-known/openid-configuration",
                "https://a.test/.well-known/oauth-authorization-server",
            ]
        );
        assert_eq!(
            urls("https://a.test/realms/x/"),
            [
                "https://a.test/realms/x/.well-known/openid-configuration",
                "https://a.test/.well-known/oauth-authorization-server/realms/x",
            ]
        );
    }
}
