//! `Client` as a middleware of `reqwest-middleware`: the last one of a chain, which sends the request itself.
//!
//! A middleware that adds a header and calls the next one would leave redirects to the client below, which takes credentials
//! along to other origins (all but `Authorization` and cookies), and shows no client certificate.

use ::reqwest::{Request, Response};
use http::Extensions;
use reqwest_middleware::{Error as ChainError, Middleware, Next, Result as ChainResult};

use super::{Client, Error, extensions::taken};
use crate::integrations::choice::chosen;

/// Sends the request, and calls no further middleware: add it last. Extensions of the request say which credentials it has:
/// [`WithholdToken`](crate::WithholdToken) and [`UseCredentials`](crate::UseCredentials).
///
/// The client that the chain is built with sends nothing. An error of the connection is `reqwest_middleware::Error::Reqwest`,
/// so that layers that retry know it; any other is an [`authn::reqwest::Error`](crate::reqwest::Error).
#[async_trait::async_trait]
impl Middleware for Client {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        _next: Next<'_>,
    ) -> ChainResult<Response> {
        let sent = async {
            let Some(credentials) = chosen(extensions, &self.credentials) else {
                let (request, _) = taken(request, &self.credentials)?;
                return self.follow(request, None).await;
            };
            let (request, credentials) = taken(request, &credentials)?;
            self.follow(request, credentials.as_ref()).await
        };
        sent.await.map_err(|error| match error {
            Error::Http(error) => ChainError::Reqwest(error),
            error => ChainError::middleware(error),
        })
    }
}
