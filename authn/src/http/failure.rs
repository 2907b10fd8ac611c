//! `Failure`: why a request has no answer, with what helps. Each cause is told apart from the others.
//!
//! No text of a library is repeated, and nothing of the request but the server's scheme, host and port. Of a certificate, the
//! names that it is for are shown.

use std::{error::Error as _, io, iter, time::Duration};

use rustls::{CertificateError, Error as Tls};
use url::Url;

use super::{
    client::shown,
    proxy::{ProxyInUse, unusable},
    reach::OutOfReach,
    tls::NoAuthorities,
};
use crate::{
    Error,
    diagnostic::{limit_help, reason},
    time::duration,
};

/// Most names of a certificate that are shown.
const MOST_NAMES: usize = 3;

/// Where a request went, and what limits it has.
pub(super) struct Target<'a> {
    pub(super) url: &'a Url,
    /// The proxy between this machine and the server.
    pub(super) proxy: Option<ProxyInUse>,
    /// The variable that would set a proxy, if it names none that can be used.
    pub(super) unusable: Option<&'static str>,
    pub(super) connect_timeout: Duration,
}

/// Why a request has no answer.
enum Cause<'a> {
    OutOfReach(&'a OutOfReach),
    Limit(&'a io::Error, &'static str),
    Certificate(&'a CertificateError),
    ClientCertificate(&'static str, &'static str),
    Handshake(&'static str, &'static str),
    NotTls,
    NotHttp,
    ProxyWantsPassword,
    ProxyRefuses,
    /// The connection took too long.
    Slow,
    /// The servers that resolve names have failed, or do not answer.
    Resolver,
    /// The name has no address.
    Name,
    /// The connection was not made.
    Connection(Option<&'a io::Error>),
    /// The connection has ended.
    Ended(Option<&'a io::Error>),
}

/// A request without an answer.
pub(super) struct Failure<'a>(Cause<'a>);

impl<'a> Failure<'a> {
    pub(super) fn of(error: &'a reqwest::Error) -> Self {
        Self(cause(error))
    }

    /// Returns whether the same request can have an answer if it is sent again soon.
    pub(super) fn is_temporary(&self) -> bool {
        matches!(
            self.0,
            Cause::Limit(..)
                | Cause::Slow
                | Cause::Resolver
                | Cause::Name
                | Cause::Connection(_)
                | Cause::Ended(_)
        )
    }

    /// Returns the error.
    pub(super) fn error(&self, target: &Target<'_>) -> Error {
        let error = self.explained(target);
        let is_of_way = matches!(
            self.0,
            Cause::Slow | Cause::Resolver | Cause::Name | Cause::Connection(_) | Cause::Ended(_)
        );
        match target.unusable.filter(|_| is_of_way) {
            Some(name) => {
                let help = error.help().unwrap_or_default();
                let help = format!("{help}; {}", unusable(name));
                error.with_help(help)
            }
            None => error,
        }
    }

    fn explained(&self, target: &Target<'_>) -> Error {
        let place = shown(target.url);
        let fail = |message: String, help: &str| Error::network(message).with_help(help.to_owned());
        // What can't be reached is the proxy, if there is one.
        let (next, address) = match &target.proxy {
            Some(proxy) => {
                let set = proxy.named_by;
                (named(proxy), format!("check `{set}`, and that the proxy runs"))
            }
            None => (place.clone(), "check the address and the network".to_owned()),
        };
        match &self.0 {
            Cause::OutOfReach(OutOfReach(reach)) => reach.refusal(&place),
            Cause::Limit(error, help) => {
                fail(format!("{place} can't be reached ({})", reason(error)), help)
            }
            Cause::Certificate(error) => refused_certificate(error, &place, target),
            Cause::ClientCertificate(what, help) | Cause::Handshake(what, help) => {
                fail(format!("{place} {what}"), help)
            }
            Cause::NotTls => fail(
                format!("{place} does not answer with TLS, so this can be a port for plain http"),
                "check the port; on the loopback interface, `http://` is possible too",
            ),
            Cause::NotHttp => {
                let help = match target.url.scheme() {
                    "http" => {
                        "check the port; if it expects TLS, write the address with `https://`"
                    }
                    _ => "check the port",
                };
                fail(format!("{place} answered with something that is not HTTP"), help)
            }
            Cause::ProxyWantsPassword => fail(
                format!("{next} demands a user name and a password (status 407) for {place}"),
                "write them into the address of the proxy: `http://USER:PASSWORD@HOST:PORT`",
            ),
            Cause::ProxyRefuses => fail(
                format!("{next} refuses to connect to {place}"),
                &format!("allow the server at the proxy, or {}", without_proxy(target)),
            ),
            Cause::Slow => fail(
                format!(
                    "{next} can't be reached (no connection within {})",
                    duration::format(target.connect_timeout)
                ),
                &format!(
                    "{address}, and that no firewall is in between, or raise `http.connect_timeout`"
                ),
            ),
            Cause::Resolver => fail(
                format!("{next} can't be reached (the DNS of this machine gives no answer)"),
                "check the network, and the servers in `/etc/resolv.conf`",
            ),
            Cause::Name => fail(
                format!("{next} can't be reached (no address is known for its name)"),
                &format!("{address}; its name must be known to the DNS that this machine uses"),
            ),
            Cause::Connection(error) => {
                let why = error.map(|error| format!(" ({})", reason(error))).unwrap_or_default();
                let is_refused =
                    error.is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
                let help = if is_refused && target.proxy.is_none() {
                    "check the address and its port, and that the server runs: no program listens there"
                } else {
                    &address
                };
                fail(format!("{next} can't be reached{why}"), help)
            }
            Cause::Ended(Some(error)) => {
                fail(format!("{place} ended the connection ({})", reason(error)), "try again")
            }
            Cause::Ended(None) => fail(
                format!("{place} ended the connection before its answer was complete"),
                "try again",
            ),
        }
    }
}

/// Returns the error of a request that was not answered in time.
pub(super) fn late(place: &str, limit: Duration, option: Option<&str>) -> Error {
    let limit = duration::format(limit);
    let error = Error::network(format!("{place} did not answer within {limit}"));
    match option {
        Some(option) => error.with_help(format!("check the network, or raise `{option}`")),
        None => error.with_help("check the network"),
    }
}

/// Returns a proxy with the option or the variable that sets it.
fn named(proxy: &ProxyInUse) -> String {
    let address = proxy.address.as_deref().unwrap_or("without a valid address");
    format!("the proxy {address} (`{}`)", proxy.named_by)
}

/// Returns how the proxy is left out, in the imperative.
fn without_proxy(target: &Target<'_>) -> String {
    let host = target.url.host_str().unwrap_or_default();
    match &target.proxy {
        Some(proxy) if proxy.is_configured() => "change `http.proxy`".to_owned(),
        _ => format!("add `{host}` to `NO_PROXY`"),
    }
}

fn cause(error: &reqwest::Error) -> Cause<'_> {
    if let Some(out_of_reach) = OutOfReach::cause(error) {
        return Cause::OutOfReach(out_of_reach);
    }
    let mut connection = None;
    for inner in iter::successors(error.source(), |&inner| inner.source()) {
        let io = inner.downcast_ref::<io::Error>().map(innermost);
        // An `io::Error` returns the cause of its inner error as its own.
        let within = io.and_then(io::Error::get_ref);
        let tls = inner.downcast_ref().or_else(|| within?.downcast_ref());
        if let Some(cause) = tls.and_then(of_tls) {
            return cause;
        }
        if let Some((io, help)) = io.and_then(|io| Some((io, limit_help(io)?))) {
            return Cause::Limit(io, help);
        }
        // The types of these errors are private.
        let text = inner.to_string();
        match &*text {
            "tunnel error: proxy authorization required" => return Cause::ProxyWantsPassword,
            "tunnel error: unsuccessful" => return Cause::ProxyRefuses,
            "dns error" => return of_name(inner),
            _ if text.starts_with("invalid HTTP version") => return Cause::NotHttp,
            _ => {}
        }
        connection = io.or(connection);
    }
    match error.is_connect() {
        true if error.is_timeout() => Cause::Slow,
        true => Cause::Connection(connection),
        false => Cause::Ended(connection),
    }
}

/// Returns why a name has no address. The system says it in words alone: those of `EAI_AGAIN`, in glibc and in musl.
fn of_name<'a>(error: &(dyn std::error::Error + 'static)) -> Cause<'a> {
    const AGAIN: [&str; 2] = ["Temporary failure in name resolution", "Try again"];
    let is_temporary = |text: String| AGAIN.iter().any(|words| text.contains(words));
    let mut causes = iter::successors(error.source(), |&inner| inner.source());
    if causes.any(|cause| is_temporary(cause.to_string())) { Cause::Resolver } else { Cause::Name }
}

