//! Tokens of nested providers at a real authorization server: token exchange (RFC 8693), and JWTs as a grant and as a
//! client's authentication (RFC 7523).

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod canary;
mod exchanges;
mod jwts;
mod users;

use authn::{Credentials, Environment, Loader};
use authn_providers as _;
use authn_tests::rig::Rig;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

fn loader(rig: &Rig, table: &str) -> Loader {
    let text = format!("[credentials]\norigins = [\"{}\"]\n{table}\n", rig.issuer());
    Loader::new().environment(Environment::empty()).defaults(&text)
}

fn load(rig: &Rig, table: &str) -> Credentials {
    loader(rig, table).load().unwrap_or_else(|error| panic!("{table}\n{error}"))
}

/// A client that exchanges tokens, with more options.
fn exchange(rig: &Rig, more: &str) -> String {
    format!(
        "[credentials.oauth]\nissuer_url = '{}'\ngrant_type = 'token_exchange'\nclient_id = 'xchg'\n\
         client_secret = 'secret'\n{more}",
        rig.issuer()
    )
}

/// The inline table of a user's own token, whose resource is the rig's API.
fn of_user(rig: &Rig, user: &str) -> String {
    format!("{{ {} }}", login_of(rig, user))
}

/// The table of a client that knows a user's password.
fn login_of(rig: &Rig, user: &str) -> String {
    let password = if user == "alice" { "wonderland" } else { "p@ss w%rd+&=:/" };
    format!(
        "oauth = {{ issuer_url = '{}', grant_type = 'password', client_id = 'pw', \
         client_secret = 'secret', username = '{user}', password = '{password}', store = 'memory' }}",
        rig.issuer()
    )
}

/// The inline table of a provider that signs for an account with a key of the rig.
fn signing(rig: &Rig, account: &str, key: &str, key_id: &str) -> String {
    format!(
        "{{ jwt_bearer = {{ self_signed = true, issuer = '{account}', audience = '{}', lifetime = '1m', \
         key_id = '{key_id}', private_key = {{ file = '{}' }} }} }}",
        rig.issuer(),
        rig.key(key).display()
    )
}

/// The token of a user, as another program would have it.
async fn token_of(rig: &Rig, user: &str) -> String {
    let credentials = load(rig, &login_of(rig, user));
    credentials.token().await.unwrap().secret().to_owned()
}

/// What a token says.
fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

async fn claims_of(credentials: &Credentials) -> Value {
    claims(credentials.token().await.unwrap().secret())
}
