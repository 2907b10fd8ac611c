//! The sweep for secrets of logins in a web application: in errors, in `Debug`, and in the logs of all crates.

use authn::{ErrorKind, SecretString, conformance::Canary};
use authn_tests::{browser::Browser, logs::Logs, rig::Rig};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::settings::{come_back, load, pending};

/// Returns the secrets that a pending login keeps.
fn kept(text: &SecretString) -> Vec<String> {
    let json = URL_SAFE_NO_PAD.decode(&text.expose()["1.".len()..]).unwrap();
    let json: Value = serde_json::from_slice(&json).unwrap();
    ["state", "code_verifier", "nonce"]
        .map(|name| json["kept"][name].as_str().unwrap().to_owned())
        .into()
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_pending_login_nor_tokens_are_shown_or_logged() {
    let logs = Logs::of_process();
    let rig = Rig::start();
    let credentials = load(&rig, "native", "");
    let mut secrets = Vec::new();
    let mut shown = Vec::new();
    for outcome in [Outcome::LoggedIn, Outcome::Refused, Outcome::Hostile] {
        let (text, location) = come_back(&credentials, Browser::fake()).await;
        secrets.extend(kept(&text));
        let parts = location.split_once("code=").unwrap().1;
        let code = parts.split('&').next().unwrap().to_owned();
        let canary = Canary::new();
        rig.faults(&outcome.fault(canary.as_str(), &code));
        secrets.push(code);
        let pending = pending(&text);
        shown.push(format!("{pending:?} {text:?} {pending:#?}"));
        match credentials.complete(pending, &location).await {
            Ok(tokens) => {
                assert_eq!(outcome, Outcome::LoggedIn);
                secrets.push(tokens.token().secret().to_owned());
                secrets.push(tokens.refresh_token().unwrap().expose().to_string());
                secrets.push(tokens.token().id_token().unwrap().expose().to_string());
                shown.push(format!("{tokens:?} {tokens:#?}"));
            }
            Err(error) => {
                assert_ne!(outcome, Outcome::LoggedIn, "{error}");
                assert_ne!(error.kind(), ErrorKind::Internal, "{error}");
                shown.push(format!("{error} {error:?} {error:#?} {:?}", error.help()));
            }
        }
        let all = shown.concat() + &logs.text(0);
        assert_eq!(canary.find_in(all.as_bytes()), None, "{all}");
        secrets.push(text.expose().to_string());
    }
    assert!(!logs.is_empty());
    let all = shown.concat() + &logs.text(0);
    for secret in secrets {
        assert!(secret.len() > 20 && !all.contains(&secret), "{secret} in {all}");
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    LoggedIn,
    Refused,
    Hostile,
}

impl Outcome {
    /// The fault of the token endpoint. A refusal repeats the code that was sent.
    fn fault(self, canary: &str, code: &str) -> Value {
        let headers = json!({ "content-type": "application/json" });
        match self {
            Self::LoggedIn => json!([]),
            Self::Refused => json!([{
                "status": 400, "headers": headers,
                "body": { "error": "invalid_grant", "error_description": format!("the code {code} was used"), canary: canary },
            }]),
            Self::Hostile => json!([{
                "status": 200, "headers": headers,
                "body": { "access_token": canary, "refresh_token": canary, "id_token": canary, "token_type": "Bearer" },
            }]),
        }
    }
}
