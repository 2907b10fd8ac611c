//! Errors before anything is sent, and tokens that are sent to the API as they are.

use std::time::Duration;

use authn::{
    Credentials, ErrorKind, Result, conformance,
    time::{Clock, ManualClock},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::JwtBearer;
use crate::testing::{SecretFile, load, load_at, serve, wait};

/// RFC 8410, 10.3.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";

fn table(options: &str) -> String {
    format!("[credentials.jwt_bearer]\n{options}")
}

fn loaded(options: &str) -> Result<Credentials> {
    load(&table(options))
}

fn with_key(options: &str) -> String {
    format!("issuer = 'me'\nprivate_key = '''{KEY}'''\n{options}")
}

fn key_file(change: impl FnOnce(&mut Value)) -> SecretFile {
    let mut file = json!({
        "type": "service_account", "project_id": "p", "private_key_id": "k1", "private_key": KEY,
        "client_email": "robot@p.test", "client_id": "1", "token_uri": "https://oauth2.test/token",
    });
    change(&mut file);
    SecretFile::new(&file.to_string())
}

fn with_file(file: &SecretFile, options: &str) -> String {
    format!("service_account_file = '{}'\n{options}", file.path().display())
}

fn problem(options: &str) -> String {
    let error = loaded(options).map(drop).expect_err(options);
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let problem = error.to_string();
    assert!(!problem.contains("MC4C") && !problem.contains("s3cr3t"), "{problem}");
    problem
}

/// The header and the claims of the token.
fn parts(credentials: &Credentials) -> (Value, Value) {
    parts_of(wait(credentials.token()).unwrap().secret())
}

/// The header and the claims of a JWT.
fn parts_of(jwt: &str) -> (Value, Value) {
    let mut parts = jwt.split('.').map(|part| {
        let decoded = URL_SAFE_NO_PAD.decode(part).unwrap();
        serde_json::from_slice(&decoded).unwrap_or_default()
    });
    (parts.next().unwrap(), parts.next().unwrap())
}

#[test]
fn a_signed_token_has_the_configured_header_from_options_and_from_a_file() {
    let members = "jwt_header = { x5t = 'abc', n = 1, list = [true], table = { a = 1.5 } }\n\
                   self_signed = true\naudience = 'https://api.test/'";
    let file = key_file(|_| {});
    for options in [with_key(&format!("key_id = 'k1'\n{members}")), with_file(&file, members)] {
        let (header, _) = parts(&loaded(&options).unwrap());
        assert_eq!(
            header,
            json!({ "alg": "EdDSA", "typ": "JWT", "kid": "k1", "x5t": "abc", "n": 1, "list": [true],
                    "table": { "a": 1.5 } })
        );
    }
    for name in ["alg", "b64", "crit", "kid", "typ"] {
        let server = "token_endpoint_url = 'https://i.test/t'";
        let options = format!("{server}\njwt_header = {{ {name} = 's3cr3t' }}");
        let key = format!("jwt_header.{name}");
        conformance::rejects_at::<JwtBearer>(&with_key(&options), &key, "invalid-value");
        let problem = problem(&with_key(&options));
        assert!(problem.contains(&key), "{problem}");
    }
}

#[test]
fn a_self_signed_token_says_what_the_options_say() {
    let manual = ManualClock::new();
    let options = with_key(
        "self_signed = true\naudience = 'https://api.test/'\nscope = 'read write'\nkey_id = 'k'\n\
         lifetime = '10m'\nclaims = { tenant = 't1', level = 2, roles = ['a', 'b'] }",
    );
    let credentials = load_at(&table(&options), Clock::custom(manual.clone())).unwrap();
    let (header, mut claims) = parts(&credentials);
    assert_eq!(header, json!({ "alg": "EdDSA", "typ": "JWT", "kid": "k" }));
    let (issued, expires) = (claims["iat"].as_u64().unwrap(), claims["exp"].as_u64().unwrap());
    assert_eq!(expires - issued, 600);
    let mut identifier = Value::Null;
    for name in ["iat", "exp", "jti"] {
        identifier = claims.as_object_mut().unwrap().remove(name).unwrap();
    }
    assert_eq!(
        claims,
        json!({ "iss": "me", "sub": "me", "aud": "https://api.test/", "scope": "read write",
                "tenant": "t1", "level": 2, "roles": ["a", "b"] })
    );
    let token = wait(credentials.token()).unwrap();
    assert_eq!(token.token_type(), Some("Bearer"));
    let at = token.expires_at().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(at.as_secs(), expires);

    manual.advance(Duration::from_mins(10));
    let (_, later) = parts(&credentials);
    assert_eq!(later["iat"].as_u64().unwrap(), expires, "the old one has expired");
    assert_ne!(later["jti"], identifier);
}

#[test]
fn a_key_file_says_who_signs_and_is_read_again() {
    let manual = ManualClock::new();
    let file = key_file(|_| {});
    let options = with_file(&file, "self_signed = true\naudience = 'https://api.test/'");
    let credentials = load_at(&table(&options), Clock::custom(manual.clone())).unwrap();
    let (header, claims) = parts(&credentials);
    assert_eq!(header["kid"], "k1");
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("robot@p.test"), &json!("robot@p.test")));

    let other = key_file(|file| file["private_key_id"] = json!("k2"));
    file.write(&std::fs::read_to_string(other.path()).unwrap());
    manual.advance(Duration::from_hours(1));
    assert_eq!(parts(&credentials).0["kid"], "k2");
}

