//! The exact requests that start a login, and the answers to pushed ones.

use std::collections::BTreeMap;

use authn::{Credentials, Error, ErrorKind, Result, conformance::Canary};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::loopback::Loopback;
use crate::{
    jws::{KeySet, Signed},
    testing::{load, wait},
};

const METADATA: &str = "/.well-known/openid-configuration";
const PAR: &str = "/par";
const REDIRECT_URI: &str = "https://app.test/callback";
const REFERENCE: &str = "urn:ietf:params:oauth:request_uri:a";

/// RFC 8410, 10.3, and its public key of 10.1.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";
const PUBLIC: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k",
    "x":"Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE"}]}"#;

const PUBLIC_CLIENT: &str = "";
const CONFIDENTIAL: &str = "client_secret = 's'\ngrant_type = 'authorization_code'";

/// A server, which offers to take pushed requests and answers them.
fn server(more: &Value) -> Loopback {
    let server = Loopback::start();
    let mut metadata = json!({
        "issuer": server.url(""),
        "authorization_endpoint": server.url("/authorize?tenant=1"),
        "token_endpoint": server.url("/token"),
        "pushed_authorization_request_endpoint": server.url(PAR),
    });
    metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    server.serve(METADATA, &metadata.to_string());
    let pushed = json!({ "request_uri": REFERENCE, "expires_in": 60 }).to_string();
    server.answer(PAR, "201 Created\r\nContent-Type: application/json", &pushed);
    server
}

fn credentials(server: &Loopback, options: &str) -> Result<Credentials> {
    let issuer = server.url("");
    load(&format!(
        "[credentials.oauth]\nstore = 'memory'\nissuer_url = '{issuer}'\nclient_id = 'the client'\n{options}"
    ))
}

/// Starts a login, and returns the parameters of its link.
fn begun_by(credentials: &Credentials) -> Result<Vec<(String, String)>> {
    let (url, _) = wait(credentials.authorization_url(REDIRECT_URI))?;
    assert_eq!(url.path(), "/authorize");
    Ok(url.query_pairs().into_owned().collect())
}

fn begun(server: &Loopback, options: &str) -> Result<Vec<(String, String)>> {
    begun_by(&credentials(server, options)?)
}

/// Replaces the values that differ each time.
fn stable(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    let is_fresh = |name: &str| ["state", "nonce", "code_challenge"].contains(&name);
    let pair = |(name, value)| (name, if is_fresh(name) { "(fresh)" } else { value });
    pairs.iter().map(|(name, value)| pair((name.as_str(), value.as_str()))).collect()
}

const ALL: &str = "scope = ['openid', 'read']\nprompt = 'login'\nlogin_hint = 'alice'\naudience = 'api'\n\
    resource = ['https://a.test', 'https://b.test']\nacr_values = ['gold', 'silver']\nmax_age = '15m'\n\
    ui_locales = ['fr-CA', 'fr']\nresponse_mode = 'form_post'\n\
    claims = { id_token = { auth_time = { essential = true } } }\n\
    authorization_details = [{ type = 'payment', amount = 7 }]\n\
    authorization_parameters = { kc_idp_hint = 'github' }\nparameters = { organization = 'acme' }";

