//! Helpers for the tests of all providers: configurations, requests, JWTs and secret files.

#![allow(dead_code, reason = "some features have no test that needs them")]

use std::{
    future::Future,
    path::{Path, PathBuf},
};

use authn::{Credentials, Environment, Loader, Result, time::Clock};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::request::Parts;

/// Returns a loader for `https://api.example.com`. `text` is the content of `[credentials]`.
pub(crate) fn loader(text: &str) -> Loader {
    let text = format!("[credentials]\ndomain = \"api.example.com\"\n{text}\n");
    Loader::new().environment(Environment::empty()).inline("test.toml", &text)
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
