//! The URLs that a client shows are the caller's: a credential in the query is sent, and is nowhere else.

use std::{iter, time::Duration};

use ::reqwest::{Method, Response, Url};
use authn::{
    Context, Error, Placement, Request, Result, Token, TokenProvider, conformance::Canary,
    reqwest::Client,
};
use http::{HeaderName, HeaderValue};
use tower_http::follow_redirect::RequestUri;

use crate::server::{Received, Server};

const FORM: &str = "application/x-www-form-urlencoded";

/// Returns the canary as its token, at the configured place.
#[derive(Debug)]
pub(crate) struct Fixed(pub(crate) Canary);

impl TokenProvider for Fixed {
    async fn token(&self, _context: &Context) -> Result<Token> {
        Token::new(self.0.as_str())
    }
}

/// Sets the canary in a header and in the query itself.
#[derive(Debug)]
pub(crate) struct Keys(pub(crate) Canary);

pub(crate) const KEY: HeaderName = HeaderName::from_static("x-key");

impl TokenProvider for Keys {
    async fn token(&self, _context: &Context) -> Result<Token> {
        Err(Error::no_token())
    }

    async fn authorize(&self, request: &mut Request<'_>, _context: &Context) -> Result<()> {
        request.set_header(KEY, self.0.as_str())?;
        request.set_query("key", self.0.as_str())
    }
}

/// Clients that send a canary, one for each place.
fn clients(server: &Server) -> Vec<(Canary, Client)> {
    let placed = |placement: Placement| {
        let canary = Canary::new();
        let client = server.client_placing(Fixed(canary.clone()), placement);
        (canary, client)
    };
    let own = Canary::new();
    vec![
        placed(Placement::default()),
        placed(Placement::header(KEY, "")),
        placed(Placement::query("access_token")),
        placed(Placement::query("access_token").replacing()),
        placed(Placement::body("access_token")),
        (own.clone(), server.client(Keys(own))),
    ]
}

fn is_sent(received: &Received, canary: &Canary) -> bool {
    canary.find_in(format!("{received:?}").as_bytes()).is_some()
}

/// Everything that an error shows.
fn all_of(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = iter::successors(Some(error), |&error| error.source());
    let shown: Vec<String> = chain.map(|error| format!("{error} {error:?} {error:#?}")).collect();
    shown.join("\n")
}

/// Everything that a response shows.
fn all_in(response: &Response) -> String {
    let mut shown = format!("{response:?} {response:#?} {}", response.url());
    if let Some(RequestUri(uri)) = response.extensions().get() {
        shown.push_str(&uri.to_string());
    }
    if let Err(error) = response.error_for_status_ref() {
        shown.push_str(&all_of(&error));
    }
    shown
}

#[track_caller]
fn assert_hidden(canary: &Canary, shown: &str) {
    assert_eq!(canary.find_in(shown.as_bytes()), None, "{shown}");
}

/// Sends a form to a path in each way that a client has.
async fn send_each_way(client: &Client, url: &str) -> Vec<Response> {
    let form = &[("a", "1")];
    let mut built = ::reqwest::Request::new(Method::POST, url.parse().unwrap());
    built.headers_mut().insert("content-type", HeaderValue::from_static(FORM));
    *built.body_mut() = Some("a=1".into());
    vec![
        client.post(url).form(form).send().await.unwrap(),
        client.put(url).form(form).send().await.unwrap(),
        client.request(Method::GET, url).form(form).send().await.unwrap(),
        client.execute(built).await.unwrap(),
    ]
}

#[tokio::test]
async fn a_response_has_the_callers_url_wherever_the_credential_is() {
    for status in [200, 204, 401, 404, 500] {
        let server = Server::start(move |_| (status, String::new()));
        for (canary, client) in clients(&server) {
            let url = format!("{}/things?page=2&q=a%20b", server.url);
            for response in send_each_way(&client, &url).await {
                assert_eq!(response.url().as_str(), url);
                assert_eq!(response.status().as_u16(), status);
                assert_eq!(response.version(), http::Version::HTTP_11);
                assert_eq!(response.remote_addr().unwrap().ip().to_string(), "127.0.0.1");
                assert_hidden(&canary, &all_in(&response));
                if let Err(error) = response.error_for_status() {
                    assert_eq!(error.url().map(Url::as_str), Some(&*url));
                    assert_hidden(&canary, &all_of(&error));
                }
            }
            assert!(server.requests().iter().any(|received| is_sent(received, &canary)));
        }
    }
}

