//! The checks of the system and the network: certificates, the proxy, the login, the server and its clock.

use std::time::{Duration, SystemTime};

use authn::{
    Environment,
    diagnostic::reason,
    provider::{Remark, Verdict},
};

use super::{
    checks::{CA_FILE, ONLINE, problems},
    finding::{Finding, State},
    snapshot::Snapshot,
};
use crate::{
    exit::Code,
    style::time::{left, words},
};

/// Checks the file of additional certificate authorities.
pub(super) fn authorities(snapshot: &Snapshot) -> Vec<Finding> {
    let mut findings = problems(snapshot, "authorities");
    if findings.is_empty()
        && let Some(path) = snapshot.text(CA_FILE)
    {
        findings.push(Finding::ok(format!("{path} contains certificate authorities")));
    }
    findings
}

/// Checks whether the server that issues the tokens can be reached.
pub(super) fn server(snapshot: &Snapshot) -> Vec<Finding> {
    let Some(probe) = &snapshot.probe else {
        return vec![if snapshot.credentials.is_some() {
            Finding::skipped("no server was contacted").with_help(ONLINE)
        } else {
            let (why, help) = if snapshot.is_unconfigured() {
                ("none is configured", "configure a provider first")
            } else {
                ("the configuration is invalid", "correct the problems above, and try again")
            };
            let message = format!("neither a store nor a server was tried, because {why}");
            Finding::skipped(message).with_help(help)
        }];
    };
    vec![match probe {
        Ok(Some(probe)) => Finding::ok(format!("{} is reachable", probe.place)),
        Ok(None) => {
            Finding::skipped("this provider has no server that can be checked without a secret")
        }
        Err(error) => Finding::failure(error),
    }]
}

/// Reports what the server's metadata say about what the configuration needs.
pub(super) fn metadata(snapshot: &Snapshot) -> Vec<Finding> {
    remarks(snapshot, "metadata")
}

/// Reports what the provider has found out about the identity of this machine.
pub(super) fn identity(snapshot: &Snapshot) -> Vec<Finding> {
    remarks(snapshot, "identity")
}

fn remarks(snapshot: &Snapshot, about: &str) -> Vec<Finding> {
    let probe = snapshot.probe.as_ref().and_then(|probe| probe.as_ref().ok()?.as_ref());
    let remarks = probe.map(|probe| &*probe.remarks).unwrap_or_default();
    let finding = |remark: &Remark| {
        let text = &*remark.text;
        let finding = match remark.verdict {
            Verdict::Good => Finding::ok(text),
            // A token proves that the server takes it.
            Verdict::Doubtful if snapshot.has_new_token() => Finding::ok(text),
            Verdict::Doubtful => Finding::warning(text),
            Verdict::NotTried => Finding::skipped(text),
            _ => Finding::problem(Code::Provider, text),
        };
        let help = remark.help.clone().filter(|_| finding.state != State::Ok);
        Finding { help, ..finding }
    };
    remarks.iter().filter(|remark| remark.about == about).map(finding).collect()
}

/// Reports the token that was requested, or how to request one.
pub(super) fn token(snapshot: &Snapshot) -> Vec<Finding> {
    let Some(credentials) = &snapshot.credentials else { return Vec::new() };
    if credentials.is_per_request() {
        return vec![Finding::skipped("the token comes from the incoming request")];
    }
    vec![match &snapshot.token {
        None => Finding::skipped("no token was requested")
            .with_help(format!("`{}`", snapshot.with_token)),
        Some(Err(error)) => Finding::failure(error),
        Some(Ok(None)) => Finding::ok("this provider has no token, only headers or parameters"),
        Some(Ok(Some(token))) => Finding::ok(match token.expires_at() {
            Some(end) => format!("a new token was issued, with {} left", words(left(end))),
            None => "a new token was issued".to_owned(),
        }),
    }]
}

/// Finds the proxy of requests. Requests to this machine use none.
pub(super) fn proxy(snapshot: &Snapshot) -> Vec<Finding> {
    let Some(proxy) = snapshot.config.proxy(&Environment::of_process()) else {
        return vec![Finding::ok("no proxy is configured")];
    };
    let is_option = proxy.is_configured();
    let place = if is_option { format!("`{}`", proxy.named_by) } else { proxy.named_by.to_owned() };
    let Some(address) = proxy.address else {
        let message = format!("{place} is not the address of a proxy, so no proxy is used");
        let help = format!("`export {place}=http://HOST:PORT`, or `unset {place}`");
        return vec![Finding::warning(message).with_help(help)];
    };
    let except = match proxy.exceptions {
        Some(name) if is_option => format!("; {name} only applies to proxies set by variables"),
        Some(name) => format!(", except for the hosts in {name}"),
        None => String::new(),
    };
    let mut findings =
        vec![Finding::ok(format!("requests use the proxy {address}, set by {place}{except}"))];
    if let Some(failure) = &snapshot.proxy_failure {
        let message = format!("the proxy {address} can't be reached ({})", reason(failure));
        let help = if is_option {
            "set it to".to_owned()
        } else {
            format!("`unset {place}`, or set it to")
        };
        let help = format!("{help} the address of a proxy that runs");
        findings.push(Finding::problem(Code::Provider, message).with_help(help));
    }
    findings
}

/// Finds the way that a login would use here.
pub(super) fn login(snapshot: &Snapshot) -> Vec<Finding> {
    let Some(credentials) = snapshot.credentials.as_ref().filter(|made| made.needs_login()) else {
        return Vec::new();
    };
    let plan = credentials.login_plan(&Environment::of_process()).map(|plan| plan.to_string());
    vec![Finding::ok(plan.unwrap_or_else(|| "the provider decides how a login works".to_owned()))]
}

/// A difference that most servers tolerate.
const WARNING: Duration = Duration::from_mins(1);
/// A difference that few servers tolerate.
const PROBLEM: Duration = Duration::from_mins(5);

/// Compares this machine's clock with the server's.
pub(super) fn clock(snapshot: &Snapshot) -> Vec<Finding> {
    let date = snapshot.probe.as_ref().and_then(|probe| probe.as_ref().ok()?.as_ref()?.date);
    let status = snapshot.status.as_ref().and_then(|status| status.as_ref().ok());
    let before = status.and_then(|status| status.server_clock_ahead);
    let now = date.map(|date| (ahead(date, SystemTime::now()), ""));
    let before = before.map(|ahead| (ahead, " at the last exchange"));
    now.or(before).map(|(ahead, when)| finding(ahead, when)).into_iter().collect()
}

/// Returns by how many seconds the date is ahead of now.
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
        return Finding::ok(format!("this clock matched the server's{when}"));
    };
    finding.with_help(if cfg!(target_os = "linux") {
        "`timedatectl set-ntp true`"
    } else {
        "turn on automatic time synchronisation"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_depends_on_the_difference() {
        for (ahead, state, words) in [
            (0, State::Ok, "matched the server's"),
            (-60, State::Ok, "matched the server's"),
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
