//! Whether there is a session, and how to begin one.

use authn::Status;

use super::{
    finding::Finding,
    patient::{Patient, Store},
};
use crate::{
    exit::Code,
    time::{left, words},
};

const CHECK: &str = "session";

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let (Some(credentials), Some(status)) = (&patient.credentials, &patient.status) else {
        return Vec::new();
    };
    let status = match status {
        Ok(status) => status,
        Err(_) if patient.store.as_ref().is_some_and(Store::has_failed) => {
            let message = "nobody can tell before the store is mended";
            return vec![Finding::problem(CHECK, Code::Other, message)];
        }
        Err(error) => return vec![Finding::failure(CHECK, error)],
    };
    if status.has_token || status.has_refresh_token {
        return vec![Finding::ok(CHECK, kept(status))];
    }
    if status.has_session {
        return vec![Finding::ok(
            CHECK,
            "what somebody has typed in is kept, and a token is had by it",
        )];
    }
    if credentials.needs_login() {
        let command = patient.config.login_command();
        return vec![
            Finding::warning(CHECK, "nobody is logged in").mended_by(format!("`{command}`")),
        ];
    }
    vec![Finding::ok(CHECK, "no token is kept, and nobody has to log in for one")]
}

fn kept(status: &Status) -> String {
    let whose = status.username.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
    let token = match (status.has_token, status.expires_at) {
        (true, Some(end)) => format!("a token{whose} with {} left", words(left(end))),
        (true, None) => format!("a token{whose}"),
        (false, _) => return format!("a refresh token{whose} is there"),
    };
    let refresh = if status.has_refresh_token { " and a refresh token" } else { "" };
    format!("{token}{refresh} is there")
}
