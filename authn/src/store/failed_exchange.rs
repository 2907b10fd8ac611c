//! `StoredFailure`: the failure of the last exchange, as a record keeps it for the processes that waited for it.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::record::millis;
use crate::{
    Error, ErrorKind,
    time::{BackOff, later},
};

/// An exchange that failed, for the processes that waited for it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StoredFailure {
    kind: FailureKind,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    #[serde(with = "millis")]
    pub(crate) at: SystemTime,
    /// Until when the server asked not to be asked again.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
}

/// The failures that are the same for each process.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FailureKind {
    Network,
    Protocol,
    Refused,
}

impl StoredFailure {
    /// Returns the failure to be stored; `None` if another process may succeed.
    pub(crate) fn of(error: &Error, at: SystemTime) -> Option<Self> {
        let kind = match error.kind() {
            ErrorKind::Network => FailureKind::Network,
            ErrorKind::Protocol => FailureKind::Protocol,
            ErrorKind::Refused => FailureKind::Refused,
            _ => return None,
        };
        let until = error.retry_after().map(|wait| millis::of(later(at, BackOff::asked(wait))));
        let help = error.help().map(str::to_owned);
        Some(Self { kind, message: error.message().to_owned(), help, at, until })
    }

    /// Returns the error if it also holds for an exchange that was asked for at `asked`: it failed after that, or the
    /// server has asked not to be asked again until later than `now`.
    pub(crate) fn holds(&self, asked: SystemTime, now: SystemTime) -> Option<Error> {
        let wait = self.until.and_then(|until| millis::time(until).duration_since(now).ok());
        // A longer wait was not asked for: a clock was set back.
        let wait = wait.filter(|wait| !wait.is_zero() && *wait == BackOff::asked(*wait));
        if wait.is_none() && (self.at <= asked || self.at > now) {
            return None;
        }
        let error = self.error();
        Some(match wait {
            Some(wait) => error.with_retry_after(wait),
            None => error,
        })
    }

    /// Returns the error.
    pub(crate) fn error(&self) -> Error {
        let kind = match self.kind {
            FailureKind::Network => ErrorKind::Network,
            FailureKind::Protocol => ErrorKind::Protocol,
            FailureKind::Refused => ErrorKind::Refused,
        };
        let error = Error::new(kind, self.message.as_str());
        match &self.help {
            Some(help) => error.with_help(help.clone()),
            None => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_stored_failure_holds_for_those_that_waited_or_as_long_as_the_server_asked() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let error = Error::network("down").with_help("wait");
        let failure = StoredFailure::of(&error, at(100)).unwrap();
        assert_eq!(failure.error().to_string(), "down; wait");
        assert!(failure.holds(at(99), at(101)).is_some());
        assert!(failure.holds(at(100), at(101)).is_none(), "asked for afterwards");
        assert!(failure.holds(at(1), at(99)).is_none(), "the clock was set back");
        let asked = error.with_retry_after(Duration::from_mins(1));
        let failure = StoredFailure::of(&asked, at(100)).unwrap();
        let rest = |now| failure.holds(at(now), at(now)).and_then(|error| error.retry_after());
        assert_eq!(rest(130), Some(Duration::from_secs(30)));
        assert_eq!(rest(161), None);
        let day = asked.with_retry_after(Duration::from_hours(24));
        let failure = StoredFailure::of(&day, at(100)).unwrap();
        assert!(failure.holds(at(1_000), at(1_000)).is_none(), "5 minutes at most");
        assert!(StoredFailure::of(&Error::store("full"), at(1)).is_none());
    }
}
