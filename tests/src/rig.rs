//! A real authorization server and resource server on loopback, one for each test.
//!
//! `tests/rig/README.md` lists its clients, users, addresses and what can be bent. The calls block, so that they work
//! from plain threads; in an asynchronous test they take a millisecond each, which no test notices.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

use crate::waiting;

/// The time that the server may take to start. It takes half a second; the rest is for a machine that compiles
/// meanwhile.
const START_LIMIT: Duration = Duration::from_mins(1);

/// The grant type of the polls of a device login (RFC 8628, section 3.4).
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// How long one call to the side door may take.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// A running server, which ends when this is dropped or the test's process ends.
///
/// Its clock, its log and its faults are its own: tests that run at the same time don't meet.
#[derive(Debug)]
pub struct Rig {
    server: Child,
    ready: Value,
    agent: Agent,
}

impl Rig {
    /// Starts a server on free ports and waits until it accepts connections.
    ///
    /// # Panics
    ///
    /// If Node.js or the server's packages are missing, or it doesn't start.
    pub fn start() -> Self {
        let folder = folder();
        assert!(
            folder.join("node_modules").is_dir(),
            "the packages of the test server are missing: run `tests/run`, or `npm ci` in {}",
            folder.display()
        );
        let errors = tempfile::tempfile().expect("a temporary file can be made");
        let mut server = Command::new("node")
            .args(["server.mjs", "--port", "0", "--tls-port", "0", "--with-stdin"])
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors.try_clone().expect("a file handle can be cloned"))
            .spawn()
            .unwrap_or_else(|error| panic!("`node` can't be started ({error}): install Node.js"));

