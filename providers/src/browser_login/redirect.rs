//! The redirect address, which the browser comes back to: on loopback (RFC 8252, 7.3), or a configured one.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use authn::{Error, Result, Url};
use tokio::net::TcpListener;
use url::Host;

/// The ports to which browsers send nothing (Fetch Standard, 2.9).
const BLOCKED: [u16; 82] = [
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
    103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465,
    512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993,
    995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668,
    6669, 6679, 6697, 10080,
];

/// How many free ports are tried until one is free at every address.
const TRIES: usize = 8;

/// The configured redirect address.
#[derive(Clone, Copy)]
pub(crate) struct RedirectOptions<'a> {
    /// The whole address, and its configured text. It replaces the port and the path.
    pub(crate) uri: Option<(&'a Url, &'a str)>,
    /// The name of that option, for errors.
    pub(crate) uri_option: &'static str,
    /// The option `redirect_port`; 0 is any free port.
    pub(crate) port: u16,
    /// The option `redirect_path`.
    pub(crate) path: &'a str,
}

/// A redirect address on this machine with open sockets.
pub(crate) struct Redirect {
    /// The address that is sent to the server.
    pub(crate) uri: String,
    /// The path that the browser requests.
    pub(super) path: String,
    pub(super) sockets: Vec<TcpListener>,
}

/// A redirect address on this machine, and the addresses to listen on.
struct LoopbackAddress {
    uri_option: &'static str,
    url: Url,
    /// The configured text, because some servers compare it exactly.
    text: Option<String>,
    /// The first address is required. The others are skipped if this machine does not have them.
    addresses: Vec<IpAddr>,
    /// 0 is any free port.
    port: u16,
}

impl Redirect {
    /// Starts to listen.
    pub(crate) async fn listen(options: RedirectOptions<'_>) -> Result<Self> {
        let local = LoopbackAddress::of(options)?.ok_or_else(|| {
            Error::configuration(format!("`{}` is not on this machine", options.uri_option))
                .with_help("log in with `--console`, or set it to an `http` address on 127.0.0.1")
        })?;
        let mut again = 1..TRIES;
        loop {
            match local.sockets().await {
                Ok(sockets) => return local.redirect(sockets),
                Err(_) if local.port == 0 && again.next().is_some() => {}
                Err(error) => return Err(local.unavailable(&error)),
            }
        }
    }
}

impl RedirectOptions<'_> {
    /// Returns whether the redirect address is on this machine.
    pub(crate) fn is_local(self) -> bool {
        matches!(LoopbackAddress::of(self), Ok(Some(_)))
    }

    /// Returns the redirect address for a login on the console, where the user pastes the address that the browser ends
    /// at. Unless a port is configured, it is one on which no program of this machine listens.
    pub(crate) fn of_console(self) -> Result<String> {
        let Some(local) = LoopbackAddress::of(self)? else {
            return Ok(self.uri.map(|(_, text)| text.to_owned()).unwrap_or_default());
        };
        if local.port != 0 {
            return Ok(local.uri(local.port));
        }
        let free = std::net::TcpListener::bind((local.addresses[0], 0));
        let free = free.and_then(|socket| socket.local_addr());
        let free = free.map_err(|error| local.unavailable(&error))?;
        Ok(local.uri(free.port()))
    }

    /// Returns the redirect address to register at a server. Without a fixed port it has none: a server takes any port for
    /// a native client (RFC 8252, 7.3).
    pub(crate) fn registered(self) -> Result<String> {
        let Some(local) = LoopbackAddress::of(self)? else {
            return Ok(self.uri.map(|(_, text)| text.to_owned()).unwrap_or_default());
        };
        if local.port != 0 {
            return Ok(local.uri(local.port));
        }
        let mut url = local.url.clone();
        // This can't fail, because the URL has a host.
        let _ = url.set_port(None);
        Ok(url.into())
    }
}

fn check_port(port: u16, option: &str) -> Result<()> {
    if !BLOCKED.contains(&port) {
        return Ok(());
    }
    Err(Error::configuration(format!("browsers send nothing to the port {port} of `{option}`"))
        .with_help("choose another port, above 10080"))
}

impl LoopbackAddress {
    /// Returns the redirect address, or `None` if the configured one is not on this machine.
    fn of(options: RedirectOptions<'_>) -> Result<Option<Self>> {
        let RedirectOptions { uri_option, port, path, .. } = options;
        let Some((url, text)) = options.uri else {
            let url = Url::parse(&format!("http://{}{path}", Ipv4Addr::LOCALHOST));
            let url = url.map_err(|_| {
                Error::configuration("`redirect_path` is not a path")
                    .with_help("set it to a path that starts with `/`")
            })?;
            let addresses = vec![Ipv4Addr::LOCALHOST.into()];
            check_port(port, "redirect_port")?;
            return Ok(Some(Self { uri_option, url, text: None, addresses, port }));
        };
        let addresses = match url.host() {
            // The browser can try either address first.
            Some(Host::Domain("localhost")) => {
                vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
            }
            Some(Host::Ipv4(address)) if address.is_loopback() => vec![address.into()],
            Some(Host::Ipv6(address)) if address.is_loopback() => vec![address.into()],
            _ => return Ok(None),
        };
        if url.scheme() != "http" {
            return Ok(None);
        }
        let port = url.port_or_known_default().unwrap_or_default();
        check_port(port, uri_option)?;
        let text = (port != 0).then(|| text.to_owned());
        Ok(Some(Self { uri_option, url: url.clone(), text, addresses, port }))
    }

