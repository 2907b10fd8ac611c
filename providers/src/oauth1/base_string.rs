//! The text that a signature signs (RFC 5849, 3.4.1): the method, the address and the parameters.

use http::{
    Uri,
    uri::{Authority, Scheme},
};

use super::encoding::{pairs, push_encoded};

/// The parameters of a request (RFC 5849, 3.4.1.3), encoded.
#[derive(Default)]
pub(super) struct Parameters {
    /// The names and values, one after the other.
    text: String,
    pairs: Vec<Pair>,
}

/// A name and a value, by where each starts and ends in the text.
struct Pair {
    name: usize,
    value: usize,
    end: usize,
}

impl Parameters {
    /// Adds a parameter.
    pub(super) fn add(&mut self, name: &[u8], value: &[u8]) {
        let start = self.text.len();
        push_encoded(&mut self.text, name);
        let middle = self.text.len();
        push_encoded(&mut self.text, value);
        self.pairs.push(Pair { name: start, value: middle, end: self.text.len() });
    }

    /// Adds the parameters of a query or of a form-encoded body.
    pub(super) fn add_form(&mut self, form: &[u8]) {
        for (name, value) in pairs(form) {
            self.add(&name, &value);
        }
    }

    fn name(&self, pair: &Pair) -> &str {
        &self.text[pair.name..pair.value]
    }

    fn value(&self, pair: &Pair) -> &str {
        &self.text[pair.value..pair.end]
    }

    /// Returns the base string (RFC 5849, 3.4.1.1). `address` is that of [`address`].
    pub(super) fn base_string(mut self, method: &str, address: &str) -> String {
        let mut pairs = std::mem::take(&mut self.pairs);
        // The encoded texts are compared byte by byte (RFC 5849, 3.4.1.3.2).
        pairs.sort_unstable_by_key(|pair| (self.name(pair), self.value(pair)));
        let mut base = String::with_capacity(2 * (self.text.len() + address.len()) + 64);
        push_encoded(&mut base, method.to_ascii_uppercase().as_bytes());
        base.push('&');
        push_encoded(&mut base, address.as_bytes());
        base.push('&');
        for (index, pair) in pairs.iter().enumerate() {
            if index > 0 {
                base.push_str("%26");
            }
            push_encoded(&mut base, self.name(pair).as_bytes());
            base.push_str("%3D");
            push_encoded(&mut base, self.value(pair).as_bytes());
        }
        base
    }
}

/// Returns the address that is signed (RFC 5849, 3.4.1.2): without user, query and fragment, and without a default port.
/// `None` if the URI is relative. The host is the one that the request names to the server.
pub(super) fn address(uri: &Uri, host: Option<&str>) -> Option<String> {
    let scheme = uri.scheme()?;
    let named = host.and_then(|host| host.parse::<Authority>().ok());
    let authority = named.as_ref().or(uri.authority())?;
    let default = match scheme {
        scheme if *scheme == Scheme::HTTPS => 443,
        _ => 80,
    };
    let port = authority.port_u16().filter(|port| *port != default);
    let port = port.map_or_else(String::new, |port| format!(":{port}"));
    let host = authority.host().to_ascii_lowercase();
    Some(format!("{scheme}://{host}{port}{}", uri.path()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_normalised() {
        for (uri, host, expected) in [
            // RFC 5849, 3.4.1.2
            ("http://EXAMPLE.COM:80/r%20v/X?id=123", None, "http://example.com/r%20v/X"),
            ("https://www.example.net:8080/?q=1", None, "https://www.example.net:8080/"),
            ("https://example.com:443", None, "https://example.com/"),
            ("https://example.com:80/", None, "https://example.com:80/"),
            ("http://example.com:443/", None, "http://example.com:443/"),
            ("https://user:word@example.com/a;b/", None, "https://example.com/a;b/"),
            ("HTTPS://[2001:DB8::1]:443/A", None, "https://[2001:db8::1]/A"),
            ("http://[::1]:8080/", None, "http://[::1]:8080/"),
            ("http://127.0.0.1:9/a", Some("API.example.com"), "http://api.example.com/a"),
            ("http://127.0.0.1:9/a", Some("api.example.com:81"), "http://api.example.com:81/a"),
        ] {
            let address = address(&uri.parse().unwrap(), host);
            assert_eq!(address.as_deref(), Some(expected), "{uri}");
        }
        assert_eq!(address(&Uri::from_static("/a?b"), Some("a.test")), None);
    }

    #[test]
    fn the_base_string_is_that_of_rfc_5849_3_4_1_1() {
        let mut parameters = Parameters::default();
        parameters.add_form(b"b5=%3D%253D&a3=a&c%40=&a2=r%20b");
        for (name, value) in [
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
        ] {
            parameters.add(name.as_bytes(), value.as_bytes());
        }
        parameters.add_form(b"c2&a3=2+q");
        let address = address(&Uri::from_static("http://EXAMPLE.COM/request"), None).unwrap();
        assert_eq!(
            parameters.base_string("post", &address),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26\
             c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26\
             oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }

    #[test]
    fn repeated_names_are_sorted_by_their_values() {
        let mut parameters = Parameters::default();
        parameters.add_form(b"z=%7A&z=a&z=%40&z&y-=1&y=2");
        let base = parameters.base_string("GET", "https://a.test/");
        assert_eq!(
            base,
            "GET&https%3A%2F%2Fa.test%2F&y%3D2%26y-%3D1%26z%3D%26z%3D%2540%26z%3Da%26z%3Dz"
        );
    }
}
