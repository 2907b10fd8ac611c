//! Where a server's endpoints are: its metadata (RFC 8414, OpenID Connect Discovery 1.0), fetched once and
//! kept for an hour.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use authn::{
    Context, Error, ErrorKind, Result, Url,
    clock::Moment,
    http::{HttpResponse, StatusCode},
};
use serde::Deserialize;

use super::address::Address;

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

/// What is used of a server's metadata (RFC 8414, 2).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    token_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
}

/// An endpoint that can be discovered.
#[derive(Clone, Copy)]
pub(crate) enum Endpoint {
    Token,
    Revocation,
}

impl Discovery {
    /// Gives an endpoint of the server at `address`, which must call itself `issuer`.
    pub(crate) async fn endpoint(
        &self,
        endpoint: Endpoint,
        address: &Address,
        issuer: &str,
        context: &Context,
    ) -> Result<Address> {
        let metadata = self.metadata(address, issuer, context).await?;
        let (found, missing) = match endpoint {
            Endpoint::Token => (
                &metadata.token_endpoint,
                "the server's metadata name no token endpoint; set `token_endpoint_url` instead of \
                 `issuer_url`",
            ),
            Endpoint::Revocation => (
                &metadata.revocation_endpoint,
                "the server's metadata name no revocation endpoint; set `revocation_endpoint_url` if it \
                 has one, or let the tokens expire",
            ),
        };
        found.as_deref().and_then(Address::parse).ok_or_else(|| Error::protocol(missing))
    }

    async fn metadata(
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

async fn fetch(address: &Address, issuer: &str, context: &Context) -> Result<Metadata> {
    let mut status = StatusCode::OK;
    for place in places(address.url()) {
        let response = context.http().get(&place).send().await?;
        status = response.status();
        if status == StatusCode::OK && response.is_json() {
            return check(issuer, &response);
        }
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(unavailable(&response));
        }
    }
    let answered = if status == StatusCode::OK {
        "no JSON".to_owned()
    } else {
        format!("status {}", status.as_u16())
    };
    Err(Error::protocol(format!(
        "the issuer has no metadata ({answered}); check `issuer_url`, or set `token_endpoint_url` instead"
    )))
}

/// Both well-known places: behind the issuer's path as OpenID Connect has it, and before it as RFC 8414, 3.
fn places(issuer: &Url) -> [Url; 2] {
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
    let hint = if slash {
        "the two differ in a slash at the end: change `issuer_url` accordingly"
    } else {
        "set `issuer_url` exactly to the issuer that the server's metadata name"
    };
    Err(Error::protocol(format!("the server calls itself another issuer than configured; {hint}")))
}

fn unavailable(response: &HttpResponse) -> Error {
    let error = Error::new(
        ErrorKind::Network,
        format!(
            "{} answered with status {}; try again later",
            response.place(),
            response.status().as_u16()
        ),
    );
    match response.retry_after() {
        Some(wait) => error.with_retry_after(wait),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_behind_and_before_the_issuers_path() {
        let places = |issuer: &str| places(&Url::parse(issuer).unwrap()).map(String::from);
        assert_eq!(
            places("https://a.test"),
            [
                "https://a.test/.well-known/openid-configuration",
                "https://a.test/.well-known/oauth-authorization-server",
            ]
        );
        assert_eq!(
            places("https://a.test/realms/x/"),
            [
                "https://a.test/realms/x/.well-known/openid-configuration",
                "https://a.test/.well-known/oauth-authorization-server/realms/x",
            ]
        );
    }
}
