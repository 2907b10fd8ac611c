//! Times: durations as a configuration writes them, the time left as a person reads it, and RFC 3339.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// What a duration is made of, the longest first, in milliseconds.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

const WRITTEN: &str = "write a duration like `90s`, `5m` or `1h30m`, or a number of seconds";

/// Reads a duration as a configuration's options take it.
pub(crate) fn duration(text: &str) -> Result<Duration, &'static str> {
    read(text.trim()).ok_or(WRITTEN)
}

fn read(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut total: u64 = 0;
    loop {
        let letters = rest.find(|character: char| !character.is_ascii_digit())?;
        let count: u64 = rest[..letters].parse().ok()?;
        rest = &rest[letters..];
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        // From the last unit on: each stands once, the longer before the shorter.
        let (_, scale) = units.find(|(name, _)| *name == &rest[..end])?;
        total = total.checked_add(count.checked_mul(*scale)?)?;
        rest = rest[end..].trim_start();
        if rest.is_empty() {
            return Some(Duration::from_millis(total));
        }
    }
}

/// Gives how long it is until a time; nothing if it has come.
pub(crate) fn left(until: SystemTime) -> Duration {
    until.duration_since(SystemTime::now()).unwrap_or_default()
}

/// Writes a duration for a person: whole seconds, whole minutes, or the two longest units.
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

/// Writes a time as RFC 3339 does, in UTC and in whole seconds; `None` for one after the year 9999.
pub(crate) fn rfc_3339(time: SystemTime) -> Option<String> {
    let second = Timestamp::try_from(time).ok()?.as_second();
    Timestamp::from_second(second).ok().map(|timestamp| timestamp.to_string())
}

#[cfg(test)]
mod tests {
    use authn::{Environment, Loader};

    use super::*;

    #[test]
    fn durations_are_read_as_in_a_configuration() {
        for (text, millis) in [
            ("5m", 300_000),
            ("90", 90_000),
            (" 90s ", 90_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("2d", 172_800_000),
            ("250ms", 250),
            ("1m1ms", 60_001),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
            assert!(is_configurable(text), "{text}");
        }
        for bad in [
            "",
            "m",
            "-5m",
            "5x",
            "1.5h",
            "30m1h",
            "1m1m",
            "5m5",
            "99999999999999999999",
            "999999999999d",
            "5 m",
        ] {
            assert_eq!(duration(bad), Err(WRITTEN), "{bad}");
            assert!(!is_configurable(bad), "{bad}");
        }
    }

    /// Tells whether the framework takes it for an option that is a duration.
    fn is_configurable(text: &str) -> bool {
        let text = format!("[http]\ntimeout = \"{text}\"");
        let loader = Loader::new().environment(Environment::empty()).inline("test.toml", &text);
        let config = loader.read();
        config.problems().iter().all(|problem| problem.key() != Some("http.timeout"))
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
    fn nothing_is_left_of_what_is_past() {
        assert_eq!(left(SystemTime::UNIX_EPOCH), Duration::ZERO);
        let later = SystemTime::now() + Duration::from_hours(10);
        assert_eq!(left(later).as_secs() / 3_600, 9);
    }
}
