//! Numbers and durations at the ends of their ranges: no option and no answer of a server ends the program.

#![cfg(all(feature = "oauth", feature = "jwt_bearer"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod server;

use std::sync::Arc;

use authn::{
    Environment, Error, ErrorKind, Loader, Login, Registry, SecretString,
    options::Type,
    prompt::{Link, Progress, Prompt, Question, UserCode},
};
use authn_providers as _;
use server::Server;
use tokio::sync::Notify;

const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----";

const EXTREMES: [&str; 8] = [
    "0",
    "1",
    "'1ms'",
    "4294967296",
    "9223372036854775807",
    "'9223372036854775807s'",
    "'18446744073709551615s'",
    "'18446744073709551615ms'",
];

fn answer(expires_in: &str) -> Vec<u8> {
    let body = format!(
        r#"{{"access_token":"abc","token_type":"Bearer","expires_in":{expires_in},"refresh_token":"r"}}"#
    );
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{body}").into_bytes()
}

/// Loads a provider with a line at the end of its table, and a line in `[http]`, and uses it.
async fn used(provider: &str, line: &str, http: &str, expires_in: &str) -> Result<(), Error> {
    let server = Server::start(vec![answer(expires_in); 3]);
    let url = server.url();
    let table = match provider {
        "oauth" => format!(
            "[credentials.oauth]\ntoken_endpoint_url = '{url}/token'\nclient_id = 'c'\n\
             client_secret = 's'\ngrant_type = 'client_credentials'"
        ),
        "jwt_bearer" => format!(
            "[credentials.jwt_bearer]\ntoken_endpoint_url = '{url}/token'\nissuer = 'i'\n\
             private_key = {{ env = 'KEY' }}"
        ),
        "cached" => "[credentials.cached.bearer]\ntoken = 'abc'\n[credentials.cached]".to_owned(),
        other => format!("[credentials.{other}]"),
    };
    let text = format!("[http]\n{http}\n[credentials]\norigins = ['*']\n{table}\n{line}\n");
    let folder = tempfile::tempdir().unwrap();
    let environment = Environment::empty().variable("KEY", KEY).state_directory(folder.path());
    let credentials = Loader::new().environment(environment).defaults(&text).load()?;
    let first = credentials.token().await;
    credentials.status().await?;
    // Also from the cache, and after a refusal.
    credentials.token().await.ok();
    if let Ok(token) = &first {
        credentials.invalidate(token);
        credentials.token().await.ok();
    }
    credentials.close().await;
    first.map(drop)
}

#[tokio::test]
async fn no_number_in_a_stored_session_ends_the_program() {
    for number in ["18446744073709551615", "9223372036854775807", "0"] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(vec![answer("60"); 3]);
        let text = format!(
            "[credentials]\norigins = ['*']\n[credentials.oauth]\n\
             token_endpoint_url = '{}/token'\nclient_id = 'c'\nrefresh_token = 'first'\n\
             store = 'file'",
            server.url()
        );
        let run = async || {
            let environment = Environment::empty().state_directory(folder.path());
            let loader = Loader::new().environment(environment).defaults(&text);
            let credentials = loader.load().unwrap();
            let outcome = credentials.token().await;
            credentials.status().await.unwrap();
            credentials.close().await;
            outcome
        };
        run().await.unwrap();
        let files = std::fs::read_dir(folder.path().join("authn/tokens")).unwrap();
        let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        paths.retain(|path| path.metadata().unwrap().len() > 0);
        assert_eq!(paths.len(), 2, "a session, and the key of its fingerprint: {paths:?}");
        for path in paths {
            let text = std::fs::read_to_string(&path).unwrap();
            // The key must be made anew.
            let text = text.replace("\"fingerprint_key\":[", "\"fingerprint_key\":[1,");
            std::fs::write(&path, with_numbers(&text, number)).unwrap();
        }
        run().await.unwrap();
        run().await.unwrap();
    }
}

/// Replaces the number of each member of a JSON object except `version`.
fn with_numbers(json: &str, number: &str) -> String {
    let mut parts = json.split("\":");
    let mut replaced = parts.next().unwrap().to_owned();
    for part in parts {
        let is_version = replaced.ends_with("version");
        let rest = part.trim_start_matches(|character: char| character.is_ascii_digit());
        replaced += "\":";
        replaced += if rest.len() < part.len() && !is_version {
            number
        } else {
            &part[..part.len() - rest.len()]
        };
        replaced += rest;
    }
    replaced
}