/// What [`ALL`] requests of a server.
const ALL_SENT: [(&str, &str); 22] = [
    ("response_type", "code"),
    ("client_id", "the client"),
    ("redirect_uri", REDIRECT_URI),
    ("state", "(fresh)"),
    ("code_challenge", "(fresh)"),
    ("code_challenge_method", "S256"),
    ("nonce", "(fresh)"),
    ("prompt", "login"),
    ("login_hint", "alice"),
    ("response_mode", "form_post"),
    ("acr_values", "gold silver"),
    ("max_age", "900"),
    ("ui_locales", "fr-CA fr"),
    ("claims", r#"{"id_token":{"auth_time":{"essential":true}}}"#),
    ("authorization_details", r#"[{"amount":7,"type":"payment"}]"#),
    ("scope", "openid read"),
    ("audience", "api"),
    ("resource", "https://a.test"),
    ("resource", "https://b.test"),
    ("organization", "acme"),
    ("kc_idp_hint", "github"),
    ("tenant", "1"),
];

#[test]
fn all_options_are_in_the_link() {
    let server = server(&json!({}));
    let mut link = begun(&server, &format!("{PUBLIC_CLIENT}\n{ALL}")).unwrap();
    // The endpoint's own query is kept, before the request's.
    link.rotate_left(1);
    assert_eq!(stable(&link), ALL_SENT);
    assert_eq!(server.asked(PAR), 0);
}

#[test]
fn nothing_is_in_the_link_that_is_not_configured() {
    let server = server(&json!({}));
    let link = begun(&server, "").unwrap();
    let names: Vec<_> = link.iter().map(|(name, _)| name.as_str()).collect();
    let own = [
        "response_type",
        "client_id",
        "redirect_uri",
        "state",
        "code_challenge",
        "code_challenge_method",
    ];
    assert_eq!(names, [&["tenant"], &own[..]].concat());
}

#[test]
fn a_pushed_request_is_the_same_and_the_link_is_a_reference() {
    let server = server(&json!({}));
    let link = begun(&server, &format!("{CONFIDENTIAL}\n{ALL}")).unwrap();
    let expected = [("tenant", "1"), ("client_id", "the client"), ("request_uri", REFERENCE)];
    assert_eq!(stable(&link), expected);
    let (head, form) = server.posted();
    assert!(head.starts_with("POST /par "), "{head}");
    assert!(head.to_lowercase().contains("authorization: basic "), "{head}");
    assert_eq!(stable(&form), ALL_SENT[..ALL_SENT.len() - 1]);
    // The other ways to authenticate add their parameters.
    for (method, more) in
        [("client_secret_post", "client_secret"), ("client_secret_jwt", "client_assertion")]
    {
        let method = format!("token_endpoint_auth_method = '{method}'");
        begun(&server, &format!("{CONFIDENTIAL}\n{method}")).unwrap();
        let (_, form) = server.posted();
        assert!(form.iter().any(|(name, _)| name == more), "{form:?}");
        assert_eq!(form.iter().filter(|(name, _)| name == "client_id").count(), 1, "{form:?}");
    }
}

#[test]
fn a_request_is_pushed_as_the_server_and_the_options_say() {
    let of = |option: &str| format!("pushed_authorization_request = '{option}'");
    let [requires, offers, lacks] = [
        json!({ "require_pushed_authorization_requests": true }),
        json!({ "require_pushed_authorization_requests": false }),
        json!({ "pushed_authorization_request_endpoint": null }),
    ];
    let requires_as_text = json!({ "require_pushed_authorization_requests": "true" });
    for (metadata, client, option, outcome) in [
        (&requires, PUBLIC_CLIENT, String::new(), Ok(true)),
        (&requires, CONFIDENTIAL, of("auto"), Ok(true)),
        (&requires, PUBLIC_CLIENT, of("always"), Ok(true)),
        (&requires, CONFIDENTIAL, of("never"), Err("`pushed_authorization_request` is `never`")),
        (&requires_as_text, PUBLIC_CLIENT, String::new(), Ok(false)),
        (&offers, PUBLIC_CLIENT, of("auto"), Ok(false)),
        (&offers, PUBLIC_CLIENT, of("always"), Ok(true)),
        (&offers, CONFIDENTIAL, String::new(), Ok(true)),
        (&offers, CONFIDENTIAL, of("never"), Ok(false)),
        (&lacks, PUBLIC_CLIENT, String::new(), Ok(false)),
        (&lacks, CONFIDENTIAL, String::new(), Ok(false)),
        (
            &lacks,
            CONFIDENTIAL,
            of("always"),
            Err("name no endpoint for pushed authorization requests"),
        ),
    ] {
        let server = server(metadata);
        let begun = begun(&server, &format!("{client}\n{option}"));
        match (begun, outcome) {
            (Ok(link), Ok(is_pushed)) => {
                let is_reference = link.iter().any(|(name, _)| name == "request_uri");
                assert_eq!(is_reference, is_pushed, "{metadata} {client} {option}");
                assert_eq!(server.asked(PAR), usize::from(is_pushed));
            }
            (Err(error), Err(said)) => {
                assert!(error.to_string().contains(said), "{error}");
                assert!(error.to_string().contains("`pushed_authorization_request"), "{error}");
                assert_eq!(server.asked(PAR), 0);
            }
            (begun, outcome) => panic!("{metadata} {client} {option}: {begun:?}, not {outcome:?}"),
        }
    }
    // A configured endpoint is used, by every client.
    let server = server(&lacks);
    let endpoint = format!("pushed_authorization_request_endpoint_url = '{}'", server.url(PAR));
    begun(&server, &endpoint).unwrap();
    assert_eq!(server.asked(PAR), 1);
}

#[test]
fn a_refused_push_ends_the_login_and_shows_nothing_of_it() {
    let canary = Canary::new();
    let refusal = |code: &str| json!({ "error": code, "error_description": canary.as_str(), canary.as_str(): 1 });
    let body = |body: Value| body.to_string();
    for (status, answer, kind, said, help) in [
        (
            400,
            body(refusal("invalid_request")),
            ErrorKind::Refused,
            "(invalid_request, status 400)",
            "\"never\"",
        ),
        (
            400,
            body(refusal("invalid_redirect_uri")),
            ErrorKind::Refused,
            "invalid_redirect_uri",
            "redirect address",
        ),
        (
            400,
            body(refusal("invalid_request_object")),
            ErrorKind::Refused,
            "invalid_request_object",
            "`key_id`",
        ),
        (
            400,
            body(refusal("invalid_authorization_details")),
            ErrorKind::Refused,
            "status 400",
            "`authorization_details`",
        ),
        (400, body(refusal("invalid_scope")), ErrorKind::Refused, "invalid_scope", "`scope`"),
        (
            401,
            body(refusal("invalid_client")),
            ErrorKind::Refused,
            "invalid_client",
            "`client_secret`",
        ),
        (400, body(refusal(canary.as_str())), ErrorKind::Refused, "(status 400)", "\"never\""),
        (405, canary.as_str().to_owned(), ErrorKind::Refused, "(status 405)", "\"never\""),
        (503, canary.as_str().to_owned(), ErrorKind::Network, "(status 503)", "try again later"),
        (
            201,
            canary.as_str().to_owned(),
            ErrorKind::Protocol,
            "instead of a response to a pushed",
            "address",
        ),
        (
            201,
            body(json!({ canary.as_str(): 7 })),
            ErrorKind::Protocol,
            "no `request_uri`",
            "address",
        ),
        (
            200,
            body(json!({ "request_uri": [canary.as_str()] })),
            ErrorKind::Protocol,
            "an invalid `request_uri`",
            "address",
        ),
    ] {
        let server = server(&json!({}));
        server.answer(PAR, &format!("{status} X\r\nContent-Type: application/json"), &answer);
        let secret = canary.as_str();
        let options = format!("client_secret = '{secret}'\ngrant_type = 'authorization_code'");
        let error: Error = begun(&server, &options).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        let shown = format!("{error} {error:?} {error:#?}");
        assert!(shown.contains(said), "{status}: {error}");
        assert!(error.help().unwrap_or_default().contains(help), "{status}: {error}");
        assert_eq!(canary.find_in(shown.as_bytes()), None, "{shown}");
        assert_eq!(server.asked(PAR), 1, "it is sent once");
    }
    // A server that requires it gives no such way out.
    let server = server(&json!({ "require_pushed_authorization_requests": true }));
    server.answer(
        PAR,
        "400 X\r\nContent-Type: application/json",
        &body(refusal("invalid_request")),
    );
    let error = begun(&server, CONFIDENTIAL).unwrap_err();
    assert!(!error.to_string().contains("never"), "{error}");
}

/// Options of a client that signs.
fn signing(more: &str) -> String {
    format!("private_key = '''{KEY}'''\nkey_id = 'k'\ngrant_type = 'authorization_code'\n{more}")
}

/// Verifies a request object, and returns its header and its claims.
fn opened(object: &str) -> [Value; 2] {
    let keys = KeySet::read(PUBLIC.as_bytes()).unwrap();
    let signed = Signed::parse(object).map_err(|error| panic!("{error:?}")).unwrap();
    let claims = serde_json::from_slice(signed.verify(&keys).unwrap()).unwrap();
    let header = URL_SAFE_NO_PAD.decode(object.split('.').next().unwrap()).unwrap();
    [serde_json::from_slice(&header).unwrap(), claims]
}

#[test]
fn a_request_object_has_all_parameters_and_the_link_has_no_other() {
    let server = server(&json!({ "require_signed_request_object": true }));
    let options =
        format!("pushed_authorization_request = 'never'\njwt_header = {{ x5t = 'abc' }}\n{ALL}");
    let link = begun(&server, &signing(&options)).unwrap();
    let names: Vec<_> = link.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["tenant", "client_id", "request"]);
    let [header, mut claims] = opened(&link[2].1);
    assert_eq!(
        header,
        json!({ "alg": "EdDSA", "kid": "k", "typ": "oauth-authz-req+jwt", "x5t": "abc" })
    );
    let members = claims.as_object_mut().unwrap();
    let mut date = |name| members.remove(name).unwrap().as_u64().unwrap();
    let (issued, valid_from, end) = (date("iat"), date("nbf"), date("exp"));
    // As long as a login in a web application.
    assert_eq!((valid_from, end), (issued, issued + 3600));
    for fresh in ["jti", "state", "nonce", "code_challenge"] {
        assert!(members.remove(fresh).unwrap().as_str().unwrap().len() > 20, "{fresh}");
    }
    assert_eq!(
        claims,
        json!({
            "iss": "the client", "aud": server.url(""), "response_type": "code", "client_id": "the client",
            "redirect_uri": REDIRECT_URI, "code_challenge_method": "S256", "prompt": "login",
            "login_hint": "alice", "response_mode": "form_post", "acr_values": "gold silver",
            "max_age": 900, "ui_locales": "fr-CA fr",
            "claims": { "id_token": { "auth_time": { "essential": true } } },
            "authorization_details": [{ "type": "payment", "amount": 7 }],
            "scope": "openid read", "audience": "api", "resource": ["https://a.test", "https://b.test"],
            "organization": "acme", "kc_idp_hint": "github",
        })
    );
}

#[test]
fn a_request_object_is_pushed_with_the_clients_authentication() {
    let server = server(&json!({}));
    for (client, more) in [
        ("", "client_assertion"),
        ("token_endpoint_auth_method = 'client_secret_post'\nclient_secret = 's'", "client_secret"),
    ] {
        let link =
            begun(&server, &signing(&format!("request_object = 'always'\n{client}"))).unwrap();
        assert_eq!(link.last().unwrap().0, "request_uri");
        let (_, form) = server.posted();
        let form: BTreeMap<_, _> = form.into_iter().collect();
        let mut names: Vec<_> = form.keys().map(String::as_str).collect();
        names.retain(|name| *name != "client_assertion_type");
        let mut expected = vec!["client_id", "request", more];
        expected.sort_unstable();
        assert_eq!(names, expected);
        let [_, claims] = opened(&form["request"]);
        assert_eq!(claims["client_id"], "the client");
        assert!(claims.get("client_secret").is_none(), "{claims}");
    }
}

#[test]
fn a_request_is_signed_as_the_server_and_the_options_say() {
    let requires = json!({ "require_signed_request_object": true });
    let algorithms =
        |algorithms: Value| json!({ "request_object_signing_alg_values_supported": algorithms });
    for (metadata, options, outcome) in [
        (json!({}), signing(""), Ok(false)),
        (json!({}), signing("request_object = 'always'"), Ok(true)),
        (requires.clone(), signing(""), Ok(true)),
        (requires.clone(), signing("request_object = 'never'"), Err("`request_object` is `never`")),
        (requires.clone(), CONFIDENTIAL.to_owned(), Err("`private_key` is not set")),
        (requires.clone(), PUBLIC_CLIENT.to_owned(), Err("`private_key` is not set")),
        (json!({}), "request_object = 'always'".to_owned(), Err("`private_key` is not set")),
        // The key is for nothing else.
        (
            json!({}),
            signing("token_endpoint_auth_method = 'none'\nrequest_object = 'always'"),
            Ok(true),
        ),
        (
            requires,
            signing("token_endpoint_auth_method = 'none'"),
            Err("`private_key` is set, but"),
        ),
        (
            json!({}),
            signing("client_secret = 's'\nrequest_object = 'always'"),
            Err("both `client_secret` and `private_key` are set"),
        ),
        (
            algorithms(json!(["none", "RS256", "EdDSA"])),
            signing("request_object = 'always'"),
            Ok(true),
        ),
        (algorithms(json!([7, "unknown"])), signing("request_object = 'always'"), Ok(true)),
        (algorithms(json!("RS256")), signing("request_object = 'always'"), Ok(true)),
        (
            algorithms(json!(["RS256", "ES256"])),
            signing("request_object = 'always'"),
            Err("use a key for one of RS256, ES256"),
        ),
        (
            algorithms(json!(["RS256"])),
            signing("request_object = 'always'\nalgorithm = 'EdDSA'"),
            Ok(true),
        ),
    ] {
        let server = server(&metadata);
        let options = format!("pushed_authorization_request = 'never'\n{options}");
        match (begun(&server, &options), outcome) {
            (Ok(link), Ok(is_signed)) => {
                let is_object = link.iter().any(|(name, _)| name == "request");
                assert_eq!(is_object, is_signed, "{metadata} {options}");
            }
            (Err(error), Err(said)) => {
                assert_eq!(error.kind(), ErrorKind::Configuration);
                assert!(error.to_string().contains(said), "{metadata} {options}: {error}");
            }
            (begun, outcome) => panic!("{metadata} {options}: {begun:?}, not {outcome:?}"),
        }
    }
}

#[test]
fn a_call_can_ask_for_another_login() {
    let server = server(&json!({}));
    let options = "acr_values = 'silver'\nmax_age = '1h'\nclaims = '{}'\nui_locales = 'en'\n\
                   authorization_details = [{ type = 'a' }]";
    let credentials = credentials(&server, options).unwrap();
    let replaced = [
        ("acr_values", "gold"),
        ("max_age", "0"),
        ("claims", "{\"userinfo\":{}}"),
        ("ui_locales", "fr"),
        ("authorization_details", "[{\"type\":\"b\"}]"),
    ];
    let link = begun_by(&credentials.with_parameters(replaced)).unwrap();
    for (name, value) in replaced {
        let values: Vec<_> =
            link.iter().filter(|(own, _)| own == name).map(|(_, value)| value).collect();
        assert_eq!(values, [value]);
    }
    let error = begun_by(&credentials.with_parameters([("max_age", "s3cr3t")])).unwrap_err();
    assert!(error.to_string().contains("`max_age` is not a number"), "{error}");
    assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
}

#[test]
fn options_are_checked_when_they_are_loaded() {
    let server = server(&json!({}));
    for (options, said) in [
        ("max_age = '1500ms'", "`max_age` is not in whole seconds"),
        ("claims = 'no JSON'", "oauth.claims: expected a table, or a JSON object as text"),
        ("claims = [1]", "oauth.claims: expected a table"),
        ("authorization_details = [{ amount = 7 }]", "`authorization_details` is not a list"),
        ("authorization_details = []", "`authorization_details` is not a list"),
        ("response_mode = 'fragment'", "form_post"),
        ("parameters = { claims = '{}' }", "must not contain `claims`, which is an option"),
        (
            "authorization_parameters = { max_age = '1' }",
            "must not contain `max_age`, which is an option",
        ),
        (
            "client_secret = 's'\nmax_age = '1m'",
            "`max_age` is set, but the grant client_credentials",
        ),
        ("client_secret = 's'\nrequest_object = 'always'", "`private_key` is not set"),
    ] {
        let error = credentials(&server, options).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{options}");
        let text = format!("{error} {:?}", error.problems());
        assert!(text.contains(said), "{options}: {text}");
    }
}
