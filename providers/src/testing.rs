//! Helpers for the tests of all providers: configurations, requests, JWTs and secret files.

#![allow(dead_code, reason = "some features have no test that needs them")]

use std::{
    collections::BTreeMap,
    future::Future,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    thread::{self, JoinHandle},
};

use authn::{Credentials, Environment, Loader, Result, time::Clock};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::request::Parts;

/// Returns a loader for `https://api.example.com`. `text` is the content of `[credentials]`.
pub(crate) fn loader(text: &str) -> Loader {
    let text = format!("[credentials]\ndomain = \"api.example.com\"\n{text}\n");
    Loader::new().environment(Environment::empty()).defaults(&text)
}

pub(crate) fn load(text: &str) -> Result<Credentials> {
    loader(text).load()
}

pub(crate) fn load_at(text: &str, clock: Clock) -> Result<Credentials> {
    loader(text).clock(clock).load()
}

pub(crate) fn request(url: &str) -> Parts {
    http::Request::get(url).body(()).unwrap().into_parts().0
}

/// Authorises a request.
pub(crate) fn authorized(credentials: &Credentials, url: &str) -> Parts {
    let mut parts = request(url);
    wait(credentials.authorize(&mut parts)).unwrap();
    parts
}

pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

const ANSWER: &str = r#"{"access_token":"a","token_type":"Bearer","expires_in":60}"#;

/// A received request: the `Authorization` header and the form.
pub(crate) struct Sent {
    pub(crate) authorization: Option<String>,
    pub(crate) form: Vec<(String, String)>,
}

impl Sent {
    /// Returns the form, without the values that differ each time.
    pub(crate) fn stable(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut members = BTreeMap::<_, Vec<_>>::new();
        for (name, value) in &self.form {
            let value = if name == "client_assertion" { "(signed)" } else { value };
            members.entry(name.as_str()).or_default().push(value);
        }
        members
    }
}

/// Starts a server that answers one request. Returns its address and the request.
pub(crate) fn serve() -> (String, JoinHandle<Sent>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/token", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut headers = BTreeMap::new();
        for line in (&mut reader).lines().map(Result::unwrap).take_while(|line| !line.is_empty()) {
            if let Some((name, value)) = line.split_once(": ") {
                headers.insert(name.to_ascii_lowercase(), value.to_owned());
            }
        }
        assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
        assert_eq!(headers["accept"], "application/json");
        let mut body = vec![0; headers["content-length"].parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        let length = ANSWER.len();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
        write!(stream, "{head}\r\nContent-Length: {length}\r\n\r\n{ANSWER}").unwrap();
        let form = url::form_urlencoded::parse(&body).into_owned().collect();
        Sent { authorization: headers.remove("authorization"), form }
    });
    (address, server)
}

/// Makes a JWT with a payload and an invalid signature.
pub(crate) fn jwt(payload: &str) -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", encode(r#"{"alg":"RS256"}"#), encode(payload), encode("signature"))
}

/// A temporary file that only its owner can read.
pub(crate) struct SecretFile(tempfile::NamedTempFile);

impl SecretFile {
    pub(crate) fn new(text: &str) -> Self {
        let file = Self(tempfile::NamedTempFile::new().unwrap());
        file.write(text);
        file
    }

    pub(crate) fn write(&self, text: &str) {
        std::fs::write(self.path(), text).unwrap();
    }

    pub(crate) fn path(&self) -> PathBuf {
        Path::to_owned(self.0.path())
    }
}
