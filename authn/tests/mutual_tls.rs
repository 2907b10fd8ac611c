//! Token requests with a client certificate, to a server that demands one.

#![cfg(feature = "reqwest")]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]
#![expect(clippy::used_underscore_binding, reason = "an underscore marks a secret")]

use std::{
    fs,
    io::{BufReader, Write as _},
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use authn::{
    Context, Environment, Error, ErrorKind, Loader, Result, SecretString, Token, TokenProvider,
    Url, http::ClientIdentity,
};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};

/// Makes an authority, and certificates for a server and two clients.
fn make_certificates(folder: &Path) {
    let openssl = |arguments: &str| {
        let output = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(folder)
            .output()
            .expect("openssl is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(&format!(
        "req -x509 {key} -keyout ca.key -out ca.crt -subj /CN=ca -addext basicConstraints=critical,CA:TRUE"
    ));
    openssl(&format!("req -x509 {key} -keyout stranger.key -out stranger.crt -subj /CN=stranger"));
    for (name, extensions) in [
        ("server", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth"),
        ("alice", "extendedKeyUsage=clientAuth"),
        ("bob", "extendedKeyUsage=clientAuth"),
        ("expired", "extendedKeyUsage=clientAuth"),
    ] {
        fs::write(folder.join("ext"), format!("{extensions}\nbasicConstraints=CA:FALSE\n"))
            .unwrap();
        let days = if name == "expired" { -1 } else { 30 };
        openssl(&format!("req {key} -keyout {name}.key -out {name}.csr -subj /CN={name}"));
        openssl(&format!(
            "x509 -req -in {name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile ext -days {days} -out {name}.crt"
        ));
    }
}

/// Starts a server that demands a certificate. Its token names the client and the connection: `alice.1`.
fn serve(folder: &Path) -> (Url, Arc<AtomicUsize>) {
    let read = |name: &str| CertificateDer::from_pem_file(folder.join(name)).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(read("ca.crt")).unwrap();
    let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&crypto)).build();
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients.unwrap())
        .with_single_cert(vec![read("server.crt")], key);
    let config = Arc::new(config.unwrap());
    let names = ["alice", "bob"].map(|name| (name, read(&format!("{name}.crt"))));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let connections = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&connections);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            let (names, count) = (names.clone(), Arc::clone(&count));
            thread::spawn(move || {
                let mut stream = BufReader::new(StreamOwned::new(tls, stream.unwrap()));
                let mut number = None;
                // A handshake that fails ends the connection.
                while let Some(()) = skip_head(&mut stream) {
                    let tls = &stream.get_ref().conn;
                    let shown = &tls.peer_certificates().unwrap()[0];
                    let (name, _) = names.iter().find(|(_, known)| known == shown).unwrap();
                    let number =
                        *number.get_or_insert_with(|| count.fetch_add(1, Ordering::SeqCst) + 1);
                    let body = format!("{name}.{number}");
                    let length = body.len();
                    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                    stream.get_mut().write_all(format!("{head}{body}").as_bytes()).unwrap();
                }
            });
        }
    });
    (url, connections)
}

fn skip_head(stream: &mut impl std::io::BufRead) -> Option<()> {
    loop {
        let mut line = String::new();
        match stream.read_line(&mut line) {
            Ok(0) | Err(_) => return None,
            Ok(_) if line == "\r\n" => return Some(()),
            Ok(_) => {}
        }
    }
}

/// Returns what a server answers to a client with a certificate.
#[authn::token_provider("mutual")]
struct Mutual {
    /// Address of the server.
    url: Url,
    /// Certificates, in PEM, unless it shows none.
    certificate: Option<String>,
    /// Private key, in PEM.
    _key: Option<SecretString>,
}

impl TokenProvider for Mutual {
    async fn token(&self, context: &Context) -> Result<Token> {
        let mut request = context.http().get(&self.url);
        if let (Some(certificate), Some(key)) = (&self.certificate, &self._key) {
            // Each time anew: the connections are found again by what it contains.
            request = request.identity(&ClientIdentity::from_pem(certificate, key)?);
        }
        let response = request.send().await?.success()?;
        let text = std::str::from_utf8(response.bytes()).map_err(|_| Error::protocol("no text"))?;
        Token::new(text)
    }
}

/// Shows the certificates of its users in turn.
#[authn::token_provider("alternating")]
struct Alternating {
    /// Address of the server.
    url: Url,
    /// Users.
    users: Vec<User>,
    __turn: AtomicUsize,
}

/// One user.
#[derive(authn::Options)]
struct User {
    /// Certificates, in PEM.
    certificate: String,
    /// Private key, in PEM.
    _key: SecretString,
}

impl TokenProvider for Alternating {
    async fn token(&self, context: &Context) -> Result<Token> {
        let turn = self.__turn.fetch_add(1, Ordering::SeqCst);
        let user = &self.users[turn % self.users.len()];
        let identity = ClientIdentity::from_pem(&user.certificate, &user._key)?;
        let response = context.http().get(&self.url).identity(&identity).send().await?;
        Token::new(std::str::from_utf8(response.bytes()).unwrap())
    }
}

