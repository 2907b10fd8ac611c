//! `Reach`: requests that may only connect to public addresses, or only to others, or only to services of this machine.
//!
//! The address that is connected to is checked, and not a name before it is resolved: a name that resolves to another
//! address the next time (DNS rebinding) gets no further. If a proxy is used, it resolves the name, and only an address
//! in the URL itself and `localhost` can be checked here.

use std::{
    error, fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::options::HttpOptions;
use crate::{
    Environment, Error, Result,
    origins::is_loopback,
    runtime::{Boxed, in_background},
};

/// The addresses that requests may connect to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(hidden)]
pub enum Reach {
    /// All.
    #[default]
    Any,
    /// Those of the public Internet.
    Public,
    /// All others: loopback, private, link-local and reserved ones.
    Private,
    /// The services of this machine: the loopback and link-local addresses that a URL has literally, `localhost`, and the name
    /// of Google's metadata service, which is not resolved. Requests may be plain http, use no proxy, and are sent once.
    Machine,
}

/// The name of Google's metadata service, and its address. The name is not resolved: another server could answer to it.
pub(super) const GOOGLE_METADATA: (&str, Ipv4Addr) =
    ("metadata.google.internal", Ipv4Addr::new(169, 254, 169, 254));

impl Reach {
    /// Returns the reach of a server's address and of all that this server names: a public server must not lead to a
    /// private one.
    pub(super) async fn of(url: &Url, options: &HttpOptions) -> Result<Self> {
        let is_public = match literal(url) {
            Some(is_public) => is_public,
            // The proxy resolves its name.
            None if is_proxied(url, options) => true,
            None => {
                let name = url.host_str().unwrap_or_default().to_owned();
                // If it can't be resolved, the request itself says so.
                let found =
                    in_background(async move { Ok(lookup(&name).await.unwrap_or_default()) });
                let found = found.await?;
                found.is_empty() || found.into_iter().any(|address| is_public(address.ip()))
            }
        };
        Ok(if is_public { Self::Public } else { Self::Private })
    }

    /// Returns the reach of what a server of this reach names: a private one may lead anywhere.
    #[must_use]
    pub fn of_named(self) -> Self {
        if self == Self::Public { self } else { Self::Any }
    }

    /// Fails if the address in a URL itself is out of reach.
    pub(super) fn check(self, url: &Url, options: &HttpOptions) -> Result<()> {
        let is_allowed = match literal(url) {
            _ if self == Self::Machine => is_of_machine(url),
            Some(is_public) => self.allows(is_public),
            // Its connections are not checked, because they are those to the proxy.
            None => self == Self::Any || !Proxies::of(options).is_one(url),
        };
        if is_allowed { Ok(()) } else { Err(self.refusal(&super::client::shown(url))) }
    }

    /// Returns the resolver of names for these addresses; `None` for that of the system.
    pub(super) fn resolver(self, options: &HttpOptions) -> Option<Arc<dyn Resolve>> {
        let system: Lookup = Arc::new(|name| Box::pin(async move { lookup(&name).await }));
        let proxies = Proxies::of(options);
        // Nothing is resolved for the services of this machine.
        matches!(self, Self::Public | Self::Private)
            .then(|| Arc::new(Resolver { reach: self, proxies, lookup: system }) as _)
    }

    pub(super) fn refusal(self, place: &str) -> Error {
        if self == Self::Machine {
            let message = format!("{place} is not the address of a service of this machine");
            return Error::configuration(message).with_help(
                "use a loopback or link-local IP address, `localhost` or `metadata.google.internal`",
            );
        }
        let (is, help) = match self {
            Self::Private => ("a public address", "try again"),
            _ => (
                "an address that is not public",
                "a public server must not lead to this machine or to a private network: do not trust it, or \
                 configure the server's own address",
            ),
        };
        Error::protocol(format!("{place} leads to {is}, which is not connected to here"))
            .with_help(help)
    }

    fn allows(self, is_public: bool) -> bool {
        match self {
            Self::Any => true,
            Self::Public => is_public,
            Self::Private | Self::Machine => !is_public,
        }
    }
}

/// Returns whether a URL has the address of a service of this machine.
fn is_of_machine(url: &Url) -> bool {
    let is_host = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_link_local(),
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unicast_link_local(),
        Some(Host::Domain(name)) => is_loopback(name) || name == GOOGLE_METADATA.0,
        None => false,
    };
    is_host && url.scheme() == "http" && url.username().is_empty() && url.password().is_none()
}

