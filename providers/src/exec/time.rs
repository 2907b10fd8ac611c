//! When a token expires, as commands say it: RFC 3339, a Unix time, or seconds from now on.

use std::time::{Duration, SystemTime};

use authn::private::seconds;
use serde::Deserialize;
use serde_json::Number;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// The latest expiry that is used, in seconds since the Unix epoch: the year 2262.
const LATEST: u64 = 9_223_372_036;

/// A smaller number of seconds is a lifetime and no Unix time. As a Unix time it is in the year 2001.
const FIRST_TIME: u64 = 1_000_000_000;

/// A larger number is a Unix time in milliseconds. As seconds it is in the year 5138.
const LAST_TIME: u64 = 100_000_000_000;

/// When a token expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    At(SystemTime),
    In(Duration),
}

/// A number of seconds, as a number or as a text of digits.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Seconds {
    Number(Number),
    Text(String),
}

impl Seconds {
    /// Returns the number without its fraction; `None` if it is negative or none.
    pub(super) fn whole(&self) -> Option<u64> {
        match self {
            Self::Number(number) => whole(number),
            Self::Text(text) => seconds(text.trim()),
        }
    }

    /// Returns the Unix time that it is.
    pub(super) fn unix_time(&self) -> Option<Expiry> {
        self.whole().map(unix_time)
    }
}

/// Returns the expiry that a number is, whatever its unit: a lifetime, a Unix time, or one in milliseconds.
pub(super) fn guessed(number: u64) -> Expiry {
    match number {
        0..FIRST_TIME => Expiry::In(Duration::from_secs(number)),
        FIRST_TIME..LAST_TIME => unix_time(number),
        _ => unix_time(number / 1000),
    }
}

/// Returns a time with an offset from UTC (RFC 3339, 5.6). A time without one is a local time, which is not used.
pub(super) fn rfc_3339(text: &str) -> Option<Expiry> {
    let time = OffsetDateTime::parse(text.trim(), &Rfc3339).ok()?;
    Some(unix_time(u64::try_from(time.unix_timestamp()).unwrap_or(0)))
}

fn unix_time(seconds: u64) -> Expiry {
    Expiry::At(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(LATEST)))
}

fn whole(number: &Number) -> Option<u64> {
    if let Some(whole) = number.as_u64() {
        return Some(whole);
    }
    let seconds = number.as_f64().filter(|seconds| *seconds >= 0.0)?;
    Some(Duration::try_from_secs_f64(seconds).map_or(u64::MAX, |since| since.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_time_with_an_offset_is_read() {
        for (text, expected) in [
            ("2100-01-01T00:00:01Z", Some(4_102_444_801)),
            ("2100-01-01T01:00:01.5+01:00", Some(4_102_444_801)),
            ("2100-01-01 00:00:01Z", Some(4_102_444_801)),
            ("1969-01-01T00:00:00Z", Some(0)),
            ("9999-12-31T23:59:59Z", Some(LATEST)),
            ("2100-01-01T00:00:01", None),
            ("2100-01-01 00:00:01.000000", None),
            ("2100-01-01", None),
            ("4102444801", None),
            ("", None),
            ("\0", None),
        ] {
            assert_eq!(rfc_3339(text), expected.map(unix_time), "{text}");
        }
    }

    #[test]
    fn the_unit_of_a_number_is_guessed() {
        for (number, expected) in [
            (0, Expiry::In(Duration::ZERO)),
            (3600, Expiry::In(Duration::from_hours(1))),
            (4_102_444_801, unix_time(4_102_444_801)),
            (4_102_444_801_999, unix_time(4_102_444_801)),
            (u64::MAX, unix_time(LATEST)),
        ] {
            assert_eq!(guessed(number), expected, "{number}");
        }
    }

    #[test]
    fn a_number_may_be_a_text() {
        for (json, expected) in [
            ("60", Some(60)),
            ("60.9", Some(60)),
            ("6e1", Some(60)),
            ("\"60\"", Some(60)),
            ("\" 60.5 \"", Some(60)),
            ("1e300", Some(u64::MAX)),
            ("-1", None),
            ("\"-1\"", None),
            ("\"soon\"", None),
        ] {
            let seconds: Seconds = serde_json::from_str(json).unwrap();
            assert_eq!(seconds.whole(), expected, "{json}");
        }
    }
}
