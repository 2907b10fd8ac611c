//! What `authn::testing` promises: stubs, a token server, and waiting for a refresh.
#![cfg(all(feature = "testing", feature = "reqwest"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{net::TcpStream, time::Duration};

use authn::{
    Context, Credentials, Error, ErrorKind, Result, Token, TokenSet, TokenSource,
    conformance::Canary,
    testing::{Stub, TokenServer, settled},
    time::{Clock, ManualClock},
};

fn lasting(text: &str) -> Token {
    Token::new(text).unwrap().with_expires_in(Duration::from_mins(10))
}

#[tokio::test]
async fn each_exchange_has_the_next_answer_and_the_last_one_is_repeated() {
    let down = || Error::network("the server is down").with_help("try again");
    let stub = Stub::new(lasting("one")).then(Err::<Token, _>(down())).then(Ok(lasting("two")));
    let clock = ManualClock::new();
    let credentials = stub.builder().clock(Clock::custom(clock.clone())).build().unwrap();
    assert_eq!(credentials.token().await.unwrap().secret(), "one");
    clock.advance(Duration::from_mins(11));
    assert_eq!(credentials.token().await.unwrap_err().kind(), ErrorKind::Network);
    for exchange in 3..5 {
        clock.advance(Duration::from_mins(11));
        assert_eq!(credentials.token().await.unwrap().secret(), "two");
        assert_eq!(stub.exchanges(), exchange);
    }
}

#[tokio::test]
async fn a_stub_authorises_requests_to_every_origin() {
    let credentials = Stub::token("abc").credentials().unwrap();
    for uri in ["https://a.test/", "https://b.test:8443/x"] {
        let (mut parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
        credentials.authorize(&mut parts).await.unwrap();
        assert_eq!(parts.headers["authorization"], "Bearer abc");
    }
}

#[tokio::test]
async fn a_refresh_in_the_background_is_waited_for() {
    let clock = ManualClock::new();
    let stub = Stub::new(lasting("one")).then(Ok(lasting("two")));
    let credentials = stub.builder().clock(Clock::custom(clock.clone())).build().unwrap();
    settled(&credentials).await; // nothing is under way
    credentials.token().await.unwrap();
    clock.advance(Duration::from_mins(9));
    assert_eq!(credentials.token().await.unwrap().secret(), "one");
    settled(&credentials).await;
    assert_eq!(credentials.try_token().unwrap().secret(), "two");
    credentials.token().await.unwrap();
    assert_eq!(stub.exchanges(), 2, "settled credentials go on");
}

/// Requests tokens from the test's server.
#[authn::token_provider("of_token_server", cached)]
struct OfTokenServer {
    /// Token endpoint.
    url: authn::Url,
    /// First refresh token.
    _refresh_token: Option<authn::SecretString>,
}

impl TokenSource for OfTokenServer {
    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        let sent = last.and_then(TokenSet::refresh_token).or(self._refresh_token.as_ref());
        let refresh_token = sent.map(|sent| sent.expose().to_owned()).unwrap_or_default();
        let mut form = vec![("grant_type", "client_credentials"), ("scope", "read")];
        if sent.is_some() {
            form = vec![("grant_type", "refresh_token"), ("refresh_token", &refresh_token)];
        }
        let answer = context.http().post(&self.url).form(&form).send().await?.success()?;
        let token = Token::new(answer.required::<String>("access_token")?)?;
        let lifetime: u64 = answer.required("expires_in")?;
        let tokens = TokenSet::new(token.with_expires_in(Duration::from_secs(lifetime)));
        let next: Option<String> = answer.member("refresh_token")?;
        Ok(match next {
            Some(next) => tokens.with_refresh_token(next.into()),
            None => tokens,
        })
    }
}

fn of(server: &TokenServer, refresh_token: Option<&str>, clock: &ManualClock) -> Credentials {
    OfTokenServer::builder()
        .url(server.url("/token"))
        .refresh_token(refresh_token)
        .credentials()
        .origin(&server.url(""))
        .clock(Clock::custom(clock.clone()))
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_server_issues_tokens_that_its_api_accepts_until_they_are_revoked() {
    let (server, clock) = (TokenServer::start().unwrap(), ManualClock::new());
    let client = authn::reqwest::Client::new(of(&server, None, &clock)).unwrap();
    let status = || async { client.get(server.url("/things")).send().await.unwrap().status() };
    assert_eq!(status().await, 200);
    server.revoke_access_tokens();
    // The client renews the refused token, and sends the request again.
    assert_eq!(status().await, 200);
    assert_eq!((server.token_requests().len(), server.api_requests()), (2, 3));
    assert_eq!(server.token_requests()[0].parameter("scope"), Some("read"));
}

#[tokio::test]
async fn a_refresh_token_is_accepted_once() {
    let (server, clock) = (TokenServer::start().unwrap(), ManualClock::new());
    server.set_lifetime(Duration::from_mins(10));
    server.accept_refresh_token("of alice");
    let credentials = of(&server, Some("of alice"), &clock);
    for number in 1..4 {
        assert_eq!(credentials.token().await.unwrap().secret(), format!("access-{number}"));
        clock.advance(Duration::from_mins(11));
    }
    // Another holder of the first one ends the whole session.
    assert!(of(&server, Some("of alice"), &clock).token().await.is_err());
    assert!(credentials.token().await.is_err());
}

#[tokio::test]
async fn the_next_answers_are_those_of_the_test() {
    let (server, clock) = (TokenServer::start().unwrap(), ManualClock::new());
    server.answer_next(400, r#"{ "error": "invalid_client" }"#);
    server.answer_next(200, r#"{ "access_token": "mine", "expires_in": 60 }"#);
    let credentials = of(&server, None, &clock);
    assert!(credentials.token().await.is_err());
    clock.advance(Duration::from_mins(2));
    assert_eq!(credentials.token().await.unwrap().secret(), "mine");
}

#[tokio::test]
async fn nothing_shows_a_secret_and_the_server_ends_with_its_handle() {
    let (server, clock, canary) =
        (TokenServer::start().unwrap(), ManualClock::new(), Canary::new());
    server.accept_refresh_token(canary.as_str());
    of(&server, Some(canary.as_str()), &clock).token().await.unwrap();
    let stub = Stub::token(canary.as_str());
    let shown = format!("{:?} {stub:?}", server.token_requests());
    assert_eq!(canary.find_in(shown.as_bytes()), None, "{shown}");
    let address = server.url("").trim_start_matches("http://").to_owned();
    drop(server);
    // Its thread closes the port soon. This ends when it has, and never on a server that stays.
    while TcpStream::connect(&address).is_ok() {
        tokio::task::yield_now().await;
    }
}
