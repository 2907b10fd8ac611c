//! The corporate authorization server is almost an OAuth 2 server. Provider `oauth` does everything for it, with the fixes
//! of this crate for what it does in its own way:
//!
//! | step | OAuth 2 | the server |
//! |---|---|---|
//! | request of an access token | | needs the parameter `application` |
//! | its answer | the members of RFC 6749, 5.1 | has them in `data` |
//! | request of a refresh | `refresh_token` | `renewal_token`, and takes no scopes |
//! | its answer | `access_token`, `refresh_token` | `accessToken`, `renewalToken` |
//! | request of a revocation | at the revocation endpoint | at `/sessions/end`, in the parameter `id` |
//! | its answer | 200, also for a token that is unknown | 404 for a token that is unknown |
//! | authentication of the client | RFC 6749, 2.3 | two headers of its own |
//!
//! A program links the crate by naming it once, and a configuration chooses the fixes and the authentication by their names:
//!
//! ```
//! use corp_compliance as _;
//! ```
//!
//! ```toml
//! [credentials]
//! domain = "api.corp.example"
//!
//! [credentials.oauth]
//! token_endpoint_url = "https://login.corp.example/token"
//! revocation_endpoint_url = "https://login.corp.example/revoke"
//! client_id = "reports"
//! client_secret = { file = "/run/secrets/client" }
//! token_endpoint_auth_method = "corp_headers"
//! compliance = ["corp"]
//! ```

#![forbid(unsafe_code)]
#![deny(clippy::pedantic, warnings)]

use authn::{Context, Error, Result, http::StatusCode};
use authn_providers::{ClientAuth, Compliance, RegisteredClient, TokenRequest, TokenResponse};
use serde_json::{Map, Value};

/// The fixes, a function for each step.
#[derive(Debug)]
pub struct Corp;

authn_providers::compliance!("corp", Corp);

impl Compliance for Corp {
    fn access_token_request(&self, request: &mut TokenRequest) -> Result<()> {
        request.set_parameter("application", "reports");
        Ok(())
    }

    fn access_token_response(&self, response: &mut TokenResponse) -> Result<()> {
        let data = response.json().and_then(|mut members| members.remove("data"));
        if let Some(Value::Object(data)) = data {
            response.set_json(&data);
        }
        Ok(())
    }

    fn refresh_token_request(&self, request: &mut TokenRequest) -> Result<()> {
        rename_parameter(request, "refresh_token", "renewal_token");
        request.remove_parameter("scope");
        Ok(())
    }

    fn refresh_token_response(&self, response: &mut TokenResponse) -> Result<()> {
        if let Some(mut members) = response.json() {
            rename(&mut members, "accessToken", "access_token");
            rename(&mut members, "renewalToken", "refresh_token");
            response.set_json(&members);
        }
        Ok(())
    }

    fn revoke_token_request(&self, request: &mut TokenRequest) -> Result<()> {
        let end = request.url().join("/sessions/end").map_err(|_| {
            Error::configuration("`revocation_endpoint_url` has no host").with_help("correct it")
        })?;
        request.set_url(end);
        rename_parameter(request, "token", "id");
        Ok(())
    }

    fn revoke_token_response(&self, response: &mut TokenResponse) -> Result<()> {
        // There is nothing left to revoke (RFC 7009, 2.2).
        if response.status() == StatusCode::NOT_FOUND {
            response.set_status(StatusCode::OK);
        }
        Ok(())
    }
}

fn rename_parameter(request: &mut TokenRequest, from: &str, to: &str) {
    if let Some(value) = request.parameter(from).map(str::to_owned) {
        request.remove_parameter(from);
        request.set_parameter(to, &value);
    }
}

fn rename(members: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(value) = members.remove(from) {
        members.insert(to.to_owned(), value);
    }
}

/// The client's identifier and its secret, each in a header.
#[derive(Debug)]
pub struct CorpHeaders;

authn_providers::client_auth!("corp_headers", CorpHeaders);

impl ClientAuth for CorpHeaders {
    async fn authenticate(
        &self,
        request: &mut TokenRequest,
        client: &RegisteredClient<'_>,
        _context: &Context,
    ) -> Result<()> {
        let secret = client.secret().ok_or_else(no_secret)?;
        request.set_header("x-corp-client", client.id());
        request.set_header("x-corp-secret", &secret.expose());
        Ok(())
    }

    fn validate(&self, client: &RegisteredClient<'_>) -> Result<()> {
        client.secret().map(drop).ok_or_else(no_secret)
    }
}

fn no_secret() -> Error {
    Error::configuration("`client_secret` is not set, but the corporate server needs it")
        .with_help("set it to the secret that the client was registered with")
}
