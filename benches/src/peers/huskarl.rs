//! `huskarl`: client credentials behind its cache in memory. It gives an `Arc` of the response, or headers.

use std::hint::black_box;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use huskarl::{
    authorizer::HttpAuthorizer,
    cache::{GrantTokenSource, InMemoryRefreshTokenStore, InMemoryTokenCache},
    core::{
        Error,
        client_auth::ClientSecret,
        http::{HttpClient, HttpResponse, Idempotency},
        platform::MaybeSendBoxFuture,
        secrets::{ProvidedSecret, SecretString},
    },
    grant::client_credentials::{ClientCredentialsGrant, ClientCredentialsGrantParameters},
};
use tokio::runtime::Runtime;

use crate::{Outcome, measure::finish, report::Report, token_server};

pub(super) fn run(report: &mut Report, runtime: &Runtime, _: &str) -> Outcome {
    let grant = ClientCredentialsGrant::builder()
        .client_id("client")
        .client_auth(ClientSecret::new(ProvidedSecret::new(SecretString::new("secret"))))
        .http_client(Answering)
        .token_endpoint("https://id.example.com/token".parse()?)
        .build();
    let source = GrantTokenSource::builder()
        .grant(grant)
        .grant_parameters(ClientCredentialsGrantParameters::builder().build())
        .refresh_store(InMemoryRefreshTokenStore::default())
        .build();
    let cache = InMemoryTokenCache::builder().source(source).build();
    let authorizer = HttpAuthorizer::builder().cache(cache).build();
    runtime.block_on(authorizer.cache().token())?;
    report.row(
        "peer: huskarl, `token().await`",
        || (),
        |()| {
            black_box(finish(authorizer.cache().token()).unwrap());
        },
    );
    let uri = Uri::from_static("https://api.example.com/v1/things");
    report.row(
        "peer: huskarl, `get_headers().await`",
        || (),
        |()| {
            black_box(finish(authorizer.get_headers(&Method::POST, &uri)).unwrap());
        },
    );
    Ok(())
}

/// Answers every request with a token.
struct Answering;

impl HttpClient for Answering {
    fn execute(
        &self,
        _: Request<Bytes>,
        _: Idempotency,
    ) -> MaybeSendBoxFuture<'_, Result<HttpResponse, Error>> {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", http::HeaderValue::from_static("application/json"));
        let body = token_server::answer().into();
        Box::pin(async { Ok(HttpResponse { status: StatusCode::OK, headers, body }) })
    }
}
