//! The answer of the implicit grant, which is in the fragment of an address (RFC 6749, section 4.2.2).

use std::{collections::BTreeMap, hint::black_box, time::Duration};

use url::form_urlencoded;
use zeroize::Zeroizing;

use super::seconds::seconds;
use crate::{Error, ErrorKind, Result, Token, TokenSet};

/// Codes that a server can send instead of a token, with their help (RFC 6749, section 4.2.2.1; OpenID Connect Core,
/// section 3.1.2.6). Only these are shown, because any other code could contain anything.
const REFUSALS: [(&str, &str); 10] = [
    ("access_denied", "log in again and agree, or ask the server's administrator for access"),
    ("consent_required", "let the server ask the user"),
    ("interaction_required", "let the server ask the user"),
    ("invalid_request", "check the address that the browser was sent to"),
    ("invalid_scope", "check the scopes"),
    ("login_required", "let the server ask the user"),
    ("server_error", "try again later"),
    ("temporarily_unavailable", "try again later"),
    ("unauthorized_client", "allow the implicit grant for this client at the server"),
    ("unsupported_response_type", "use another grant"),
];

/// The help for an answer that no server should send.
const CHECK: &str = "check how the program gets the fragment";

/// The longest answer that is read, in bytes. A token has at most 64 KiB, and so has an ID token.
const LONGEST: usize = 256 * 1024;

impl TokenSet {
    /// Reads the answer of the implicit grant (RFC 6749, section 4.2.2) from the address that the browser came back to, or
    /// from its fragment alone. [`Credentials::adopt`](crate::Credentials::adopt) starts a session with it.
    ///
    /// It is for servers that have no other grant. authn never starts this grant: the program sends the browser to the
    /// server, and gets the fragment from a script of its page, because a browser does not send it. RFC 9700, section
    /// 2.1.2, advises against the grant. `state` is what the program has sent; without one, an attacker can pass the
    /// program a token of another user (RFC 6749, section 10.12).
    ///
    /// The answer is read like that of a token endpoint: a token without a type is a bearer token, and a lifetime is
    /// counted from now. An ID token is kept, but not verified: its signature, its audience and its `nonce` are for the
    /// program to check. A refresh token is not read: this grant has none.
    ///
    /// # Errors
    ///
    /// | kind | what happened |
    /// |---|---|
    /// | [`Cancelled`](crate::ErrorKind::Cancelled) | The user denied the login (`access_denied`). |
    /// | [`Network`](crate::ErrorKind::Network) | The server can't log in any user now. |
    /// | [`Protocol`](crate::ErrorKind::Protocol) | The answer has another `state`, repeats a parameter, or has no usable token. |
    /// | [`Refused`](crate::ErrorKind::Refused) | The server refused, with another error. |
    ///
    /// ```
    /// use authn::TokenSet;
    ///
    /// let address = "https://app.example.com/callback#access_token=abc&token_type=bearer&expires_in=600&state=af0if";
    /// let tokens = TokenSet::from_fragment(address, Some("af0if"))?;
    /// assert_eq!(tokens.token().secret(), "abc");
    /// assert!(tokens.token().expires_at().is_some());
    /// # Ok::<(), authn::Error>(())
    /// ```
    pub fn from_fragment(returned: &str, state: Option<&str>) -> Result<Self> {
        let fragment = returned.split_once('#').map_or(returned, |(_, fragment)| fragment);
        if fragment.len() > LONGEST {
            return Err(wrong("is longer than 256 KiB", "log in again"));
        }
        let mut parameters = BTreeMap::new();
        let mut repeats = false;
        for (name, value) in form_urlencoded::parse(fragment.as_bytes()) {
            let value = Zeroizing::new(value.into_owned());
            repeats |= parameters.insert(name.into_owned(), value).is_some();
        }
        if repeats {
            return Err(wrong("has a parameter twice", "log in again"));
        }
        let get = |name: &str| {
            parameters.get(name).map(|value| value.as_str()).filter(|value| !value.is_empty())
        };
        if state.is_some_and(|state| !get("state").is_some_and(|sent| is_same(sent, state))) {
            return Err(wrong("belongs to another login", "log in again, in one browser"));
        }
        // The error comes first: an answer with an error is no token, even if it has one.
        if let Some(code) = get("error") {
            return Err(refusal(code));
        }
        let help = "send the browser to the server with `response_type=token`";
        let secret = get("access_token").ok_or_else(|| wrong("has no access token", help))?;
        if !get("token_type").is_none_or(|name| name.eq_ignore_ascii_case("bearer")) {
            return Err(wrong("has a token of an unknown type", "use another grant"));
        }
        let token = Token::new(secret).map_err(|_| wrong("has an invalid access token", CHECK))?;
        let mut token = token.with_token_type("Bearer");
        if let Some(lifetime) = get("expires_in").and_then(seconds) {
            token = token.with_expires_in(Duration::from_secs(lifetime));
        }
        let is_visible = |byte: u8| byte.is_ascii_graphic();
        if let Some(scope) = get("scope")
            && scope.bytes().all(|byte| is_visible(byte) || byte == b' ')
        {
            token = token.with_scope(scope);
        }
        if let Some(id_token) = get("id_token") {
            if !id_token.bytes().all(is_visible) {
                return Err(wrong("has an invalid ID token", CHECK));
            }
            token = token.with_id_token(id_token.into());
        }
        Ok(Self::new(token))
    }
}

