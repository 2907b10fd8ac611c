//! `Origins`: the origins to which a credential may be sent.
//!
//! An origin is scheme, host and port (RFC 6454). These three are compared, and never the start of a URL's text.

use std::{borrow::Cow, fmt};

use http::{Uri, uri::Authority};

use url::{Host, Url};

use crate::{Error, ErrorKind, Result};

/// The message of a text that has not the form of an origin.
pub(crate) const MALFORMED: &str = "expected a scheme and a host, with an optional port";

/// The origins that credentials are bound to.
///
/// ```
/// use authn::Origins;
///
/// let origins = Origins::none().and("https://api.example.com")?.and("https://*.example.org:8443")?;
/// assert!(origins.allows(&"https://API.example.com:443/v1".parse()?));
/// assert!(origins.allows(&"https://eu.example.org:8443/".parse()?));
/// assert!(!origins.allows(&"https://a.eu.example.org:8443/".parse()?));
/// assert!(!origins.allows(&"https://api.example.com.evil.test/".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    any: bool,
    list: Vec<Pattern>,
}

/// Most origins that a message names.
const MOST_SHOWN: usize = 3;

#[derive(Clone, PartialEq, Eq)]
struct Pattern {
    https: bool,
    /// `*.` is before the host: exactly one more label.
    wildcard: bool,
    /// Lower case, in brackets if it is an IPv6 address.
    host: String,
    port: u16,
    /// The host as it is written, if it has letters beyond ASCII.
    written: Option<Box<str>>,
    /// The authority as most URLs write it, for a quick first comparison; empty with a wildcard.
    authority: String,
}

impl Origins {
    /// Allows no origin, so that nothing can be authorised.
    pub fn none() -> Self {
        Self::default()
    }

    /// Allows every `https` origin, and `http` on the loopback interface, like `origins = ["*"]`.
    pub fn any() -> Self {
        Self { any: true, list: Vec::new() }
    }

    /// Allows one more origin: `https://host[:port]`, `https://*.host[:port]`, or `*` for any.
    ///
    /// A leading `*.` matches exactly one label, and never the host itself. `http://` is possible only for the loopback
    /// interface (RFC 6750, 5.3). Any other text is an error of kind [`Configuration`](ErrorKind::Configuration).
    pub fn and(mut self, origin: &str) -> Result<Self> {
        if origin == "*" {
            self.any = true;
        } else {
            let invalid = |(message, help)| Error::configuration(message).with_help(help);
            self.list.push(Pattern::parse(origin).map_err(invalid)?);
        }
        Ok(self)
    }

    /// Allows the origin of an address that a server has named: an `https` address, or one on the loopback interface. Any other
    /// address adds nothing, nor does one with a user name, or with a host that is neither a domain name nor an IP
    /// address, such as a pattern. Returns whether it has an origin.
    #[doc(hidden)]
    pub fn add_named(&mut self, address: &Url) -> bool {
        // A URL parser takes more, such as the comma of two addresses in one text.
        let is_of_host = |c: char| c.is_ascii_alphanumeric() || "-._[]:".contains(c);
        let has_user = !address.username().is_empty() || address.password().is_some();
        let pattern = match address.host_str() {
            Some(host) if host.chars().all(is_of_host) && !has_user => {
                Pattern::parse(&address.origin().ascii_serialization()).ok()
            }
            _ => None,
        };
        let Some(pattern) = pattern else { return false };
        if !self.list.contains(&pattern) {
            self.list.push(pattern);
        }
        true
    }

    /// Returns whether a server can name the origin of a request.
    pub(crate) fn can_be_named(uri: &Uri) -> bool {
        let is_local = || uri.host().is_some_and(is_loopback);
        uri.host().is_some()
            && match uri.scheme_str() {
                Some("https") => true,
                Some("http") => is_local(),
                _ => false,
            }
    }

    /// Returns whether no origin is allowed.
    pub fn is_empty(&self) -> bool {
        !self.any && self.list.is_empty()
    }

