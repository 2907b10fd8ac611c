//! Provider `oauth` against a real authorization server, and its tokens at a real resource server.

mod answers;
mod assertions;
mod exchanges;
mod grants;
mod matrix;
mod revocation;
mod servers;

use std::time::Duration;

use authn::{
    Credentials, Environment, Loader,
    clock::{Clock, ManualClock},
};
use authn_providers as _;
use authn_tests::rig::Rig;

/// More than a token of the rig lives.
const LIFETIME: Duration = Duration::from_mins(2);

/// A client's secret, for those that sign with it.
const LONG_SECRET: &str = "a-client-secret-of-at-least-32-bytes!!";

fn loader(rig: &Rig, options: &str) -> Loader {
    let text = format!(
        "[credentials]\norigins = [\"{}\"]\n[credentials.oauth]\nstore = 'memory'\n{options}\n",
        rig.issuer()
    );
    Loader::new().environment(Environment::empty()).inline("test.toml", &text)
}

fn load(rig: &Rig, options: &str) -> Credentials {
    loader(rig, options).load().unwrap_or_else(|error| panic!("{options}\n{error}"))
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
        let manual = ManualClock::new();
        let clock = Clock::custom(manual.clone());
        let credentials = loader(rig, options).clock(clock).load();
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
