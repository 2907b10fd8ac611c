//! A crate that denies every lint it can stays without a finding.

#![forbid(unsafe_code)]
#![deny(
    warnings,
    unused,
    future_incompatible,
    nonstandard_style,
    rust_2018_idioms,
    missing_debug_implementations,
    missing_docs,
    single_use_lifetimes,
    trivial_casts,
    unit_bindings,
    unreachable_pub,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    clippy::all,
    clippy::pedantic
)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use authn::{Context, Credentials, Result, SecretString, Token, TokenSet, Url};

/// Mints tokens.
#[authn::token_provider("denied_lints", cached)]
pub struct CorpSts {
    /// Address.
    pub url: Url,
    /// Key.
    _key: SecretString,
    /// Keys.
    _keys: BTreeMap<String, SecretString>,
    /// Region.
    region: Option<String>,
    /// Tries.
    #[default(first())]
    tries: u8,
    /// Pause.
    #[default(Duration::from_secs(5))]
    pause: Duration,
    /// Scopes.
    #[default(Vec::new())]
    scopes: Vec<String>,
    /// The subject.
    #[provider]
    subject: Option<Credentials>,
    #[flatten]
    server: Server,
    /// The role.
    role: Role,
    __attempts: AtomicU32,
}

/// The server.
#[derive(Clone, authn::Options)]
#[options(default, validate = Self::check)]
#[allow(clippy::used_underscore_binding)]
pub struct Server {
    /// Tries at one server.
    #[default(first())]
    server_tries: u8,
    /// Key of the server.
    _server_key: Option<SecretString>,
}

impl Server {
    fn check(&self, problems: &mut authn::Validation) {
        if self.server_tries == 0 && self._server_key.is_none() {
            problems.at("server_tries").error("one try is needed", "leave it out");
        }
    }
}

/// A role.
#[derive(authn::Options)]
pub struct Role {
    /// Name.
    pub name: Option<String>,
    __uses: u32,
}

fn first() -> u8 {
    3
}

impl authn::TokenSource for CorpSts {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let _ = self.__attempts.fetch_add(1, Ordering::Relaxed);
        let _ = (&self._key, &self._keys, &self.region, self.tries, self.pause);
        let _ = (&self.scopes, &self.subject, &self.server, &self.role.name, self.role.__uses);
        unreachable!()
    }
}

/// Has nothing to configure.
#[authn::token_provider("denied_lints_nothing")]
pub struct Nothing;

impl authn::TokenProvider for Nothing {
    async fn token(&self, _: &Context) -> Result<Token> {
        unreachable!()
    }
}

/// It has compiled, which is the test.
#[test]
fn nothing_is_found() {}
