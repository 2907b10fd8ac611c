//! The signatures that specifications print, byte for byte.

use std::sync::OnceLock;

use authn::Context;
use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rsa::KeySize,
    signature::{
        KeyPair as _, RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256,
        RsaKeyPair, UnparsedPublicKey,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Uri;

use super::{
    OAuth1, Where,
    base_string::{Parameters, address},
    method::{ParsedKey, SignatureInput, find},
    signing::{Signed, SignedBody, Signing},
};

/// A request, and the signature of the method with this name.
fn signature(
    name: &str,
    (method, uri, form): (&str, &str, &[u8]),
    protocol: &[(&str, &str)],
    [client_secret, token_secret]: [&str; 2],
) -> String {
    let uri: Uri = uri.parse().unwrap();
    let mut parameters = Parameters::default();
    parameters.add_form(uri.query().unwrap_or_default().as_bytes());
    parameters.add_form(form);
    for (name, value) in protocol {
        parameters.add(name.as_bytes(), value.as_bytes());
    }
    let base_string = parameters.base_string(method, &address(&uri, None).unwrap());
    let input = SignatureInput {
        base_string: &base_string,
        client_secret,
        token_secret,
        private_key: None,
        parsed_key: &ParsedKey::default(),
    };
    find(name).unwrap().sign(&input).unwrap()
}

#[test]
fn the_three_requests_of_rfc_5849_1_2() {
    let client = ("oauth_consumer_key", "dpf43f3p2l4k3l03");
    let method = ("oauth_signature_method", "HMAC-SHA1");
    let secret = "kd94hf93k423kf44";
    let initiate = signature(
        "HMAC-SHA1",
        ("POST", "https://photos.example.net/initiate", b""),
        &[
            client,
            method,
            ("oauth_timestamp", "137131200"),
            ("oauth_nonce", "wIjqoS"),
            ("oauth_callback", "http://printer.example.com/ready"),
        ],
        [secret, ""],
    );
    assert_eq!(initiate, "74KNZJeDHnMBp0EMJ9ZHt/XKycU=");
    let token = signature(
        "HMAC-SHA1",
        ("POST", "https://photos.example.net/token", b""),
        &[
            client,
            ("oauth_token", "hh5s93j4hdidpola"),
            method,
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "walatlh"),
            ("oauth_verifier", "hfdp7dh39dks9884"),
        ],
        [secret, "hdhd0244k9j7ao03"],
    );
    assert_eq!(token, "gKgrFCywp7rO0OXSjdot/IHF7IU=");
    let photos = signature(
        "HMAC-SHA1",
        ("GET", "http://photos.example.net/photos?file=vacation.jpg&size=original", b""),
        &[
            client,
            ("oauth_token", "nnch734d00sl2jdk"),
            method,
            ("oauth_timestamp", "137131202"),
            ("oauth_nonce", "chapoH"),
        ],
        [secret, "pfkkdhi9sl3r4s00"],
    );
    assert_eq!(photos, "MdpQcU8iPSUjWoN/UDMsK2sui9I=");
}

/// The RFC prints another signature, which is an erratum.
#[test]
fn the_request_of_rfc_5849_3_4_1_1() {
    let signed = signature(
        "HMAC-SHA1",
        ("POST", "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b", b"c2&a3=2+q"),
        &[
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
        ],
        ["j49sk3j29djd", "dh893hdasih9"],
    );
    assert_eq!(signed, "r6/TJjbCOr97/+UU0NsvSne7s5g=");
}

#[test]
fn plain_secrets_are_encoded() {
    let signed = signature("PLAINTEXT", ("GET", "https://a.test/", b""), &[], ["a&b%", "c d"]);
    assert_eq!(signed, "a%26b%25&c%20d");
}

fn options(name: &str, private_key: Option<&str>) -> OAuth1 {
    OAuth1 {
        client_id: "foo".to_owned(),
        _client_secret: None,
        _token: None,
        _token_secret: None,
        signature_method: name.to_owned(),
        _private_key: private_key.map(Into::into),
        realm: None,
        placement: Where::Header,
        body_hash: false,
        request_token_url: None,
        authorization_url: None,
        access_token_url: None,
        callback: None,
        __parsed_key: ParsedKey::default(),
        __server_clock: super::ServerClock::default(),
        __method: OnceLock::new(),
    }
}

fn signed_at(options: &OAuth1, uri: &str) -> String {
    let context = Context::new();
    let signing = Signing { options, context: &context, token: None, token_secret: "", more: &[] };
    let uri = uri.parse().unwrap();
    let body = SignedBody::Other(None);
    let request = Signed { method: "POST", uri: &uri, host: None, body };
    let mut protocol = signing.sign_with(&request, "abc", "123").unwrap();
    protocol.pop().unwrap().1
}

#[test]
fn a_client_without_secrets() {
    let options = options("HMAC-SHA1", None);
    for (uri, expected) in [
        ("https://provider.test", "GuqiSr5/Hajrrmc/FprUV4cCGbw="),
        ("https://provider.test?cjk=%E5%95%A6%E5%95%A6", "USkqQvV76SCKBewYI9cut6FfYcI="),
    ] {
        assert_eq!(signed_at(&options, uri), expected, "{uri}");
    }
}

#[test]
fn signatures_by_a_private_key_are_verified_by_its_public_key() {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
        STANDARD.encode(der.as_ref())
    );
    let base = "POST&https%3A%2F%2Fprovider.test%2F&oauth_consumer_key%3Dfoo%26oauth_nonce%3Dabc%26\
                oauth_signature_method%3D{name}%26oauth_timestamp%3D123%26oauth_version%3D1.0";
    let sha1 = &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY;
    for (name, algorithm) in [("RSA-SHA1", sha1), ("RSA-SHA256", &RSA_PKCS1_2048_8192_SHA256)] {
        let signature = signed_at(&options(name, Some(&pem)), "https://provider.test");
        let signature = STANDARD.decode(signature).unwrap();
        let key = UnparsedPublicKey::new(algorithm, pair.public_key().as_ref());
        let message = base.replace("{name}", name);
        assert!(key.verify(message.as_bytes(), &signature).is_ok(), "{name}");
        assert!(key.verify(b"another", &signature).is_err(), "{name}");
    }
}
