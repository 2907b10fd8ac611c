//! `Challenge`: what a server asks for in `WWW-Authenticate` (RFC 9110, 11.6.1; RFC 6750, 3; RFC 9728, 5.1).
//!
//! The parser is total: of any text it returns the challenges that can be read. A header can have several of them, and
//! several values can follow each other in one header, so commas separate both challenges and their parameters.

use http::{HeaderMap, header::WWW_AUTHENTICATE};

/// One challenge of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[doc(hidden)]
pub struct Challenge {
    scheme: String,
    /// In lower case, in the order of the header.
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Returns all challenges of an answer's headers.
    pub fn all(headers: &HeaderMap) -> Vec<Self> {
        let values = headers.get_all(WWW_AUTHENTICATE).into_iter();
        values.filter_map(|value| value.to_str().ok()).flat_map(parse).collect()
    }

    /// Returns the first challenge for a token, of the scheme `Bearer` or `DPoP`, for which a function returns something.
    pub fn of_token<T>(headers: &HeaderMap, find: impl Fn(&Self) -> Option<T>) -> Option<T> {
        let challenges = Self::all(headers);
        challenges.iter().filter(|one| one.is("Bearer") || one.is("DPoP")).find_map(find)
    }

    /// Returns whether it is of a scheme, whose case has no meaning.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// Returns a parameter; `None` if it is missing or repeated, because two parsers could then read different values.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.parameters.iter().filter(|(own, _)| own == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }

    /// Returns the scopes that it names (RFC 6750, 3). A word that is no scope is left out (RFC 6749, 3.3).
    pub fn scopes(&self) -> Vec<String> {
        let is_one = |word: &&str| {
            word.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
        };
        let words = self.get("scope").unwrap_or_default().split_ascii_whitespace();
        words.filter(is_one).map(str::to_owned).collect()
    }
}

/// Returns the challenges of one header.
fn parse(text: &str) -> Vec<Challenge> {
    let mut challenges = Vec::<Challenge>::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let word = token(rest);
        if word.is_empty() {
            // What is no word is skipped up to the next comma, so that one odd challenge hides no other.
            match rest.find(',') {
                Some(comma) => rest = &rest[comma..],
                None => return challenges,
            }
            continue;
        }
        let after = &rest[word.len()..];
        let value = after.trim_start().strip_prefix('=').map(str::trim_start);
        match (value.and_then(self::value), challenges.last_mut()) {
            (Some((value, after)), Some(challenge)) => {
                challenge.parameters.push((word.to_ascii_lowercase(), value));
                rest = after;
            }
            (Some((_, after)), None) => rest = after,
            (None, _) if value.is_some() => {
                // A parameter without a value that can be read, or the padding of a `token68`.
                rest = after.trim_start_matches([' ', '\t', '=']);
            }
            (None, _) => {
                challenges.push(Challenge { scheme: word.to_owned(), parameters: Vec::new() });
                rest = token68(after);
            }
        }
    }
}

/// Skips the credentials of a scheme that has no parameters, such as those of `Negotiate`.
fn token68(after_scheme: &str) -> &str {
    let text = after_scheme.trim_start_matches([' ', '\t']);
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-._~+/".contains(c);
    let end = text.trim_start_matches(is_part).trim_start_matches('=');
    let is_whole =
        end.trim_start_matches([' ', '\t']).is_empty() || end.trim_start().starts_with(',');
    if is_whole { end } else { text }
}

fn token(text: &str) -> &str {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    &text[..text.len() - text.trim_start_matches(is_part).len()]
}

/// Returns the value of a parameter, and the text after it; `None` if there is none.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        // A URL without quotes is not allowed, but some servers send one.
        let end = text.find([',', ' ', '\t', '"', '=']).unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            character => value.push(character),
        }
    }
    // It does not end: a part of it could mean something else.
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let challenges = parse(text).into_iter().map(|challenge| {
            let parameters =
                challenge.parameters.iter().map(|(name, value)| format!(" {name}={value}"));
            challenge.scheme.clone() + &parameters.collect::<String>()
        });
        challenges.collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn challenges_and_parameters_are_told_apart() {
        for (text, expected) in [
            ("", ""),
            ("Bearer", "Bearer"),
            ("Bearer realm=\"a, b\", scope=\"x y\"", "Bearer realm=a, b scope=x y"),
            ("Bearer Realm = \"a\" ,Scope=x", "Bearer realm=a scope=x"),
            ("Basic realm=\"a\", Bearer error=\"e\"", "Basic realm=a | Bearer error=e"),
            ("Negotiate YII+/=, Bearer scope=x", "Negotiate | Bearer scope=x"),
            ("Negotiate, NTLM,Bearer a=1", "Negotiate | NTLM | Bearer a=1"),
            ("Digest a=\"say \\\"x\\\" \\\\\", b=2", "Digest a=say \"x\" \\ b=2"),
            (
                "Bearer resource_metadata=\"https://a.test/.well-known/x?y=1\"",
                "Bearer resource_metadata=https://a.test/.well-known/x?y=1",
            ),
            (
                "Bearer resource_metadata=https://a.test/x, scope=y",
                "Bearer resource_metadata=https://a.test/x scope=y",
            ),
            (",, ,Bearer ,,a=1,,", "Bearer a=1"),
            ("a=1, Bearer b=2", "Bearer b=2"),
            ("Bearer a=\"open, b=2", "Bearer | open"),
            ("Bearer (x), Other a=1", "Bearer | Other a=1"),
            ("Bearer a=, b=2", "Bearer b=2"),
            ("ä, Bearer a=\"ö\"", "Bearer a=ö"),
        ] {
            let shown = shown(text);
            // What follows an open quote is not defined, as long as no value is made of it.
            if text.contains("open") {
                assert!(!shown.contains("b=2, ") && shown.starts_with("Bearer"), "{shown}");
            } else {
                assert_eq!(shown, expected, "{text}");
            }
        }
    }

    #[test]
    fn a_repeated_parameter_is_none_and_scopes_are_words() {
        let mut headers = HeaderMap::new();
        headers.append(WWW_AUTHENTICATE, "Basic scope=\"no\"".parse().unwrap());
        headers.append(WWW_AUTHENTICATE, "bearer scope=\"a  b\\\"c d\", x=1, x=2".parse().unwrap());
        let challenge = Challenge::of_token(&headers, |one| Some(one.clone())).unwrap();
        assert_eq!(challenge.get("x"), None);
        assert_eq!(challenge.scopes(), ["a", "d"]);
        assert_eq!(Challenge::all(&headers).len(), 2);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_parsed(text in "[ -~äß]{0,60}") {
            let count = parse(&text).len();
            proptest::prop_assert!(count <= text.len());
        }

        #[test]
        fn what_is_written_is_read(value in "[ -~]{0,20}", scheme in "[A-Z][a-z]{1,6}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let read = parse(&format!("Basic realm=\"x\", {scheme} a=\"{quoted}\", b=c"));
            proptest::prop_assert_eq!(read[1].get("a"), Some(&*value));
            proptest::prop_assert_eq!(read[1].get("b"), Some("c"));
        }
    }
}
