//! `Server`: a server of OAuth 1.0a on loopback, one for each test; and oauthlib's own signatures.

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use authn::{Credentials, Environment, Loader};
use authn_tests::rig::agent;
use serde_json::Value;
use tempfile::TempDir;

/// A running server, which ends when this is dropped or the test's process ends.
pub(crate) struct Server {
    process: Child,
    ready: Value,
}

impl Server {
    pub(crate) fn start() -> Self {
        let mut process = python(&[]);
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let ready = line.strip_prefix("READY ");
        let ready = ready.unwrap_or_else(|| panic!("the server of OAuth 1.0a did not start"));
        Self { process, ready: serde_json::from_str(ready).unwrap() }
    }

    /// Returns the address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.ready("url"))
    }

    pub(crate) fn ready(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    /// Changes the server.
    pub(crate) fn set(&self, query: &[(&str, &str)]) {
        let request = agent().get(self.url("/__rig/set")).query_pairs(query.iter().copied());
        assert_eq!(request.call().unwrap().status(), 200);
    }

    /// Returns every request so far.
    pub(crate) fn log(&self) -> Vec<Value> {
        let mut response = agent().get(self.url("/__rig/log")).call().unwrap();
        response.body_mut().read_json().unwrap()
    }

    /// Returns how many requests a path has had.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.log().iter().filter(|entry| entry["path"] == path).count()
    }

    /// The options of the client with a secret.
    pub(crate) fn client(&self) -> String {
        format!("client_id = 'client'\nclient_secret = {:?}\n", self.ready("secret"))
    }

    /// The options of the token that the server knows from the start.
    pub(crate) fn token(&self) -> String {
        let (token, secret) = (self.ready("token"), self.ready("token_secret"));
        format!("token = {token:?}\ntoken_secret = {secret:?}\n")
    }

    /// The options of a login.
    pub(crate) fn login(&self) -> String {
        let mut options = self.client();
        for (key, path) in [
            ("request_token_url", "/request_token"),
            ("authorization_url", "/authorize"),
            ("access_token_url", "/access_token"),
        ] {
            writeln!(options, "{key} = '{}'", self.url(path)).unwrap();
        }
        options
    }

    /// Loads credentials for this server, whose session is in memory.
    pub(crate) fn load(&self, options: &str) -> Credentials {
        self.loader(options, None).load().unwrap_or_else(|error| panic!("{options}\n{error}"))
    }

    /// Loads credentials whose session is in a folder.
    pub(crate) fn load_in(&self, options: &str, folder: &TempDir) -> Credentials {
        self.loader(options, Some(folder)).load().unwrap()
    }

    fn loader(&self, options: &str, folder: Option<&TempDir>) -> Loader {
        let store = if folder.is_some() { "file" } else { "memory" };
        let folder = folder.map_or_else(String::new, |folder| {
            format!("[stores.file]\ndirectory = '{}/tokens'\n", folder.path().display())
        });
        let text = format!(
            "{folder}[credentials]\norigins = ['{}']\n[credentials.oauth1]\nstore = '{store}'\n{options}\n",
            self.ready("url")
        );
        Loader::new().environment(Environment::empty()).defaults(&text)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take()); // its sign to end
        let _ = self.process.wait();
    }
}

/// oauthlib's client, which signs one request after the other.
pub(crate) struct Oauthlib {
    process: Child,
    requests: ChildStdin,
    signatures: BufReader<ChildStdout>,
}

impl Oauthlib {
    pub(crate) fn start() -> Self {
        let mut process = python(&["--sign"]);
        let requests = process.stdin.take().unwrap();
        let signatures = BufReader::new(process.stdout.take().unwrap());
        Self { process, requests, signatures }
    }

    /// Returns the signature of a request.
    pub(crate) fn sign(&mut self, request: &Value) -> String {
        writeln!(self.requests, "{request}").unwrap();
        let mut line = String::new();
        self.signatures.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "oauthlib does not sign {request}");
        line.trim_end().to_owned()
    }
}

impl Drop for Oauthlib {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn python(arguments: &[&str]) -> Child {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("../target/tests/oauth1/bin/python");
    Command::new(&python)
        .arg("server.py")
        .args(arguments)
        .current_dir(root.join("rig/oauth1"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{} ({error}): run `tests/run`", python.display()))
}
