//! How token requests travel: certificates, proxies, deadlines, redirects, plain http.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
    time::Duration,
};

use authn::{Credentials, Environment, ErrorKind, Loader, Result};
use authn_providers as _;
use authn_tests::rig::Rig;
use serde_json::json;

fn load(endpoint: &str, http: &str) -> Result<Credentials> {
    let text = format!(
        "[http]\n{http}\n[credentials]\norigins = ['*']\n[credentials.oauth]\n\
         token_endpoint_url = '{endpoint}'\nclient_id = 'cc-basic'\nclient_secret = 'secret'\n"
    );
    Loader::new().environment(Environment::empty()).defaults(&text).load()
}

#[tokio::test]
async fn an_own_authority_is_configured_and_no_certificate_is_trusted_blindly() {
    let rig = Rig::start();
    let endpoint = format!("{}/token", rig.mtls());
    let ca = format!("ca_file = '{}'", rig.ca().display());
    assert!(load(&endpoint, &ca).unwrap().token().await.is_ok());

    let error = load(&endpoint, "").unwrap().token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
    assert!(error.to_string().contains("`http.ca_file`"), "{error}");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (contents, says) in [("", "no certificate"), ("nonsense", "no certificate"), (broken, "")] {
        fs::write(&path, contents).unwrap();
        let ca = format!("ca_file = '{}'", path.display());
        let error = load(&endpoint, &ca).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{contents}: {error}");
        assert!(error.to_string().contains(says), "{contents}: {error}");
    }
    fs::remove_file(&path).unwrap();
    let ca = format!("ca_file = '{}'", path.display());
    let error = load(&endpoint, &ca).unwrap_err();
    assert!(error.to_string().contains("can't be read"), "{error}");
    assert_eq!(rig.count(&[("grant", "client_credentials")]), 1);
}

#[tokio::test]
async fn no_proxy_comes_between_this_machine_and_itself() {
    let (rig, proxy) = (Rig::start(), Rig::start());
    let endpoint = format!("{}/token", rig.issuer());
    let options = format!("proxy = '{}'", proxy.issuer());
    let credentials = load(&endpoint, &options).unwrap();
    let client = authn::reqwest::Client::new(credentials).unwrap();
    assert_eq!(client.get(rig.resource_url("/rs/bearer")).send().await.unwrap().status(), 200);
    assert!(proxy.log().is_empty());
}

#[tokio::test]
async fn deadlines_end_a_server_that_does_not_answer() {
    let rig = Rig::start();
    rig.faults(&json!([{ "delay_ms": 600_000 }]));
    let endpoint = format!("{}/token", rig.issuer());
    let error = load(&endpoint, "timeout = '50ms'").unwrap().token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
    assert!(error.to_string().contains("did not answer within 50ms"), "{error}");
}

#[tokio::test]
async fn the_deadline_is_that_of_all_tries() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let text = format!(
        "[http]\ntimeout = '50ms'\n[credentials]\norigins = ['*']\n[credentials.oauth]\nissuer_url = '{issuer}'\n\
         client_id = 'c'\nclient_secret = 's'\n"
    );
    let loader = Loader::new().environment(Environment::empty()).defaults(&text);
    // A request for metadata can be sent again, but not after the deadline.
    let error = loader.load().unwrap().token().await.unwrap_err();
    assert_eq!(error.message(), format!("{issuer} did not answer within 50ms"));
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.incoming().take_while(Result::is_ok).count(), 1);
}

#[tokio::test]
async fn a_missing_server_is_named_with_help() {
    let error = load("http://127.0.0.1:9/token", "").unwrap().token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
    assert!(error.to_string().starts_with("http://127.0.0.1:9 can't be reached"), "{error}");
}

#[test]
fn secrets_are_never_sent_unencrypted() {
    for endpoint in ["http://idp.test/token", "http://127.0.0.1.idp.test/", "ftp://127.0.0.1/"] {
        let error = load(endpoint, "").unwrap_err();
        assert!(error.to_string().contains("without encryption"), "{endpoint}: {error}");
    }
}

#[tokio::test]
async fn a_slow_server_is_ended_by_the_same_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/token", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        // An answer that comes before its question is another error.
        assert!(connection.read(&mut [0; 4096]).unwrap() > 0);
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n";
        connection.write_all(head.as_bytes()).unwrap();
        // One byte after another, each well within any time for a single read, until the client has gone.
        while connection.write_all(b" ").is_ok() {
            thread::park_timeout(Duration::from_millis(1));
        }
    });
    let error = load(&endpoint, "timeout = '100ms'").unwrap().token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
    assert!(error.to_string().contains("did not answer within 100ms"), "{error}");
    server.join().unwrap();
}
