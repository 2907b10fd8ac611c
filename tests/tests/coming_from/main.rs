//! The programs of `examples/coming-from`, as their users run them, and the guide that quotes them.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

mod api;
mod authlib;
mod bitfount;
mod cwt;
mod foundry;
mod guide;
mod h2o;
mod message_service;

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use authn_tests::rig::{Rig, agent};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::Value;

/// Returns a refresh token of a user, for the client `pw` or the public client `all-none`.
fn refresh_token(rig: &Rig, client: &str, user: &str) -> String {
    let password = if user == "bob" { "p@ss w%rd+&=:/" } else { "wonderland" };
    let form = [
        ("grant_type", "password"),
        ("username", user),
        ("password", password),
        ("scope", "openid offline_access read write"),
    ];
    let request = agent().post(rig.resource_url("/token"));
    let answer = if client == "all-none" {
        request.send_form(form.into_iter().chain([("client_id", client)]))
    } else {
        let basic = format!("Basic {}", BASE64.encode(format!("{client}:secret")));
        request.header("authorization", basic).send_form(form)
    };
    let answer: Value = answer.unwrap().body_mut().read_json().unwrap();
    answer["refresh_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Lets nobody but its owner read a file.
fn make_private(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
