//! `Discovery`: a server's metadata with its endpoints (RFC 8414, OpenID Connect Discovery 1.0). They are fetched when
//! they are first needed, and cached for an hour.

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

/// How long metadata are cached. Endpoints rarely change, but a process can run for months.
const LIFETIME: Duration = Duration::from_hours(1);

const OPENID: &str = ".well-known/openid-configuration";
const OAUTH: &str = ".well-known/oauth-authorization-server";

/// Fetches and caches one issuer's metadata.
#[derive(Default)]
pub(crate) struct Discovery(Mutex<Option<Kept>>);

#[derive(Clone)]
struct Kept {
    metadata: Arc<Metadata>,
    until: Moment,
}

/// The members of a server's metadata that are used (RFC 8414, 2; RFC 8628, 4; RFC 9126, 5; RFC 9207, 3).
#[derive(Deserialize)]
pub(crate) struct Metadata {
    issuer: String,
    authorization_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    jwks_uri: Option<String>,
    /// This member and the next accept any type, so that a wrong type does not invalidate the rest.
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
    /// Returns the metadata of the server at `address`, whose issuer identifier must be `issuer`.
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
        // A browser opens the authorization endpoint, so the HTTP client would not check it.
        authn::http::check(found.url(), false)?;
        Ok(found)
    }

    /// Returns whether the server promises to name its issuer in answers to the redirect address (RFC 9207, 3). If
    /// so, an answer without `iss` is not the server's.
    pub(crate) fn names_itself_in_answers(&self) -> bool {
        self.authorization_response_iss_parameter_supported == Some(Value::Bool(true))
    }

    /// Returns whether the server accepts only pushed authorization requests (RFC 9126, 5).
    pub(crate) fn wants_pushed_requests(&self) -> bool {
        self.require_pushed_authorization_requests == Some(Value::Bool(true))
    }
}

impl Endpoint {
    /// Returns the error of an endpoint that is neither configured nor discovered.
    pub(crate) fn unknown(self) -> Error {
        let [name, option, _] = self.texts();
        Error::configuration(format!(
            "no {name} is known, and without an issuer none can be discovered"
        ))
        .with_help(format!("set `{option}`"))
    }

    /// Returns the name of the endpoint, the option that sets it, and the rest of the help after "set `option`" if the
    /// metadata do not name it.
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

/// Requests the metadata of the server at `address`, and returns any answer.
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

/// Returns both well-known URLs: after the issuer's path (OpenID Connect), and before it (RFC 8414, 3).
fn well_known_urls(issuer: &Url) -> [Url; 2] {
    let path = issuer.path().trim_end_matches('/');
    let at = |path: String| {
        let mut url = issuer.clone();
        url.set_path(&path);
        url
    };
    [at(format!("{path}/{OPENID}")), at(format!("/{OAUTH}{path}"))]
}

/// Checks that the metadata name exactly the configured issuer (RFC 8414, 3.3). Otherwise another server could answer
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

/// Returns the error of a server that can't answer now.
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
    fn metadata_are_after_or_before_the_issuers_path() {
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