/// Returns the error of the system within others.
fn innermost(mut error: &io::Error) -> &io::Error {
    while let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        error = inner;
    }
    error
}

/// Returns the cause of a failure of TLS that no second request can have another outcome of.
fn of_tls(error: &Tls) -> Option<Cause<'_>> {
    use rustls::AlertDescription as Alert;

    Some(match error {
        Tls::InvalidCertificate(error) => Cause::Certificate(error),
        Tls::InvalidMessage(_) => Cause::NotTls,
        Tls::NoCertificatesPresented => Cause::Handshake(
            "shows no certificate",
            "check the address, or the server's certificate",
        ),
        Tls::PeerIncompatible(_) => Cause::Handshake(NOTHING_IN_COMMON, UPDATE),
        // What a server says of the client's certificate (RFC 8446, 6.2).
        Tls::AlertReceived(alert) => match alert {
            Alert::CertificateRequired => Cause::ClientCertificate(
                "demands a client certificate",
                "set one if the provider has options for it",
            ),
            Alert::CertificateExpired => Cause::ClientCertificate(
                "refused the client certificate, which has expired",
                "renew it",
            ),
            Alert::CertificateRevoked => Cause::ClientCertificate(
                "refused the client certificate, which is revoked",
                "use another one",
            ),
            Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateUnknown
            | Alert::UnknownCA => Cause::ClientCertificate(
                "refused the client certificate",
                "use one of an authority that the server trusts for clients",
            ),
            Alert::HandshakeFailure | Alert::ProtocolVersion | Alert::InsufficientSecurity => {
                Cause::Handshake(NOTHING_IN_COMMON, UPDATE)
            }
            Alert::UnrecognisedName => Cause::Handshake(
                "does not know the name that it was asked for (TLS)",
                "check the host in the address",
            ),
            _ => return None,
        },
        _ => return None,
    })
}

