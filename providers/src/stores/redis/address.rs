//! `Address`: where a server is, and whether the connection to it is encrypted.

use std::{fmt, net::IpAddr, path::PathBuf};

use authn::{Url, Validation};

/// The port of servers, and that of sentinels.
pub(super) const PORT: u16 = 6379;
pub(super) const SENTINEL_PORT: u16 = 26379;

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// A host with a port.
    Host { host: String, port: u16, tls: bool },
    /// A unix socket.
    Socket(PathBuf),
}

/// What is wrong with an address, and what helps.
type Fault = (&'static str, &'static str);

impl Address {
    /// Reads an address, and the number of the database in its path.
    pub(super) fn parse(url: &Url, port: u16) -> Result<(Self, i64), Fault> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err((
                "the address has a user or a password in it",
                "remove them there, and set `username` and `password`",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err((
                "the address has a query or a fragment",
                "remove what follows `?` or `#`",
            ));
        }
        let tls = match url.scheme() {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            "unix" | "redis+unix" | "valkey+unix" if cfg!(unix) => {
                return match url.host_str().unwrap_or_default() {
                    "" if url.path().len() > 1 && url.path().starts_with('/') => {
                        Ok((Self::Socket(url.path().into()), 0))
                    }
                    _ => Err((
                        "this is not the path of a socket",
                        "write `unix:///run/redis/redis.sock`",
                    )),
                };
            }
            _ => {
                return Err((
                    "this is not an address of Redis",
                    "write `rediss://HOST:PORT`, or for a server on this machine `redis://localhost` or `unix:///PATH`",
                ));
            }
        };
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(("the address has no host", "write `rediss://HOST:PORT`"));
        }
        if !tls && !is_loopback(host) {
            return Err((
                "the connection to another machine would not be encrypted",
                "write `rediss://`, and let the server listen with TLS; `redis://` is for `localhost` and addresses such as 127.0.0.1",
            ));
        }
        let database = match url.path().trim_matches('/') {
            "" => 0,
            number => number.parse().map_err(|_| {
                ("the path is not the number of a database", "write `/0`, or leave it out")
            })?,
        };
        let (host, port) = (host.to_owned(), url.port().unwrap_or(port));
        Ok((Self::Host { host, port, tls }, database))
    }

    /// Returns an address that a server has named.
    pub(super) fn named(host: String, port: u16, tls: bool) -> Self {
        Self::Host { host, port, tls }
    }

    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self, Self::Host { tls: true, .. })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { host, port, tls } => {
                let scheme = if *tls { "rediss" } else { "redis" };
                if host.contains(':') {
                    write!(f, "{scheme}://[{host}]:{port}")
                } else {
                    write!(f, "{scheme}://{host}:{port}")
                }
            }
            Self::Socket(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

/// Where the sessions are.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Server { address: Address, database: i64 },
    Cluster(Vec<Address>),
    Sentinels { sentinels: Vec<Address>, master: String },
}

impl Place {
    /// Reads the options that name it. Each fault is a problem of its option.
    pub(super) fn read(
        url: Option<&Url>,
        nodes: Option<&[Url]>,
        sentinels: Option<&[Url]>,
        master: Option<&str>,
        problems: &mut Validation,
    ) -> Option<Self> {
        let place = match (url, nodes, sentinels) {
            (Some(url), None, None) => match Address::parse(url, PORT) {
                Ok((address, database)) => Some(Self::Server { address, database }),
                Err((fault, help)) => {
                    problems.at("url").error(fault, help);
                    None
                }
            },
            (None, Some(nodes), None) => list("nodes", nodes, PORT, problems).map(Self::Cluster),
            (None, None, Some(sentinels)) => {
                let sentinels = list("sentinels", sentinels, SENTINEL_PORT, problems);
                let master = master.filter(|name| !name.is_empty());
                if master.is_none() {
                    let help = "set `master` to the name that the sentinels watch it by, such as `mymaster`";
                    problems.at("master").error("the name of the master is missing", help);
                }
                sentinels.zip(master).map(|(sentinels, master)| Self::Sentinels {
                    sentinels,
                    master: master.to_owned(),
                })
            }
            (None, None, None) => {
                let help = "set `url`; for a cluster set `nodes`, and for sentinels `sentinels` and `master`";
                problems.at("url").error("no server is set", help);
                None
            }
            _ => {
                let help = "set `url` for one server, `nodes` for a cluster, or `sentinels`, and remove the others";
                problems
                    .at("url")
                    .error("more than one of `url`, `nodes` and `sentinels` is set", help);
                None
            }
        };
        if sentinels.is_none() && master.is_some() {
            problems.at("master").error(
                "`master` is the name that sentinels know",
                "set `sentinels`, or remove `master`",
            );
            return None;
        }
        place
    }

