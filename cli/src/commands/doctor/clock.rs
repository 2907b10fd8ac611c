//! Whether this machine's clock goes as the server's does: tokens and signatures have times in them.

use std::time::{Duration, SystemTime};

use super::{finding::Finding, patient::Patient};
use crate::{exit::Code, time::words};

const CHECK: &str = "clock";

/// A difference that servers bear as a rule.
const WARNING: Duration = Duration::from_mins(1);
/// A difference that hardly any server bears.
const PROBLEM: Duration = Duration::from_mins(5);

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let now = patient.probe.as_ref().and_then(|probe| probe.as_ref().ok()?.as_ref()?.date);
    let status = patient.status.as_ref().and_then(|status| status.as_ref().ok());
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
        Finding::problem(CHECK, Code::Other, message)
    } else if difference > WARNING {
        Finding::warning(CHECK, message)
    } else {
        return Finding::ok(CHECK, format!("this clock went as the server's{when}"));
    };
    finding.mended_by(if cfg!(target_os = "linux") {
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