type Lookup = Arc<dyn Fn(String) -> Boxed<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

struct Resolver {
    reach: Reach,
    proxies: Proxies,
    lookup: Lookup,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, name) = (self.reach, name.as_str().to_owned());
        let is_proxy = self.proxies.has(&name);
        let found = (self.lookup)(name);
        Box::pin(async move {
            let mut found = found.await?;
            if !is_proxy {
                found.retain(|address| reach.allows(is_public(address.ip())));
                if found.is_empty() {
                    return Err(OutOfReach(reach).into());
                }
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// A name has only addresses that are out of reach.
#[derive(Debug)]
pub(super) struct OutOfReach(pub(super) Reach);

impl fmt::Display for OutOfReach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the address is out of reach")
    }
}

impl error::Error for OutOfReach {}

impl OutOfReach {
    /// Finds it among the causes of an error.
    pub(super) fn cause<'a>(error: &'a (dyn error::Error + 'static)) -> Option<&'a Self> {
        let mut causes = std::iter::successors(Some(error), |error| error.source());
        causes.find_map(|cause| {
            // An `io::Error` returns the cause of its inner error as its own.
            let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            cause.downcast_ref().or_else(|| inner?.downcast_ref())
        })
    }
}

/// The hosts of the proxies that requests can use.
struct Proxies(Vec<String>);

impl Proxies {
    fn of(options: &HttpOptions) -> Self {
        let environment = Environment::of_process();
        let variables =
            ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
        let set = match &options.proxy {
            Some(proxy) => vec![proxy.to_string()],
            None => variables
                .iter()
                .filter_map(|name| environment.text(name))
                .map(str::to_owned)
                .collect(),
        };
        let host = |text: String| {
            let text = if text.contains("://") { text } else { format!("http://{text}") };
            Some(Url::parse(&text).ok()?.host_str()?.to_owned())
        };
        Self(set.into_iter().filter_map(host).collect())
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|host| host.eq_ignore_ascii_case(name))
    }

    fn is_one(&self, url: &Url) -> bool {
        url.host_str().is_some_and(|host| self.has(host))
    }
}

/// Returns whether a request to a URL goes to a proxy, as the HTTP client decides it.
pub(super) fn is_proxied(url: &Url, options: &HttpOptions) -> bool {
    let is_matched = |uri: http::Uri| Matcher::from_env().intercept(&uri).is_some();
    options.proxy.is_some() || url.as_str().parse().is_ok_and(is_matched)
}

/// Returns whether the address in a URL is public; `None` if it has a name.
fn literal(url: &Url) -> Option<bool> {
    match url.host()? {
        Host::Ipv4(address) => Some(is_public(address.into())),
        Host::Ipv6(address) => Some(is_public(address.into())),
        Host::Domain(name) if is_loopback(name) => Some(false),
        Host::Domain(_) => None,
    }
}

async fn lookup(name: &str) -> io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((name, 0)).await?.collect())
}

