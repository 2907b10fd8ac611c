//! `Said`: what a server says of a refusal, without anything secret that was sent to it.
//!
//! - [`sent`]: what was sent, and which parts of it are secret
//! - [`fragments`]: the rule, which looks for fragments of secrets in a text

mod fragments;
mod sent;

use serde_json::Value;
use url::Url;

use crate::{Error, diagnostic::is_invisible};

#[doc(hidden)]
pub use fragments::contains_secret;
pub use sent::Sent;

/// Most characters of a description that are shown.
const LONGEST_DESCRIPTION: usize = 300;
/// Most characters of a description that are looked at. The rest is ignored.
const MOST: usize = 2_000;
/// Most characters of the code of an error.
const LONGEST_CODE: usize = 64;
/// How the number of an error of Microsoft Entra starts.
const ENTRA: &str = "AADSTS";

/// What a server says of a refusal (RFC 6749, 5.2). Each part is missing if the server does not say it, or if it contains
/// something secret that was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[doc(hidden)]
pub struct Said {
    code: Option<String>,
    /// The number in a description that is not shown.
    number: Option<String>,
    description: Option<String>,
    uri: Option<String>,
}

impl Said {
    /// Returns what may be shown of the members `error`, `error_description` and `error_uri`.
    pub fn of(
        sent: &Sent,
        code: Option<&str>,
        description: Option<&str>,
        uri: Option<&str>,
    ) -> Self {
        if code.is_none() && description.is_none() && uri.is_none() {
            return Self::default();
        }
        let secrets = sent.secrets();
        let is_free = |text: &String| !contains_secret(text, &secrets);
        let code = code.filter(|code| is_code(code)).map(str::to_owned).filter(is_free);
        let cleaned = description.map(cleaned).filter(|text| !text.is_empty());
        let number = cleaned.as_deref().and_then(number).filter(is_free);
        // Its end can be a secret's, too.
        let description = cleaned.filter(is_free).map(shortened).filter(is_free);
        let uri = uri.and_then(address).filter(is_free);
        Self { code, number: number.filter(|_| description.is_none()), description, uri }
    }

    /// Returns what may be shown of an answer in JSON. Its `error` may also be an object with a `status` and a `message`, as
    /// that of Google's services.
    pub(super) fn of_json(sent: &Sent, body: &[u8]) -> Self {
        let Ok(Value::Object(members)) = serde_json::from_slice(body) else {
            return Self::default();
        };
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        match members.get("error") {
            Some(Value::Object(error)) => {
                let text = |name: &str| error.get(name).and_then(Value::as_str);
                Self::of(sent, text("status").or_else(|| text("code")), text("message"), None)
            }
            _ => Self::of(sent, text("error"), text("error_description"), text("error_uri")),
        }
    }

    /// Returns the code of the error: 1 to 64 letters, digits and `_.-`.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Returns the description, of at most 300 characters on one line.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Returns the same with a code that a specification defines. It says nothing of a secret, however short that is.
    #[must_use]
    pub fn with_known_code(self, code: &str) -> Self {
        Self { code: Some(code.to_owned()), ..self }
    }

    /// Returns the code, the number and the status, for the message of an error.
    pub fn summary(&self, status: u16) -> String {
        let words = [self.code.as_deref(), self.number.as_deref()];
        let words = words.into_iter().flatten().map(|word| format!("{word}, "));
        format!("{}status {status}", words.collect::<String>())
    }

    /// Adds what the server says to an error.
    pub fn add_to(self, error: Error) -> Error {
        let said = match (&self.description, &self.uri) {
            (None, None) => String::new(),
            (Some(text), None) => format!(". The server says: \"{text}\""),
            (None, Some(uri)) => format!(". The server refers to {uri}"),
            (Some(text), Some(uri)) => format!(". The server says: \"{text}\" ({uri})"),
        };
        error.and(&said).with_server(self.code, self.description)
    }
}

fn is_code(code: &str) -> bool {
    let is_shown = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=LONGEST_CODE).contains(&code.len()) && code.bytes().all(is_shown)
}

/// Returns a text on one line, without invisible characters.
fn cleaned(text: &str) -> String {
    let mut cleaned = String::new();
    for character in text.chars().take(MOST) {
        if character.is_whitespace() || character.is_control() {
            if !cleaned.is_empty() && !cleaned.ends_with(' ') {
                cleaned.push(' ');
            }
        } else if !is_invisible(character) {
            cleaned.push(character);
        }
    }
    cleaned.truncate(cleaned.trim_end().len());
    cleaned
}

fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST_DESCRIPTION) {
        // The ellipsis is one of the characters.
        let last = text[..end].chars().next_back().map_or(0, char::len_utf8);
        text.truncate(end - last);
        text.push('…');
    }
    text
}

/// Returns the number of an error of Microsoft Entra.
fn number(description: &str) -> Option<String> {
    let (_, rest) = description.split_once(ENTRA)?;
    let digits = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    (3..=10).contains(&digits).then(|| format!("{ENTRA}{}", &rest[..digits]))
}

fn address(uri: &str) -> Option<String> {
    let uri = Url::parse(uri).ok().filter(|uri| uri.scheme() == "https")?;
    let is_plain = uri.username().is_empty() && uri.password().is_none();
    let text = String::from(uri);
    (is_plain && text.len() <= LONGEST_DESCRIPTION).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: &str, description: &str, uri: &str) -> Said {
        let mut sent = Sent::default();
        sent.add("s3cr3t-of-this-client");
        Said::of(&sent, Some(code), Some(description), Some(uri))
    }

    #[test]
    fn a_code_is_a_word_and_a_description_one_line() {
        for (code, is_shown) in [
            ("invalid_client", true),
            ("Interaction.Required-2", true),
            ("", false),
            ("a b", false),
            ("a/b", false),
            ("ä", false),
            ("s3cr3t-of-this-client", false),
            ("cr3t-of-", false),
            ("c3NyM3Qtb2YtdGhpcy1jbGllbnQ", false),
        ] {
            assert_eq!(said(code, "", "").code(), Some(code).filter(|_| is_shown), "{code}");
        }
        assert_eq!(said(&"a".repeat(64), "", "").code().map(str::len), Some(64));
        assert_eq!(said(&"a".repeat(65), "", "").code(), None);
        for (description, expected) in [
            ("  a\r\n\tb\u{1b}[31m\u{202e}c ", Some("a b [31mc")),
            ("the secret s3cr3t-of-this-client is wrong", None),
            ("s3cr3t\u{200b}-of-this", None),
            ("s3cr3t\u{a0}-\u{2060}of-this", None),
            ("s3cr\u{1}3t-of-this", None),
            (" \n", None),
        ] {
            assert_eq!(said("x", description, "").description(), expected, "{description}");
        }
        let long = said("x", &"ü".repeat(5_000), "");
        let long = long.description().unwrap();
        assert!(long.ends_with("ü…") && long.chars().count() == LONGEST_DESCRIPTION);
        let longest = "ü".repeat(LONGEST_DESCRIPTION);
        assert_eq!(said("x", &longest, "").description(), Some(&*longest));
    }

    #[test]
    fn an_error_says_it_all_on_one_line() {
        for (description, uri, summary, message) in [
            ("no such client", "", "c, status 401", ". The server says: \"no such client\""),
            (
                "no",
                "https://a.test/x",
                "c, status 401",
                ". The server says: \"no\" (https://a.test/x)",
            ),
            ("", "https://a.test/x", "c, status 401", ". The server refers to https://a.test/x"),
            ("", "http://a.test/x", "c, status 401", ""),
            ("", "https://u:p@a.test/x", "c, status 401", ""),
            ("", "https://a.test/s3cr3t-of-", "c, status 401", ""),
            ("AADSTS7000215: s3cr3t-of-", "", "c, AADSTS7000215, status 401", ""),
            ("AADSTS1: s3cr3t-of-", "", "c, status 401", ""),
            ("AADSTS7000215: no", "", "c, status 401", ". The server says: \"AADSTS7000215: no\""),
        ] {
            let said = said("c", description, uri);
            assert_eq!(said.summary(401), summary, "{description}");
            let error = said.add_to(Error::refused("refused").with_help("help"));
            assert_eq!(error.message(), format!("refused{message}"));
            assert_eq!((error.server_code(), error.help()), (Some("c"), Some("help")));
        }
    }

    #[test]
    fn an_error_in_json_is_flat_or_an_object() {
        for (body, code, description) in [
            (r#"{"error":"a","error_description":"b"}"#, Some("a"), Some("b")),
            (r#"{"error":{"code":403,"message":"b","status":"A"}}"#, Some("A"), Some("b")),
            (r#"{"error":{"code":"A","message":"b"}}"#, Some("A"), Some("b")),
            (r#"{"error":7,"error_description":["b"]}"#, None, None),
            ("[]", None, None),
            ("<html>", None, None),
        ] {
            let said = Said::of_json(&Sent::default(), body.as_bytes());
            assert_eq!((said.code(), said.description()), (code, description), "{body}");
        }
    }
}
