//! `ProxyInUse`: the proxy of requests, and where it is set. Requests to this machine use none.

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use crate::Environment;

/// The option that sets the proxy of all requests.
const OPTION: &str = "http.proxy";

/// The variables that set the proxy of `https` requests, in the order in which the HTTP client reads them. Of one
/// spelling and the other, the first that is set is used, even if it is empty.
const VARIABLES: [[&str; 2]; 2] = [["HTTPS_PROXY", "https_proxy"], ["ALL_PROXY", "all_proxy"]];

/// The proxy of requests, which [`Config::proxy`](crate::config::Config::proxy) returns.
///
/// ```
/// use authn::{Environment, Loader, http::ProxyInUse};
///
/// let environment = Environment::empty().variable("HTTPS_PROXY", "http://ann:s3cr3t@proxy.test:3128");
/// let config = Loader::new().environment(environment.clone()).read();
/// let proxy: ProxyInUse = config.proxy(&environment).expect("a variable sets one");
/// assert_eq!(proxy.address.as_deref(), Some("http://proxy.test:3128"));
/// assert_eq!((proxy.named_by, proxy.is_configured()), ("HTTPS_PROXY", false));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyInUse {
    /// Scheme, host and port, and nothing that may be secret; `None` if the value is not the address of a proxy, so
    /// that no proxy is used.
    pub address: Option<String>,
    /// The option or the variable that sets it.
    pub named_by: &'static str,
    /// The variable that lists hosts to reach without a proxy. It applies only to a proxy that a variable sets.
    pub exceptions: Option<&'static str>,
}

impl ProxyInUse {
    /// Reads the option, and then the variables; `None` if neither sets a proxy. As in the HTTP client, a variable that
    /// names no proxy leaves the choice to the next.
    pub(crate) fn of(option: Option<&str>, environment: &Environment) -> Option<Self> {
        let variable = |names: &[&'static str; 2]| {
            let set = names.iter().find_map(|name| Some((*name, environment.text(name)?)));
            set.filter(|(_, value)| !value.is_empty())
        };
        let set = match option {
            Some(value) => vec![(OPTION, value)],
            None => VARIABLES.iter().filter_map(variable).collect(),
        };
        let usable =
            set.iter().find_map(|(named_by, value)| Some((*named_by, Some(shown(value)?))));
        let (named_by, address) = usable.or_else(|| Some((set.first()?.0, None)))?;
        let exceptions = exceptions(|name| environment.text(name).map(str::to_owned));
        let exceptions = exceptions.map(|(name, _)| name);
        Some(Self { address, named_by, exceptions })
    }

    /// Returns the variable that would set a proxy, if neither it nor the option names one that can be used.
    pub(super) fn unusable(
        option: Option<&str>,
        environment: &Environment,
    ) -> Option<&'static str> {
        let proxy = Self::of(option, environment)?;
        (proxy.address.is_none() && !proxy.is_configured()).then_some(proxy.named_by)
    }

    /// Returns whether the option sets it, and not a variable.
    pub fn is_configured(&self) -> bool {
        self.named_by == OPTION
    }
}

/// Returns the variable that lists hosts to reach without a proxy, and its value. As in the HTTP client, the first that is
/// set is used, even if it is empty.
pub(super) fn exceptions(read: impl Fn(&str) -> Option<String>) -> Option<(&'static str, String)> {
    let mut names = ["NO_PROXY", "no_proxy"].into_iter();
    let found = names.find_map(|name| Some((name, read(name)?)));
    found.filter(|(_, list)| !list.is_empty())
}

/// Returns what is wrong with a variable that names no proxy that can be used, without its value.
pub(super) fn unusable(name: &str) -> String {
    format!("`{name}` is not the address of a proxy, so no proxy is used")
}

/// What helps if a variable names no proxy that can be used.
pub(super) const CORRECT: &str = "set it to one like `http://HOST:PORT`, or unset it";

/// Returns whether a list of hosts to reach without a proxy has one of a form that the HTTP client does not know: `*.host`,
/// `host:port` and `*.host:port`. What it does know is left to it.
pub(super) fn is_excepted(list: &str, url: &Url) -> bool {
    list.split(',').any(|entry| is_one(entry.trim(), url).unwrap_or_default())
}

fn is_one(entry: &str, url: &Url) -> Option<bool> {
    let with_port = entry.rsplit_once(':').and_then(|(host, port)| {
        // The colons of an IPv6 address are its own, unless it is in brackets.
        let is_host = !host.contains(':') || host.ends_with(']');
        Some((host, port.parse::<u16>().ok().filter(|_| is_host)?))
    });
    let (host, port) = with_port.map_or((entry, None), |(host, port)| (host, Some(port)));
    let domain = host.strip_prefix("*.");
    if domain.is_none() && port.is_none() {
        return None;
    }
    if port.is_some_and(|port| url.port_or_known_default() != Some(port)) {
        return Some(false);
    }
    let known =
        domain.map_or_else(|| host.trim_matches(['[', ']']).to_owned(), |it| format!(".{it}"));
    let matcher = Matcher::builder().all("http://proxy.invalid").no(known).build();
    let is_left_out = matcher.intercept(&url.as_str().parse().ok()?).is_none();
    // A domain with a star is not one of its own hosts.
    let is_itself =
        domain.zip(url.host_str()).is_some_and(|(it, host)| it.eq_ignore_ascii_case(host));
    Some(is_left_out && !is_itself)
}

