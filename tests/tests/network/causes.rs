//! The table of causes. A new cause is a new row.

use std::fs;

use authn_tests::command::{Sandbox, binary};

use super::peers::{Peer, Server, make_certificates};

/// One cause.
struct Cause {
    name: &'static str,
    peer: Peer,
    /// The address of the server: `PORT` is the one of the peer.
    url: &'static str,
    /// Further options of `[http]`.
    http: &'static str,
    /// Variables, in which `PORT` is the peer's, too.
    variables: &'static [(&'static str, &'static str)],
    message: &'static str,
    help: &'static str,
    /// How often the peer is connected to.
    connections: usize,
}

const CAUSE: Cause = Cause {
    name: "",
    peer: Peer::Absent,
    url: "https://127.0.0.1:PORT/token",
    http: "ca_file = 'authority.crt'",
    variables: &[],
    message: "",
    help: "",
    connections: 1,
};

const OK: &str = "200 OK";
/// In a name, a part that is longer than names may have (RFC 1035, 2.3.4), so that no name server is asked for it.
const LONG: &str = "nowherenowherenowherenowherenowherenowherenowherenowherenowherenowhere";
const PROXIED: &str = "https://idp.test/token";

const CAUSES: &[Cause] = &[
    Cause {
        name: "expired",
        peer: Peer::Tls("expired", OK),
        message: "https://127.0.0.1:PORT has a certificate that has expired",
        help: "have the server's certificate renewed, and check the clock of this machine",
        ..CAUSE
    },
    Cause {
        name: "not yet valid",
        peer: Peer::Tls("early", OK),
        message: "https://127.0.0.1:PORT has a certificate that is not valid yet",
        help: "check the clock of this machine",
        ..CAUSE
    },
    Cause {
        name: "another name",
        peer: Peer::Tls("other-name", OK),
        message: "https://127.0.0.1:PORT has a certificate for another name",
        help: "use a name that the certificate is for: `other.test`, `*.third.test`, or have it replaced",
        ..CAUSE
    },
    Cause {
        name: "an unknown authority",
        peer: Peer::Tls("stranger", OK),
        message: "https://127.0.0.1:PORT has a certificate of an authority that is not trusted here",
        help: "if it is your own authority's, name it in `http.ca_file`",
        ..CAUSE
    },
    Cause {
        name: "an authority as a server",
        peer: Peer::Tls("authority", OK),
        message: "https://127.0.0.1:PORT uses the certificate of an authority as its own",
        help: "give the server a certificate of its own, which the authority has signed",
        ..CAUSE
    },
    Cause {
        name: "no authorities are installed",
        peer: Peer::Tls("good", OK),
        http: "",
        variables: &[("SSL_CERT_FILE", "/nonexistent"), ("SSL_CERT_DIR", "/nonexistent")],
        message: "https://127.0.0.1:PORT can't be verified: no certificate authorities are installed on this machine",
        help: "install them, such as by the package `ca-certificates`, or name a file with them in `http.ca_file`",
        ..CAUSE
    },
    Cause {
        name: "plain http needs no authorities",
        peer: Peer::Answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
        url: "http://127.0.0.1:PORT/token",
        http: "",
        variables: &[("SSL_CERT_FILE", "/nonexistent"), ("SSL_CERT_DIR", "/nonexistent")],
        message: "http://127.0.0.1:PORT refused the request (status 400)",
        help: "check the options and the server's log",
        ..CAUSE
    },
    Cause {
        name: "TLS to a port for plain http",
        peer: Peer::Answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
        message: "https://127.0.0.1:PORT does not answer with TLS, so this can be a port for plain http",
        help: "check the port; on the loopback interface, `http://` is possible too",
        ..CAUSE
    },
    Cause {
        name: "plain http to a port for TLS",
        // A fatal alert: unexpected message (RFC 8446, 6).
        peer: Peer::Answering(b"\x15\x03\x03\x00\x02\x02\x0a"),
        url: "http://127.0.0.1:PORT/token",
        message: "http://127.0.0.1:PORT answered with something that is not HTTP",
        help: "check the port; if it expects TLS, write the address with `https://`",
        ..CAUSE
    },
    Cause {
        name: "nothing in common",
        // A fatal alert: handshake failure.
        peer: Peer::Answering(b"\x15\x03\x03\x00\x02\x02\x28"),
        message: "https://127.0.0.1:PORT has no version or cipher of TLS in common with this program",
        help: "let the server offer TLS 1.2 or 1.3",
        ..CAUSE
    },
    Cause {
        name: "no server",
        url: "http://127.0.0.1:PORT/token",
        message: "http://127.0.0.1:PORT can't be reached (connection refused)",
        help: "check the address and its port, and that the server runs: no program listens there",
        connections: 0,
        ..CAUSE
    },
    Cause {
        name: "no answer",
        peer: Peer::Silent,
        url: "http://127.0.0.1:PORT/token",
        http: "timeout = '50ms'",
        message: "http://127.0.0.1:PORT did not answer within 50ms",
        help: "check the network, or raise `http.timeout`",
        ..CAUSE
    },
    Cause {
        name: "no end of the answer",
        peer: Peer::Closing,
        url: "http://127.0.0.1:PORT/token",
        message: "http://127.0.0.1:PORT ended the connection before its answer was complete",
        help: "try again",
        ..CAUSE
    },
    Cause {
        name: "the proxy of a variable does not run",
        url: PROXIED,
        variables: &[("HTTPS_PROXY", "http://ann:s3cr3t@127.0.0.1:PORT")],
        message: "the proxy http://127.0.0.1:PORT (`HTTPS_PROXY`) can't be reached (connection refused)",
        help: "check `HTTPS_PROXY`, and that the proxy runs",
        connections: 0,
        ..CAUSE
    },
    Cause {
        name: "the proxy of the option does not run",
        url: PROXIED,
        http: "proxy = 'http://127.0.0.1:PORT'",
        message: "the proxy http://127.0.0.1:PORT (`http.proxy`) can't be reached (connection refused)",
        help: "check `http.proxy`, and that the proxy runs",
        connections: 0,
        ..CAUSE
    },
    Cause {
        name: "the proxy has no address",
        url: PROXIED,
        variables: &[("https_proxy", "http://LONG.test:3128")],
        message: "the proxy http://LONG.test:3128 (`https_proxy`) can't be reached (no address is known for its name)",
        help: "check `https_proxy`, and that the proxy runs; its name must be known to the DNS that this machine uses",
        connections: 0,
        ..CAUSE
    },
    Cause {
        name: "the proxy wants a password",
        peer: Peer::Answering(
            b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
        ),
        url: PROXIED,
        variables: &[("ALL_PROXY", "http://127.0.0.1:PORT")],
        message: "the proxy http://127.0.0.1:PORT (`ALL_PROXY`) demands a user name and a password (status 407) for https://idp.test",
        help: "write them into the address of the proxy: `http://USER:PASSWORD@HOST:PORT`",
        ..CAUSE
    },
    Cause {
        name: "the proxy refuses",
        peer: Peer::Answering(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
        url: PROXIED,
        variables: &[("HTTPS_PROXY", "http://127.0.0.1:PORT")],
        message: "the proxy http://127.0.0.1:PORT (`HTTPS_PROXY`) refuses to connect to https://idp.test",
        help: "allow the server at the proxy, or add `idp.test` to `NO_PROXY`",
        ..CAUSE
    },
    Cause {
        name: "the proxy of the option refuses",
        peer: Peer::Answering(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
        url: PROXIED,
        http: "proxy = 'http://127.0.0.1:PORT'",
        message: "the proxy http://127.0.0.1:PORT (`http.proxy`) refuses to connect to https://idp.test",
        help: "allow the server at the proxy, or change `http.proxy`",
        ..CAUSE
    },
    Cause {
        name: "no proxy for a domain with a star and a port",
        url: "https://LONG.corp.test/token",
        variables: &[
            ("HTTPS_PROXY", "http://127.0.0.1:PORT"),
            ("NO_PROXY", "a.test,*.corp.test:443"),
        ],
        message: "https://LONG.corp.test can't be reached",
        help: "check the address and the network",
        connections: 0,
        ..CAUSE
    },
];

#[test]
fn each_cause_is_told_apart_with_what_helps() {
    let certificates = tempfile::tempdir().unwrap();
    make_certificates(certificates.path());
    let mut failures = Vec::new();
    for cause in CAUSES {
        let server = Server::start(cause.peer, certificates.path());
        let here =
            |text: &str| text.replace("PORT", &server.port.to_string()).replace("LONG", LONG);
        let mut sandbox = Sandbox::new();
        for (name, value) in cause.variables {
            sandbox.env(name, here(value));
        }
        let authority = fs::read(certificates.path().join("authority.crt")).unwrap();
        sandbox.file(sandbox.config().join("authn/authority.crt"), authority);
        let configuration = format!(
            "[http]\n{}\n[credentials]\norigins = ['*']\n[credentials.oauth]\ntoken_endpoint_url = '{}'\n\
             client_id = 'c'\nclient_secret = 's3cr3t'\nstore = 'memory'\n",
            here(cause.http),
            here(cause.url)
        );
        sandbox.file(sandbox.config().join("authn/config.toml"), configuration);
        let outcome = sandbox.run(binary("authn"), &["token"]);
        let expected = format!("error: {}\nhelp: {}\n", here(cause.message), cause.help);
        assert!(outcome.stdout.is_empty() && !outcome.stderr.contains("s3cr3t"), "{}", cause.name);
        let found = (outcome.code, outcome.stderr, server.connections());
        if found != (5, expected.clone(), cause.connections) {
            failures.push(format!("{}: {found:#?} in place of {expected}", cause.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
