//! Times: durations from the command line, the time left in words, and RFC 3339.

use std::time::{Duration, SystemTime};

use authn::config::duration;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Parses a duration in the same form as in the configuration.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    duration::parse(text).ok_or_else(|| format!("expected {}", duration::EXPECTED))
}

/// Returns the time that is left until `until`, or zero if it has passed.
pub(crate) fn left(until: SystemTime) -> Duration {
    until.duration_since(SystemTime::now()).unwrap_or_default()
}

/// Returns the time that has passed since `then`, or zero if it is yet to come.
pub(crate) fn since(then: SystemTime) -> Duration {
    then.elapsed().unwrap_or_default()
}

/// Returns a duration in words: whole seconds, whole minutes, or the two longest units.
pub(crate) fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let of = |longer: u64, long: &str, shorter: u64, short: &str| match seconds % longer / shorter {
        0 => format!("{}{long}", seconds / longer),
        rest => format!("{}{long}{rest}{short}", seconds / longer),
    };
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => of(3_600, "h", 60, "m"),
        _ => of(86_400, "d", 3_600, "h"),
    }
}

/// Returns the text of a countdown, in two units, so that it visibly changes.
pub(crate) fn countdown(left: Duration) -> String {
    // A partial second is rounded up.
    let seconds = left.as_secs().saturating_add(u64::from(left.subsec_nanos() > 0));
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m {seconds}s"),
        (hours, minutes, _) => format!("{hours}h {minutes}m"),
    }
}

/// Returns a time in RFC 3339, in UTC and in whole seconds; `None` after the year 9999.
pub(crate) fn rfc_3339(time: SystemTime) -> Option<String> {
    let second = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).ok()?,
        Err(before) => -i64::try_from(before.duration().as_secs()).ok()?,
    };
    OffsetDateTime::from_unix_timestamp(second).ok()?.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_in_a_configuration() {
        assert_eq!(duration(" 1h 30m "), Ok(Duration::from_mins(90)));
        let error = duration("5 m").unwrap_err();
        assert!(error.starts_with("expected a duration like `5s`"), "{error}");
    }

    #[test]
    fn a_person_reads_the_longest_units() {
        for (seconds, expected) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (3_599, "59m"),
            (3_600, "1h"),
            (3_659, "1h"),
            (5_400, "1h30m"),
            (86_399, "23h59m"),
            (86_400, "1d"),
            (90_000, "1d1h"),
            (8_640_000, "100d"),
        ] {
            assert_eq!(words(Duration::from_secs(seconds)), expected);
        }
        assert_eq!(words(Duration::from_millis(999)), "0s");
    }

    #[test]
    fn a_program_reads_rfc_3339_in_utc() {
        let at = |millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        assert_eq!(rfc_3339(at(0)).unwrap(), "1970-01-01T00:00:00Z");
        assert_eq!(rfc_3339(at(4_102_444_801_999)).unwrap(), "2100-01-01T00:00:01Z");
        assert_eq!(rfc_3339(at(300_000_000_000_000)), None);
    }

    #[test]
    fn past_screens_leave_nothing() {
        assert_eq!(left(SystemTime::UNIX_EPOCH), Duration::ZERO);
        let later = SystemTime::now() + Duration::from_hours(10);
        assert_eq!(left(later).as_secs() / 3_600, 9);
    }

    #[test]
    fn time_is_counted_down_to_nothing() {
        for (millis, expected) in [
            (0, "0s"),
            (1, "1s"),
            (59_000, "59s"),
            (59_001, "1m 0s"),
            (298_000, "4m 58s"),
            (3_600_000, "1h 0m"),
            (7_260_000, "2h 1m"),
        ] {
            assert_eq!(countdown(Duration::from_millis(millis)), expected);
        }
        // A server may send any value.
        assert!(countdown(Duration::MAX).ends_with('m'));
    }
}
