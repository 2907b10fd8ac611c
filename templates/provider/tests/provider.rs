//! The provider against a token service on loopback. Nothing here sleeps.

use std::{error::Error, time::Duration};

use authn::{
    ErrorKind, conformance,
    testing::{TokenServer, settled},
    time::{Clock, ManualClock},
};

use {{crate_name}}::{{provider | upper_camel_case}};

type Result = std::result::Result<(), Box<dyn Error>>;

#[test]
fn conforms() -> Result {
    let server = TokenServer::start()?;
    let options = format!("url = '{}'\nkey = 'k'", server.url("/token"));
    let report = conformance::check::<{{provider | upper_camel_case}}>(&options);
    assert_eq!(report.token?.secret(), "access-1");
    assert!(report.unswept.is_empty(), "{:?}", report.unswept);
    Ok(())
}

#[test]
fn refuses_to_send_the_key_without_encryption() {
    let builder = {{provider | upper_camel_case}}::builder().key("k");
    let builder = builder.url("http://tokens.corp.example/token");
    let error = builder.build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("https"), "{error}");
}

#[tokio::test]
async fn authorizes_requests() -> Result {
    let server = TokenServer::start()?;
    let builder = {{provider | upper_camel_case}}::builder().key("k");
    let builder = builder.url(server.url("/token")).audience("reports");
    let credentials = builder.credentials().origin(&server.url("")).build()?;
    let client = authn::reqwest::Client::new(credentials)?;
    let answer = client.get(server.url("/things")).send().await?;
    assert_eq!(answer.status(), 200);

    let request = &server.token_requests()[0];
    assert_eq!(request.parameter("audience"), Some("reports"));
    assert_eq!(request.parameter("key"), Some("k"));
    Ok(())
}

#[tokio::test]
async fn renews_the_token_before_it_expires() -> Result {
    let (server, clock) = (TokenServer::start()?, ManualClock::new());
    server.set_lifetime(Duration::from_mins(10));
    let builder = {{provider | upper_camel_case}}::builder().key("k");
    let builder = builder.url(server.url("/token")).credentials();
    let credentials = builder.clock(Clock::custom(clock.clone())).build()?;
    assert_eq!(credentials.token().await?.secret(), "access-1");

    // After the refresh point, the old token is used while the next one is requested.
    clock.advance(Duration::from_mins(9));
    assert_eq!(credentials.token().await?.secret(), "access-1");
    settled(&credentials).await;
    assert_eq!(credentials.token().await?.secret(), "access-2");

    // After the expiry, the caller waits for the next one.
    clock.advance(Duration::from_mins(10));
    assert_eq!(credentials.token().await?.secret(), "access-3");
    Ok(())
}

#[tokio::test]
async fn says_what_helps_if_the_key_is_refused() -> Result {
    let server = TokenServer::start()?;
    server.answer_next(403, "");
    let builder = {{provider | upper_camel_case}}::builder().key("k");
    let credentials = builder.url(server.url("/token")).build()?;
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    let text = error.to_string();
    assert!(text.contains("register this machine"), "{text}");
    Ok(())
}