/// Compares two texts in a time that does not depend on where they differ.
fn is_same(one: &str, other: &str) -> bool {
    let differences =
        one.bytes().zip(other.bytes()).fold(0, |all, (one, other)| all | (one ^ other));
    one.len() == other.len() && black_box(differences) == 0
}

fn wrong(what: &str, help: &'static str) -> Error {
    Error::protocol(format!("the server's answer in the fragment {what}")).with_help(help)
}

fn refusal(code: &str) -> Error {
    let known = REFUSALS.into_iter().find(|(known, _)| *known == code);
    let (code, help) = known.unwrap_or(("a code of its own", "check the server's log"));
    let (kind, what) = match code {
        "access_denied" => (ErrorKind::Cancelled, "the consent was denied"),
        "server_error" | "temporarily_unavailable" => {
            (ErrorKind::Network, "the server can't log in any user now")
        }
        _ => (ErrorKind::Refused, "the server refused the login"),
    };
    Error::new(kind, format!("{what} ({code})")).with_help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fragment: &str) -> Result<TokenSet> {
        TokenSet::from_fragment(fragment, Some("right"))
    }

    #[test]
    fn an_address_and_a_fragment_are_read() {
        for before in ["https://a.test/b?c=d#", "#", "", "com.example:/cb#"] {
            let tokens = read(&format!(
                "{before}access_token=a%2Bb&token_type=BEARER&expires_in=60.5&scope=read+write\
                 &state=right&id_token=e30.e30.c2ln&more=1"
            ));
            let tokens = tokens.unwrap();
            let token = tokens.token();
            assert_eq!((token.secret(), token.scope()), ("a+b", Some("read write")));
            assert!(token.expires_at().is_some());
            assert_eq!(&*tokens.id_token().unwrap().expose(), "e30.e30.c2ln");
            assert!(tokens.refresh_token().is_none() && tokens.claims().is_none());
        }
        let tokens = read("access_token=a&state=right&refresh_token=r").unwrap();
        assert!(tokens.refresh_token().is_none() && tokens.token().expires_at().is_none());
    }

    #[test]
    fn every_other_answer_is_an_error_without_its_text() {
        let long = format!("state=right&access_token={}", "s3cr3t".repeat(50_000));
        for (fragment, kind, says) in [
            ("", ErrorKind::Protocol, "another login"),
            ("access_token=s3cr3t", ErrorKind::Protocol, "another login"),
            ("access_token=s3cr3t&state=", ErrorKind::Protocol, "another login"),
            ("access_token=s3cr3t&state=righ", ErrorKind::Protocol, "another login"),
            ("error=access_denied&state=wrong", ErrorKind::Protocol, "another login"),
            ("state=right", ErrorKind::Protocol, "no access token"),
            ("state=right&access_token=", ErrorKind::Protocol, "no access token"),
            ("state=right&access_token=s3cr3t&state=right", ErrorKind::Protocol, "twice"),
            ("state=right&access_token=s3cr3t&access_token=b", ErrorKind::Protocol, "twice"),
            ("state=right&access_token=s3cr3t%0A", ErrorKind::Protocol, "invalid access token"),
            (
                "state=right&access_token=s3cr3t&token_type=dpop",
                ErrorKind::Protocol,
                "unknown type",
            ),
            (
                "state=right&access_token=s3cr3t&id_token=a+b",
                ErrorKind::Protocol,
                "invalid ID token",
            ),
            (
                "state=right&error=access_denied&access_token=s3cr3t",
                ErrorKind::Cancelled,
                "(access_denied)",
            ),
            ("state=right&error=server_error", ErrorKind::Network, "(server_error)"),
            (
                "state=right&error=s3cr3t&error_description=s3cr3t",
                ErrorKind::Refused,
                "(a code of its own)",
            ),
            (&long, ErrorKind::Protocol, "longer"),
        ] {
            let error = read(fragment).unwrap_err();
            assert_eq!(error.kind(), kind, "{fragment}: {error}");
            let text = format!("{error:?}");
            assert!(text.contains(says) && !text.contains("s3cr3t"), "{fragment}: {text}");
        }
        assert!(TokenSet::from_fragment("access_token=a&state=any", None).is_ok());
    }

    #[test]
    fn lifetimes_are_read_as_a_token_endpoint_writes_them() {
        for (text, number) in [
            ("60", Some(60)),
            ("60.9", Some(60)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("", None),
            ("+1", None),
            ("1.", None),
            (".5", None),
            ("1e3", None),
            ("NaN", None),
            ("-1", None),
        ] {
            assert_eq!(seconds(text), number, "{text}");
        }
    }
}
