//! The canary sweep of requests: a made-up secret in every place of a request that is sent, searched for in
//! everything that its response, its errors and all crates show. It needs no test server.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod server;

use std::{fmt::Debug, iter};

use ::reqwest::{ClientBuilder, Response};
use authn::{
    Context, Credentials, Environment, Issued, Loader, Request, Result, SecretString, Token,
    TokenSet, TokenSource, Used, app_service::scope, conformance::Canary, reqwest::Client,
};
use authn_providers as _;
use authn_tests::logs::Logs;
use http::{HeaderMap, HeaderName, HeaderValue};

use server::Server;

/// The tables of the providers, with the canary in each place of a request. `TOKENS` is the URL of a token endpoint
/// that returns it.
const PROVIDERS: [&str; 17] = [
    "[bearer]\ntoken = 'CANARY'",
    "[bearer]\ntoken = 'CANARY'\nheader = 'x-token'\nheader_prefix = ''",
    "[bearer]\ntoken = 'CANARY'\nplacement = 'query'",
    "[bearer]\ntoken = 'CANARY'\nplacement = 'query'\nquery_parameter = 'q'\noverride = true",
    "[bearer]\ntoken = 'CANARY'\nplacement = 'body'",
    "[api_key]\nkey = 'CANARY'",
    "[api_key]\nkey = 'CANARY'\nheader = 'authorization'",
    "[api_key]\nkey = 'CANARY'\nquery_parameter = 'key'",
    "[api_key]\nheaders = { x-one = 'CANARY', x-two = 'CANARY' }",
    "[api_key]\nquery = { one = 'CANARY', two = 'CANARY' }\nplain_headers = { x-plain = 'a' }",
    "[api_key]\nfor = [{ origin = '*', headers = { x-one = 'CANARY' }, query = { k = 'CANARY' } }]",
    "[basic]\nusername = 'alice'\npassword = 'CANARY'",
    "[oauth]\nclient_id = 'me'\nclient_secret = 'CANARY'\ntoken_endpoint_url = 'TOKENS'",
    "[oauth]\nclient_id = 'me'\nrefresh_token = 'CANARY'\ntoken_endpoint_url = 'TOKENS'\n\
     store = 'memory'\nplacement = 'query'",
    "[cached.bearer]\ntoken = 'CANARY'",
    "[app_service]",
    "[app_service]\nplacement = 'query'",
];

/// Keeps the canary with its token, and signs with it.
#[derive(Debug)]
struct Signer(SecretString);

impl TokenSource for Signer {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let tokens = TokenSet::new(Token::new("abc")?);
        Ok(tokens.with_kept("key", self.0.clone()))
    }

    fn authorize(&self, request: &mut Request<'_>, issued: &Issued, _: &Context) -> Result<()> {
        let key = issued.kept("key").unwrap().expose();
        request.set_header("x-signature", &*key)?;
        request.set_query("signature", &key)
    }
}

/// Credentials for each place, with the names of their kinds.
fn all(server: &Server, canary: &Canary) -> Vec<(String, Credentials)> {
    let of = |table: &&str| {
        let text = table
            .replace('[', "[credentials.")
            .replace("= [credentials.", "= [")
            .replace("TOKENS", &format!("{}/token", server.url));
        let document = format!("[credentials]\norigins = ['*']\n{text}");
        let document = document.replace("CANARY", canary.as_str());
        let loader = Loader::new().environment(Environment::empty());
        (text, loader.defaults(&document).load().unwrap())
    };
    let signer = Credentials::builder().source(Signer(canary.as_str().into())).origin("*");
    let signer = ("kept".to_owned(), signer.build().unwrap());
    PROVIDERS.iter().map(of).chain([signer]).collect()
}

fn shown(value: &impl Debug) -> String {
    format!("{value:?} {value:#?}")
}

/// Everything that an error shows.
fn all_of(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = iter::successors(Some(error), |&error| error.source());
    chain.map(|error| format!("{error} {}", shown(&error))).collect::<Vec<_>>().join("\n")
}

/// Everything that a response shows, and its body's error. The headers are the server's own.
async fn all_in(sent: authn::reqwest::Result<Response>) -> String {
    let mut response = match sent {
        Ok(response) => response,
        Err(error) => return all_of(&error),
    };
    response.headers_mut().clear();
    let mut parts = vec![shown(&response), response.url().to_string()];
    parts.extend(response.error_for_status_ref().err().map(|error| all_of(&error)));
    parts.extend(response.bytes().await.err().map(|error| all_of(&error)));
    parts.join("\n")
}