    async fn sockets(&self) -> io::Result<Vec<TcpListener>> {
        let mut sockets = Vec::<TcpListener>::new();
        for address in &self.addresses {
            let port = match sockets.first() {
                Some(first) => first.local_addr()?.port(),
                None => self.port,
            };
            match TcpListener::bind((*address, port)).await {
                Ok(socket) => sockets.push(socket),
                // A machine can lack IPv6. But if another program listens on the port there, it would get the code.
                Err(error) if !sockets.is_empty() && error.kind() != io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        }
        Ok(sockets)
    }

    fn redirect(&self, sockets: Vec<TcpListener>) -> Result<Redirect> {
        let first = sockets.first().ok_or(io::ErrorKind::AddrNotAvailable.into());
        let address = first.and_then(TcpListener::local_addr);
        let address = address.map_err(|error| self.unavailable(&error))?;
        Ok(Redirect { uri: self.uri(address.port()), path: self.url.path().to_owned(), sockets })
    }

    fn uri(&self, port: u16) -> String {
        if let Some(text) = &self.text {
            return text.clone();
        }
        let mut url = self.url.clone();
        // This can't fail, because the URL has a host.
        let _ = url.set_port(Some(port));
        url.into()
    }

    /// Returns the error of a port that can't be listened at.
    fn unavailable(&self, error: &io::Error) -> Error {
        let (port, address) = (self.port, self.addresses[0]);
        let is_taken = error.kind() == io::ErrorKind::AddrInUse;
        let reason =
            if is_taken { "another program uses it".to_owned() } else { error.kind().to_string() };
        let end = if is_taken { "end that program, or " } else { "" };
        let change = if self.text.is_some() {
            format!("change the port in `{}` and at the server", self.uri_option)
        } else if port == 0 {
            "log in with `--console`".to_owned()
        } else {
            "set `redirect_port` to another port, or to 0 for any free port".to_owned()
        };
        Error::configuration(format!(
            "the browser can't come back to port {port} of {address} ({reason})"
        ))
        .with_help(format!("{end}{change}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::wait;

    fn free(port: u16, path: &str) -> RedirectOptions<'_> {
        RedirectOptions { uri: None, uri_option: "redirect_uri", port, path }
    }

    fn listen(options: RedirectOptions<'_>) -> Result<Redirect> {
        wait(async { Redirect::listen(options).await })
    }

    fn at<'a>(url: &'a Url, text: &'a str) -> RedirectOptions<'a> {
        RedirectOptions { uri: Some((url, text)), ..free(0, "/callback") }
    }

    fn listen_at(text: &str) -> Result<Redirect> {
        listen(at(&Url::parse(text).unwrap(), text))
    }

    #[test]
    fn any_free_port_is_taken_unless_one_is_configured() {
        let redirect = listen(free(0, "/a/b")).unwrap();
        let port = redirect.sockets[0].local_addr().unwrap().port();
        assert_eq!(redirect.uri, format!("http://127.0.0.1:{port}/a/b"));
        assert_eq!(redirect.path, "/a/b");
        drop(redirect);
        let redirect = listen(free(port, "/callback")).unwrap();
        assert_eq!(redirect.uri, format!("http://127.0.0.1:{port}/callback"));
    }

    #[test]
    fn a_port_to_which_browsers_send_nothing_is_refused() {
        for port in [22, 6000, 10080] {
            let error = listen(free(port, "/callback")).map(drop).unwrap_err();
            assert!(error.message().contains(&format!("{port} of `redirect_port`")), "{error}");
            let error = listen_at(&format!("http://localhost:{port}/")).map(drop).unwrap_err();
            assert!(error.message().contains(&format!("{port} of `redirect_uri`")), "{error}");
        }
        assert!(BLOCKED.is_sorted() && check_port(8080, "redirect_port").is_ok());
        assert!(check_port(0, "redirect_port").is_ok());
    }

    #[test]
    fn a_configured_address_is_not_changed() {
        let free = listen_at("http://localhost:0/x?y=z").unwrap();
        let port = free.sockets[0].local_addr().unwrap().port();
        assert_eq!(free.uri, format!("http://localhost:{port}/x?y=z"));
        let addresses = free.sockets.iter().map(|socket| socket.local_addr().unwrap());
        assert!(
            addresses.clone().all(|address| address.ip().is_loopback() && address.port() == port)
        );
        drop(free);
        for text in [
            format!("http://LocalHost:{port}"),
            format!("http://127.0.0.1:{port}/a%20b/../c"),
            format!("http://127.0.0.2:{port}/"),
        ] {
            assert_eq!(listen_at(&text).unwrap().uri, text);
        }
    }

    #[test]
    fn a_busy_port_is_named_with_the_option_that_changes_it() {
        let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = busy.local_addr().unwrap().port();
        for (redirect, option) in [
            (listen(free(port, "/callback")), "`redirect_port`"),
            (listen_at(&format!("http://localhost:{port}/")), "`redirect_uri`"),
        ] {
            let error = redirect.map(drop).unwrap_err().to_string();
            assert!(error.contains(&format!("port {port}")) && error.contains(option), "{error}");
        }
    }

    #[test]
    fn an_address_on_another_machine_works_only_on_the_console() {
        for text in [
            "https://app.test/callback",
            "http://10.0.0.1/callback",
            "https://127.0.0.1/callback",
            "com.example.app:/callback",
            "urn:ietf:wg:oauth:2.0:oob",
        ] {
            let url = Url::parse(text).unwrap();
            let options = at(&url, text);
            assert!(!options.is_local(), "{text}");
            assert_eq!(options.of_console().unwrap(), text);
            assert!(listen_at(text).is_err(), "{text}");
        }
        let any = free(0, "/callback").of_console().unwrap();
        assert!(any.starts_with("http://127.0.0.1:"));
        let fixed = free(8888, "/callback").of_console().unwrap();
        assert_eq!(fixed, "http://127.0.0.1:8888/callback");
    }
}
