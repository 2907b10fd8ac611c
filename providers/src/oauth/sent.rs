//! The exact requests: every parameter, once, in one place.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use authn::{Credentials, ErrorKind};

use super::request::OWN_PARAMETERS;
use crate::testing::{Sent, load, serve, wait};

/// Makes one exchange with these options.
fn sent(options: &str) -> Sent {
    sent_by(options, Credentials::clone)
}

/// Makes one exchange with the credentials of a call.
fn sent_by(options: &str, call: impl FnOnce(&Credentials) -> Credentials) -> Sent {
    let (address, server) = serve();
    let options = format!(
        "[credentials.oauth]\nstore = 'memory'\ntoken_endpoint_url = '{address}'\n\
         client_id = 'the client'\n{options}"
    );
    wait(call(&load(&options).unwrap()).token()).unwrap();
    server.join().unwrap()
}

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

#[test]
fn a_client_authenticates_in_one_place() {
    let grant = ("grant_type", vec!["client_credentials"]);
    let id = ("client_id", vec!["the client"]);
    let method =
        |name: &str| format!("client_secret = 'a+b'\ntoken_endpoint_auth_method = '{name}'");

    let header = sent(&method("client_secret_basic"));
    assert_eq!(header.authorization, Some(basic("the+client:a%2Bb")));
    assert_eq!(header.stable(), BTreeMap::from([grant.clone()]));

    let raw = sent("client_secret = 'a+b'\nbasic_encoding = 'raw'");
    assert_eq!(raw.authorization, Some(basic("the client:a+b")));

    let form = sent(&method("client_secret_post"));
    assert_eq!(form.authorization, None);
    let secret = ("client_secret", vec!["a+b"]);
    assert_eq!(form.stable(), BTreeMap::from([grant.clone(), id.clone(), secret]));

    let assertion = sent(&method("client_secret_jwt"));
    assert_eq!(assertion.authorization, None);
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    assert_eq!(
        assertion.stable(),
        BTreeMap::from([
            grant,
            id.clone(),
            ("client_assertion_type", vec![kind]),
            ("client_assertion", vec!["(signed)"]),
        ])
    );

    let public = sent("grant_type = 'password'\nusername = 'u'\npassword = 'p'");
    assert_eq!(public.authorization, None);
    assert_eq!(
        public.stable(),
        BTreeMap::from([
            ("grant_type", vec!["password"]),
            id,
            ("username", vec!["u"]),
            ("password", vec!["p"]),
        ])
    );
}

#[test]
fn all_request_options_are_in_the_form() {
    let sent = sent(
        "refresh_token = 'r=1&2'\nclient_secret = 's'\nscope = ['read', 'write']\naudience = 'api'\n\
         resource = ['https://a.test/', 'https://b.test/']\n\
         parameters = { tenant = 'a&b', requested_subject = 'ü' }",
    );
    assert_eq!(
        sent.stable(),
        BTreeMap::from([
            ("grant_type", vec!["refresh_token"]),
            ("refresh_token", vec!["r=1&2"]),
            ("scope", vec!["read write"]),
            ("audience", vec!["api"]),
            ("resource", vec!["https://a.test/", "https://b.test/"]),
            ("tenant", vec!["a&b"]),
            ("requested_subject", vec!["ü"]),
        ])
    );
}

#[test]
fn parameters_of_a_call_are_added_and_replace_configured_ones() {
    let options = "grant_type = 'client_credentials'\nclient_secret = 's'\n\
                   parameters = { tenant = 'configured', kind = 'x' }";
    let sent = sent_by(options, |credentials| {
        credentials.with_parameters([("tenant", "a&b"), ("actor", "ü")])
    });
    assert_eq!(
        sent.stable(),
        BTreeMap::from([
            ("grant_type", vec!["client_credentials"]),
            ("tenant", vec!["a&b"]),
            ("actor", vec!["ü"]),
            ("kind", vec!["x"]),
        ])
    );
}

#[test]
fn authorization_details_are_json_and_a_call_can_replace_them() {
    let options = "authorization_details = [{ type = 'payment', amount = 7, to = ['a'] }]\n\
                   resource = 'https://a.test'";
    let details = r#"[{"amount":7,"to":["a"],"type":"payment"}]"#;
    let secret = "client_secret = 's'\n";
    let grants = [
        ("client_credentials", ""),
        ("refresh_token", "refresh_token = 'r'\n"),
        ("password", "username = 'u'\npassword = 'p'\n"),
    ];
    for (grant, more) in grants {
        let options = format!("grant_type = '{grant}'\n{secret}{more}{options}");
        let configured = sent(&options);
        let form = configured.stable();
        assert_eq!(form["authorization_details"], [details], "{grant}");
        assert_eq!(form["resource"], ["https://a.test"], "{grant}");
        let replaced = sent_by(&options, |credentials| {
            credentials.with_parameters([("authorization_details", "[]")])
        });
        assert_eq!(replaced.stable()["authorization_details"], ["[]"], "{grant}");
    }
    // As JSON, which a variable can hold.
    let text = format!("{secret}authorization_details = '{details}'");
    assert_eq!(sent(&text).stable()["authorization_details"], [details]);
}

#[test]
fn parameters_of_a_call_can_not_replace_what_the_provider_sends() {
    let options = "[credentials.oauth]\nstore = 'memory'\nclient_id = 'c'\nclient_secret = 's'\n\
                   token_endpoint_url = 'http://127.0.0.1:9/token'";
    let credentials = load(options).unwrap();
    for name in OWN_PARAMETERS {
        let error = wait(credentials.with_parameters([(name, "s3cr3t")]).token()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        let text = format!("{error} {error:?}");
        assert!(text.contains(&format!("must not contain `{name}`")), "{text}");
        assert!(text.contains("with_parameters") && !text.contains("s3cr3t"), "{text}");
    }
}

#[test]
fn nothing_is_requested_that_is_not_configured() {
    let sent = sent("refresh_token = 'r'");
    assert_eq!(
        sent.stable(),
        BTreeMap::from([
            ("grant_type", vec!["refresh_token"]),
            ("refresh_token", vec!["r"]),
            ("client_id", vec!["the client"]),
        ])
    );
}