        let stdout = server.stdout.take().expect("standard output is a pipe");
        let Some(ready) = wait_until_ready(stdout) else {
            let _ = server.kill();
            let _ = server.wait();
            panic!("the test server did not start; it said:\n{}", whole(errors));
        };
        Self { server, ready, agent: agent() }
    }

    /// The issuer, without a slash at its end: `http://127.0.0.1:PORT`.
    pub fn issuer(&self) -> &str {
        self.ready("issuer")
    }

    /// The issuer in Keycloak's shape: `http://127.0.0.1:PORT/realms/test`.
    pub fn keycloak(&self) -> &str {
        self.ready("keycloak")
    }

    /// The same server with TLS, where clients may show a certificate: `https://127.0.0.1:PORT`.
    pub fn mtls(&self) -> &str {
        self.ready("mtls")
    }

    /// The certificate of the authority that signed the server's and the clients' certificates, in PEM.
    pub fn ca(&self) -> PathBuf {
        PathBuf::from(self.ready("ca"))
    }

    /// A file of the server's key folder, such as `rsa.pem` or `client.crt`.
    pub fn key(&self, name: &str) -> PathBuf {
        Path::new(self.ready("keys")).join(name)
    }

    /// The full address of a path on the server: `/rs/bearer`, `/rs/echo`.
    pub fn resource_url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer())
    }

    /// How many requests the authorization server has got whose log entry has all these values.
    ///
    /// Names are those of the log: `grant`, `client`, `status`, `path`, `method`, `error`, `auth`.
    pub fn count(&self, wanted: &[(&str, &str)]) -> u64 {
        self.get("/__rig/count", wanted).as_u64().expect("a count is a number")
    }

    /// Waits until [`count`](Self::count) of these values has reached this number.
    ///
    /// For a test that must not go on before a program has asked the server: no time is guessed.
    pub fn wait_for_count(&self, wanted: &[(&str, &str)], number: u64) {
        waiting::until(&format!("{number} requests with {wanted:?}"), || {
            (self.count(wanted) >= number).then_some(())
        });
    }

    /// Every request to the authorization server so far, in order.
    pub fn log(&self) -> Vec<Value> {
        match self.get("/__rig/log", &[]) {
            Value::Array(entries) => entries,
            other => panic!("the server's log is no list: {other}"),
        }
    }

    /// Sets the nonce that `/rs/dpop` demands, at once or after so many more good requests.
    pub fn nonce(&self, value: &str, after: u32) {
        self.get("/__rig/nonce", &[("value", value), ("after", &after.to_string())]);
    }

    /// Every request to `/rs/bearer` and `/rs/dpop` so far, in order: `{path, query, status, error}`.
    pub fn api_log(&self) -> Vec<Value> {
        match self.get("/__rig/api-log", &[]) {
            Value::Array(entries) => entries,
            other => panic!("the API's log is no list: {other}"),
        }
    }

    /// Puts the server's clock this many seconds ahead of the real one; negative is behind.
    pub fn clock(&self, offset_s: i64) {
        self.get("/__rig/clock", &[("offset_s", &offset_s.to_string())]);
    }

    /// The polls of the device grant so far, as the log has them: `at_ms` says when, `error` what was answered.
    pub fn polls(&self) -> Vec<Value> {
        let mut polls = self.log();
        polls.retain(|entry| entry["params"]["grant_type"] == DEVICE_GRANT);
        polls
    }

    /// Waits until a device login has begun, and returns the address where its user approves the newest one: to be
    /// opened with a [`Browser`](crate::browser::Browser).
    pub fn wait_for_device(&self) -> String {
        waiting::until("a device login", || {
            let newest =
                self.log().into_iter().rev().find(|entry| entry["user_code"].is_string())?;
            newest["verification_uri_complete"].as_str().map(str::to_owned)
        })
    }

    /// Sets the faults of the next requests, in order: a list of
    /// `{endpoint, grant, client, times, status, headers, body, delay_ms, hold, drop}`, each of them optional. Answers
    /// that are held are sent now.
    ///
    /// Without an endpoint it happens to token requests; `grant` and `client` narrow it to forms with these.
    pub fn faults(&self, faults: &Value) {
        self.post("/__rig/faults", faults);
    }

    /// Changes the answers of endpoints from now on: `{endpoint: {member: value}}`, where `null` removes a member.
    ///
    /// The endpoint `callback` is the query of the redirect to the client. An empty object ends it.
    pub fn answers(&self, patches: &Value) {
        self.post("/__rig/answers", patches);
    }

    /// Makes the server sign ID tokens with new keys. The old keys are removed from its key set, unless they are kept.
    pub fn rotate_keys(&self, keep_old: bool) {
        let query: &[_] = if keep_old { &[("keep-old", "")] } else { &[] };
        self.get("/__rig/rotate-keys", query);
    }

    /// Forgets the log, the faults, the changed answers, the rotation and the clock. Tokens stay good.
    pub fn reset(&self) {
        self.get("/__rig/reset", &[]);
    }

    /// Forgets also every client that was registered, and all sessions and tokens.
    pub fn forget_clients(&self) {
        self.get("/__rig/reset", &[("store", "")]);
    }

    fn post(&self, path: &str, body: &Value) {
        let response = self.agent.post(self.resource_url(path)).send_json(body);
        let mut response = response.unwrap_or_else(|error| panic!("{path}: {error}"));
        let said = response.body_mut().read_to_string().unwrap_or_default();
        assert!(response.status().is_success(), "the server took no {body}: {said}");
    }

    fn get(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let request = self.agent.get(self.resource_url(path)).query_pairs(query.iter().copied());
        request.call().and_then(answer).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn ready(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap_or_else(|| panic!("the server's READY line has no {name}"))
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        drop(self.server.stdin.take()); // its sign to end
        let _ = self.server.wait();
    }
}

/// A client that follows no redirect, takes no proxy from the environment, and returns every status as a response.
///
/// For what a test wants to ask the server itself; what is tested should make its own requests.
pub fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(CALL_LIMIT))
        .build()
        .new_agent()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rig/oidc-provider")
}

/// The JSON of the `READY` line, or nothing if the server ended or the time is up.
fn wait_until_ready(stdout: ChildStdout) -> Option<Value> {
    let (sender, receiver) = mpsc::channel();
    // Reads on to the end, because a server whose output is not read would block some day.
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(json) = line.strip_prefix("READY ") {
                let _ = sender.send(serde_json::from_str(json).expect("the READY line is JSON"));
            }
        }
    });
    receiver.recv_timeout(START_LIMIT).ok()
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Result<Value, ureq::Error> {
    if response.status().is_success() {
        response.body_mut().read_json()
    } else {
        Err(ureq::Error::StatusCode(response.status().as_u16()))
    }
}

fn whole(mut file: File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut text));
    read.expect("the server's errors are readable text");
    text
}
