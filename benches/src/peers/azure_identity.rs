//! `azure_identity`: a client's secret. It gives the token as a `String` of the caller's own.

use std::{hint::black_box, sync::Arc};

use azure_core::{
    credentials::{Secret, TokenCredential},
    http::{
        AsyncRawResponse, ClientOptions, HttpClient, Request, StatusCode, Transport,
        headers::Headers,
    },
};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use tokio::runtime::Runtime;

use crate::{Outcome, measure::finish, report::Report, token_server};

pub(super) fn run(report: &mut Report, runtime: &Runtime, _: &str) -> Outcome {
    let transport = Some(Transport::new(Arc::new(Answering)));
    let options = ClientSecretCredentialOptions {
        client_options: ClientOptions { transport, ..ClientOptions::default() },
    };
    let secret = Secret::new("secret");
    let credential =
        ClientSecretCredential::new("tenant", "client".to_owned(), secret, Some(options))?;
    let scopes = &["https://api.example.com/.default"];
    runtime.block_on(credential.get_token(scopes, None))?;
    report.row(
        "peer: azure_identity, `get_token(scopes).await`",
        || (),
        |()| {
            black_box(finish(credential.get_token(scopes, None)).unwrap());
        },
    );
    Ok(())
}

/// Answers every request with a token.
#[derive(Debug)]
struct Answering;

#[async_trait::async_trait]
impl HttpClient for Answering {
    async fn execute_request(&self, _: &Request) -> azure_core::Result<AsyncRawResponse> {
        let answer = token_server::answer();
        Ok(AsyncRawResponse::from_bytes(StatusCode::Ok, Headers::new(), answer))
    }
}
