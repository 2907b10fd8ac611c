//! `DeviceAuthorization`: the codes that start a login on another device (RFC 8628, 3.2).
//!
//! The code and the addresses come from the network and are shown on a terminal and opened in a browser. So they are
//! checked here, and nothing else of the answer is ever shown.

use std::time::Duration;

use authn::{SecretString, Url};

use super::{instead::Instead, lifetime::lifetime, member::Member, object::Object, token_response};

/// Longest code that a user could be asked to type.
const LONGEST_USER_CODE: usize = 64;

/// Longest address that is shown, in bytes.
const LONGEST_ADDRESS: usize = 2048;

/// The answer of a device authorization endpoint.
pub(crate) struct DeviceAuthorization {
    /// The secret code that this program requests the tokens with.
    pub(crate) device_code: SecretString,
    /// The code that the user types in: letters, digits, ASCII punctuation and single spaces.
    pub(crate) user_code: String,
    /// The address where the user types it in: `https`, or on the loopback interface.
    pub(crate) verification_uri: Url,
    /// The same address with the code in it.
    pub(crate) verification_uri_complete: Option<Url>,
    /// How long both codes are valid. The specification requires it, but some servers leave it out.
    pub(crate) expires_in: Option<Duration>,
    /// How long to wait between two requests for the tokens.
    pub(crate) interval: Option<Duration>,
}

/// The members that are used. `verification_url` is the name in a draft, which Google still uses.
const MEMBERS: [&str; 7] = [
    "device_code",
    "expires_in",
    "interval",
    "user_code",
    "verification_uri",
    "verification_uri_complete",
    "verification_url",
];

impl DeviceAuthorization {
    /// Makes the codes of an answer.
    pub(super) fn of(answer: &Object, place: &str) -> Result<Self, Instead> {
        answer.has_once(&MEMBERS)?;
        let device_code = answer.get("device_code");
        let device_code = token_response::secret(device_code, "an invalid device code")?;
        let verification_uri = ["verification_uri", "verification_url"]
            .map(|name| answer.get(name))
            .into_iter()
            .find(|member| !matches!(member, Member::Absent))
            .ok_or("no `verification_uri`")?;
        Ok(Self {
            device_code: device_code.ok_or("no device code")?,
            user_code: user_code(answer.get("user_code"))?,
            verification_uri: address(verification_uri)
                .ok_or("a `verification_uri` that is not safe to show or to open")?,
            verification_uri_complete: address(answer.get("verification_uri_complete")),
            expires_in: lifetime(answer, "expires_in", place),
            interval: lifetime(answer, "interval", place),
        })
    }
}

/// Returns the code without characters that a terminal would interpret or a user would not see: control characters,
/// direction marks and characters without width. Letters of any script are kept.
fn user_code(member: &Member) -> Result<String, &'static str> {
    let text = match member {
        Member::Absent => return Err("no code to type in"),
        Member::Text(text) => text.to_string(),
        // Some servers send a code of digits without quotes.
        Member::Whole(number) => number.to_string(),
        _ => return Err("a code that can't be typed in"),
    };
    let is_seen = |c: &char| c.is_alphanumeric() || c.is_ascii_punctuation() || *c == ' ';
    let seen: String = text.chars().filter(is_seen).collect();
    let code = seen.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    if code.is_empty() || code.chars().count() > LONGEST_USER_CODE {
        return Err("a code that can't be typed in");
    }
    Ok(code)
}