#[test]
fn without_a_key_identifier_the_header_has_only_the_algorithm_and_the_type() {
    let file = key_file(|file| drop(file.as_object_mut().unwrap().remove("private_key_id")));
    let options = "self_signed = true\naudience = 'https://api.test/'";
    for options in [with_file(&file, options), with_key(options)] {
        let (header, _) = parts(&loaded(&options).unwrap());
        assert_eq!(header, json!({ "alg": "EdDSA", "typ": "JWT" }));
    }
}

#[test]
fn the_assertion_of_a_key_file_is_for_its_server_and_has_a_subject_only_if_one_is_set() {
    for (options, subject) in [("", None), ("subject = 'alice'", Some("alice"))] {
        let (address, server) = serve();
        let file = key_file(|file| file["token_uri"] = json!(address));
        wait(loaded(&with_file(&file, options)).unwrap().token()).unwrap();
        let sent = server.join().unwrap();
        let (header, claims) = parts_of(sent.stable()["assertion"][0]);
        assert_eq!(header, json!({ "alg": "EdDSA", "typ": "JWT", "kid": "k1" }));
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!("robot@p.test"), &json!(address)));
        assert_eq!(claims.get("sub"), subject.map(Value::from).as_ref(), "{claims}");
    }
}

#[test]
fn a_key_file_may_start_with_a_byte_order_mark() {
    let json = key_file(|_| {});
    let pem = SecretFile::new(KEY);
    for file in [&json, &pem] {
        file.write(&format!("\u{feff}{}", std::fs::read_to_string(file.path()).unwrap()));
    }
    let options = "self_signed = true\naudience = 'https://api.test/'";
    assert_eq!(parts(&loaded(&with_file(&json, options)).unwrap()).1["iss"], "robot@p.test");
    let path = pem.path();
    let options = format!("{options}\nissuer = 'me'\nprivate_key.file = '{}'", path.display());
    assert_eq!(parts(&loaded(&options).unwrap()).1["iss"], "me");
}

#[test]
fn the_callers_scopes_replace_the_configured_ones() {
    let options = with_key("self_signed = true\nscope = ['read']");
    let credentials = loaded(&options).unwrap();
    let (_, claims) = parts(&credentials);
    assert_eq!((&claims["scope"], claims.get("aud")), (&json!("read"), None));
    assert_eq!(parts(&credentials.with_scope(&["write"])).1["scope"], "write");
}

