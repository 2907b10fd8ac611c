//! Answers of token endpoints as real servers send them, and what authn makes of each.
//!
//! A folder in `answers` is one answer to the exchange of a refresh token. Its file `answer.http` has the bytes of the
//! answer: the lines of the head, an empty line, the body. Its file `result.toml` says whose answer it is, which options
//! the client has, and either the `[token]` or the `[error]`. In an error, `{server}` is the origin of the server.

#![cfg(feature = "oauth")]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod server;

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use authn::{
    Environment, Loader, Result, Token,
    time::{Clock, ManualClock},
};
use authn_providers as _;
use serde_json::Value;
use server::Server;
use toml_edit::DocumentMut;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/answers");

/// A lifetime from which on a token practically never expires, in seconds.
const FOREVER: i64 = 1_000_000_000;

fn folders() -> Vec<PathBuf> {
    let entries = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.collect();
    folders.sort();
    folders
}

/// Reads an answer. The file has the line ends of a text file in its head.
fn answer(folder: &Path) -> Vec<u8> {
    let bytes = fs::read(folder.join("answer.http")).unwrap();
    let end = bytes.windows(2).position(|pair| pair == b"\n\n").expect("an empty line");
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    assert!(head.starts_with("HTTP/1.1 "), "{head}");
    let head = head.lines().collect::<Vec<_>>().join("\r\n");
    let body = bytes[end + 2..].strip_suffix(b"\n").unwrap_or(&bytes[end + 2..]);
    [head.as_bytes(), b"\r\n\r\n", body].concat()
}

/// Exchanges a refresh token, and returns the result as it is written in `result.toml`.
async fn result(answer: Vec<u8>, options: &str) -> String {
    let server = Server::start(vec![answer]);
    let url = server.url();
    let text = format!(
        "[credentials]\norigins = ['*']\n[credentials.oauth]\ntoken_endpoint_url = '{url}/token'\n\
         client_id = 'c'\nrefresh_token = 'sent'\nstore = 'file'\n{options}"
    );
    let state = tempfile::tempdir().unwrap();
    let loader = Loader::new()
        .environment(Environment::empty().state_directory(state.path()))
        .clock(Clock::custom(ManualClock::new()));
    let credentials = loader.defaults(&text).load().unwrap();
    let result = credentials.token().await;
    written(&result, &stored(state.path()), url)
}

/// Returns the stored session, or nothing.
fn stored(state: &Path) -> Value {
    let files = fs::read_dir(state.join("authn/tokens")).into_iter().flatten();
    let mut paths = files.map(|file| file.unwrap().path());
    let session = paths.find(|path| path.extension().is_some_and(|ending| ending == "json"));
    session.map_or(Value::Null, |path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
}

fn written(result: &Result<Token>, stored: &Value, url: &str) -> String {
    let mut text = String::new();
    let mut line = |key: &str, value: &str| {
        writeln!(text, "{key} = {}", Value::from(value)).unwrap();
    };
    match result {
        Ok(token) => {
            line("secret", token.secret());
            line("type", token.token_type().unwrap());
            if let Some(scope) = token.scope() {
                line("scope", scope);
            }
            if let Some(id_token) = token.id_token() {
                line("id_token", &id_token.expose());
            }
        }
        Err(error) => {
            line("kind", &format!("{:?}", error.kind()));
            line("message", &error.message().replace(url, "{server}"));
            line("help", error.help().unwrap());
            if let Some(wait) = error.retry_after() {
                writeln!(text, "retry_after = {}", wait.as_secs()).unwrap();
            }
        }
    }
    if let Some(refresh_token) = stored["refresh_token"].as_str() {
        writeln!(text, "refresh_token = {}", Value::from(refresh_token)).unwrap();
    }
    let token = &stored["tokens"][""];
    if let (Some(start), Some(end)) = (token["asked_at"].as_i64(), token["expires_at"].as_i64()) {
        let seconds = (end - start) / 1000;
        let is_finite = seconds < FOREVER;
        let lifetime =
            if is_finite { seconds.to_string() } else { "'practically never'".to_owned() };
        writeln!(text, "expires_in = {lifetime}").unwrap();
    }
    let table = if result.is_ok() { "token" } else { "error" };
    format!("[{table}]\n{text}")
}

#[tokio::test]
async fn each_answer_has_its_result() {
    let mut wrong = String::new();
    for folder in folders() {
        let name = folder.file_name().unwrap().display().to_string();
        let expected = fs::read_to_string(folder.join("result.toml")).unwrap();
        let document: DocumentMut = expected.parse().unwrap();
        assert!(document["about"].is_str(), "{name} does not say whose answer it is");
        let options = document.get("options").map_or("", |options| options.as_str().unwrap());
        let found = result(answer(&folder), options).await;
        let table = expected.find('[').map_or("", |start| &expected[start..]);
        if found != table {
            write!(wrong, "{name}/result.toml must end with\n\n{found}\n").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn there_are_many_answers_and_each_is_complete() {
    let folders = folders();
    assert!(folders.len() >= 40, "there are only {} answers", folders.len());
    for folder in folders {
        let files = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name());
        let mut files: Vec<_> = files.collect();
        files.sort();
        assert_eq!(files, ["answer.http", "result.toml"], "{}", folder.display());
    }
}
