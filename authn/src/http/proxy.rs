//! Which proxy requests go through, and what names it. Those to this machine go through none.

use url::Url;

use crate::Environment;

/// The option that names one for all requests.
const OPTION: &str = "http.proxy";

/// The variables that name one for `https`, as the HTTP client reads them: the first that is there counts,
/// also if it is empty.
const VARIABLES: [[&str; 2]; 2] = [["HTTPS_PROXY", "https_proxy"], ["ALL_PROXY", "all_proxy"]];

/// Which proxy requests go through, as [`Config::proxy`](crate::config::Config::proxy) says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyInUse {
    /// Scheme, host and port, and nothing that may be secret; `None` if what is named is no proxy's address, so
    /// that none is used.
    pub address: Option<String>,
    /// The option or the variable that names it.
    pub named_by: &'static str,
    /// The variable that names hosts to reach without a proxy. It counts for proxies of variables alone.
    pub exceptions: Option<&'static str>,
}

impl ProxyInUse {
    /// Looks at the option, and then at the variables; `None` if no proxy is named.
    pub(crate) fn of(option: Option<&str>, environment: &Environment) -> Option<Self> {
        let (named_by, value) = match option {
            Some(value) => (OPTION, value),
            None => VARIABLES.iter().find_map(|names| {
                let (name, value) =
                    names.iter().find_map(|name| Some((*name, environment.text(name)?)))?;
                Some((name, value)).filter(|_| !value.is_empty())
            })?,
        };
        let mut names = ["NO_PROXY", "no_proxy"].into_iter();
        let exceptions = names.find(|name| environment.get(name).is_some());
        Some(Self { address: shown(value), named_by, exceptions })
    }

    /// Returns whether an option names it, and not a variable.
    pub fn is_configured(&self) -> bool {
        self.named_by == OPTION
    }
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
    fn an_address_is_shown_without_what_may_be_secret() {
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
    fn the_option_comes_first_and_an_empty_variable_counts() {
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
