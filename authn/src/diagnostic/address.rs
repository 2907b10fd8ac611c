//! What is wrong with a text that is not the address of a server.

use url::{ParseError, Url};

/// What a message expects in place of such a text.
pub(crate) const EXPECTED: &str = "an address such as https://idp.example.com";

/// Returns what a text is that can't be read as the address of a server, such as `a text without a scheme`. It repeats
/// nothing of the text, which may be a misplaced secret.
///
/// ```
/// use authn::diagnostic::no_address;
///
/// assert_eq!(no_address("idp.example.com"), "a text without a scheme");
/// assert_eq!(no_address("ftp://idp.example.com"), "an address of another scheme");
/// ```
#[doc(hidden)]
pub fn no_address(text: &str) -> &'static str {
    if text.trim().is_empty() {
        return "an empty text";
    }
    let Some((_, rest)) = text.split_once("://") else {
        // `localhost:8080` parses as a URL, with the host as its scheme.
        let scheme = text.trim().split_once(':').map_or("", |(scheme, _)| scheme);
        let is_one = ["https", "http"].iter().any(|it| it.eq_ignore_ascii_case(scheme));
        let of_scheme = "an address without `//` after its scheme";
        return if is_one { of_scheme } else { "a text without a scheme" };
    };
    if rest.is_empty() || rest.starts_with('/') {
        return "an address without a host";
    }
    match Url::parse(text.trim()) {
        Err(ParseError::RelativeUrlWithoutBase) => "a text without a scheme",
        Err(ParseError::EmptyHost) => "an address without a host",
        Err(ParseError::InvalidPort) => "an address whose port is not a number up to 65535",
        Err(
            ParseError::IdnaError
            | ParseError::InvalidIpv4Address
            | ParseError::InvalidIpv6Address
            | ParseError::InvalidDomainCharacter,
        ) => "an address whose host is not valid",
        Ok(url) if !url.has_host() => "an address without a host",
        Ok(url) if !matches!(url.scheme(), "https" | "http") => "an address of another scheme",
        Ok(_) | Err(_) => "a text that is not an address",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_has_its_words() {
        for (text, words) in [
            ("", "an empty text"),
            (" ", "an empty text"),
            ("idp.example.com", "a text without a scheme"),
            ("localhost:8080", "a text without a scheme"),
            ("//idp.example.com", "a text without a scheme"),
            ("/path", "a text without a scheme"),
            ("://idp.example.com", "a text without a scheme"),
            ("https:idp.example.com", "an address without `//` after its scheme"),
            ("https:/idp.example.com", "an address without `//` after its scheme"),
            (" HTTP:idp.example.com:8080/path", "an address without `//` after its scheme"),
            ("https:", "an address without `//` after its scheme"),
            ("https", "a text without a scheme"),
            ("httpsx:idp.example.com", "a text without a scheme"),
            ("user:password@idp.example.com", "a text without a scheme"),
            ("https://", "an address without a host"),
            ("https:///path", "an address without a host"),
            ("https://:8080", "an address without a host"),
            ("https://a.test:99999", "an address whose port is not a number up to 65535"),
            ("https://a.test:x", "an address whose port is not a number up to 65535"),
            ("https://a b.test", "an address whose host is not valid"),
            ("https://<fill in>", "an address whose host is not valid"),
            ("https://[::1", "an address whose host is not valid"),
            ("ftp://a.test", "an address of another scheme"),
            ("https://a.test/\\", "a text that is not an address"),
        ] {
            assert_eq!(no_address(text), words, "{text}");
        }
    }
}