    /// Returns whether a request to `uri` may contain the credential.
    #[inline]
    pub fn allows(&self, uri: &Uri) -> bool {
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return false;
        };
        let https = scheme == "https";
        if let [only] = self.list.as_slice()
            && only.https == https
            && only.authority == authority.as_str()
        {
            return true;
        }
        self.allows_slowly(https, scheme, authority)
    }

    #[inline(never)]
    fn allows_slowly(&self, https: bool, scheme: &str, authority: &Authority) -> bool {
        if !https && scheme != "http" {
            return false;
        }
        let Some(port) = port(authority, https) else { return false };
        let host = authority.host();
        (self.any && (https || is_loopback(host)))
            || self.list.iter().any(|pattern| pattern.matches(https, host, port))
    }

    /// Returns the error of a request to `uri`, which may not contain the credential.
    #[cold]
    pub(crate) fn refuse(&self, uri: &Uri) -> Error {
        self.refusal(uri, false)
    }

    /// Does the same for origins that a server has named.
    #[cold]
    pub(crate) fn refuse_unnamed(&self, uri: &Uri) -> Error {
        self.refusal(uri, true)
    }

    fn refusal(&self, uri: &Uri, is_named: bool) -> Error {
        let asked = shown(uri);
        let elsewhere;
        let is_clear = uri.scheme_str() == Some("http") && !uri.host().is_some_and(is_loopback);
        let (message, help) = if uri.host().is_none() {
            let message =
                "a request needs a URL with a scheme and a host to be authorised".to_owned();
            (
                message,
                "authorise the request with its whole URL, such as `https://api.example.com/`",
            )
        } else if is_clear {
            let message = format!("{asked} would get the credential without encryption");
            (message, "use https; plain http is possible only on the loopback interface")
        } else if is_named {
            let message = format!("no service that the server names is at {asked}");
            (
                message,
                "check the address, or set `credentials.origins` to the origins that may get the token",
            )
        } else if self.is_empty() {
            let message = format!("these credentials are bound to no origin, so {asked} gets none");
            (message, "set `credentials.domain` or `credentials.origins`")
        } else {
            elsewhere = self.what_makes_equal(uri);
            (format!("these credentials are not for {asked}, but for {}", self.some()), &*elsewhere)
        };
        Error::new(ErrorKind::Origin, message).with_help(help.to_owned())
    }

    /// Returns the first origins.
    fn some(&self) -> String {
        let first: Vec<_> = self.iter().take(MOST_SHOWN).collect();
        let more = if self.list.len() > MOST_SHOWN { " and others" } else { "" };
        format!("{}{more}", first.join(", "))
    }

    /// Returns the help for a request to an origin that differs.
    fn what_makes_equal(&self, uri: &Uri) -> String {
        const ADD: &str = "add it to `credentials.origins` if they should be";
        let https = uri.scheme_str() == Some("https");
        let (Some(host), Some(port)) = (uri.host(), uri.authority().and_then(|it| port(it, https)))
        else {
            return ADD.to_owned();
        };
        // Of the same host, with the scheme and the port of its own.
        let same_host = self.list.iter().find(|own| own.matches(own.https, host, own.port));
        match same_host {
            Some(own) if own.https != https => {
                let scheme = if https { "https" } else { "http" };
                let scheme = format!("set `credentials.scheme = \"{scheme}\"`");
                // A port that is not written is that of the scheme.
                if own.port == port || [own.port, port].iter().all(|port| [80, 443].contains(port))
                {
                    format!("only the scheme differs: {scheme}, or {ADD}")
                } else {
                    format!(
                        "the scheme and the port differ: {scheme}, and write the port in `credentials.domain`, or {ADD}"
                    )
                }
            }
            Some(own) if own.port != port => {
                format!("only the port differs: write it in `credentials.domain`, or {ADD}")
            }
            _ => ADD.to_owned(),
        }
    }

    /// Returns the origins as a configuration writes them.
    pub fn iter(&self) -> impl Iterator<Item = String> {
        let any = self.any.then(|| "*".to_owned());
        any.into_iter().chain(self.list.iter().map(ToString::to_string))
    }
}

