//! The session that many processes share.

use std::{
    fs,
    path::{Path, PathBuf},
};

use authn_tests::{
    command::Sandbox,
    rig::{Rig, agent},
};
use serde_json::Value;

/// Logs a user in, as an earlier login would.
fn refresh_token(rig: &Rig) -> String {
    let form = [
        ("grant_type", "password"),
        ("username", "alice"),
        ("password", "wonderland"),
        ("scope", "read offline_access"),
        ("client_id", "pw"),
        ("client_secret", "secret"),
    ];
    let basic = "Basic cHc6c2VjcmV0";
    let url = format!("{}/token", rig.issuer());
    let mut answer =
        agent().post(&url).header("authorization", basic).send_form(form[..4].to_vec()).unwrap();
    let answer: Value = answer.body_mut().read_json().unwrap();
    answer["refresh_token"].as_str().unwrap().to_owned()
}

pub(crate) fn session(rig: &Rig, sandbox: &Sandbox) -> PathBuf {
    let text = format!(
        "[credentials]\norigins = ['*']\n[credentials.oauth]\n\
         token_endpoint_url = '{}/token'\ngrant_type = 'refresh_token'\nclient_id = 'pw'\n\
         client_secret = 'secret'\nrefresh_token = '{}'\n",
        rig.issuer(),
        refresh_token(rig)
    );
    sandbox.file("session.toml", text)
}

pub(crate) fn files(sandbox: &Sandbox, ending: &str) -> Vec<PathBuf> {
    let folder = sandbox.state().join("authn/tokens");
    let entries = fs::read_dir(folder).into_iter().flatten();
    let files = entries.map(|entry| entry.unwrap().path());
    files.filter(|path| path.to_str().unwrap().ends_with(ending)).collect()
}

/// Returns the number of exchanges so far.
///
/// # Panics
///
/// If one was refused: then a refresh token was sent twice, and the server has revoked the family.
pub(crate) fn exchanges(rig: &Rig) -> u64 {
    let exchanges = rig.count(&[("grant", "refresh_token")]);
    let successes = rig.count(&[("grant", "refresh_token"), ("status", "200")]);
    assert_eq!(successes, exchanges, "no family was revoked");
    exchanges
}

/// Returns the revision of the stored session: the number of its saves.
pub(crate) fn revision(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut records = entries.filter(|path| path.extension().is_some_and(|end| end == "json"));
    let record: Value =
        serde_json::from_str(&fs::read_to_string(records.next().unwrap()).unwrap()).unwrap();
    record["revision"].as_u64().unwrap()
}
