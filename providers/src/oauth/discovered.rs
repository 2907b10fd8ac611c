//! The two addresses of a server's metadata, and metadata as servers write them.

use std::time::Duration;

use authn::{
    Error, ErrorKind, Result,
    time::{Clock, ManualClock},
};
use serde_json::{Value, json};

use super::loopback::{Loopback, loaded};
use crate::{
    testing::wait,
    token_endpoint::{Address, Endpoint},
};

const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";
const JSON: &str = "200 OK\r\nContent-Type: application/json";

/// A server, and the options of its client.
struct Scene {
    server: Loopback,
    manual: ManualClock,
    /// Finds an endpoint, for clients with a certificate or without one.
    find: Box<dyn Fn(Endpoint, bool) -> Result<Address>>,
}

impl Scene {
    fn new() -> Self {
        let server = Loopback::start();
        let options =
            format!("issuer_url = '{}'\nclient_id = 'c'\nclient_secret = 's'", server.url(""));
        let manual = ManualClock::new();
        let (options, context) = loaded(&options, Clock::custom(manual.clone()));
        let find = move |endpoint, is_mutual_tls| {
            wait(options.server.find(endpoint, is_mutual_tls, &context))
        };
        Self { server, manual, find: Box::new(find) }
    }

    /// Metadata of the server with more members.
    fn metadata(&self, more: &Value) -> String {
        let mut metadata = json!({ "issuer": self.server.url("") });
        metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        metadata.to_string()
    }

    fn find(&self, endpoint: Endpoint) -> String {
        (self.find)(endpoint, false).unwrap().as_str().to_owned()
    }

    fn fail(&self, endpoint: Endpoint) -> Error {
        (self.find)(endpoint, false).map(drop).unwrap_err()
    }

    fn asked(&self) -> [usize; 2] {
        [OPENID, OAUTH].map(|path| self.server.asked(path))
    }
}

#[test]
fn an_endpoint_may_be_in_either_document() {
    let scene = Scene::new();
    let token =
        json!({ "token_endpoint": "https://a.test/token", "jwks_uri": "https://a.test/one" });
    let device = json!({ "device_authorization_endpoint": "https://a.test/device", "jwks_uri": "https://a.test/two" });
    scene.server.serve(OPENID, &scene.metadata(&token));
    scene.server.serve(OAUTH, &scene.metadata(&device));
    assert_eq!(scene.find(Endpoint::Token), "https://a.test/token");
    assert_eq!(scene.asked(), [1, 0], "the second is not asked for what the first has");
    assert_eq!(scene.find(Endpoint::DeviceAuthorization), "https://a.test/device");
    assert_eq!(scene.find(Endpoint::Jwks), "https://a.test/one");
    let error = scene.fail(Endpoint::Revocation);
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(
        error.message().ends_with(
            "name no revocation endpoint (openid-configuration: no `revocation_endpoint`; \
             oauth-authorization-server: no `revocation_endpoint`)"
        ),
        "{error}"
    );
    assert_eq!(scene.asked(), [1, 1], "both are cached");
    scene.manual.advance(Duration::from_hours(1));
    assert_eq!(scene.find(Endpoint::DeviceAuthorization), "https://a.test/device");
    assert_eq!(scene.asked(), [2, 2]);
}

#[test]
fn clients_with_a_certificate_have_other_addresses() {
    let scene = Scene::new();
    let metadata = json!({
        "token_endpoint": "https://a.test/token",
        "revocation_endpoint": "https://a.test/revoke",
        "authorization_endpoint": "https://a.test/authorize",
        "device_authorization_endpoint": "https://a.test/device",
        "mtls_endpoint_aliases": {
            "token_endpoint": "https://mtls.a.test/token",
            "authorization_endpoint": "https://mtls.a.test/authorize",
            "introspection_endpoint": "https://mtls.a.test/introspect",
            "device_authorization_endpoint": 7,
        },
    });
    for (aliases, is_usable) in
        [(metadata["mtls_endpoint_aliases"].clone(), true), (json!("x"), false), (json!([]), false)]
    {
        let mut metadata = metadata.clone();
        metadata["mtls_endpoint_aliases"] = aliases;
        scene.server.serve(OPENID, &scene.metadata(&metadata));
        scene.manual.advance(Duration::from_hours(1));
        let token = if is_usable { "https://mtls.a.test/token" } else { "https://a.test/token" };
        for (endpoint, plain, mutual) in [
            (Endpoint::Token, "https://a.test/token", token),
            // Without an alias of its own, an endpoint has one address.
            (Endpoint::Revocation, "https://a.test/revoke", "https://a.test/revoke"),
            (Endpoint::DeviceAuthorization, "https://a.test/device", "https://a.test/device"),
            // A browser asks it, which has no certificate of the client.
            (Endpoint::Authorization, "https://a.test/authorize", "https://a.test/authorize"),
        ] {
            assert_eq!(scene.find(endpoint), plain);
            assert_eq!((scene.find)(endpoint, true).unwrap().as_str(), mutual);
        }
        let alone = (scene.find)(Endpoint::Introspection, true);
        assert_eq!(alone.is_ok(), is_usable, "an alias is enough");
        assert!((scene.find)(Endpoint::Introspection, false).is_err());
    }
}