#[test]
fn wrong_options_are_found_before_anything_is_sent() {
    let endpoint = "token_endpoint_url = 'https://i.test/token'";
    for (options, expected) in [
        (String::new(), "`issuer` is not set"),
        ("issuer = ''".to_owned(), "`issuer` is not set"),
        (format!("issuer = 'me'\n{endpoint}"), "`private_key` is not set"),
        (format!("issuer = 'me'\nprivate_key = 's3cr3t'\n{endpoint}"), "`private_key` holds no"),
        (with_key(""), "no server is set"),
        (
            with_key(&format!("{endpoint}\nissuer_url = 'https://i.test'")),
            "both `issuer_url` and `token_endpoint_url` are set",
        ),
        (with_key("token_endpoint_url = 'http://i.test/token'"), "without encryption"),
        (with_key("issuer_url = 'http://i.test'"), "without encryption"),
        (with_key(&format!("{endpoint}\nalgorithm = 'RS256'")), "`algorithm` RS256"),
        (with_key(&format!("{endpoint}\nlifetime = 0")), "`lifetime`"),
        (with_key(&format!("{endpoint}\nclaims = {{ exp = 1 }}")), "must not contain `exp`"),
        (with_key("self_signed = true"), "set `audience`"),
        (
            with_key(&format!("self_signed = true\naudience = 'a'\n{endpoint}")),
            "`token_endpoint_url` is set",
        ),
        (
            with_key("self_signed = true\naudience = 'a'\ntoken_type = 'bearer'"),
            "`token_type` is set",
        ),
    ] {
        let problem = problem(&options);
        assert!(problem.contains(expected), "{options}\n{problem}");
    }
    assert!(loaded(&with_key(endpoint)).is_ok());
    assert!(loaded(&with_key("issuer_url = 'https://i.test'")).is_ok());
}

#[test]
fn a_wrong_key_file_is_found_at_load() {
    let good = key_file(|_| {});
    assert!(loaded(&with_file(&good, "")).is_ok());
    for option in ["issuer = 'me'", "key_id = 'k'", "private_key = 's3cr3t'"] {
        assert!(problem(&with_file(&good, option)).contains("sets it too"), "{option}");
    }
    for (file, expected) in [
        (SecretFile::new("s3cr3t"), "not the JSON"),
        (key_file(|file| file["type"] = json!("authorized_user")), "another type"),
        (key_file(|file| drop(file.as_object_mut().unwrap().remove("client_email"))), "lacks"),
        (key_file(|file| file["client_email"] = json!("")), "empty `client_email`"),
        (key_file(|file| file["token_uri"] = json!("s3cr3t")), "lacks"),
        (key_file(|file| file["token_uri"] = json!("http://oauth2.test")), "without encryption"),
        (key_file(|file| file["private_key"] = json!("s3cr3t")), "`private_key` holds no"),
    ] {
        let problem = problem(&with_file(&file, ""));
        assert!(problem.contains(expected), "{expected}\n{problem}");
        let path = file.path().display().to_string();
        assert!(problem.contains(&path) || expected == "without encryption", "{problem}");
    }
    let missing = problem("service_account_file = '/nowhere/key.json'");
    assert!(missing.contains("/nowhere/key.json"), "{missing}");
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_read_is_refused() {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    let file = key_file(|_| {});
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).unwrap();
    let problem = problem(&with_file(&file, ""));
    assert!(problem.contains("chmod 600"), "{problem}");
}

#[test]
fn it_knows_its_principal() {
    let endpoint = "token_endpoint_url = 'https://i.test/token'";
    let identity = |options: &str| loaded(options).unwrap().principal();
    assert_eq!(identity(&with_key(endpoint)).as_deref(), Some("me"));
    let subject = format!("{endpoint}\nsubject = 'alice'");
    assert_eq!(identity(&with_key(&subject)).as_deref(), Some("alice"));
    assert_eq!(identity(&with_file(&key_file(|_| {}), "")), None);
}

#[test]
fn parameters_of_a_call_are_sent_and_can_not_replace_the_providers_own() {
    let (address, server) = serve();
    let options = with_key(&format!("token_endpoint_url = '{address}'"));
    let credentials = loaded(&options).unwrap();
    for name in super::OWN_PARAMETERS {
        let error = wait(credentials.with_parameters([(name, "s3cr3t")]).token()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        let text = format!("{error} {error:?}");
        assert!(text.contains(&format!("must not contain `{name}`")), "{text}");
        assert!(!text.contains("s3cr3t"), "{text}");
    }
    wait(credentials.with_parameters([("tenant", "a")]).token()).unwrap();
    let sent = server.join().unwrap();
    assert_eq!(sent.stable()["tenant"], ["a"]);
    assert!(sent.stable()["assertion"].len() == 1 && sent.authorization.is_none());
}
