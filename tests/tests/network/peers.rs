//! Servers and proxies that go wrong, each in its own way, and certificates that are wrong.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

/// The certificates that a server can have. `authority` is the one that signs all but `stranger`.
const CERTIFICATES: [(&str, &str, &str); 4] = [
    ("good", "IP:127.0.0.1", "20200101000000Z 20990101000000Z"),
    ("expired", "IP:127.0.0.1", "20200101000000Z 20210101000000Z"),
    ("early", "IP:127.0.0.1", "20980101000000Z 20990101000000Z"),
    ("other-name", "DNS:other.test,DNS:*.third.test", "20200101000000Z 20990101000000Z"),
];

/// Makes an authority, `authority.crt`, certificates of it, and `stranger.crt`, which is of another one.
pub(crate) fn make_certificates(folder: &Path) {
    let openssl = |arguments: &str| {
        let output =
            Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output();
        let output = output.expect("openssl is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    let authority = "-addext basicConstraints=critical,CA:TRUE";
    for (name, more) in [
        ("authority", authority),
        (
            "stranger",
            "-addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE",
        ),
    ] {
        openssl(&format!(
            "req -x509 {key} -days 3650 -keyout {name}.key -out {name}.crt -subj /CN={name} {more}"
        ));
    }
    for (name, names, dates) in CERTIFICATES {
        let (start, end) = dates.split_once(' ').unwrap();
        let configuration = format!(
            "[ca]\ndefault_ca=all\n[all]\nnew_certs_dir=.\ndatabase=index\nserial=serial\ndefault_md=sha256\npolicy=any\n\
             x509_extensions=more\nunique_subject=no\n[any]\ncommonName=supplied\n[more]\nsubjectAltName={names}\n\
             extendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n"
        );
        fs::write(folder.join("ca.cnf"), configuration).unwrap();
        fs::write(folder.join("index"), "").unwrap();
        fs::write(folder.join("serial"), "4711\n").unwrap();
        openssl(&format!("req {key} -keyout {name}.key -out {name}.csr -subj /CN={name}"));
        openssl(&format!(
            "ca -batch -notext -config ca.cnf -in {name}.csr -cert authority.crt -keyfile authority.key \
             -startdate {start} -enddate {end} -out {name}.crt"
        ));
    }
}

/// What a server does with a connection.
#[derive(Clone, Copy)]
pub(crate) enum Peer {
    /// No server listens.
    Absent,
    /// It accepts the connection and never answers.
    Silent,
    /// It ends the connection once it has received something.
    Closing,
    /// It answers with these bytes, and ends the connection.
    Answering(&'static [u8]),
    /// It speaks TLS with this certificate, and answers a request with this status line and headers.
    Tls(&'static str, &'static str),
}

/// A server on loopback, which counts its connections. It ends with the process.
pub(crate) struct Server {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) fn start(peer: Peer, folder: &Path) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::<AtomicUsize>::default();
        let (count, folder) = (Arc::clone(&connections), folder.to_owned());
        if !matches!(peer, Peer::Absent) {
            thread::spawn(move || {
                for stream in listener.incoming() {
                    count.fetch_add(1, Ordering::SeqCst);
                    let (stream, folder) = (stream.unwrap(), folder.clone());
                    thread::spawn(move || peer.serve(stream, &folder));
                }
            });
        }
        Self { port, connections }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Peer {
    fn serve(self, mut stream: TcpStream, folder: &Path) {
        let mut bytes = [0; 4096];
        match self {
            Self::Absent => {}
            // Until the client gives up.
            Self::Silent => while stream.read(&mut bytes).is_ok_and(|read| read > 0) {},
            Self::Closing => drop(stream.read(&mut bytes)),
            Self::Answering(answer) => {
                let _ = stream.read(&mut bytes);
                let _ = stream.write_all(answer);
            }
            Self::Tls(certificate, head) => {
                let tls = ServerConnection::new(configuration(folder, certificate)).unwrap();
                let mut stream = StreamOwned::new(tls, stream);
                if stream.read(&mut bytes).is_ok_and(|read| read > 0) {
                    let answer = format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n");
                    let _ = stream.write_all(answer.as_bytes());
                }
            }
        }
    }
}

fn configuration(folder: &Path, certificate: &str) -> Arc<ServerConfig> {
    let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let path = |end: &str| folder.join(format!("{certificate}.{end}"));
    let chain = vec![CertificateDer::from_pem_file(path("crt")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(path("key")).unwrap();
    let builder = ServerConfig::builder_with_provider(crypto).with_safe_default_protocol_versions();
    Arc::new(builder.unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap())
}
