//! A redirect to another origin takes no credential along, whatever state the provider is in.

use std::future;

use ::reqwest::Method;
use authn::{
    Cached, Context, Credentials, Error, Issued, Placement, Request, Result, Token, TokenProvider,
    TokenSet, TokenSource, reqwest::Client,
};
use http::{HeaderName, HeaderValue, header::COOKIE};

use crate::server::{Received, Server};

const MINE: &str = "my-own-s3cr3t";
const KEY: HeaderName = HeaderName::from_static("x-key");

/// What a provider does when it is asked for a token.
#[derive(Clone, Copy, Debug)]
enum State {
    Works,
    Fails,
    Hangs,
}

impl State {
    async fn token(self) -> Result<Token> {
        match self {
            Self::Works => Token::new("the-providers-s3cr3t"),
            Self::Fails => Err(Error::network("the server is down")),
            Self::Hangs => future::pending().await,
        }
    }
}

/// Leaves the place to the configuration.
#[derive(Debug)]
struct Placed(State);

impl TokenProvider for Placed {
    async fn token(&self, _context: &Context) -> Result<Token> {
        self.0.token().await
    }
}

impl TokenSource for Placed {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        Ok(self.0.token().await?.into())
    }
}

/// Sets its credential itself, and names the places.
#[derive(Debug)]
struct Declares(State);

impl TokenProvider for Declares {
    async fn token(&self, _context: &Context) -> Result<Token> {
        Err(Error::no_token())
    }

    async fn authorize(&self, request: &mut Request<'_>, _context: &Context) -> Result<()> {
        // As a provider does that leaves the caller's own credential.
        if request.headers().contains_key(KEY) || request.uri().query().is_some() {
            return Ok(());
        }
        request.set_header(KEY, self.0.token().await?.secret())
    }

    fn placements(&self, _context: &Context) -> Vec<Placement> {
        vec![Placement::header(KEY, ""), Placement::query("token")]
    }
}

/// Does the same in a source, and leaves the caller's own credential.
#[derive(Debug)]
struct DeclaresAsSource(State);

impl TokenSource for DeclaresAsSource {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        Ok(self.0.token().await?.into())
    }

    fn authorize(&self, request: &mut Request<'_>, issued: &Issued, _: &Context) -> Result<()> {
        request.set_header(KEY, issued.token().secret())
    }

    fn placements(&self, _context: &Context) -> Vec<Placement> {
        vec![Placement::header(KEY, ""), Placement::query("token")]
    }
}

/// Sets its credential itself without naming the places.
#[derive(Debug)]
struct Undeclared;

impl TokenProvider for Undeclared {
    async fn token(&self, _context: &Context) -> Result<Token> {
        Err(Error::no_token())
    }

    async fn authorize(&self, request: &mut Request<'_>, _context: &Context) -> Result<()> {
        request.set_header(KEY, "the-providers-s3cr3t")?;
        request.set_query("token", "the-providers-s3cr3t")
    }
}

/// Clients in each place of a credential, with that place: the caller can have set its own there.
fn clients(server: &Server, state: State) -> Vec<(&'static [&'static str], Client)> {
    let mut clients = Vec::new();
    for (place, placement) in [
        (&["header"][..], Placement::header(KEY, "")),
        (&["header"], Placement::header(KEY, "Token")),
        (&["query"], Placement::query("token")),
        (&["body"], Placement::body("token")),
    ] {
        clients.push((place, server.client_placing(Placed(state), placement.clone())));
        clients.push((place, server.client_placing(Cached::new(Placed(state)), placement)));
    }
    clients.push((&["header", "query"], server.client(Declares(state))));
    clients
}

/// Answers requests to `/away` with a redirect to another server, and notes all.
fn redirecting(status: u16, target: String) -> Server {
    Server::start(move |received| {
        if received.target.starts_with("/away") {
            (status, format!("Location: {target}\r\n"))
        } else {
            (200, String::new())
        }
    })
}

/// Sends a form with the caller's own credential in these places.
async fn send(client: &Client, url: &str, places: &[&str], withhold: bool) {
    let mut sensitive = HeaderValue::from_static(MINE);
    sensitive.set_sensitive(true);
    let (mut query, mut body) = (vec![("kept", "1")], "a=1".to_owned());
    let mut request = client.request(Method::POST, url);
    for place in places {
        match *place {
            "header" => request = request.header(KEY, MINE),
            "query" => query.push(("token", MINE)),
            _ => body = format!("{body}&token={MINE}"),
        }
    }
    let request = request
        .query(&query)
        .header("authorization", MINE)
        .header("proxy-authorization", MINE)
        .header(COOKIE, MINE)
        .header("x-marked", sensitive)
        .header("x-kept", "1")
        .header("content-type", "Application/X-WWW-Form-URLencoded; charset=utf-8")
        .body(body);
    let request = if withhold { request.withhold_token() } else { request };
    request.send().await.unwrap();
}

