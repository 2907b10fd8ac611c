//! By which way somebody would log in here.

use std::env;

use authn::Environment;

use super::{finding::Finding, patient::Patient};

const CHECK: &str = "login";

const OTHER_DEVICE: &str =
    "a login shows a code or a link for another device, as far as the server has them";

const PASTE: &str = "a login shows a link, and asks for the address that a browser ends at";

/// The variables that say where somebody sits, in the order in which they count.
const VARIABLES: [&str; 8] = [
    "BROWSER",
    "SSH_CONNECTION",
    "SSH_CLIENT",
    "SSH_TTY",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "WSL_DISTRO_NAME",
    "WSL_INTEROP",
];

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let needs_login = patient.credentials.as_ref().is_some_and(authn::Credentials::needs_login);
    if !needs_login {
        return Vec::new();
    }
    let provider = patient.config.provider().unwrap_or_default();
    let grant_type = patient.text(&format!("credentials.{provider}.grant_type"));
    if grant_type == Some("device_code") {
        let message = "a login shows a code, which is typed in on any device";
        return vec![Finding::ok(CHECK, message)];
    }
    if grant_type == Some("client_credentials") {
        let message = "a login asks for what the configuration lacks of the client";
        return vec![Finding::ok(CHECK, message)];
    }
    let redirect_uri = patient.text(&format!("credentials.{provider}.redirect_uri"));
    if redirect_uri.is_some_and(|uri| !is_here(uri)) {
        let message = format!("{PASTE}, because `redirect_uri` is not on this machine");
        return vec![Finding::ok(CHECK, message)];
    }
    if patient.has(&format!("credentials.{provider}.browser")) {
        return vec![Finding::ok(
            CHECK,
            "a login opens the browser that the option `browser` names",
        )];
    }
    let why = VARIABLES.into_iter().find(|name| is_set(name));
    // Where one of these says how it goes, no code is asked for.
    let elsewhere =
        if grant_type.is_some() || redirect_uri.is_some() { PASTE } else { OTHER_DEVICE };
    let message = match (Environment::of_process().has_browser(), why) {
        (true, Some(name)) => {
            format!("a login opens a browser on this machine, because {name} is set")
        }
        // Elsewhere than on Unix a display is taken for granted.
        (true, None) => "a login opens a browser on this machine".to_owned(),
        (false, Some(name)) => format!("{elsewhere}, because {name} is set"),
        (false, None) => format!("{elsewhere}, because there is no display"),
    };
    vec![Finding::ok(CHECK, message)]
}

/// Tells whether a browser comes back to this machine (RFC 8252, 7.3).
fn is_here(uri: &str) -> bool {
    let uri = authn::Url::parse(uri).ok();
    uri.is_some_and(|uri| {
        let is_loopback = matches!(uri.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        uri.scheme() == "http" && is_loopback
    })
}

fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
}
