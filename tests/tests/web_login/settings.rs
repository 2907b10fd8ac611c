//! Credentials of a web application, and a browser that comes back to it.

use authn::{Credentials, Environment, Loader, PendingLogin, SecretString, time::Clock};
use authn_tests::{browser::Browser, rig::Rig};

/// Nothing listens there: the tests take the address from the browser.
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:9/callback";

/// The options of a client. The server issues a refresh token after each new consent.
pub(crate) fn options(rig: &Rig, id: &str, more: &str) -> String {
    format!(
        "[credentials]\norigins = ['{0}']\n[credentials.oauth]\nissuer_url = '{0}'\nclient_id = '{id}'\n\
         scope = 'openid offline_access read'\nprompt = 'consent'\nstore = 'memory'\n{more}\n",
        rig.issuer()
    )
}

pub(crate) fn load(rig: &Rig, id: &str, more: &str) -> Credentials {
    load_at(&options(rig, id, more), Clock::system())
}

pub(crate) fn load_at(options: &str, clock: Clock) -> Credentials {
    let loader = Loader::new().environment(Environment::empty()).defaults(options);
    loader.clock(clock).load().unwrap_or_else(|error| panic!("{options}\n{error}"))
}

/// Starts a login, and returns its text and where the server sends the browser of the user.
pub(crate) async fn come_back(credentials: &Credentials, user: Browser) -> (SecretString, String) {
    let (url, pending) = credentials.authorization_url(REDIRECT_URI).await.unwrap();
    let report = user.open(url.as_str());
    (pending.to_secret(), report["location"].as_str().unwrap().to_owned())
}

pub(crate) fn pending(text: &SecretString) -> PendingLogin {
    PendingLogin::from_secret(text).unwrap()
}