/// Returns an address that is safe to show and to open. [`Url`] writes it in ASCII without control characters.
fn address(member: &Member) -> Option<Url> {
    let url = Url::parse(member.text()?).ok()?;
    let is_fit = url.as_str().len() <= LONGEST_ADDRESS
        // `https://bank.test@evil.test` looks like an address of the bank.
        && url.username().is_empty()
        && url.password().is_none()
        && authn::http::check(&url, false).is_ok();
    is_fit.then_some(url)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn complete() -> Value {
        json!({
            "device_code": "d", "user_code": "WDJB-MJHT", "verification_uri": "https://a.test/device",
            "verification_uri_complete": "https://a.test/device?user_code=WDJB-MJHT",
            "expires_in": 900, "interval": 7, "message": "go there",
        })
    }

    /// Reads the complete answer with other members; `null` leaves one out.
    fn read(other: &Value) -> Result<DeviceAuthorization, String> {
        let mut body = complete();
        for (name, value) in other.as_object().unwrap() {
            body[name] = value.clone();
        }
        parsed(body.to_string().as_bytes())
    }

    fn parsed(body: &[u8]) -> Result<DeviceAuthorization, String> {
        let object = Object::parse(body, None).unwrap();
        let made = DeviceAuthorization::of(&object, "https://a.test");
        made.map_err(|instead| instead.found.into_owned())
    }

    fn shown_code(code: &str) -> Option<String> {
        read(&json!({ "user_code": code })).ok().map(|answer| answer.user_code)
    }

    fn complete_address(address: &str) -> Option<String> {
        let answer = read(&json!({ "verification_uri_complete": address })).unwrap();
        answer.verification_uri_complete.map(String::from)
    }

    #[test]
    fn all_members_are_read() {
        let answer = read(&json!({})).unwrap();
        assert_eq!(&*answer.device_code.expose(), "d");
        assert_eq!(answer.user_code, "WDJB-MJHT");
        assert_eq!(answer.verification_uri.as_str(), "https://a.test/device");
        let complete = answer.verification_uri_complete.unwrap();
        assert_eq!(complete.as_str(), "https://a.test/device?user_code=WDJB-MJHT");
        assert_eq!(answer.expires_in, Some(Duration::from_mins(15)));
        assert_eq!(answer.interval, Some(Duration::from_secs(7)));
    }

    #[test]
    fn deviations_of_servers_are_accepted() {
        let least = read(&json!({
            "verification_uri_complete": null, "expires_in": null, "interval": null,
        }))
        .unwrap();
        assert!(least.verification_uri_complete.is_none());
        assert_eq!((least.expires_in, least.interval), (None, None));

        let google = json!({ "verification_uri": null, "verification_url": "https://www.google.test/device" });
        let google = read(&google).unwrap();
        assert_eq!(google.verification_uri.as_str(), "https://www.google.test/device");
        let both = read(&json!({ "verification_url": "https://other.test" })).unwrap();
        assert_eq!(both.verification_uri.as_str(), "https://a.test/device");

        let texts = read(&json!({ "expires_in": "900", "interval": "7.0" })).unwrap();
        assert_eq!(texts.expires_in, Some(Duration::from_mins(15)));
        assert_eq!(texts.interval, Some(Duration::from_secs(7)));
        for none in [json!(0), json!(-1), json!("soon"), json!(""), json!(null), json!([5])] {
            assert_eq!(read(&json!({ "interval": none })).unwrap().interval, None);
            assert_eq!(read(&json!({ "expires_in": none })).unwrap().expires_in, None);
        }
        assert_eq!(read(&json!({ "user_code": 12_345_678 })).unwrap().user_code, "12345678");
    }

    #[test]
    fn a_code_is_shown_without_control_characters() {
        for (code, expected) in [
            ("WDJB-MJHT\u{7}", "WDJB-MJHT"),
            ("\u{1b}[2JWDJB", "[2JWDJB"),
            ("\u{9b}31mWDJB", "31mWDJB"),
            ("WD\r\nJB\0", "WDJB"),
            ("\u{202e}WD\u{2066}JB\u{200f}", "WDJB"),
            ("W\u{200b}D\u{200d}J\u{feff}B\u{ad}\u{2060}", "WDJB"),
            ("\u{2028}WD\u{2029}JB\u{e0041}", "WDJB"),
            ("  123   456\t789 ", "123 456789"),
            ("ÄÖÜ-ЖД", "ÄÖÜ-ЖД"),
        ] {
            assert_eq!(shown_code(code).as_deref(), Some(expected), "{code:?}");
        }
        for nothing in ["", " ", "\u{202e}\u{200b}\r\n"] {
            assert_eq!(shown_code(nothing), None, "{nothing:?}");
        }
        assert!(shown_code(&"W".repeat(LONGEST_USER_CODE)).is_some());
        assert_eq!(shown_code(&"W".repeat(LONGEST_USER_CODE + 1)), None);
    }

    #[test]
    fn only_a_safe_address_is_shown() {
        for (address, expected) in [
            ("https://a.test/x?user_code=W%0A", Some("https://a.test/x?user_code=W%0A")),
            ("http://127.0.0.1:8080/device", Some("http://127.0.0.1:8080/device")),
            ("http://localhost/device", Some("http://localhost/device")),
            ("https://a.test/\u{202e}\u{7}x", Some("https://a.test/%E2%80%AE%07x")),
            ("https://a.test/a\nb", Some("https://a.test/ab")),
            ("http://a.test/device", None),
            ("http://127.0.0.1.evil.test/device", None),
            ("javascript:alert(1)", None),
            ("file:///etc/passwd", None),
            ("data:text/html,x", None),
            ("ssh://a.test/", None),
            ("//a.test/device", None),
            ("a.test/device", None),
            ("https://bank.test@evil.test/", None),
            ("https://:x@evil.test/", None),
            ("https://", None),
            ("", None),
        ] {
            assert_eq!(complete_address(address).as_deref(), expected, "{address:?}");
            let required = read(&json!({ "verification_uri": address }));
            let required = required.map(|answer| String::from(answer.verification_uri));
            assert_eq!(required.ok().as_deref(), expected, "{address:?}");
        }
        let long = format!("https://a.test/{}", "x".repeat(LONGEST_ADDRESS));
        assert_eq!(complete_address(&long), None);
    }

    #[test]
    fn invalid_answers_are_refused() {
        for (other, says) in [
            (json!({ "device_code": null }), "no device code"),
            (json!({ "device_code": "" }), "no device code"),
            (json!({ "device_code": 7 }), "an invalid device code"),
            (json!({ "device_code": "a\nb" }), "an invalid device code"),
            (json!({ "user_code": null }), "no code to type in"),
            (json!({ "user_code": 1.5 }), "can't be typed in"),
            (json!({ "user_code": ["W"] }), "can't be typed in"),
            (json!({ "verification_uri": null }), "no `verification_uri`"),
            (json!({ "verification_uri": 7 }), "not safe"),
            (json!({ "verification_uri": { "href": "https://a.test" } }), "not safe"),
        ] {
            let Err(error) = read(&other) else { panic!("{other}") };
            assert!(error.contains(says), "{other}: {error}");
        }
        let twice = br#"{"device_code":"a","device_code":"b"}"#;
        assert_eq!(parsed(twice).err().as_deref(), Some("more than one `device_code`"));
    }
}
