//! `Text`: an event as a sentence, for a user who wants to know what happens.

use std::{fmt, time::Duration};

use clap::builder::styling::Style;
use serde_json::Value;
use tracing::{Event, Level};
use tracing_subscriber::fmt::format::Writer;

use super::{fields::Fields, line::Line, root};
use crate::style::{self, plain, time::words};

/// Writes the level, the message, what the fields say, and the duration in parentheses.
pub(super) struct Text {
    /// Whether lines are coloured.
    pub(super) colour: bool,
}

impl Line for Text {
    fn write(&self, event: &Event<'_>, mut writer: Writer<'_>) -> fmt::Result {
        let (label, style) = label(*event.metadata().level());
        let label = style::styled(label, style, self.colour);
        let target = root(event.metadata().target());
        // The messages of other crates don't say what they are about.
        let of_other = if target.starts_with("authn") { "" } else { &format!("{target}: ") };
        writeln!(writer, "{label} {of_other}{}", sentence(&Fields::of(event)))
    }
}

fn label(level: Level) -> (&'static str, Style) {
    match level {
        Level::ERROR => ("error:", style::ERROR),
        Level::WARN => ("warning:", style::WARNING),
        Level::INFO => ("info:", style::HELP),
        Level::DEBUG => ("debug:", style::FAINT),
        Level::TRACE => ("trace:", style::FAINT),
    }
}

/// Returns what an event says on one line, without invisible characters.
fn sentence(fields: &Fields) -> String {
    let parts = fields.values.iter().filter_map(|(name, value)| part(name, value, fields));
    let parts = parts.collect::<Vec<String>>().join(", ");
    let colon = if parts.is_empty() { "" } else { ": " };
    let duration = fields.get("authn.duration").and_then(Value::as_f64);
    let duration = duration.map(|seconds| format!(" ({})", brief(seconds))).unwrap_or_default();
    plain(&format!("{}{colon}{parts}{duration}", fields.message).replace('\n', " "))
}

/// Returns what a field says; `None` if another one says it.
fn part(name: &str, value: &Value, all: &Fields) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let seconds = value.as_f64().unwrap_or_default();
    Some(match name {
        "authn.duration" | "http.request.method" | "server.port" => return None,
        "error.type" if all.get("error.message").is_some() => return None,
        "authn.token.usable" if *value == Value::Bool(false) => return None,
        "authn.token.usable" => "the last token is still used".to_owned(),
        "authn.profile" => format!("profile {text}"),
        "authn.provider" => format!("provider {text}"),
        "authn.provenance" => format!("from {text}"),
        "authn.reason" => reason(&text).to_owned(),
        "authn.store.name" => format!("store {text}"),
        "authn.token.lifetime" => format!("valid for {}", long(seconds)),
        "authn.token.refresh_in" => format!("renewed in {}", long(seconds)),
        "authn.refresh_token" => format!("{text} refresh token"),
        "authn.wait" => format!("in {}", brief(seconds)),
        "authn.login.timeout" => format!("for at most {}", long(seconds)),
        "authn.login.outcome" => outcome(&text).to_owned(),
        "http.response.status_code" => format!("status {text}"),
        "http.request.resend_count" => {
            format!("attempt {}", value.as_u64().unwrap_or_default().saturating_add(1))
        }
        "url.full" => match all.get("http.request.method").and_then(Value::as_str) {
            Some(method) => format!("{method} {text}"),
            None => text,
        },
        "server.address" => match all.get("server.port") {
            Some(port) => format!("{text}:{port}"),
            None => text,
        },
        "authn.key"
        | "authn.session"
        | "authn.store.operation"
        | "error.message"
        | "error.type"
        | "file.path"
        | "name" => text,
        _ => format!("{name} {text}"),
    })
}

fn reason(name: &str) -> &str {
    match name {
        "First" => "there is no token yet",
        "Expiring" => "the token ends soon",
        "Expired" => "the token has ended",
        "Refused" => "the last token is not used any longer",
        other => other,
    }
}

fn outcome(name: &str) -> &str {
    match name {
        "LoggedIn" => "the user is logged in",
        "ByAnother" => "another process has logged in",
        "NotNeeded" => "no login is needed",
        other => other,
    }
}

/// Returns a duration that something took, such as `12 ms` or `1.5 s`.
fn brief(seconds: f64) -> String {
    match seconds {
        ..1.0 => format!("{:.0} ms", seconds * 1_000.0),
        ..60.0 => format!("{seconds:.1} s"),
        _ => long(seconds),
    }
}

/// Returns the time that something lasts, such as `9m59s`.
fn long(seconds: f64) -> String {
    let duration = Duration::try_from_secs_f64(seconds.round()).unwrap_or_default();
    match duration.as_secs() {
        seconds @ 60..3_600 if seconds % 60 != 0 => format!("{}{}s", words(duration), seconds % 60),
        _ => words(duration),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_said_in_words() {
        for (message, values, text) in [
            ("logged out", vec![], "logged out"),
            (
                "request answered",
                vec![
                    ("http.request.method", json!("GET")),
                    ("url.full", json!("https://a.test/x")),
                    ("http.response.status_code", json!(503)),
                    ("http.request.resend_count", json!(1)),
                    ("authn.duration", json!(0.0124)),
                ],
                "request answered: GET https://a.test/x, status 503, attempt 2 (12 ms)",
            ),
            (
                "metadata read",
                vec![
                    ("server.address", json!("a.test")),
                    ("server.port", json!(443)),
                    ("authn.duration", json!(1.26)),
                ],
                "metadata read: a.test:443 (1.3 s)",
            ),
            (
                "exchange failed",
                vec![
                    ("error.type", json!("network")),
                    ("error.message", json!("it\nis\u{1b} down")),
                    ("authn.token.usable", json!(true)),
                ],
                "exchange failed: it is\\u{1b} down, the last token is still used",
            ),
            (
                "waited",
                vec![("authn.duration", json!(3_700.0)), ("other", json!(1))],
                "waited: other 1 (1h1m)",
            ),
        ] {
            assert_eq!(sentence(&Fields { message: message.to_owned(), values }), text);
        }
    }
}