const NOTHING_IN_COMMON: &str = "has no version or cipher of TLS in common with this program";
const UPDATE: &str = "let the server offer TLS 1.2 or 1.3";

/// Returns the error of a certificate that is not accepted.
fn refused_certificate(error: &CertificateError, place: &str, target: &Target<'_>) -> Error {
    use CertificateError as Of;

    const RENEW: &str =
        "have the server's certificate renewed, and check the clock of this machine";
    const CLOCK: &str = "check the clock of this machine";
    const REPLACE: &str = "have the server's certificate replaced";
    let (what, help) = match error {
        Of::Expired | Of::ExpiredContext { .. } => ("has a certificate that has expired", RENEW.to_owned()),
        Of::NotValidYet | Of::NotValidYetContext { .. } => {
            ("has a certificate that is not valid yet", CLOCK.to_owned())
        }
        Of::NotValidForName => ("has a certificate for another name", use_name(&[])),
        Of::NotValidForNameContext { presented, .. } => {
            ("has a certificate for another name", use_name(presented))
        }
        Of::UnknownIssuer => (
            "has a certificate of an authority that is not trusted here",
            match &target.proxy {
                Some(proxy) => format!(
                    "if it is your own authority's, or that of {}, name it in `http.ca_file`",
                    named(proxy)
                ),
                None => "if it is your own authority's, name it in `http.ca_file`".to_owned(),
            },
        ),
        // The authority of the file has the same name and another key.
        Of::BadSignature => (
            "has a certificate that the authority known here by this name has not signed",
            "the authority may have been made anew: bring `http.ca_file` up to date".to_owned(),
        ),
        Of::Revoked => ("has a certificate that is revoked", REPLACE.to_owned()),
        Of::Other(other) if other.0.is::<NoAuthorities>() => (
            "can't be verified: no certificate authorities are installed on this machine",
            "install them, such as by the package `ca-certificates`, or name a file with them in `http.ca_file`".to_owned(),
        ),
        Of::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => (
            "uses the certificate of an authority as its own",
            "give the server a certificate of its own, which the authority has signed".to_owned(),
        ),
        _ => ("has a certificate that is not valid for a server", REPLACE.to_owned()),
    };
    Error::network(format!("{place} {what}")).with_help(help)
}

