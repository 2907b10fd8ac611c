//! Each client against a token server and an API on the loopback interface.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use authn::{
    Context, Credentials, Result, Token, TokenSet, TokenSource, Url, UseCredentials, WithholdToken,
    testing::TokenServer,
};
use clients::{chain, hyper, ureq::Agent};
use http::Request;
use tower::{Service as _, ServiceExt as _};

/// Gets tokens from the server of the test.
#[derive(Debug)]
struct Source(Url);

impl TokenSource for Source {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let form = [("grant_type", "client_credentials")];
        let answer = context.http().post(&self.0).form(&form).send().await?.success()?;
        Ok(Token::new(answer.required::<String>("access_token")?)?.into())
    }
}

fn credentials(server: &TokenServer) -> Credentials {
    let source = Source(server.url("/token").parse().unwrap());
    Credentials::builder().source(source).origin(&server.issuer_url()).build().unwrap()
}

/// Returns credentials whose first token the API refuses.
async fn refused(server: &TokenServer) -> Credentials {
    let credentials = credentials(server);
    credentials.token().await.unwrap();
    server.revoke_access_tokens();
    credentials
}

#[tokio::test]
async fn hyper_renews_a_refused_token() {
    let server = TokenServer::start().unwrap();
    let mut client = hyper::client(refused(&server).await);
    let request = Request::post(server.url("/things")).body("a thing".into()).unwrap();
    let response = client.ready().await.unwrap().call(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!((server.token_requests().len(), server.api_requests()), (2, 2));
}

#[test]
fn ureq_renews_a_refused_token_without_a_runtime() {
    let server = TokenServer::start().unwrap();
    let credentials = authn::blocking::Credentials::from(credentials(&server));
    credentials.token().unwrap();
    server.revoke_access_tokens();
    let agent = Agent::new(credentials);
    let request = || Request::post(server.url("/things")).body("a thing").unwrap();
    assert_eq!(agent.run(request()).unwrap().status(), 200);
    assert_eq!((server.token_requests().len(), server.api_requests()), (2, 2));
    let elsewhere = Request::get("http://127.0.0.1:9/").body(()).unwrap();
    let error = agent.run(elsewhere).unwrap_err();
    assert!(error.to_string().contains("not for http://127.0.0.1:9"), "{error}");
}

#[tokio::test]
async fn a_chain_of_middleware_ends_with_an_authorised_request() {
    let server = TokenServer::start().unwrap();
    let client = chain::client(refused(&server).await).unwrap();
    let url = server.url("/things");
    assert_eq!(client.post(&url).body("a thing").send().await.unwrap().status(), 200);
    assert_eq!((server.token_requests().len(), server.api_requests()), (2, 2));
    let withheld = client.get(&url).with_extension(WithholdToken);
    assert_eq!(withheld.send().await.unwrap().status(), 401);
    let other = UseCredentials(credentials(&server));
    assert_eq!(client.get(&url).with_extension(other).send().await.unwrap().status(), 200);
    assert_eq!((server.token_requests().len(), server.api_requests()), (3, 4));
    let error = client.get("https://api.example.com/").send().await.unwrap_err();
    let reqwest_middleware::Error::Middleware(error) = error else { panic!("{error}") };
    assert!(error.downcast_ref::<authn::reqwest::Error>().is_some(), "{error}");
}