    pub(super) fn is_cluster(&self) -> bool {
        matches!(self, Self::Cluster(_))
    }

    pub(super) fn is_encrypted(&self) -> bool {
        match self {
            Self::Server { address, .. } => address.is_encrypted(),
            Self::Cluster(addresses) | Self::Sentinels { sentinels: addresses, .. } => {
                addresses.iter().any(Address::is_encrypted)
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |addresses: &[Address]| {
            addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::Server { address, database: 0 } => address.fmt(f),
            Self::Server { address, database } => write!(f, "{address}/{database}"),
            Self::Cluster(nodes) => write!(f, "the cluster of {}", joined(nodes)),
            Self::Sentinels { sentinels, master } => {
                write!(f, "the master {master} of {}", joined(sentinels))
            }
        }
    }
}

/// Reads a list of addresses, which are all encrypted or all not.
fn list(option: &str, urls: &[Url], port: u16, problems: &mut Validation) -> Option<Vec<Address>> {
    let mut addresses = Vec::new();
    for (index, url) in urls.iter().enumerate() {
        let fault = match Address::parse(url, port) {
            Ok((Address::Socket(_), _)) => {
                ("this is a socket, which only `url` can be", "write `rediss://HOST:PORT`")
            }
            Ok((address, 0)) => {
                addresses.push(address);
                continue;
            }
            Ok(_) => ("only `url` can have the number of a database", "remove the path"),
            Err(fault) => fault,
        };
        problems.at(format!("{option}.{index}")).error(fault.0, fault.1);
    }
    if urls.is_empty() {
        problems.at(option).error("the list is empty", "name at least one server");
        return None;
    }
    let is_mixed = |pair: &[Address]| pair[0].is_encrypted() != pair[1].is_encrypted();
    if addresses.windows(2).any(is_mixed) {
        let help = "write `rediss://` in all of them";
        problems.at(option).error("only some of the addresses are encrypted", help);
        return None;
    }
    (addresses.len() == urls.len()).then_some(addresses)
}

/// Returns whether a host is this machine: `localhost`, which is never looked up, or a loopback address.
pub(super) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Result<String, Fault> {
        let parsed = Address::parse(&Url::parse(url).unwrap(), PORT);
        parsed.map(|(address, database)| format!("{address} {database}"))
    }

    #[test]
    fn an_address_is_encrypted_or_of_this_machine() {
        for (url, expected) in [
            ("redis://localhost", "redis://localhost:6379 0"),
            ("redis://127.0.0.1:7000/3", "redis://127.0.0.1:7000 3"),
            ("redis://[::1]:7000/", "redis://[::1]:7000 0"),
            ("valkey://localhost", "redis://localhost:6379 0"),
            ("rediss://cache.example.com", "rediss://cache.example.com:6379 0"),
            ("valkeys://[2001:db8::1]:1", "rediss://[2001:db8::1]:1 0"),
            ("unix:///run/redis.sock", "unix:///run/redis.sock 0"),
        ] {
            assert_eq!(parsed(url).as_deref(), Ok(expected), "{url}");
        }
        for (url, expected) in [
            (
                "redis://cache.example.com",
                "the connection to another machine would not be encrypted",
            ),
            ("redis://10.0.0.1", "the connection to another machine would not be encrypted"),
            (
                "redis://localhost.example.com",
                "the connection to another machine would not be encrypted",
            ),
            ("rediss://:s3cr3t@host", "the address has a user or a password in it"),
            ("rediss://user@host", "the address has a user or a password in it"),
            ("rediss://host#insecure", "the address has a query or a fragment"),
            ("rediss://host?protocol=2", "the address has a query or a fragment"),
            ("rediss://host/a", "the path is not the number of a database"),
            ("unix:redis.sock", "this is not the path of a socket"),
            ("https://host", "this is not an address of Redis"),
        ] {
            assert_eq!(parsed(url).unwrap_err().0, expected, "{url}");
        }
    }
}