#[tokio::test]
async fn a_server_that_demands_a_certificate_gets_it_and_no_identity_shares_connections() {
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path());
    let (url, connections) = serve(folder.path());
    let file = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let load = |name: &str| {
        let identity = match name {
            "" => String::new(),
            name => format!(
                "certificate = '''\n{}'''\nkey = '''\n{}'''",
                file(&format!("{name}.crt")),
                file(&format!("{name}.key"))
            ),
        };
        let ca = folder.path().join("ca.crt");
        let text = format!(
            "[http]\nca_file = '{}'\n[credentials]\norigins = ['*']\n[credentials.mutual]\nurl = '{url}'\n{identity}",
            ca.display()
        );
        Loader::new().environment(Environment::empty()).defaults(&text).load().unwrap()
    };
    let alice = load("alice");
    let of = async |credentials: &authn::Credentials| {
        credentials.token().await.map(|token| token.secret().to_owned())
    };
    assert_eq!(of(&alice).await.unwrap(), "alice.1");
    assert_eq!(of(&alice).await.unwrap(), "alice.1", "one connection");
    assert_eq!(of(&load("bob")).await.unwrap(), "bob.2");
    let error = of(&load("")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network, "{error}");
    assert!(error.message().ends_with("demands a client certificate"), "{error}");
    for (name, says) in [
        ("stranger", "refused the client certificate"),
        ("expired", "refused the client certificate, which has expired"),
    ] {
        let error = of(&load(name)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Network, "{error}");
        assert!(error.message().ends_with(says), "{error}");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_file_of_authorities_that_can_not_be_read_for_a_moment_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path());
    let (url, _) = serve(folder.path());
    let file = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let (ca, away) = (folder.path().join("ca.crt"), folder.path().join("away"));
    let plain = format!(
        "[http]\nca_file = '{}'\n[credentials]\norigins = ['*']\n[credentials.mutual]\nurl = '{url}'\n",
        ca.display()
    );
    let (certificate, key) = (file("alice.crt"), file("alice.key"));
    let with_identity = format!("{plain}certificate = '''\n{certificate}'''\nkey = '''\n{key}'''");
    let load =
        |text: &str| Loader::new().environment(Environment::empty()).defaults(text).load().unwrap();
    let (alice, nobody) = (load(&with_identity), load(&plain));
    fs::rename(&ca, &away).unwrap();
    for credentials in [&alice, &nobody] {
        let error = credentials.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    }
    fs::rename(&away, &ca).unwrap();
    assert!(alice.token().await.unwrap().secret().starts_with("alice."));
    let error = nobody.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network, "the server demands a certificate: {error}");
}

#[tokio::test]
async fn one_client_keeps_the_connections_of_two_identities_apart() {
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path());
    let (url, _) = serve(folder.path());
    let file = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let table = |name: &str| {
        let (certificate, key) = (file(&format!("{name}.crt")), file(&format!("{name}.key")));
        format!(
            "[[credentials.alternating.users]]\ncertificate = '''\n{certificate}'''\nkey = '''\n{key}'''\n"
        )
    };
    let ca = folder.path().join("ca.crt");
    let text = format!(
        "[http]\nca_file = '{}'\n[credentials]\norigins = ['*']\n[credentials.alternating]\nurl = '{url}'\n{}{}",
        ca.display(),
        table("alice"),
        table("bob")
    );
    let loader = Loader::new().environment(Environment::empty()).defaults(&text);
    let credentials = loader.load().unwrap();
    let mut tokens = Vec::new();
    for _ in 0..4 {
        tokens.push(credentials.token().await.unwrap().secret().to_owned());
    }
    assert_eq!(tokens, ["alice.1", "bob.2", "alice.1", "bob.2"]);
}

#[test]
fn an_identity_that_can_not_be_used_is_refused_without_its_key() {
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path());
    let file = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let (alice, key) = (file("alice.crt"), file("alice.key"));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned();
    for (certificates, key, says) in [
        (&alice, &key, None),
        (&alice, &file("bob.key"), Some("the key belongs to another certificate")),
        (&format!("{}{alice}", file("ca.crt")), &key, Some("the key belongs to another")),
        (&String::new(), &key, Some("the client certificate can't be read")),
        (&alice, &alice, Some("the key of the client certificate can't be read")),
        (&alice, &String::new(), Some("the key of the client certificate can't be read")),
        (&broken, &key, Some("the client certificate or its key can't be used")),
    ] {
        let made = ClientIdentity::from_pem(certificates, &SecretString::from(key.as_str()));
        let secret = key.lines().nth(1).unwrap_or("-----");
        match (made, says) {
            (Ok(identity), None) => assert_eq!(format!("{identity:?}"), "ClientIdentity(..)"),
            (Err(error), Some(says)) => {
                assert_eq!(error.kind(), ErrorKind::Configuration);
                assert!(error.message().contains(says), "{error}");
                assert!(!format!("{error:?} {error}").contains(secret));
            }
            (made, says) => panic!("{made:?} instead of {says:?}"),
        }
    }
}
