//! By which way somebody would log in here.

use std::env;

use authn::Environment;

use super::{finding::Finding, patient::Patient};

const CHECK: &str = "login";

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
    let why = VARIABLES.into_iter().find(|name| is_set(name));
    let because =
        why.map_or_else(|| "there is no display".to_owned(), |name| format!("{name} is set"));
    let message = if Environment::of_process().has_browser() {
        // Elsewhere than on Unix a display is taken for granted.
        let because = why.map(|_| format!(", because {because}")).unwrap_or_default();
        format!("a login opens a browser on this machine{because}")
    } else {
        let command = patient.config.login_command();
        format!(
            "a login shows a link to open on another machine and takes its answer here, because {because}; \
             `{command} --device` shows a code, if the server can"
        )
    };
    vec![Finding::ok(CHECK, message)]
}

fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
}
