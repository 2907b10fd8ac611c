use google_cloud_auth::credentials::CacheableResource;
use http::Extensions;

use crate::server::{Server, credentials};

#[tokio::test]
async fn a_client_of_google_has_the_headers_of_each_request() {
    let server = Server::start("Bearer t1", "{}");
    let credentials = adapters::google::credentials(credentials(&server.url));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for _ in 0..2 {
        let headers = credentials.headers(Extensions::new()).await.unwrap();
        let CacheableResource::New { data, .. } = headers else {
            panic!("there is no cache but authn's")
        };
        assert!(data["authorization"].is_sensitive());
        let response = client.get(format!("{}/b", server.url)).headers(data).send().await.unwrap();
        assert_eq!(response.status(), 200);
    }
    assert_eq!(server.seen(), ["GET /b", "GET /b"]);
}

#[tokio::test]
async fn an_error_says_whether_it_may_be_over_soon() {
    for (error, is_transient) in [
        (authn::Error::network("the server is down"), true),
        (authn::Error::configuration("the key is wrong"), false),
    ] {
        let source = authn::from_fn(move |_| {
            let error = error.clone();
            async move { Err::<authn::Token, _>(error) }
        });
        let own = authn::Credentials::builder().source(source).domain("a.test").build().unwrap();
        let error =
            adapters::google::credentials(own).headers(Extensions::new()).await.unwrap_err();
        assert_eq!(error.is_transient(), is_transient);
    }
}