/// A token response with the canary in it.
fn tokens(canary: &Canary) -> String {
    let secret = canary.as_str();
    format!(r#"{{"access_token":"{secret}","refresh_token":"{secret}","token_type":"Bearer"}}"#)
}

/// The incoming request of `app_service`.
fn incoming(canary: &Canary) -> HeaderMap {
    let name = HeaderName::from_static("x-foundry-accesstoken");
    HeaderMap::from_iter([(name, HeaderValue::from_str(canary.as_str()).unwrap())])
}

/// Sends a form to each path, and returns all that is shown.
async fn sweep(client: &Client, url: &str, paths: &[&str]) -> String {
    let mut all = vec![shown(client), shown(client.credentials())];
    for path in paths {
        let post = || client.post(format!("{url}{path}?page=2&q=mine")).form(&[("a", "1")]);
        all.push(shown(&post()));
        all.push(all_in(post().send().await).await);
        // Without a form, `body` has no place for its token.
        all.push(all_in(client.get(format!("{url}{path}")).send().await).await);
    }
    let mut used = Used::default();
    let (mut parts, ()) = http::Request::get("https://a.test/").body(()).unwrap().into_parts();
    let request = Request::from(&mut parts).with_used(&mut used);
    let authorized = client.credentials().authorize(request).await;
    all.push(shown(&authorized));
    all.push(format!("{} {}", shown(&parts.headers), shown(&used)));
    all.push(shown(&client.credentials().status().await));
    all.join("\n")
}

#[tokio::test]
async fn a_request_that_is_sent_shows_no_secret() {
    let logs = Logs::of_process();
    let paths = ["/200", "/401", "/404", "/500", "/cut", "/moved", "/nowhere", "/away"];
    for number in 0..=PROVIDERS.len() {
        let (canary, start) = (Canary::new(), logs.len());
        let server = Server::http1(tokens(&canary));
        let (name, credentials) = all(&server, &canary).swap_remove(number);
        let client = Client::new(credentials).unwrap();
        let shown = scope(incoming(&canary), sweep(&client, &server.url, &paths)).await;
        assert_eq!(canary.find_in(shown.as_bytes()), None, "{name}\n{shown}");
        let logged = logs.text(start);
        assert_eq!(canary.find_in(logged.as_bytes()), None, "{name}\n{logged}");
        assert!(canary.find_in(&server.received.lock().unwrap()).is_some(), "{name}: not sent");
    }
    let logs = logs.text(0);
    for target in ["hyper_util", "reqwest"] {
        assert!(logs.contains(&format!(" {target}::")), "{target} logs nothing");
    }
}

#[tokio::test]
async fn a_request_over_http_2_shows_no_secret() {
    let logs = Logs::of_process();
    let (canary, server) = (Canary::new(), Server::http2());
    let tokens = Server::http1(tokens(&canary));
    for (name, credentials) in all(&tokens, &canary) {
        let start = logs.len();
        let builder = ClientBuilder::new().http2_prior_knowledge();
        let client = Client::from_builder(builder, credentials).unwrap();
        let shown = scope(incoming(&canary), sweep(&client, &server.url, &["/401"])).await;
        assert!(shown.contains("401"), "{name}\n{shown}");
        assert_eq!(canary.find_in(shown.as_bytes()), None, "{name}\n{shown}");
        let logged = logs.text(start);
        assert_eq!(canary.find_in(logged.as_bytes()), None, "{name}\n{logged}");
    }
    assert!(logs.text(0).contains(" h2::"), "h2 logs nothing");
}

#[tokio::test]
async fn the_password_of_a_proxy_is_not_shown() {
    let logs = Logs::of_process();
    let (canary, proxy) = (Canary::new(), Server::http1(String::new()));
    let address = proxy.url.replace("http://", &format!("http://alice:{}@", canary.as_str()));
    let text =
        format!("[http]\nproxy = '{address}'\n[credentials]\norigins = ['*']\nbearer = 'abc'");
    let loader = Loader::new().environment(Environment::empty()).defaults(&text);
    let client = Client::new(loader.load().unwrap()).unwrap();
    let shown = sweep(&client, "https://api.invalid", &["/200"]).await;
    assert_eq!(canary.find_in(shown.as_bytes()), None, "{shown}");
    let logged = logs.text(0);
    assert_eq!(canary.find_in(logged.as_bytes()), None, "{logged}");
    assert!(canary.find_in(&proxy.received.lock().unwrap()).is_some(), "not sent");
}
