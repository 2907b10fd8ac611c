//! Durations as a configuration writes them: `"5s"`, `"15m"`, `"1h30m"`, or a number of seconds.
//!
//! The units are `d`, `h`, `m`, `s` and `ms`. Each appears at most once, and a longer one before a shorter one.
//!
//! ```
//! use authn::time::duration;
//!
//! let parsed = duration::parse("1h 30m").unwrap();
//! assert_eq!(parsed.as_secs(), 5_400);
//! assert_eq!(duration::format(parsed), "1h30m");
//! ```

use std::{fmt::Write as _, time::Duration};

const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// The form of a duration, for messages.
pub const EXPECTED: &str = "a duration like `5s`, `15m` or `1h30m`, or a number of seconds";

/// Parses a duration; `None` if the text is not one, or if its milliseconds don't fit into 64 bits.
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if let Ok(seconds) = rest.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let mut total: u64 = 0;
    let mut last = u64::MAX;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == &rest[..letters])?;
        if *scale >= last {
            return None;
        }
        last = *scale;
        total = total.checked_add(number.checked_mul(*scale)?)?;
        rest = rest[letters..].trim_start();
    }
    Some(Duration::from_millis(total))
}

/// Formats a duration as a configuration writes it. Fractions of a millisecond are left out.
pub fn format(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if left == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, scale) in UNITS {
        if left >= scale {
            // Writing to a string can't fail.
            let _ = write!(text, "{}{unit}", left / scale);
            left %= scale;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formatted_duration_is_parsed_again() {
        for (text, millis) in [
            ("5s", 5_000),
            ("15m", 900_000),
            ("1h30m", 5_400_000),
            ("2d", 172_800_000),
            ("250ms", 250),
            ("1m30s", 90_000),
            ("0s", 0),
        ] {
            let duration = Duration::from_millis(millis);
            assert_eq!(parse(text), Some(duration));
            assert_eq!(format(duration), text);
        }
        assert_eq!(parse(" 30 "), Some(Duration::from_secs(30)));
        assert_eq!(parse("1h 30m"), Some(Duration::from_mins(90)));
    }

    #[test]
    fn a_text_that_is_no_duration_is_refused() {
        for bad in ["", "s", "-5s", "5x", "1.5h", "30m1h", "1m1m", "99999999999999999999s", "5s5"] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
