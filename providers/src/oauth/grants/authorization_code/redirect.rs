//! The redirect address, which the browser comes back to: on loopback (RFC 8252, 7.3), or a configured one.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use authn::{Error, Result, Url};
use tokio::net::TcpListener;
use url::Host;

use crate::oauth::login::LoginOptions;

/// How many free ports are tried until one is free at every address.
const TRIES: usize = 8;

/// A redirect address on this machine with open sockets.
pub(super) struct Redirect {
    /// The address that is sent to the server.
    pub(super) uri: String,
    /// The path that the browser requests.
    pub(super) path: String,
    pub(super) sockets: Vec<TcpListener>,
}

/// A redirect address on this machine, and the addresses to listen on.
struct LoopbackAddress {
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
    pub(super) async fn listen(options: &LoginOptions) -> Result<Self> {
        let local = LoopbackAddress::of(options)?.ok_or_else(|| {
            Error::configuration("`redirect_uri` is not on this machine")
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

/// Returns whether the redirect address is on this machine.
pub(in crate::oauth) fn is_local(options: &LoginOptions) -> bool {
    matches!(LoopbackAddress::of(options), Ok(Some(_)))
}

/// Returns the redirect address for a login on the console, where the user pastes the address that the browser ends at.
/// Unless a port is configured, it is one on which no program of this machine listens.
pub(super) fn console_redirect_uri(options: &LoginOptions) -> Result<String> {
    let Some(local) = LoopbackAddress::of(options)? else {
        let elsewhere = options.redirect_uri.as_ref().map(|uri| uri.as_str().to_owned());
        return Ok(elsewhere.unwrap_or_default());
    };
    if local.port != 0 {
        return Ok(local.uri(local.port));
    }
    let free = std::net::TcpListener::bind((local.addresses[0], 0));
    let free = free.and_then(|socket| socket.local_addr());
    let free = free.map_err(|error| local.unavailable(&error))?;
    Ok(local.uri(free.port()))
}

/// Returns the redirect address to register at a server. Without a fixed port it has none: a server takes any port for a
/// native client (RFC 8252, 7.3).
pub(in crate::oauth) fn registered_redirect_uri(options: &LoginOptions) -> Result<String> {
    let Some(local) = LoopbackAddress::of(options)? else {
        let elsewhere = options.redirect_uri.as_ref().map(|uri| uri.as_str().to_owned());
        return Ok(elsewhere.unwrap_or_default());
    };
    if local.port != 0 {
        return Ok(local.uri(local.port));
    }
    let mut url = local.url.clone();
    // This can't fail, because the URL has a host.
    let _ = url.set_port(None);
    Ok(url.into())
}

impl LoopbackAddress {
    /// Returns the redirect address, or `None` if the configured one is not on this machine.
    fn of(options: &LoginOptions) -> Result<Option<Self>> {
        let Some(uri) = &options.redirect_uri else {
            let path = &options.redirect_path;
            let url = Url::parse(&format!("http://{}{path}", Ipv4Addr::LOCALHOST));
            let url = url.map_err(|_| {
                Error::configuration("`redirect_path` is not a path")
                    .with_help("set it to a path that starts with `/`")
            })?;
            let addresses = vec![Ipv4Addr::LOCALHOST.into()];
            return Ok(Some(Self { url, text: None, addresses, port: options.redirect_port }));
        };
        let url = uri.url();
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
        let text = (port != 0).then(|| uri.as_str().to_owned());
        Ok(Some(Self { url: url.clone(), text, addresses, port }))
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
            "change the port in `redirect_uri` and at the server"
        } else if port == 0 {
            "log in with `--console`"
        } else {
            "set `redirect_port` to another port, or to 0 for any free port"
        };
        Error::configuration(format!(
            "the browser can't come back to port {port} of {address} ({reason})"
        ))
        .with_help(format!("{end}{change}"))
    }
}

#[cfg(test)]
mod tests {
    use authn::time::Clock;

    use super::*;
    use crate::{oauth::loopback::loaded, testing::wait};

    fn options(more: &str) -> LoginOptions {
        let server = "issuer_url = 'https://i.test'\nclient_id = 'c'\n";
        loaded(&format!("{server}{more}"), Clock::system()).0.login
    }

    fn listen(more: &str) -> Result<Redirect> {
        wait(async { Redirect::listen(&options(more)).await })
    }

    #[test]
    fn any_free_port_is_taken_unless_one_is_configured() {
        let redirect = listen("redirect_path = '/a/b'").unwrap();
        let port = redirect.sockets[0].local_addr().unwrap().port();
        assert_eq!(redirect.uri, format!("http://127.0.0.1:{port}/a/b"));
        assert_eq!(redirect.path, "/a/b");
        drop(redirect);
        let redirect = listen(&format!("redirect_port = {port}")).unwrap();
        assert_eq!(redirect.uri, format!("http://127.0.0.1:{port}/callback"));
    }

    #[test]
    fn a_configured_address_is_not_changed() {
        let free = listen("redirect_uri = 'http://localhost:0/x?y=z'").unwrap();
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
            let redirect = listen(&format!("redirect_uri = '{text}'"));
            assert_eq!(redirect.unwrap().uri, text);
        }
    }

    #[test]
    fn a_busy_port_is_named_with_the_option_that_changes_it() {
        let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = busy.local_addr().unwrap().port();
        for (more, option) in [
            (format!("redirect_port = {port}"), "`redirect_port`"),
            (format!("redirect_uri = 'http://localhost:{port}/'"), "`redirect_uri`"),
        ] {
            let error = listen(&more).map(drop).unwrap_err().to_string();
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
            let more = format!("redirect_uri = '{text}'");
            let options = options(&more);
            assert!(!is_local(&options), "{text}");
            assert_eq!(console_redirect_uri(&options).unwrap(), text);
            assert!(listen(&more).is_err(), "{text}");
        }
        assert!(console_redirect_uri(&options("")).unwrap().starts_with("http://127.0.0.1:"));
        let fixed = console_redirect_uri(&options("redirect_port = 8888")).unwrap();
        assert_eq!(fixed, "http://127.0.0.1:8888/callback");
    }
}
