//! Each grant with each client authentication method of the server.

use std::process::Command;

use authn_tests::rig::{self, Rig};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Clocked, LONG_SECRET, client, load};

/// A client authentication method, with the options of a client that uses it.
struct Method {
    id: &'static str,
    name: &'static str,
    options: String,
}

impl Method {
    /// The client's options; those that say what is exchanged come last, where a table may stand.
    fn client(&self, rig: &Rig, grant: &str) -> String {
        client(rig, self.id, &format!("{}\n{grant}", self.options))
    }
}

fn methods(rig: &Rig) -> Vec<Method> {
    let secret = |id, name, secret: &str| {
        let options = format!("client_secret = '{secret}'\ntoken_endpoint_auth_method = '{name}'");
        Method { id, name, options }
    };
    vec![
        secret("all-basic", "client_secret_basic", "secret"),
        secret("all-post", "client_secret_post", "secret"),
        secret("all-sjwt", "client_secret_jwt", LONG_SECRET),
        Method {
            id: "all-pkjwt",
            name: "private_key_jwt",
            options: format!(
                "private_key = {{ file = '{}' }}\nkey_id = 'rsa-1'",
                rig.key("rsa.pem").display()
            ),
        },
        Method { id: "all-none", name: "none", options: String::new() },
    ]
}

/// Returns the form fields of a client's authentication, created without authn.
fn members(rig: &Rig, method: &Method) -> Vec<(String, String)> {
    let claims = json!({ "iss": method.id, "sub": method.id, "aud": rig.issuer() }).to_string();
    let key = rig.key("rsa.pem").display().to_string();
    let assertion = |arguments: &[&str]| {
        [("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .chain([("client_assertion".to_owned(), mint(arguments))])
            .collect()
    };
    let plain = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    match method.name {
        "client_secret_basic" => Vec::new(),
        "client_secret_post" => plain(&[("client_id", method.id), ("client_secret", "secret")]),
        "client_secret_jwt" => assertion(&["hs", LONG_SECRET, &claims]),
        "private_key_jwt" => assertion(&["assertion", &key, "RS256", "rsa-1", &claims]),
        _ => plain(&[("client_id", method.id)]),
    }
}

/// Creates an assertion with the tool of the rig.
fn mint(arguments: &[&str]) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rig/oidc-provider");
    let minted = Command::new("node").arg("mint.mjs").args(arguments).current_dir(folder).output();
    let minted = minted.unwrap();
    assert!(minted.status.success(), "{}", String::from_utf8_lossy(&minted.stderr));
    String::from_utf8(minted.stdout).unwrap()
}

/// Logs in without authn, and returns the refresh token.
fn refresh_token(rig: &Rig, method: &Method) -> String {
    let mut form = members(rig, method);
    for (name, value) in [
        ("grant_type", "password"),
        ("username", "alice"),
        ("password", "wonderland"),
        ("scope", "read offline_access"),
    ] {
        form.push((name.to_owned(), value.to_owned()));
    }
    let mut request = rig::agent().post(rig.resource_url("/token"));
    if method.name == "client_secret_basic" {
        let basic = format!("Basic {}", STANDARD.encode(format!("{}:secret", method.id)));
        request = request.header("authorization", basic);
    }
    let answer: Value = request.send_form(form).unwrap().body_mut().read_json().unwrap();
    answer["refresh_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[tokio::test]
async fn client_credentials() {
    let rig = Rig::start();
    let resource = "resource = 'urn:rig:api'\nscope = 'read'";
    for method in methods(&rig).iter().filter(|method| method.name != "none") {
        let credentials = load(&rig, &method.client(&rig, resource));
        let client = authn::reqwest::Client::new(credentials.clone()).unwrap();
        let response = client.get(rig.resource_url("/rs/bearer")).send().await.unwrap();
        assert_eq!(response.status(), 200, "{}", method.name);
        let token = credentials.try_token().expect("it was needed for the request");
        assert_eq!(token.token_type(), Some("Bearer"));
        assert_eq!(token.scope(), Some("read"));
        assert!(token.expires_at().is_some());
        assert_eq!(rig.count(&[("client", method.id), ("grant", "client_credentials")]), 1);
    }
}

#[tokio::test]
async fn password_and_then_refresh_token() {
    let rig = Rig::start();
    for method in methods(&rig) {
        rig.reset();
        let grant = "grant_type = 'password'\nusername = 'alice'\npassword = 'wonderland'\n\
                     scope = 'read offline_access'";
        let mut clocked = Clocked::load(&rig, &method.client(&rig, grant));
        let first = clocked.credentials.token().await.unwrap();
        for _ in 0..2 {
            clocked.outlive_tokens(&rig);
            let next = clocked.credentials.token().await;
            let next = next.unwrap_or_else(|error| panic!("{}: {error}", method.name));
            assert_ne!(first.secret(), next.secret(), "{}", method.name);
        }
        let ok = |grant| rig.count(&[("client", method.id), ("grant", grant), ("status", "200")]);
        assert_eq!((ok("password"), ok("refresh_token")), (1, 2), "{}", method.name);
    }
}

#[tokio::test]
async fn refresh_token_from_the_configuration() {
    let rig = Rig::start();
    for method in methods(&rig) {
        rig.reset();
        let grant = format!("refresh_token = '{}'", refresh_token(&rig, &method));
        let mut options = method.client(&rig, &grant);
        if method.name == "private_key_jwt" {
            options = options.replace("'rsa-1'", "'rsa-1'\nalgorithm = 'PS256'");
        }
        let mut clocked = Clocked::load(&rig, &options);
        for _ in 0..3 {
            let token = clocked.credentials.token().await;
            let token = token.unwrap_or_else(|error| panic!("{}: {error}", method.name));
            assert_eq!(token.scope(), Some("read"), "{}", method.name);
            clocked.outlive_tokens(&rig);
        }
        // The server takes each refresh token once, so its new ones were used.
        let refreshed = [("client", method.id), ("grant", "refresh_token"), ("status", "200")];
        assert_eq!(rig.count(&refreshed), 3, "{}", method.name);
    }
}
