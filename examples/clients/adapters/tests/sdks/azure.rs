use std::sync::Arc;

use adapters::azure::Azure;
use azure_core::{
    Result,
    http::{
        AsyncRawResponse, ClientOptions, Context, HttpClient, Method, Pipeline, Request,
        StatusCode, Transport,
        headers::{AUTHORIZATION, Headers},
        policies::auth::BearerTokenAuthorizationPolicy,
    },
};

use crate::server::{Server, credentials};

/// Sends what is for Azure to the server of the test: the SDK sends tokens over TLS alone.
#[derive(Debug)]
struct ToLoopback(String);

#[async_trait::async_trait]
impl HttpClient for ToLoopback {
    async fn execute_request(&self, request: &Request) -> Result<AsyncRawResponse> {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let sent = client
            .get(format!("{}{}", self.0, request.path_and_query()))
            .header("authorization", request.headers().get_str(&AUTHORIZATION)?);
        let response = sent.send().await.unwrap();
        let status = StatusCode::from(response.status().as_u16());
        let body = response.bytes().await.unwrap();
        Ok(AsyncRawResponse::from_bytes(status, Headers::new(), body))
    }
}

#[tokio::test]
async fn a_pipeline_of_azure_has_a_token_for_its_scopes() {
    let server = Server::start("Bearer t1+https://vault.azure.net/.default", "[]");
    let credential = Arc::new(Azure(credentials("https://example.vault.azure.net")));
    let scopes = ["https://vault.azure.net/.default"];
    let policy = Arc::new(BearerTokenAuthorizationPolicy::new(credential, scopes));
    let transport = Transport::new(Arc::new(ToLoopback(server.url.clone())));
    let options = ClientOptions { transport: Some(transport), ..ClientOptions::default() };
    let pipeline = Pipeline::new(None, None, options, Vec::new(), vec![policy], None);
    for _ in 0..2 {
        let url = "https://example.vault.azure.net/secrets".parse().unwrap();
        let mut request = Request::new(url, Method::Get);
        let response = pipeline.send(&Context::new(), &mut request, None).await.unwrap();
        assert_eq!(response.status(), StatusCode::Ok);
    }
    assert_eq!(server.seen(), ["GET /secrets", "GET /secrets"]);
}