/// If reqwest uses another version of the crate, its extension would not be found, and not removed either.
#[tokio::test]
async fn the_extension_in_which_reqwest_keeps_the_uri_is_known() {
    let server = Server::start(|_| (200, String::new()));
    let client = server.client(Fixed(Canary::new()));
    let response = client.get(format!("{}/things", server.url)).send().await.unwrap();
    let RequestUri(uri) = response.extensions().get().unwrap();
    assert_eq!(uri.to_string(), response.url().as_str());
}

#[tokio::test]
async fn a_response_has_the_url_that_a_redirect_names() {
    let server = Server::start(|received| match received.target.split_once('?') {
        // The query is repeated, as servers that add a slash do.
        Some(("/old", query)) => (307, format!("Location: /new?{query}&x=1\r\n")),
        _ => (404, String::new()),
    });
    for (canary, client) in clients(&server) {
        let url = format!("{}/old?page=2", server.url);
        for response in send_each_way(&client, &url).await {
            assert_eq!(response.url().as_str(), format!("{}/new?page=2&x=1", server.url));
            assert_hidden(&canary, &all_in(&response));
            let received = server.requests().pop().unwrap();
            assert!(is_sent(&received, &canary), "{received:?}");
        }
    }
}

/// A parameter that the caller has set is not the provider's to remove.
#[tokio::test]
async fn a_redirect_that_repeats_the_callers_own_parameter_keeps_it() {
    let server = Server::start(|received| match received.target.split_once('?') {
        Some(("/old", query)) => (307, format!("Location: /new?{query}\r\n")),
        _ => (200, String::new()),
    });
    let client = server.client_placing(Fixed(Canary::new()), Placement::query("access_token"));
    let url = format!("{}/old?access_token=mine", server.url);
    let response = client.get(url).send().await.unwrap();
    assert_eq!(response.url().query(), Some("access_token=mine"));
    assert_eq!(server.requests().pop().unwrap().target, "/new?access_token=mine");
}

#[tokio::test]
async fn a_redirect_that_is_not_followed_is_answered_with_the_callers_url() {
    let server = Server::start(|_| (307, "Location: /new\r\n".to_owned()));
    let canary = Canary::new();
    let client = server.client_placing(Fixed(canary.clone()), Placement::query("access_token"));
    // A stream can't be sent again.
    let body = ::reqwest::Body::wrap(http_body_util::Full::<&[u8]>::from(&b"abc"[..]));
    let url = format!("{}/old", server.url);
    let response = client.post(&url).body(body).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.url().as_str()), (307, &*url));
    assert_hidden(&canary, &all_in(&response));
}

#[tokio::test]
async fn an_error_shows_no_credential_whichever_part_of_the_answer_fails() {
    /// Fails with the error of a request, or of its body.
    async fn fails(sent: authn::reqwest::Result<Response>) -> String {
        match sent {
            Ok(response) => all_of(&response.bytes().await.unwrap_err()),
            Err(error) => all_of(&error),
        }
    }
    let cut = Server::start(|_| (200, "Content-Length: 5\r\n\r\nab".to_owned()));
    let held = Server::start(|_| (200, "X-Held: 1\r\nContent-Length: 5\r\n\r\nab".to_owned()));
    let silent = Server::start(|_| (200, "X-Held: 1\r\nContent-Length: 5\r\n".to_owned()));
    let invalid = Server::start(|_| (200, "Content-Length: x\r\n\r\n".to_owned()));
    for (server, timeout) in [(&cut, 60_000), (&held, 100), (&silent, 100), (&invalid, 60_000)] {
        for (canary, client) in clients(server) {
            let request = client.post(format!("{}/things?page=2", server.url)).form(&[("a", "1")]);
            let sent = request.timeout(Duration::from_millis(timeout)).send().await;
            let error = fails(sent).await;
            assert_hidden(&canary, &error);
        }
    }
    for (canary, client) in clients(&cut) {
        let mut response = client.post(&cut.url).form(&[("a", "1")]).send().await.unwrap();
        let error = loop {
            match response.chunk().await {
                Ok(chunk) => assert!(chunk.is_some(), "it is cut"),
                Err(error) => break error,
            }
        };
        assert_hidden(&canary, &all_of(&error));
        let response = client.post(&cut.url).form(&[("a", "1")]).send().await.unwrap();
        assert_hidden(&canary, &all_of(&response.text().await.unwrap_err()));
    }
}

#[tokio::test]
async fn a_body_streams_through() {
    let server = Server::start(|_| (200, "Content-Length: 5\r\n\r\nabcde".to_owned()));
    for (_, client) in clients(&server) {
        let response = client.post(&server.url).form(&[("a", "1")]).send().await.unwrap();
        assert_eq!(response.content_length(), Some(5));
        assert_eq!(response.bytes().await.unwrap(), "abcde");
    }
}