/// Fails if an error is one of a fault in the code.
#[track_caller]
fn check<T>(outcome: &Result<T, Error>, what: &str) -> bool {
    if let Err(error) = outcome {
        assert_ne!(error.kind(), ErrorKind::Internal, "{what}: {error}");
    }
    outcome.is_ok()
}

#[tokio::test]
async fn no_option_of_a_provider_ends_the_program() {
    let registry = Registry::linked().unwrap();
    let mut tried = Vec::new();
    for provider in ["oauth", "jwt_bearer", "cached", "app_service"] {
        for field in registry.get(provider).unwrap().fields() {
            if !matches!(field.value_type(), Type::Duration | Type::Integer)
                && field.key() != "expiry_threshold"
            {
                continue;
            }
            for value in EXTREMES {
                let line = format!("{} = {value}", field.key());
                check(&used(provider, &line, "", "60").await, &format!("{provider}: {line}"));
            }
            tried.push(format!("{provider}.{}", field.key()));
        }
    }
    for key in ["oauth.expires_in_fallback", "oauth.expiry_threshold", "jwt_bearer.lifetime"] {
        assert!(tried.iter().any(|tried| tried == key), "{key} is not among {tried:?}");
    }
}

#[tokio::test]
async fn no_option_of_http_ends_the_program() {
    for key in ["timeout", "connect_timeout"] {
        for value in EXTREMES {
            let line = format!("{key} = {value}");
            check(&used("oauth", "", &line, "60").await, &line);
        }
    }
}

#[tokio::test]
async fn no_lifetime_from_a_server_ends_the_program() {
    for expires_in in [
        "0",
        "1",
        "-1",
        "9223372036854775807",
        "18446744073709551615",
        "1e308",
        "-1e308",
        "\"18446744073709551615\"",
        "99999999999999999999999999",
        "null",
        "\"never\"",
    ] {
        for provider in ["oauth", "jwt_bearer"] {
            let outcome = used(provider, "", "", expires_in).await;
            assert!(check(&outcome, expires_in), "{provider}: {expires_in}");
        }
    }
}

/// Notifies when the login waits for the user.
#[derive(Debug)]
struct Waits(Arc<Notify>);

impl Prompt for Waits {
    fn show_link(&self, _: &Link) {}

    fn show_code(&self, _: &UserCode) {}

    async fn ask(&self, _: &Question) -> Result<SecretString, Error> {
        Err(Error::cancelled("nothing is asked"))
    }

    fn progress(&self, progress: &Progress) {
        if matches!(progress, Progress::Waiting { .. }) {
            self.0.notify_one();
        }
    }
}

#[tokio::test]
async fn no_duration_of_a_login_ends_the_program() {
    let numbers = EXTREMES.into_iter().filter(|value| !value.contains('\'')).collect::<Vec<_>>();
    let cases = numbers
        .iter()
        .map(|number| ("60s", *number, "600"))
        .chain(numbers.iter().map(|number| ("60s", "5", *number)))
        .chain(EXTREMES.iter().map(|timeout| (timeout.trim_matches('\''), "5", "600")));
    for (timeout, interval, expires_in) in cases {
        let codes = format!(
            r#"{{"device_code":"d","user_code":"u","verification_uri":"https://a.test/","interval":{interval},"expires_in":{expires_in}}}"#
        );
        let codes = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{codes}");
        let server = Server::start(vec![codes.into_bytes(), answer("60")]);
        let url = server.url();
        let text = format!(
            "[credentials]\norigins = ['*']\n[credentials.oauth]\ntoken_endpoint_url = '{url}/token'\n\
             client_id = 'c'\ngrant_type = 'device_code'\nstore = 'file'\nlogin_timeout = '{timeout}'\n\
             device_authorization_endpoint_url = '{url}/device'\n"
        );
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::empty().state_directory(folder.path());
        let what = format!("{timeout} {interval} {expires_in}");
        let loaded = Loader::new().environment(environment).defaults(&text).load();
        check(&loaded, &what);
        let Ok(credentials) = loaded else { continue };
        let waits = Arc::new(Notify::new());
        tokio::select! {
            outcome = credentials.login(Login::new(Waits(Arc::clone(&waits)))) => {
                check(&outcome, &what);
            }
            () = waits.notified() => {}
        }
        credentials.close().await;
    }
}
