//! The checks of what lies around: certificates, the proxy, the browser, the server and its clock.

use std::{
    env,
    time::{Duration, SystemTime},
};

use authn::{Environment, Url};

use super::{finding::Finding, snapshot::Snapshot};
use crate::{exit::Code, style::time::words};

/// The file of further certificate authorities.
pub(super) fn authorities(snapshot: &Snapshot) -> Vec<Finding> {
    let (Some(credentials), Some(path)) = (&snapshot.credentials, snapshot.text("http.ca_file"))
    else {
        return Vec::new();
    };
    vec![match credentials.check_http() {
        Ok(()) => Finding::ok(format!("{path} is a bundle of certificate authorities")),
        Err(error) => Finding::failure(&error),
    }]
}

/// Whether the server that tokens come from can be reached.
pub(super) fn server(snapshot: &Snapshot) -> Vec<Finding> {
    let Some(probe) = &snapshot.probe else { return Vec::new() };
    vec![match probe {
        Ok(Some(probe)) => Finding::ok(format!("{} answers", probe.place)),
        Ok(None) => Finding::ok("this provider has no server that can be asked without a secret"),
        Err(error) => Finding::failure(error),
    }]
}

/// The variables that name one for `https`, as the HTTP client reads them: the first that is there counts,
/// also if it is empty.
const PROXY_VARIABLES: [[&str; 2]; 2] =
    [["HTTPS_PROXY", "https_proxy"], ["ALL_PROXY", "all_proxy"]];

pub(super) fn proxy(snapshot: &Snapshot) -> Vec<Finding> {
    let configured = snapshot.text("http.proxy").map(|value| ("`http.proxy`", value.to_owned()));
    let is_configured = configured.is_some();
    let Some((place, value)) = configured.or_else(from_environment) else {
        return vec![Finding::ok("no proxy is named")];
    };
    let Some(proxy) = shown(&value) else {
        let message = format!("{place} is no proxy's address, so that no proxy is used");
        return vec![
            Finding::warning(message)
                .with_help(format!("`export {place}=http://HOST:PORT`, or `unset {place}`")),
        ];
    };
    let except = ["NO_PROXY", "no_proxy"].into_iter().find(|name| has(name));
    let except = match except {
        Some(name) if !is_configured => format!(", but for the hosts of {name}"),
        Some(name) => format!("; {name} is for the proxies of variables alone"),
        None => String::new(),
    };
    vec![Finding::ok(format!("requests go through {proxy}, as {place} says{except}"))]
}

fn from_environment() -> Option<(&'static str, String)> {
    PROXY_VARIABLES.iter().find_map(|names| {
        let first = names.iter().find_map(|name| Some((*name, env::var(name).ok()?)));
        first.filter(|(_, value)| !value.is_empty())
    })
}

/// Gives scheme, host and port: what else stands there may be a password.
fn shown(value: &str) -> Option<String> {
    let url = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let url = Url::parse(&url).ok()?;
    let is_known =
        matches!(url.scheme(), "http" | "https" | "socks4" | "socks4a" | "socks5" | "socks5h");
    let host = url.host_str().filter(|host| is_known && !host.is_empty())?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{host}{port}", url.scheme()))
}

fn has(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
}

const OTHER_DEVICE: &str =
    "a login shows a code or a link for another device, as far as the server has them";

const PASTE: &str = "a login shows a link, and asks for the address that a browser ends at";

/// The variables that say where somebody sits, in the order in which they count.
const LOGIN_VARIABLES: [&str; 8] = [
    "BROWSER",
    "SSH_CONNECTION",
    "SSH_CLIENT",
    "SSH_TTY",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "WSL_DISTRO_NAME",
    "WSL_INTEROP",
];

