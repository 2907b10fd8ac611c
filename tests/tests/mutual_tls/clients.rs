//! Each kind of client gets a token with its own certificate, and with no other.

use std::fs;

use authn::ErrorKind;
use authn_tests::rig::Rig;

use super::scene::{client, files, load, loader};

const SELF_SIGNED: &str = "token_endpoint_auth_method = 'self_signed_tls_client_auth'";

/// The clients of the rig, with their certificates and options.
const CLIENTS: [(&str, &str, &str); 5] = [
    ("cc-mtls", "client", ""),
    ("cc-mtls", "client", "grant_type = 'client_credentials'\nscope = 'read'"),
    ("cc-mtls-san", "client", "token_endpoint_auth_method = 'tls_client_auth'"),
    ("cc-mtls-self", "self", SELF_SIGNED),
    // The certificate only binds the token (RFC 8705, 4).
    (
        "cc-mtls-bound",
        "client",
        "client_secret = 'secret'\ntoken_endpoint_auth_method = 'client_secret_post'",
    ),
];

#[tokio::test]
async fn each_client_gets_a_token_by_discovery_and_from_a_configured_endpoint() {
    let rig = Rig::start();
    for (id, certificate, more) in CLIENTS {
        let wanted = [("client", id), ("status", "200"), ("tls", "true")];
        let before = rig.count(&wanted);
        let discovered = client(&rig, id, certificate, more);
        let issuer = format!("issuer_url = '{}'", rig.issuer());
        let endpoint = format!("token_endpoint_url = '{}/token'", rig.mtls());
        for (number, options) in
            [&discovered, &discovered.replace(&issuer, &endpoint)].into_iter().enumerate()
        {
            let token = load(&rig, options).token().await;
            assert!(token.is_ok(), "{options}\n{token:?}");
            assert_eq!(rig.count(&wanted), before + number as u64 + 1, "{options}");
        }
    }
}

#[tokio::test]
async fn another_certificate_is_refused_with_what_to_check() {
    let rig = Rig::start();
    for (id, certificate, more, says) in [
        ("cc-mtls", "client2", "", "the subject and the authority of `certificate`"),
        ("cc-mtls", "rogue", "", "the subject and the authority of `certificate`"),
        ("cc-mtls-san", "client2", "", "the subject and the authority of `certificate`"),
        ("cc-mtls-self", "client", SELF_SIGNED, "`certificate` is registered at the server"),
    ] {
        let error = load(&rig, &client(&rig, id, certificate, more)).token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        assert!(error.to_string().contains(says), "{id} {certificate}: {error}");
    }
}

/// A certificate that authenticates nobody makes no client that gets tokens for itself.
#[test]
fn a_public_client_with_a_certificate_logs_a_user_in() {
    let rig = Rig::start();
    let public = client(&rig, "native", "client", "token_endpoint_auth_method = 'none'");
    assert!(load(&rig, &public).needs_login());
    assert!(!load(&rig, &client(&rig, "cc-mtls", "client", "")).needs_login());
}

#[tokio::test]
async fn the_token_is_revoked_at_the_endpoint_for_certificates() {
    let rig = Rig::start();
    let credentials =
        load(&rig, &client(&rig, "cc-mtls-san", "client", "resource = ['urn:rig:opaque']"));
    credentials.token().await.unwrap();
    credentials.revoke().await.unwrap();
    let wanted = [("endpoint", "revocation"), ("status", "200"), ("tls", "true")];
    assert_eq!(rig.count(&wanted), 1, "{:?}", rig.log());
}

#[test]
fn options_that_do_not_fit_are_errors_when_they_are_loaded() {
    let rig = Rig::start();
    let key = |name: &str| rig.key(name).display().to_string();
    let certificate = |name: &str| format!("certificate = '{}'\n", key(name));
    let certificate_key = |name: &str| format!("certificate_key = {{ file = '{}' }}\n", key(name));
    let both = |one: &str, other: &str| certificate(one) + &certificate_key(other);
    let missing = "certificate = '/nowhere/client.crt'\n".to_owned();
    for (options, says) in [
        (certificate("client.crt"), "only one of `certificate` and `certificate_key` is set"),
        (certificate_key("client.key"), "only one of `certificate` and `certificate_key` is set"),
        (
            both("client.crt", "client2.key"),
            "`certificate` and `certificate_key`: the key belongs to another certificate than the client's",
        ),
        (
            both("ca.crt", "client.key"),
            "`certificate` and `certificate_key`: the key belongs to another certificate than the client's",
        ),
        (both("client.key", "client.key"), "the client certificate can't be read"),
        (both("client.crt", "client.crt"), "can be accessed by other users"),
        (missing + &certificate_key("client.key"), "can't be read"),
        (
            "token_endpoint_auth_method = 'tls_client_auth'\n".to_owned(),
            "`certificate` is not set, but `token_endpoint_auth_method` tls_client_auth needs it",
        ),
        (
            both("client.crt", "client.key")
                + "client_secret = 's'\ntoken_endpoint_auth_method = 'tls_client_auth'",
            "`client_secret` is set, but `token_endpoint_auth_method` tls_client_auth does not use it",
        ),
    ] {
        let options = format!("issuer_url = '{}'\nclient_id = 'c'\n{options}", rig.issuer());
        let error = loader(&rig, &options, &[]).load().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        assert!(error.to_string().contains(says), "{options}\n{error}");
    }
}

#[tokio::test]
async fn one_file_may_have_both() {
    let rig = Rig::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("client.pem");
    // A copy of the key, which only its owner can read.
    fs::copy(rig.key("client.key"), &path).unwrap();
    fs::write(&path, fs::read(rig.key("client.pem")).unwrap()).unwrap();
    let options =
        format!("issuer_url = '{}'\nclient_id = 'cc-mtls'\n{}", rig.issuer(), files(&path, &path));
    assert!(load(&rig, &options).token().await.is_ok());
}

#[test]
fn a_certificate_is_never_left_out_because_the_endpoint_is_plain() {
    let rig = Rig::start();
    let options = client(&rig, "cc-mtls", "client", "");
    let issuer = format!("issuer_url = '{}'", rig.issuer());
    let endpoint = format!("token_endpoint_url = '{}/token'", rig.issuer());
    let error = loader(&rig, &options.replace(&issuer, &endpoint), &[]).load().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let says = "`token_endpoint_url` is not an https address";
    assert!(error.to_string().contains(says), "{error}");
    assert!(rig.log().is_empty());
}