/// Returns whether an address is one of the public Internet (the registries of special addresses, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        // Shared by the customers of a provider (RFC 6598).
        || (a == 100 && (64..128).contains(&b))
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99)
        || (a == 198 && (18..20).contains(&b))
        // Multicast and reserved.
        || a >= 224)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        // Mapped IPv4, and IPv4 behind a translator (RFC 6052).
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            embedded(high, low)
        }
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => embedded(high, low),
        // Of protocols, such as Teredo, and of documentation.
        [0x2001, second, ..] => second >= 0x0200 && second != 0x0db8,
        [0x3fff, second, ..] => second >= 0x1000,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for (address, expected) in [
            ("8.8.8.8", true),
            ("100.63.255.255", true),
            ("100.128.0.1", true),
            ("172.32.0.1", true),
            ("223.255.255.255", true),
            ("0.0.0.0", false),
            ("0.1.2.3", false),
            ("10.0.0.1", false),
            ("100.64.0.1", false),
            ("100.127.255.255", false),
            ("127.0.0.1", false),
            ("127.255.255.255", false),
            ("169.254.169.254", false),
            ("172.16.0.1", false),
            ("192.0.0.8", false),
            ("192.0.2.1", false),
            ("192.168.1.1", false),
            ("198.18.0.1", false),
            ("224.0.0.1", false),
            ("240.0.0.1", false),
            ("255.255.255.255", false),
            ("2606:4700::1111", true),
            ("2001:4860:4860::8888", true),
            ("64:ff9b::808:808", true),
            ("::ffff:8.8.8.8", true),
            ("2002:808:808::1", true),
            ("::", false),
            ("::1", false),
            ("::127.0.0.1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:10.0.0.1", false),
            ("::ffff:169.254.169.254", false),
            ("64:ff9b::a00:1", false),
            ("64:ff9b:1::808:808", false),
            ("2002:7f00:1::1", false),
            ("2001::1", false),
            ("2001:db8::1", false),
            ("3fff:fff::1", false),
            ("fc00::1", false),
            ("fd12::1", false),
            ("fe80::1", false),
            ("fec0::1", false),
            ("ff02::1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn an_address_in_a_url_is_checked_in_every_notation() {
        let options = HttpOptions::default();
        for (url, is_public) in [
            ("https://8.8.8.8/x", true),
            ("https://127.0.0.1/", false),
            ("https://127.1/", false),
            ("https://0x7f.0.0.1/", false),
            ("https://2130706433/", false),
            ("https://[::1]/", false),
            ("https://[::ffff:10.0.0.1]:8443/", false),
            ("http://localhost:8080/", false),
            ("https://LOCALHOST/", false),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(Reach::Public.check(&url, &options).is_ok(), is_public, "{url}");
            assert_eq!(Reach::Private.check(&url, &options).is_ok(), !is_public, "{url}");
            assert!(Reach::Any.check(&url, &options).is_ok());
        }
        let name = Url::parse("https://api.example.com/").unwrap();
        assert!(Reach::Public.check(&name, &options).is_ok(), "the resolver checks it");
    }

    fn resolver(reach: Reach, proxies: &[&str], addresses: &'static [&str]) -> Resolver {
        let found = |address: &&str| SocketAddr::new(address.parse().unwrap(), 0);
        let proxies = Proxies(proxies.iter().map(|&host| host.to_owned()).collect());
        let lookup: Lookup =
            Arc::new(move |_| Box::pin(async move { Ok(addresses.iter().map(found).collect()) }));
        Resolver { reach, proxies, lookup }
    }

    async fn resolved(resolver: &Resolver) -> Option<Vec<String>> {
        let name: Name = "name.test".parse().unwrap();
        match resolver.resolve(name).await {
            Ok(found) => Some(found.map(|address| address.ip().to_string()).collect()),
            Err(error) => {
                assert!(OutOfReach::cause(&*error).is_some());
                None
            }
        }
    }

    #[tokio::test]
    async fn a_name_resolves_only_to_addresses_within_reach() {
        let all: &[&str] = &["127.0.0.1", "8.8.8.8", "fd00::1"];
        for (reach, addresses, proxies, expected) in [
            (Reach::Public, all, &[][..], Some(vec!["8.8.8.8"])),
            (Reach::Private, all, &[], Some(vec!["127.0.0.1", "fd00::1"])),
            (Reach::Public, &["127.0.0.1"], &[], None),
            (Reach::Public, &["::ffff:127.0.0.1"], &["other.test"], None),
            (Reach::Private, &["8.8.8.8"], &[], None),
            // The proxy itself may be in the company's network.
            (Reach::Public, &["10.0.0.1"], &["NAME.test"], Some(vec!["10.0.0.1"])),
        ] {
            let expected = expected.map(|all| all.iter().map(|&one| one.to_owned()).collect());
            assert_eq!(resolved(&resolver(reach, proxies, addresses)).await, expected);
        }
    }

    /// A name like that of a public server, which resolves to a server on this machine.
    #[tokio::test]
    async fn nothing_connects_to_a_name_that_resolves_to_another_kind_of_address() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let send = async |reach| {
            let resolver = Arc::new(resolver(reach, &[], &["127.0.0.1"]));
            let client = reqwest::Client::builder().no_proxy().dns_resolver(resolver);
            let client = client.timeout(std::time::Duration::from_secs(5)).build().unwrap();
            client.get(format!("http://api.example.com:{port}/")).send().await.unwrap_err()
        };
        let error = send(Reach::Public).await;
        assert_eq!(OutOfReach::cause(&error).map(|cause| cause.0), Some(Reach::Public));
        assert!(listener.accept().is_err(), "nothing has connected");
    }
}
