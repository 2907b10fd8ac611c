//! Which rejected values an error may show. Any other could be a misplaced secret.

use std::borrow::Cow;

use url::Url;

use super::{Item, Type, Value, View};
use crate::time::duration;

/// The largest number of letters that differ between a mistyped word and the one that is meant.
const FEW: usize = 2;

/// Returns a value that its option rejects as an error may show it: a number, a boolean or a duration where such a value is
/// expected, an address as `config show` shows it, and a word that is almost one of those that are expected. `None` for any
/// other value, which is named by its type alone.
pub(crate) fn rejected<'i>(of: &Type, item: &'i Item) -> Option<Cow<'i, str>> {
    let text = item.as_text().map(str::trim);
    match (of, &item.value) {
        (Type::Integer | Type::Number | Type::Duration, Value::Integer(number)) => {
            Some(number.to_string().into())
        }
        (Type::Integer | Type::Number, Value::Float(number)) => Some(number.to_string().into()),
        (Type::Integer | Type::Number, _) => {
            let text = text?;
            text.parse::<f64>().ok()?;
            Some(text.into())
        }
        (Type::Boolean, Value::Boolean(boolean)) => Some(boolean.to_string().into()),
        (Type::Duration, _) => text.filter(|text| is_duration(text)).map(Into::into),
        (Type::Url | Type::Origin, _) => {
            let url = text.filter(|text| Url::parse(text).is_ok_and(|url| url.has_host()))?;
            match View::text(url) {
                View::Text(shown) => Some(shown.into()),
                _ => None,
            }
        }
        (Type::Choice(words), _) => {
            text.filter(|text| words.iter().any(|word| is_near(text, word))).map(Into::into)
        }
        _ => None,
    }
}

fn is_duration(text: &str) -> bool {
    // Also a negative one.
    duration::parse(text.strip_prefix('-').unwrap_or(text)).is_some()
}

fn is_near(text: &str, word: &str) -> bool {
    // Comparing takes time that grows with the length.
    text.len() <= word.len() + 4 * FEW
        && strsim::osa_distance(&text.to_lowercase(), &word.to_lowercase()) <= FEW
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{diagnostic::Provenance, options::toml::parse_inline};

    #[test]
    fn a_value_is_shown_only_if_it_can_be_no_secret() {
        let words = || Type::Choice(vec!["client_credentials", "password"]);
        for (of, value, shown) in [
            (Type::Integer, "80808", Some("80808")),
            (Type::Integer, "-1", Some("-1")),
            (Type::Integer, "1.5", Some("1.5")),
            (Type::Integer, "'80808'", Some("80808")),
            (Type::Integer, "'s3cr3t'", None),
            (Type::Integer, "true", None),
            (Type::Number, "-0.5", Some("-0.5")),
            (Type::Boolean, "true", Some("true")),
            (Type::Boolean, "'s3cr3t'", None),
            (Type::Duration, "'90h'", Some("90h")),
            (Type::Duration, "'-5s'", Some("-5s")),
            (Type::Duration, "-5", Some("-5")),
            (Type::Duration, "'s3cr3t'", None),
            (Type::Url, "'http://a.test/x'", Some("http://a.test/x")),
            (Type::Url, "'http://u:s3cr3t@a.test/?k=s3cr3t'", Some("http://***@a.test/?k=***")),
            (Type::Url, "'a.test'", None),
            (Type::Url, "'alice:s3cr3t@a.test'", None),
            (Type::Origin, "'https://a.test/x'", Some("https://a.test/x")),
            (words(), "'client_credential'", Some("client_credential")),
            (words(), "'Pasword '", Some("Pasword")),
            (words(), "'s3cr3t'", None),
            (words(), "'client_secret'", None),
            (words(), "5", None),
            (Type::String, "5", None),
            (Type::String, "'x'", None),
            (Type::Path, "7", None),
        ] {
            let item = parse_inline(value, &Provenance::Default).expect("a value of TOML");
            assert_eq!(rejected(&of, &item).as_deref(), shown, "{of:?} {value}");
        }
    }
}