pub(super) fn login(snapshot: &Snapshot) -> Vec<Finding> {
    let needs_login = snapshot.credentials.as_ref().is_some_and(authn::Credentials::needs_login);
    if !needs_login {
        return Vec::new();
    }
    let provider = snapshot.config.provider().unwrap_or_default();
    let grant_type = snapshot.text(&format!("credentials.{provider}.grant_type"));
    if grant_type == Some("device_code") {
        let message = "a login shows a code, which is typed in on any device";
        return vec![Finding::ok(message)];
    }
    if grant_type == Some("client_credentials") {
        let message = "a login asks for what the configuration lacks of the client";
        return vec![Finding::ok(message)];
    }
    let redirect_uri = snapshot.text(&format!("credentials.{provider}.redirect_uri"));
    if redirect_uri.is_some_and(|uri| !is_here(uri)) {
        let message = format!("{PASTE}, because `redirect_uri` is not on this machine");
        return vec![Finding::ok(message)];
    }
    if snapshot.has(&format!("credentials.{provider}.browser")) {
        return vec![Finding::ok("a login opens the browser that the option `browser` names")];
    }
    let why = LOGIN_VARIABLES.into_iter().find(|name| has(name));
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
    vec![Finding::ok(message)]
}

/// Returns whether a browser comes back to this machine (RFC 8252, 7.3).
fn is_here(uri: &str) -> bool {
    let uri = authn::Url::parse(uri).ok();
    uri.is_some_and(|uri| {
        let is_loopback = matches!(uri.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        uri.scheme() == "http" && is_loopback
    })
}

/// A difference that servers bear as a rule.
const WARNING: Duration = Duration::from_mins(1);
/// A difference that hardly any server bears.
const PROBLEM: Duration = Duration::from_mins(5);

pub(super) fn clock(snapshot: &Snapshot) -> Vec<Finding> {
    let now = snapshot.probe.as_ref().and_then(|probe| probe.as_ref().ok()?.as_ref()?.date);
    let status = snapshot.status.as_ref().and_then(|status| status.as_ref().ok());
    let before = status.and_then(|status| status.server_clock_ahead);
    let ahead = now.map(|date| ahead(date, SystemTime::now()));
    let found = match (ahead, before) {
        (Some(ahead), _) => Some(finding(ahead, "")),
        (None, Some(ahead)) => Some(finding(ahead, " at the last exchange")),
        (None, None) => None,
    };
    found.into_iter().collect()
}

/// Gives by how many seconds a time is ahead of another.
fn ahead(date: SystemTime, now: SystemTime) -> i64 {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    date.duration_since(now).map_or_else(|behind| -seconds(behind.duration()), seconds)
}

fn finding(ahead: i64, when: &str) -> Finding {
    let difference = Duration::from_secs(ahead.unsigned_abs());
    let side = if ahead < 0 { "ahead of" } else { "behind" };
    let message = format!("this clock was {} {side} the server's{when}", words(difference));
    let finding = if difference > PROBLEM {
        Finding::problem(Code::Other, message)
    } else if difference > WARNING {
        Finding::warning(message)
    } else {
        return Finding::ok(format!("this clock went as the server's{when}"));
    };
    finding.with_help(if cfg!(target_os = "linux") {
        "`timedatectl set-ntp true`"
    } else {
        "turn on the setting of the time by the network"
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::State;

    #[test]
    fn an_address_is_shown_without_what_may_be_secret() {
        for (value, expected) in [
            ("http://ann:s3cr3t@proxy.test:3128/x?y=s3cr3t", Some("http://proxy.test:3128")),
            ("ann:s3cr3t@proxy.test:3128", Some("http://proxy.test:3128")),
            ("proxy.test", Some("http://proxy.test")),
            ("socks5h://127.0.0.1:1080", Some("socks5h://127.0.0.1:1080")),
            ("ftp://proxy.test", None),
            ("://", None),
            ("s3cr3t s3cr3t", None),
        ] {
            assert_eq!(shown(value).as_deref(), expected);
        }
    }

    #[test]
    fn a_difference_is_told_by_how_much_it_hurts() {
        for (ahead, state, words) in [
            (0, State::Ok, "went as the server's"),
            (-60, State::Ok, "went as the server's"),
            (61, State::Warning, "1m behind the server's"),
            (-300, State::Warning, "5m ahead of the server's"),
            (-301, State::Problem, "5m ahead of the server's"),
            (7_200, State::Problem, "2h behind the server's"),
        ] {
            let finding = finding(ahead, "");
            assert_eq!(finding.state, state);
            assert!(finding.message.contains(words), "{}", finding.message);
            assert_eq!(finding.help.is_some(), state != State::Ok);
        }
    }

    #[test]
    fn a_clock_is_ahead_or_behind() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        assert_eq!(ahead(now + Duration::from_millis(2_900), now), 2);
        assert_eq!(ahead(now - Duration::from_secs(90), now), -90);
    }
}
