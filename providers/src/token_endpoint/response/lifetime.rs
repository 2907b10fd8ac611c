//! `lifetime`: a number of seconds, as servers write it.

use std::time::Duration;

use super::{member::Member, object::Object};

/// Returns a lifetime in seconds, which can be a number or a text. A fraction is cut off, and a number that is too large
/// becomes the largest one. 0 and a missing member mean that the server names no lifetime, and so does a value that is
/// none, with a warning without the value.
pub(super) fn lifetime(object: &Object, name: &'static str, place: &str) -> Option<Duration> {
    let Ok(seconds) = seconds(object.get(name)) else {
        tracing::warn!(
            url.full = place,
            authn.member = name,
            "a member of the answer is ignored: it is not a number of seconds"
        );
        return None;
    };
    seconds.map(Duration::from_secs).filter(|lifetime| !lifetime.is_zero())
}

#[derive(Debug)]
struct NotSeconds;

fn seconds(member: &Member) -> Result<Option<u64>, NotSeconds> {
    Ok(Some(match member {
        Member::Absent => return Ok(None),
        Member::Whole(seconds) => *seconds,
        Member::Number(seconds) => whole(*seconds)?,
        Member::Text(text) => authn::private::seconds(text).ok_or(NotSeconds)?,
        Member::Boolean(_) | Member::List(_) | Member::Other | Member::Repeated => {
            return Err(NotSeconds);
        }
    }))
}

/// Cuts off a fraction. Fails for negative numbers and for NaN. The cast saturates.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked and saturating"
)]
fn whole(seconds: f64) -> Result<u64, NotSeconds> {
    if seconds >= 0.0 { Ok(seconds as u64) } else { Err(NotSeconds) }
}

#[cfg(test)]
mod tests {
    use std::{
        fmt::{Debug, Write as _},
        sync::{Arc, Mutex},
    };

    use tracing::{
        Event, Level, Metadata, Subscriber,
        field::{Field, Visit},
        span,
    };

    use super::*;

    /// The events of a test, as text.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<String>>);

    impl Subscriber for Log {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn event(&self, event: &Event<'_>) {
            struct Line<'a>(&'a mut String);
            impl Visit for Line<'_> {
                fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                    write!(self.0, "{field}={value:?} ").unwrap();
                }
            }
            assert_eq!(*event.metadata().level(), Level::WARN);
            event.record(&mut Line(&mut self.0.lock().unwrap()));
        }

        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }

        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

        fn enter(&self, _: &span::Id) {}

        fn exit(&self, _: &span::Id) {}
    }

    #[test]
    fn a_lifetime_that_is_no_number_is_a_warning_without_its_value() {
        for (json, is_warned) in [
            ("\"s3cr3t\"", true),
            ("[\"s3cr3t\"]", true),
            ("-1", true),
            ("0", false),
            ("null", false),
        ] {
            let log = Log::default();
            tracing::subscriber::with_default(log.clone(), || assert_eq!(read(json), None));
            let text = log.0.lock().unwrap().clone();
            assert_eq!(text.contains("member=\"expires_in\""), is_warned, "{json}: {text}");
            assert!(!text.contains("s3cr3t"), "{text}");
        }
    }

    fn read(json: &str) -> Option<Duration> {
        let body = format!("{{\"expires_in\":{json}}}");
        lifetime(&Object::parse(body.as_bytes(), None).unwrap(), "expires_in", "https://a.test")
    }

    #[test]
    fn lifetimes_are_total() {
        for (json, seconds) in [
            ("60", 60),
            ("60.0", 60),
            ("60.5", 60),
            ("\"60\"", 60),
            ("\"60.0\"", 60),
            ("18446744073709551616", u64::MAX),
            ("1e300", u64::MAX),
            ("\"99999999999999999999999\"", u64::MAX),
        ] {
            assert_eq!(read(json), Some(Duration::from_secs(seconds)), "{json}");
        }
        for none in [
            "0",
            "\"0\"",
            "0.4",
            "null",
            "-1",
            "-0.5",
            "\"3600abc\"",
            "\"\"",
            "\"-1\"",
            "\"never\"",
            "\"+1\"",
            "\" 1\"",
            "\"1.\"",
            "\"NaN\"",
            "\"inf\"",
            "\"1e3\"",
            "true",
            "false",
            "[60]",
            "{}",
        ] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