#[test]
fn one_good_document_is_enough_whatever_the_other_address_answers() {
    for bad in [
        ("404 Not Found", "secret"),
        ("500 Internal Server Error", "secret"),
        ("429 Too Many Requests", ""),
        ("302 Found\r\nLocation: https://a.test/login", ""),
        ("200 OK\r\nContent-Type: text/html", "<html>secret"),
        ("200 OK\r\nContent-Encoding: gzip", "secret"),
        (JSON, ""),
        (JSON, "[]"),
        (JSON, r#"{"issuer":7}"#),
        (JSON, r#"{"issuer":"https://another.test"}"#),
    ] {
        for [is_bad, is_good] in [[OPENID, OAUTH], [OAUTH, OPENID]] {
            let scene = Scene::new();
            scene.server.answer(is_bad, bad.0, bad.1);
            let good = scene.metadata(&json!({ "token_endpoint": "https://a.test/token" }));
            // Whatever the media type says, and with a byte order mark.
            scene.server.answer(
                is_good,
                "200 OK\r\nContent-Type: text/plain",
                &format!("\u{feff}{good}"),
            );
            assert_eq!(scene.find(Endpoint::Token), "https://a.test/token", "{bad:?}");
            assert_eq!(scene.find(Endpoint::Token), "https://a.test/token", "{bad:?}");
            assert_eq!(scene.asked(), if is_bad == OPENID { [1, 1] } else { [1, 0] }, "{bad:?}");
        }
    }
}

#[test]
fn each_address_is_reported_with_its_answer() {
    let of_another = r#"{"issuer":"https://another.test"}"#;
    for (openid, oauth, kind, says) in [
        (
            ("404 Not Found", ""),
            ("200 OK\r\nContent-Type: text/html", "<html>secret"),
            ErrorKind::Protocol,
            "the issuer has no metadata (openid-configuration: status 404; \
             oauth-authorization-server: HTML (text/html))",
        ),
        (
            ("200 OK", ""),
            (JSON, "[\"secret\"]"),
            ErrorKind::Protocol,
            "(openid-configuration: an empty body; \
             oauth-authorization-server: a JSON list (application/json))",
        ),
        (
            ("500 Internal Server Error\r\nRetry-After: 7", "secret"),
            ("404 Not Found", ""),
            ErrorKind::Network,
            "the issuer's metadata can't be read (openid-configuration: status 500; \
             oauth-authorization-server: status 404)",
        ),
        (
            (JSON, of_another),
            ("404 Not Found", "secret"),
            ErrorKind::Protocol,
            "calls itself `https://another.test`",
        ),
        (
            (JSON, r#"{"issuer":["secret"]}"#),
            (JSON, r#"{"issuer":"a","issuer":"b"}"#),
            ErrorKind::Protocol,
            "(openid-configuration: no `issuer`; oauth-authorization-server: no `issuer`)",
        ),
    ] {
        let scene = Scene::new();
        scene.server.answer(OPENID, openid.0, openid.1);
        scene.server.answer(OAUTH, oauth.0, oauth.1);
        let error = scene.fail(Endpoint::Token);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.message().ends_with(says), "{error}");
        assert_eq!(error.retry_after().is_some(), openid.0.contains("Retry-After"), "{error}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}

#[test]
fn a_server_that_could_not_answer_is_asked_again() {
    let scene = Scene::new();
    scene
        .server
        .serve(OPENID, &scene.metadata(&json!({ "token_endpoint": "https://a.test/token" })));
    scene.server.answer(OAUTH, "500 Internal Server Error", "");
    let error = scene.fail(Endpoint::DeviceAuthorization);
    assert_eq!(error.kind(), ErrorKind::Network);
    assert!(error.message().contains("oauth-authorization-server: status 500"), "{error}");
    let device = json!({ "device_authorization_endpoint": "https://a.test/device" });
    scene.server.serve(OAUTH, &scene.metadata(&device));
    assert_eq!(scene.find(Endpoint::DeviceAuthorization), "https://a.test/device");
    assert_eq!(scene.asked(), [1, 2]);
}

#[test]
fn a_member_of_another_type_is_ignored_unless_it_is_needed() {
    let scene = Scene::new();
    let metadata = json!({
        "token_endpoint": "https://a.test/token",
        "authorization_endpoint": null,
        "device_authorization_endpoint": ["https://a.test/device"],
        "revocation_endpoint": 7,
        "jwks_uri": { "href": "https://a.test/jwks" },
        "scopes_supported": "openid",
        "require_pushed_authorization_requests": "no",
    });
    scene.server.serve(OPENID, &scene.metadata(&metadata));
    assert_eq!(scene.find(Endpoint::Token), "https://a.test/token");
    for (endpoint, says) in [
        (Endpoint::Authorization, "no `authorization_endpoint`"),
        (Endpoint::DeviceAuthorization, "`device_authorization_endpoint` is not an address"),
        (Endpoint::Revocation, "`revocation_endpoint` is not an address"),
        (Endpoint::Jwks, "`jwks_uri` is not an address"),
    ] {
        let error = scene.fail(endpoint);
        assert!(error.message().contains(says), "{error}");
    }
}

/// Returns what is found at a server that calls itself as `named` says of its address.
fn named(address: &str, named: impl Fn(&str) -> String) -> Result<Address> {
    let server = Loopback::start();
    let url = server.url("");
    let options = format!("issuer_url = '{url}{address}'\nclient_id = 'c'\nclient_secret = 's'");
    let (options, context) = loaded(&options, Clock::custom(ManualClock::new()));
    let metadata = json!({ "issuer": named(&url), "token_endpoint": server.url("/token") });
    for path in ["", "/common/v2.0", "/0f-1e/v2.0"] {
        server.serve(&format!("{path}{OPENID}"), &metadata.to_string());
    }
    wait(options.server.find(Endpoint::Token, false, &context))
}

#[test]
fn both_issuers_are_shown_if_they_differ() {
    for (other, says, helps) in [
        ("https://b.test/x", "calls itself `https://b.test/x`", "to `https://b.test/x`, exactly"),
        ("{}/", "which differs in the slash at the end", "/`, exactly so"),
        (
            "https://ann:s3cr3t@b.test",
            "another issuer, an address with a user name or a password",
            "check `issuer_url`",
        ),
        (
            "https://b.test/?key=s3cr3t",
            "another issuer, an address with a query or a fragment",
            "check `issuer_url`",
        ),
        (
            "ftp://b.test/s3cr3t",
            "another issuer, an address of another scheme",
            "check `issuer_url`",
        ),
        ("s3cr3t", "another issuer, a text without a scheme", "check `issuer_url`"),
        ("{}/{tenantid}/v2.0", "calls itself", "exactly so"),
    ] {
        let error = named("", |url| other.replace("{}", url)).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        let text = format!("{error:?}");
        assert!(text.contains(says) && text.contains(helps) && !text.contains("s3cr3t"), "{text}");
    }
}

#[test]
fn the_address_of_metadata_and_that_of_many_tenants_are_understood() {
    for (address, other, is_found) in [
        ("/.well-known/openid-configuration", "{}", true),
        ("/.well-known/oauth-authorization-server", "{}", true),
        ("/common/v2.0", "{}/{tenantid}/v2.0", true),
        ("/common/v2.0/.well-known/openid-configuration", "{}/{tenantid}/v2.0", true),
        ("/0f-1e/v2.0", "{}/{tenantid}/v2.0", false),
        ("/common/v2.0", "https://i.test/{tenantid}/v2.0", false),
    ] {
        let found = named(address, |url| other.replace("{}", url));
        assert_eq!(found.is_ok(), is_found, "{address} {other}");
    }
}
