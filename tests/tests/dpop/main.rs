//! Tokens that are bound to a key (`DPoP`, RFC 9449), at a real authorization server and a real API.
//!
//! - [`api`]: requests that the API accepts, and those that it refuses
//! - [`nonces`]: nonces of both servers, also under load; [`clocks`]: servers with another time
//! - [`session`]: the key of a login, from its start to the logout
//! - [`server`]: servers with and without support
//! - [`command`]: the command line; [`canary`]: the key is never shown

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod api;
mod canary;
mod clocks;
mod command;
mod nonces;
mod server;
mod session;

use std::{path::Path, sync::Arc};

use authn::{
    Credentials, Environment, Loader, Login, LoginMethod, Result, SecretString,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    time::Clock,
};
use authn_providers as _;
use authn_tests::{
    browser::Browser,
    command::{Sandbox, binary},
    rig::{self, Rig},
    terminal::Terminal,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Method, request::Parts};
use serde_json::Value;

/// The options of a client with a secret.
fn service(rig: &Rig, id: &str, more: &str) -> String {
    format!("issuer_url = '{}'\nclient_id = '{id}'\nclient_secret = 'secret'\n{more}", rig.issuer())
}

/// The options of the client that users log in to, with a browser that does all by itself.
fn native(rig: &Rig, browser: &Browser) -> String {
    let browser = serde_json::to_string(&browser.command()).unwrap();
    format!(
        "issuer_url = '{}'\nclient_id = 'native-dpop'\nscope = 'openid offline_access read'\n\
         prompt = 'consent'\nresource = 'urn:rig:api'\ndpop = true\nlogin_timeout = '1m'\nbrowser = {browser}",
        rig.issuer()
    )
}

/// Loads credentials that keep sessions in a folder, or in memory alone.
fn load_in(rig: &Rig, options: &str, folder: Option<&Path>, clock: Clock) -> Credentials {
    let (store, folder) = match folder {
        Some(folder) => ("file", format!("[stores.file]\ndirectory = '{}'\n", folder.display())),
        None => ("memory", String::new()),
    };
    let text = format!(
        "{folder}[credentials]\norigins = ['{}']\n[credentials.oauth]\nstore = '{store}'\n{options}\n",
        rig.issuer()
    );
    let loader = Loader::new().environment(Environment::empty()).defaults(&text).clock(clock);
    loader.load().unwrap_or_else(|error| panic!("{options}\n{error}"))
}

fn load(rig: &Rig, options: &str) -> Credentials {
    load_in(rig, options, None, Clock::system())
}

fn client(credentials: &Credentials) -> authn::reqwest::Client {
    authn::reqwest::Client::new(credentials.clone()).unwrap()
}

/// Sends a request to the API by the client of authn, and returns the status.
async fn status(rig: &Rig, credentials: &Credentials) -> u16 {
    let response = client(credentials).get(rig.resource_url("/rs/dpop")).send().await.unwrap();
    response.status().as_u16()
}

/// Authorises a request to the API.
async fn authorized(rig: &Rig, credentials: &Credentials) -> Parts {
    let request = http::Request::get(rig.resource_url("/rs/dpop")).body(()).unwrap();
    let (mut parts, ()) = request.into_parts();
    credentials.authorize(&mut parts).await.unwrap();
    parts
}

/// Sends a request as it is, and returns the status and the challenge.
fn send(parts: &Parts) -> (u16, String) {
    let mut request = http::Request::builder().method(&parts.method).uri(&parts.uri);
    *request.headers_mut().unwrap() = parts.headers.clone();
    let response = if parts.method == Method::POST {
        rig::agent().run(request.body("").unwrap())
    } else {
        rig::agent().run(request.body(()).unwrap())
    };
    let response = response.unwrap();
    let challenge = response.headers().get("www-authenticate");
    let challenge = challenge.map_or("", |value| value.to_str().unwrap()).to_owned();
    (response.status().as_u16(), challenge)
}

/// Returns a part of a token: 0 is its header, 1 its claims.
fn part(token: &str, at: usize) -> Value {
    let part = URL_SAFE_NO_PAD.decode(token.split('.').nth(at).unwrap()).unwrap();
    serde_json::from_slice(&part).unwrap()
}

/// Returns the thumbprint of the key that a token is bound to.
fn thumbprint(token: &str) -> String {
    part(token, 1)["cnf"]["jkt"].as_str().expect("it is bound").to_owned()
}

/// A user who sees nothing, and whose browser does all. A code is approved at the test server.
#[derive(Clone, Debug)]
struct User(Arc<Rig>);

impl Prompt for User {
    fn show_link(&self, _: &Link) {}

    fn show_code(&self, _: &UserCode) {
        let rig = Arc::clone(&self.0);
        std::thread::spawn(move || Browser::fake().open(&rig.wait_for_device()));
    }

    async fn ask(&self, question: &Question) -> Result<SecretString> {
        panic!("asked for {question:?}");
    }

    fn progress(&self, _: &Progress) {}
}

/// Logs in with the command line, in a terminal, and returns all that it has shown.
fn log_in_by_command(sandbox: &Sandbox, flags: &[&str]) -> String {
    let program = binary("authn");
    let command = [&[program.to_str().unwrap()], flags, &["login"]].concat();
    let terminal = Terminal::start(sandbox, (200, 50), &command, &[]);
    assert_eq!(terminal.wait_for_end(), 0, "{}", terminal.transcript());
    terminal.transcript()
}

async fn log_in(rig: &Arc<Rig>, credentials: &Credentials, method: LoginMethod) {
    let login = Login::new(User(Arc::clone(rig))).with_environment(Environment::empty());
    credentials.login(login.with_method(method)).await.unwrap();
}