impl Pattern {
    /// Parses an origin. The error is a message and its help.
    fn parse(text: &str) -> Result<Self, (&'static str, &'static str)> {
        let wanted =
            (MALFORMED, "write it as `https://host` or `https://host:port`, without a path");
        let (ascii, written) = in_ascii(text);
        let text = &*ascii;
        let uri: Uri = text.parse().map_err(|_| wanted)?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            Some(_) => return Err(("expected the scheme `https`", wanted.1)),
            None => return Err(wanted),
        };
        let authority = uri.authority().ok_or(wanted)?;
        let after_scheme = text.split_once("://").map_or("", |(_, rest)| rest);
        if after_scheme.trim_end_matches('/') != authority.as_str()
            || authority.as_str().contains('@')
        {
            return Err(wanted);
        }
        let lower = authority.host().to_ascii_lowercase();
        let (wildcard, host) = match lower.strip_prefix("*.") {
            Some(rest) => (true, rest.to_owned()),
            None => (false, lower),
        };
        if host.is_empty() || host.contains('*') {
            return Err((
                "`*` may be used only once, as `*.` before a host",
                "write `https://*.host` for all hosts with one more label",
            ));
        }
        if !https && (wildcard || !is_loopback(&host)) {
            return Err(("plain http is possible only for the loopback interface", "use https"));
        }
        let port = port(authority, https).ok_or(wanted)?;
        let authority = if wildcard {
            String::new()
        } else if port == default_port(https) {
            host.clone()
        } else {
            format!("{host}:{port}")
        };
        let written = written.map(|host| host.strip_prefix("*.").unwrap_or(host).into());
        Ok(Self { https, wildcard, host, port, written, authority })
    }

    fn matches(&self, https: bool, host: &str, port: u16) -> bool {
        if self.https != https || self.port != port {
            return false;
        }
        if !self.wildcard {
            return self.host.eq_ignore_ascii_case(host);
        }
        host.split_once('.')
            .is_some_and(|(label, rest)| !label.is_empty() && self.host.eq_ignore_ascii_case(rest))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        let star = if self.wildcard { "*." } else { "" };
        write!(f, "{scheme}://{star}{}", self.written.as_deref().unwrap_or(&self.host))?;
        if self.port == default_port(self.https) { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Returns an origin with its host as it is looked up in DNS (RFC 5891), and the host as it is written if that differs.
fn in_ascii(text: &str) -> (Cow<'_, str>, Option<&str>) {
    let unchanged = (Cow::Borrowed(text), None);
    if text.is_ascii() {
        return unchanged;
    }
    let Some((scheme, rest)) = text.split_once("://") else { return unchanged };
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    match Host::parse(host) {
        Ok(Host::Domain(ascii)) => {
            let text = format!("{scheme}://{ascii}{}", &rest[host.len()..]);
            (Cow::Owned(text), Some(host))
        }
        _ => unchanged,
    }
}

/// The only name among the hosts for plain http. Clients resolve it to the loopback interface.
pub(crate) const LOCALHOST: &str = "localhost";

/// Returns whether a host is `localhost` or a literal loopback address, the only hosts for plain http.
pub(crate) fn is_loopback(host: &str) -> bool {
    if host.eq_ignore_ascii_case(LOCALHOST) {
        return true;
    }
    let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    literal.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Returns the origin of a request for a message, without user information.
pub(crate) fn shown(uri: &Uri) -> String {
    match (uri.scheme_str(), uri.authority()) {
        (Some(scheme), Some(authority)) => format!("{scheme}://{}", shown_server(authority)),
        _ => "a URL without scheme or host".to_owned(),
    }
}

/// Returns a host with its port for a message, without user information.
pub(crate) fn shown_server(authority: &Authority) -> String {
    match authority.port() {
        Some(port) => format!("{}:{}", authority.host(), port.as_str()),
        None => authority.host().to_owned(),
    }
}

/// Returns whether the value of a `Host` header is the host and the port of a URI (RFC 9110, 7.2).
pub(crate) fn is_host_of(host: &[u8], uri: &Uri) -> bool {
    let (Ok(named), Some(authority)) = (Authority::try_from(host), uri.authority()) else {
        return false;
    };
    let https = uri.scheme_str() == Some("https");
    !host.contains(&b'@')
        && named.host().eq_ignore_ascii_case(authority.host())
        && port(&named, https).is_some_and(|named| port(authority, https) == Some(named))
}

/// Returns the port; `None` if there is one that is not a port number. An empty one is that of the scheme (RFC 3986, 3.2.3).
fn port(authority: &Authority, https: bool) -> Option<u16> {
    let server = authority.as_str().rsplit('@').next()?;
    match server.strip_prefix(authority.host()) {
        Some("" | ":") => Some(default_port(https)),
        _ => authority.port_u16(),
    }
}

fn default_port(https: bool) -> u16 {
    if https { 443 } else { 80 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(origin: &str, uri: &str) -> bool {
        Origins::none().and(origin).unwrap().allows(&uri.parse().unwrap())
    }

    #[test]
    fn a_host_is_written_in_its_letters_and_compared_as_in_dns() {
        for (origin, uri, shown) in [
            ("https://bücher.example", "https://xn--bcher-kva.example/", "https://bücher.example"),
            (
                "https://BÜCHER.example:8443/",
                "https://xn--bcher-kva.example:8443/",
                "https://BÜCHER.example:8443",
            ),
            (
                "https://*.bücher.example",
                "https://a.xn--bcher-kva.example/",
                "https://*.bücher.example",
            ),
            (
                "https://xn--bcher-kva.example",
                "https://xn--bcher-kva.example/",
                "https://xn--bcher-kva.example",
            ),
            // The full stop of East Asia.
            ("https://例え。テスト", "https://xn--r8jz45g.xn--zckzah/", "https://例え。テスト"),
        ] {
            assert!(allows(origin, uri), "{origin} {uri}");
            let origins = Origins::none().and(origin).unwrap();
            assert_eq!(origins.iter().collect::<Vec<_>>(), [shown]);
        }
        assert!(!allows("https://bücher.example", "https://bucher.example/"));
        for origin in
            ["https://ü@a.test", "https://a.test/ü", "https://\u{200b}", "http://bücher.example"]
        {
            assert!(Origins::none().and(origin).is_err(), "{origin}");
        }
    }

    #[test]
    fn scheme_host_and_port_are_compared() {
        for (origin, uri) in [
            ("https://api.example.com", "https://api.example.com/x?y"),
            ("https://api.example.com", "https://API.EXAMPLE.COM:443/"),
            ("https://api.example.com:443", "https://api.example.com/"),
            // An empty port is the scheme's (RFC 3986, 3.2.3).
            ("https://api.example.com", "https://api.example.com:/"),
            ("https://[::1]", "https://u:p@[::1]:/"),
            ("https://api.example.com/", "https://user@api.example.com/"),
            ("https://[::1]:8443", "https://[::1]:8443/"),
            ("http://127.0.0.1:80", "http://127.0.0.1/"),
            ("http://localhost:3000", "http://localhost:3000/"),
            ("https://*.example.com", "https://a.example.com/"),
            ("*", "https://anything.test/"),
            ("*", "http://127.0.0.1:9/"),
        ] {
            assert!(allows(origin, uri), "{origin} {uri}");
        }
        for (origin, uri) in [
            ("https://api.example.com", "http://api.example.com/"),
            ("https://api.example.com", "https://api.example.com:8443/"),
            ("https://api.example.com:8443", "https://api.example.com:/"),
            ("https://api.example.com", "https://api.example.com.evil.test/"),
            ("https://api.example.com", "https://api.example.com@evil.test/"),
            ("https://api.example.com", "https://evil.test/https://api.example.com"),
            ("https://api.example.com", "https://example.com/"),
            ("https://api.example.com", "https://api.example.com./"),
            ("https://*.example.com", "https://example.com/"),
            ("https://*.example.com", "https://a.b.example.com/"),
            ("https://*.example.com", "https://.example.com/"),
            ("https://*.example.com", "https://a.example.com:444/"),
            ("*", "http://anything.test/"),
            ("*", "ftp://anything.test/"),
            ("*", "/only/a/path"),
        ] {
            assert!(!uri.parse::<Uri>().is_ok_and(|_| allows(origin, uri)), "{origin} {uri}");
        }
    }

    #[test]
    fn a_text_that_is_no_origin_is_refused() {
        for bad in [
            "",
            "api.example.com",
            "ftp://a.test",
            "https://",
            "https://a.test/path",
            "https://u@a.test",
            "https://a.*.test",
            "https://*",
            "https://*.*.test",
            "http://a.test",
            "http://*.localhost",
            "https://a.test:99999",
            "https://a.test?x=1",
        ] {
            assert!(Origins::none().and(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_server_names_exact_origins_of_https_or_loopback_alone() {
        let mut origins = Origins::none();
        for (address, is_one) in [
            ("https://a.test/v1?x=1", true),
            ("https://a.test:443/other", true),
            ("https://b.test:8443", true),
            ("http://127.0.0.1:9/", true),
            ("http://a.test/", false),
            ("https://*.test/", false),
            ("https://%2a.test/", false),
            ("https://a.test,https://c.test", false),
            ("https://user@c.test/", false),
            ("https://:s3cr3t@c.test/", false),
            ("grpc://a.test:1/", false),
            ("mlops:443", false),
            ("data:text/plain,x", false),
        ] {
            let address = Url::parse(address);
            assert_eq!(address.is_ok_and(|address| origins.add_named(&address)), is_one);
        }
        let named: Vec<String> = origins.iter().collect();
        assert_eq!(named, ["https://a.test", "https://b.test:8443", "http://127.0.0.1:9"]);
        let error = origins.refuse_unnamed(&"https://c.test/secret".parse().unwrap());
        assert_eq!(error.kind(), ErrorKind::Origin);
        assert_eq!(error.message(), "no service that the server names is at https://c.test");
        for (uri, can_be) in [("https://c.test/", true), ("http://c.test/", false), ("/", false)] {
            assert_eq!(Origins::can_be_named(&uri.parse().unwrap()), can_be, "{uri}");
        }
    }

    #[test]
    fn a_refusal_names_both_origins_and_what_makes_them_equal() {
        const ADD: &str = "add it to `credentials.origins` if they should be";
        for (own, asked, says, helps) in [
            (
                &["https://a.test"][..],
                "https://b.test/",
                "https://b.test, but for https://a.test",
                ADD,
            ),
            (
                &["https://127.0.0.1:8443"],
                "http://127.0.0.1:8080/",
                "http://127.0.0.1:8080, but for https://127.0.0.1:8443",
                "the scheme and the port differ: set `credentials.scheme = \"http\"`, and write the port",
            ),
            (
                &["http://localhost:1"],
                "https://localhost/",
                "https://localhost, but for http://localhost:1",
                "the scheme and the port differ: set `credentials.scheme = \"https\"`",
            ),
            (
                &["http://localhost"],
                "https://localhost/",
                "https://localhost, but for http://localhost",
                "only the scheme differs: set `credentials.scheme = \"https\"`",
            ),
            (
                &["https://a.test"],
                "https://A.test:8443/",
                "https://A.test:8443, but for https://a.test",
                "only the port differs",
            ),
            (
                &["https://a.test", "https://b.test", "https://*.c.test", "https://d.test"],
                "https://e.test/",
                "but for https://a.test, https://b.test, https://*.c.test and others",
                ADD,
            ),
        ] {
            let all = |origins: Origins, own: &&str| origins.and(own).unwrap();
            let origins = own.iter().fold(Origins::none(), all);
            let error = origins.refuse(&asked.parse().unwrap());
            assert!(error.message().contains(says), "{error}");
            assert!(error.help().unwrap().contains(helps), "{error}");
        }
    }

    #[test]
    fn none_allows_nothing() {
        let error = Origins::none().refuse(&"https://u:p@a.test:1/secret?k=v".parse().unwrap());
        assert!(!Origins::none().allows(&"https://a.test/".parse().unwrap()));
        assert_eq!(error.kind(), ErrorKind::Origin);
        assert!(error.to_string().contains("https://a.test:1 gets none"), "{error}");
        assert!(!error.to_string().contains("secret"));
    }
}