#[track_caller]
fn assert_stripped(received: &Received, case: &str) {
    assert!(!format!("{received:?}").contains("s3cr3t"), "{case}: {received:?}");
    assert_eq!(received.header("x-kept"), Some("1"), "{case}");
    assert_eq!(received.target, "/there?own=1", "{case}");
    assert!(["", "a=1"].contains(&&*received.body), "{case}: {received:?}");
}

#[tokio::test]
async fn the_callers_own_credential_is_removed_whatever_state_the_provider_is_in() {
    for status in [301, 302, 303, 307, 308] {
        let other = Server::start(|_| (200, String::new()));
        let server = redirecting(status, format!("{}/there?own=1", other.url));
        for state in [State::Works, State::Fails, State::Hangs] {
            for (number, (places, client)) in clients(&server, state).iter().enumerate() {
                for withhold in [false, true] {
                    let case = format!("{status} {state:?} {number} {withhold}");
                    send(client, &format!("{}/away", server.url), places, withhold).await;
                    let sent = format!("{:?}", server.requests().pop().unwrap());
                    assert_eq!(sent.matches(MINE).count(), 4 + places.len(), "{case}: {sent}");
                    assert_stripped(&other.requests().pop().unwrap(), &case);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_provider_that_sets_its_credential_itself_need_not_be_asked_again() {
    let other = Server::start(|_| (200, String::new()));
    let server = redirecting(307, format!("{}/there?own=1", other.url));
    for client in [
        server.client(Undeclared),
        server.client(Cached::new(DeclaresAsSource(State::Works))),
        server.client(Declares(State::Works)),
    ] {
        send(&client, &format!("{}/away", server.url), &["header", "query"], false).await;
        assert_stripped(&other.requests().pop().unwrap(), "with the caller's own");
        client.get(format!("{}/away", server.url)).send().await.unwrap();
        let received = other.requests().pop().unwrap();
        assert!(!format!("{received:?}").contains("s3cr3t"), "{received:?}");
    }
}

/// The places of the credentials of one request are known beside those of the client.
#[tokio::test]
async fn the_places_of_other_credentials_than_the_clients_are_known_too() {
    let other = Server::start(|_| (200, String::new()));
    let server = redirecting(307, format!("{}/there?own=1", other.url));
    let client = server.client(Placed(State::Fails));
    let builder = Credentials::builder().provider(Declares(State::Fails)).origin(&server.url);
    let request = client.get(format!("{}/away", server.url)).header(KEY, MINE);
    request.use_credentials(&builder.build().unwrap()).send().await.unwrap();
    assert_eq!(other.requests().pop().unwrap().header("x-key"), None);
}

/// An origin is a scheme, a host and a port.
#[tokio::test]
async fn another_port_or_host_is_another_origin() {
    for (from, to) in
        [("127.0.0.1", "localhost"), ("localhost", "127.0.0.1"), ("127.0.0.1", "127.0.0.1")]
    {
        let other = Server::start(|_| (200, String::new()));
        let there = other.url.replace("127.0.0.1", to);
        let server = redirecting(307, format!("{there}/there?own=1"));
        let url = server.url.replace("127.0.0.1", from);
        let credentials = Credentials::builder().provider(Placed(State::Fails)).origin(&url);
        let credentials = credentials.placement(Placement::header(KEY, "")).build().unwrap();
        let client = Client::new(credentials).unwrap();
        let request = client.get(format!("{url}/away")).header(KEY, MINE);
        request.send().await.unwrap();
        let received = other.requests().pop().unwrap();
        assert_eq!(received.header("x-key"), None, "{from} {to}");
    }
}

/// A server may repeat the query. What is there is the caller's, and is removed only beyond the origin.
#[tokio::test]
async fn a_parameter_that_the_server_repeats_is_removed_beyond_the_origin_alone() {
    let other = Server::start(|_| (200, String::new()));
    let there = other.url.clone();
    let server = Server::start(move |received| match received.target.split_once('?') {
        Some(("/away", query)) => (307, format!("Location: {there}/there?{query}\r\n")),
        Some(("/within", query)) => (307, format!("Location: /there?{query}\r\n")),
        _ => (200, String::new()),
    });
    for state in [State::Works, State::Fails, State::Hangs] {
        let client = server.client_placing(Placed(state), Placement::query("token"));
        send(&client, &format!("{}/away", server.url), &["query"], false).await;
        assert_eq!(other.requests().pop().unwrap().target, "/there?kept=1");
        send(&client, &format!("{}/within", server.url), &["query"], false).await;
        let received = server.requests().pop().unwrap();
        assert_eq!(received.target, format!("/there?kept=1&token={MINE}"));
        let client = server.client_placing(Placed(state), Placement::header(KEY, ""));
        send(&client, &format!("{}/within", server.url), &["header"], false).await;
        assert_eq!(server.requests().pop().unwrap().header("x-key"), Some(MINE));
    }
}