/// Returns the help for a certificate with other names than the one that was asked for.
fn use_name(presented: &[String]) -> String {
    // rustls writes a name as `DnsName("a.test")`.
    let name = |text: &String| {
        let (_, name) = text.split_once('"')?;
        let (name, _) = name.split_once('"')?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-*_".contains(&byte);
        (name.bytes().all(is_plain) && name.len() < 254).then(|| format!("`{name}`"))
    };
    let names: Vec<_> = presented.iter().filter_map(name).take(MOST_NAMES).collect();
    if names.is_empty() {
        return "use the name that the certificate is for, or have it replaced".to_owned();
    }
    let more = if presented.len() > names.len() { " or another one of its names" } else { "" };
    format!(
        "use a name that the certificate is for: {}{more}, or have it replaced",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use std::{future, sync::Arc};

    use reqwest::dns::{Name, Resolve, Resolving};

    use super::*;
    use crate::Environment;

    /// Resolves no name: it fails, or never ends.
    struct Unknown {
        ends: bool,
    }

    impl Resolve for Unknown {
        fn resolve(&self, _: Name) -> Resolving {
            let ends = self.ends;
            Box::pin(async move {
                if !ends {
                    future::pending::<()>().await;
                }
                Err(io::Error::other("s3cr3t").into())
            })
        }
    }

    #[tokio::test]
    async fn a_name_that_is_unknown_and_a_connection_that_takes_too_long_are_told_apart() {
        for (ends, says, helps) in [
            (true, "(no address is known for its name)", "DNS"),
            (false, "(no connection within 10ms)", "`http.connect_timeout`"),
        ] {
            let connect_timeout = Duration::from_millis(10);
            let builder = reqwest::Client::builder().no_proxy().connect_timeout(connect_timeout);
            let client = builder.dns_resolver(Arc::new(Unknown { ends })).build().unwrap();
            let url: Url = "https://idp.test/s3cr3t".parse().unwrap();
            let error = client.get(url.clone()).send().await.unwrap_err();
            let failure = Failure::of(&error);
            assert!(failure.is_temporary());
            for proxy in [None, ProxyInUse::of(Some("http://proxy.test:1"), &Environment::empty())]
            {
                let place = match &proxy {
                    Some(_) => "the proxy http://proxy.test:1 (`http.proxy`)",
                    None => "https://idp.test",
                };
                let error =
                    failure.error(&Target { url: &url, proxy, unusable: None, connect_timeout });
                assert_eq!(error.message(), format!("{place} can't be reached {says}"));
                assert!(error.help().unwrap().contains(helps), "{error}");
                assert!(!format!("{error} {error:?}").contains("s3cr3t"));
            }
        }
    }

    #[test]
    fn only_plain_names_of_a_certificate_are_shown() {
        for (presented, expected) in [
            (&[][..], "use the name that the certificate is for, or have it replaced"),
            (
                &["DnsName(\"a\nb\")", "x"],
                "use the name that the certificate is for, or have it replaced",
            ),
            (
                &["DnsName(\"a.test\")"],
                "use a name that the certificate is for: `a.test`, or have it replaced",
            ),
            (
                &["DnsName(\"a.test\")", "DnsName(\"b\")", "DnsName(\"c\")", "DnsName(\"d\")"],
                "use a name that the certificate is for: `a.test`, `b`, `c` or another one of its names, or have it replaced",
            ),
        ] {
            let presented: Vec<_> = presented.iter().map(|&name| name.to_owned()).collect();
            assert_eq!(use_name(&presented), expected);
        }
    }
}
