//! Which proxy requests go through. Those to this machine go through none.

use std::env;

use authn::Url;

use super::{finding::Finding, patient::Patient};

const CHECK: &str = "proxy";

/// The variables that name one for `https`, as the HTTP client reads them: the first that is there counts,
/// also if it is empty.
const VARIABLES: [[&str; 2]; 2] = [["HTTPS_PROXY", "https_proxy"], ["ALL_PROXY", "all_proxy"]];

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let configured = patient.text("http.proxy").map(|value| ("`http.proxy`", value.to_owned()));
    let is_configured = configured.is_some();
    let Some((place, value)) = configured.or_else(from_environment) else {
        return vec![Finding::ok(CHECK, "no proxy is named")];
    };
    let Some(proxy) = shown(&value) else {
        let message = format!("{place} is no proxy's address, so that no proxy is used");
        return vec![
            Finding::warning(CHECK, message)
                .mended_by(format!("`export {place}=http://HOST:PORT`, or `unset {place}`")),
        ];
    };
    let except = ["NO_PROXY", "no_proxy"].into_iter().find(|name| has(name));
    let except = match except {
        Some(name) if !is_configured => format!(", but for the hosts of {name}"),
        Some(name) => format!("; {name} is for the proxies of variables alone"),
        None => String::new(),
    };
    vec![Finding::ok(CHECK, format!("requests go through {proxy}, as {place} says{except}"))]
}

fn from_environment() -> Option<(&'static str, String)> {
    VARIABLES.iter().find_map(|names| {
        let first = names.iter().find_map(|name| Some((*name, env::var(name).ok()?)));
        first.filter(|(_, value)| !value.is_empty())
    })
}

/// Gives scheme, host and port: what else stands there may be a password.
fn shown(value: &str) -> Option<String> {
    let url = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let url = Url::parse(&url).ok()?;
    let is_known =
        matches!(url.scheme(), "http" | "https" | "socks4" | "socks4a" | "socks5" | "socks5h");
    let host = url.host_str().filter(|host| is_known && !host.is_empty())?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{host}{port}", url.scheme()))
}

fn has(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
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
}