fn shown(value: &str) -> Option<String> {
    let url = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let url = Url::parse(&url).ok()?;
    let is_known =
        matches!(url.scheme(), "http" | "https" | "socks4" | "socks4a" | "socks5" | "socks5h");
    let has_host = url.host_str().is_some_and(|host| !host.is_empty());
    (is_known && has_host).then(|| super::client::shown(&url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        for (value, expected) in [
            ("http://ann:s3cr3t@proxy.test:3128/x?y=s3cr3t", Some("http://proxy.test:3128")),
            ("ann:s3cr3t@proxy.test:3128", Some("http://proxy.test:3128")),
            ("proxy.test", Some("http://proxy.test")),
            ("socks5h://127.0.0.1:1080", Some("socks5h://127.0.0.1:1080")),
            ("ftp://proxy.test", None),
            ("://", None),
            ("s3cr3t s3cr3t", None),
        ] {
            assert_eq!(shown(value).as_deref(), expected);
        }
    }

    #[test]
    fn only_a_variable_that_names_no_proxy_is_unusable() {
        for (value, option, expected) in [
            ("notaproxy://ann:s3cr3t@proxy.test", None, Some("HTTPS_PROXY")),
            ("s3cr3t s3cr3t", None, Some("HTTPS_PROXY")),
            ("notaproxy://proxy.test", Some("http://proxy.test"), None),
            ("http://proxy.test", None, None),
            ("", None, None),
        ] {
            let environment = Environment::empty().variable("HTTPS_PROXY", value);
            assert_eq!(ProxyInUse::unusable(option, &environment), expected, "{value}");
        }
    }

    #[test]
    fn the_next_variable_counts_if_one_names_no_proxy() {
        for (https, all, expected) in [
            ("notaproxy://a.test", "b.test", ("ALL_PROXY", Some("http://b.test"))),
            ("s3cr3t s3cr3t", "socks5h://b.test", ("ALL_PROXY", Some("socks5h://b.test"))),
            ("a.test", "b.test", ("HTTPS_PROXY", Some("http://a.test"))),
            ("a.test", "notaproxy://b.test", ("HTTPS_PROXY", Some("http://a.test"))),
            ("notaproxy://a.test", "notaproxy://b.test", ("HTTPS_PROXY", None)),
            ("", "notaproxy://b.test", ("ALL_PROXY", None)),
        ] {
            let environment =
                Environment::empty().variable("HTTPS_PROXY", https).variable("ALL_PROXY", all);
            let proxy = ProxyInUse::of(None, &environment).expect("a variable sets one");
            assert_eq!((proxy.named_by, proxy.address.as_deref()), expected, "{https} {all}");
            let unusable = expected.1.is_none().then_some(expected.0);
            assert_eq!(ProxyInUse::unusable(None, &environment), unusable, "{https} {all}");
        }
    }

    #[test]
    fn exceptions_can_have_a_star_and_a_port() {
        for (list, url, is_excepted) in [
            ("*.a.test", "https://x.a.test/", true),
            ("*.A.test", "https://x.y.a.TEST/", true),
            ("*.a.test", "https://a.test/", false),
            ("*.a.test", "https://xa.test/", false),
            ("b.test, *.a.test", "https://x.a.test:8443/", true),
            ("a.test:443", "https://a.test/", true),
            ("a.test:443", "https://x.a.test/", true),
            ("a.test:443", "https://a.test:8443/", false),
            (".a.test:8443", "https://x.a.test:8443/", true),
            ("*.a.test:8443", "https://x.a.test:8443/", true),
            ("*.a.test:8443", "https://x.a.test/", false),
            ("192.0.2.1:443", "https://192.0.2.1/", true),
            ("[2001:db8::1]:443", "https://[2001:db8::1]/", true),
            ("2001:db8::1", "https://[2001:db8::1]/", false),
            ("a.test:https", "https://a.test/", false),
            // These are known to the HTTP client.
            ("a.test", "https://a.test/", false),
            ("*", "https://a.test/", false),
            ("", "https://a.test/", false),
        ] {
            assert_eq!(
                super::is_excepted(list, &url.parse().unwrap()),
                is_excepted,
                "{list} {url}"
            );
        }
    }

    #[test]
    fn the_option_comes_first_and_an_empty_variable_is_used() {
        let environment =
            Environment::empty().variable("ALL_PROXY", "b.test").variable("NO_PROXY", "c.test");
        let found = |option, environment: &Environment| {
            let proxy = ProxyInUse::of(option, environment)?;
            let is_configured = proxy.is_configured();
            Some((proxy.named_by, proxy.address, proxy.exceptions, is_configured))
        };
        let [a, b] = ["a", "b"].map(|host| Some(format!("http://{host}.test")));
        let no = Some("NO_PROXY");
        assert_eq!(found(Some("a.test"), &environment), Some((OPTION, a, no, true)));
        assert_eq!(found(None, &environment), Some(("ALL_PROXY", b.clone(), no, false)));
        let environment = environment.variable("HTTPS_PROXY", "").variable("https_proxy", "a.test");
        assert_eq!(found(None, &environment), Some(("ALL_PROXY", b, no, false)));
        assert_eq!(found(None, &Environment::empty()), None);
    }
}
