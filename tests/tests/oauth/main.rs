//! Provider `oauth` against a real authorization server, and its tokens at a real resource server.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod answers;
mod assertions;
mod exchanges;
mod grants;
mod matrix;
mod revocation;
mod servers;
mod token_info;

use std::{path::Path, time::Duration};

use authn::{
    Credentials, Environment, Loader,
    time::{Clock, ManualClock},
};
use authn_providers as _;
use authn_tests::rig::Rig;

/// More than the lifetime of a token of the rig.
const LIFETIME: Duration = Duration::from_mins(2);

/// A client's secret, for those that sign with it.
const LONG_SECRET: &str = "a-client-secret-of-at-least-32-bytes!!";

/// A configuration that keeps sessions in a folder, or in memory alone.
fn loader(rig: &Rig, options: &str, folder: Option<&Path>) -> Loader {
    let (store, folder) = match folder {
        Some(folder) => ("file", format!("[stores.file]\ndirectory = '{}'\n", folder.display())),
        None => ("memory", String::new()),
    };
    let text = format!(
        "{folder}[credentials]\norigins = [\"{}\"]\n[credentials.oauth]\nstore = '{store}'\n{options}\n",
        rig.issuer()
    );
    Loader::new().environment(Environment::empty()).defaults(&text)
}

fn load(rig: &Rig, options: &str) -> Credentials {
    loader(rig, options, None).load().unwrap_or_else(|error| panic!("{options}\n{error}"))
}

/// The options of a client at the rig.
fn client(rig: &Rig, id: &str, more: &str) -> String {
    format!("issuer_url = '{}'\nclient_id = '{id}'\n{more}", rig.issuer())
}

/// Credentials whose clock and server's clock are moved together.
struct Clocked {
    credentials: Credentials,
    manual: ManualClock,
    passed: Duration,
}

impl Clocked {
    fn load(rig: &Rig, options: &str) -> Self {
        Self::load_with(rig, options, None)
    }

    /// Keeps the session in a folder if one is given.
    fn load_with(rig: &Rig, options: &str, folder: Option<&Path>) -> Self {
        let manual = ManualClock::new();
        let clock = Clock::custom(manual.clone());
        let credentials = loader(rig, options, folder).clock(clock).load();
        let credentials = credentials.unwrap_or_else(|error| panic!("{options}\n{error}"));
        Self { credentials, manual, passed: Duration::ZERO }
    }

    /// Lets the tokens that there are expire.
    fn outlive_tokens(&mut self, rig: &Rig) {
        self.passed += LIFETIME;
        self.manual.advance(LIFETIME);
        rig.clock(self.passed.as_secs().try_into().unwrap());
    }
}
