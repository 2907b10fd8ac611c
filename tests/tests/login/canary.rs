//! The canary sweep of logins: what a server gives only to this machine, and a secret that a user types in, is
//! searched for in all that is shown, told and logged, whatever fails.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use authn::{
    Credentials, Environment, Loader, Login, LoginOutcome, Result,
    conformance::Canary,
    time::{Clock, ManualClock, Moment, Sleep, Time},
};
use authn_tests::{logs::Logs, rig::Rig};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    person::{Person, come_back, open},
    screen::Screen,
    settings,
};

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The shortest limit on a store or an exchange.
const LIMITS: Duration = Duration::from_secs(30);

/// A clock on which every sleep of a login ends at once. The limits on stores and exchanges, which work in real time, are
/// longer and are never reached.
#[derive(Debug)]
struct Hasty(ManualClock);

impl Time for Hasty {
    fn now(&self) -> Moment {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        if duration >= LIMITS {
            return Box::pin(std::future::pending());
        }
        let manual = self.0.clone();
        Box::pin(async move { manual.advance(duration) })
    }
}

/// Responses with the canary in every possible place, by their fault.
fn failures(canary: &str) -> Vec<Value> {
    let json = json!({ "content-type": "application/json" });
    let refused = |status: u16, code: &str| {
        // A code for a device is not sent before it is known, so the answer itself says that it is secret.
        let body = json!({
            "error": code, "error_description": canary, "device_code": canary, canary: canary,
        });
        json!({ "status": status, "headers": json, "body": body })
    };
    vec![
        refused(400, "invalid_grant"),
        refused(401, "invalid_client"),
        refused(400, "access_denied"),
        refused(400, canary),
        json!({ "status": 500, "body": format!("<html>{canary}</html>") }),
        json!({ "status": 302, "headers": { "location": format!("https://{canary}.test/") } }),
        json!({ "status": 200, "headers": json, "body": format!("{{\"access_token\":\"{canary}\"") }),
        json!({ "status": 200, "headers": json, "body": { "access_token": [canary], "user_code": {} } }),
        json!({ "status": 200, "body": canary }),
        json!({ "drop": true }),
    ]
}

/// Tokens that are all the canary.
fn tokens(canary: &str, id_token: Option<&str>) -> Value {
    let body = json!({
        "access_token": canary, "refresh_token": canary, "id_token": id_token,
        "token_type": "Bearer", "expires_in": 60,
    });
    json!({ "status": 200, "headers": { "content-type": "application/json" }, "body": body })
}

/// With a narrowing, as of an endpoint, as often as it is asked.
fn always(fault: &Value, narrowing: &Value) -> Value {
    let mut fault = fault.clone();
    fault["times"] = json!(1000);
    for (name, value) in narrowing.as_object().unwrap() {
        fault[name] = value.clone();
    }
    json!([fault])
}

fn load(rig: &Rig, options: &str, folder: &Path) -> Credentials {
    let (origin, folder) = (rig.issuer(), folder.display());
    let text = format!(
        "[stores.file]\ndirectory = '{folder}'\n[credentials]\norigins = ['{origin}']\n\
         [credentials.oauth]\nissuer_url = '{origin}'\n{options}\n"
    );
    let loader = Loader::new().environment(Environment::empty()).defaults(&text);
    loader.clock(Clock::custom(Hasty(ManualClock::new()))).load().unwrap()
}

/// Logs in by a browser, or by what it ends at, and searches in all that is shown, pages included.
async fn sweep_browser(rig: &Rig, by_console: bool, canary: &Canary) -> Result<LoginOutcome> {
    let issuer = rig.issuer().to_owned();
    let pages = Arc::new(Mutex::new(String::new()));
    let person = if by_console {
        Person::who_pastes(move |link, _| Some(come_back(&issuer, link)))
    } else {
        let seen = Arc::clone(&pages);
        Person::who(move |link| {
            seen.lock().unwrap().push_str(&open(&come_back(&issuer, link)).body);
        })
    };
    let login = if by_console { person.login_at_console() } else { person.login() };
    let credentials = settings::load(rig, &settings::native(rig, ""));
    let outcome = credentials.login(login).await;
    person.is_done();
    let token = credentials.token().await;
    let mut shown = format!("{outcome:?} {token:?} {credentials:?} {:?}", person.progress());
    for error in [outcome.as_ref().err(), token.as_ref().err()].into_iter().flatten() {
        shown.push_str(&error.to_string());
    }
    shown.push_str(&pages.lock().unwrap());
    assert_eq!(canary.find_in(shown.as_bytes()), None, "{shown}");
    outcome
}

/// Logs in, asks for a token, and searches in all that is shown of it.
async fn sweep(
    credentials: &Credentials,
    answers: &[&str],
    canary: &Canary,
) -> Result<LoginOutcome> {
    let screen = Screen::answering(answers);
    let outcome = credentials.login(Login::new(screen.clone())).await;
    let token = credentials.token().await;
    let mut shown = vec![
        format!("{outcome:?} {outcome:#?} {token:?} {token:#?} {credentials:?} {credentials:#?}"),
        format!("{:?} {:?} {:?}", screen.questions(), screen.codes(), screen.all_progress()),
        format!("{:?} {:?}", credentials.status().await, credentials.principal()),
    ];
    for error in [outcome.as_ref().err(), token.as_ref().err()].into_iter().flatten() {
        shown.push(error.to_string());
    }
    let shown = shown.concat();
    assert_eq!(canary.find_in(shown.as_bytes()), None, "{shown}");
    outcome
}

fn search_logs(canary: &Canary) {
    let logs = Logs::of_process().text(0);
    assert!(!logs.is_empty(), "something is logged");
    if let Some(spelling) = canary.find_in(logs.as_bytes()) {
        let line = logs.lines().find(|line| line.contains(canary.as_str()));
        panic!("logged as {spelling:?}: {line:?}");
    }
}

#[tokio::test]
async fn a_device_login_shows_no_secret_whatever_fails() {
    Logs::of_process();
    let rig = Rig::start();
    let folder = tempfile::tempdir().unwrap();
    let canary = Canary::new();
    let options = "client_id = 'device-quick'\ngrant_type = 'device_code'\nlogin_timeout = 9";
    let (polls, begins) =
        (json!({ "grant": DEVICE_GRANT }), json!({ "endpoint": "device_authorization" }));
    let own_code = json!({ "device_authorization": { "device_code": canary.as_str() } });
    let granted = always(&tokens(canary.as_str(), None), &polls);
    let mut cases = vec![
        (own_code.clone(), granted.clone()),
        // The ID token is none.
        (own_code.clone(), always(&tokens(canary.as_str(), Some(canary.as_str())), &polls)),
        // The server itself does not know that device code.
        (own_code.clone(), json!([])),
    ];
    for failure in failures(canary.as_str()) {
        cases.push((own_code.clone(), always(&failure, &polls)));
        cases.push((own_code.clone(), always(&failure, &begins)));
    }
    for (number, (answers, faults)) in cases.iter().enumerate() {
        rig.answers(answers);
        rig.faults(faults);
        let folder = folder.path().join(number.to_string());
        let outcome = sweep(&load(&rig, options, &folder), &[], &canary).await;
        if *faults == granted {
            assert_eq!(outcome.unwrap(), LoginOutcome::LoggedIn);
        }
    }
    search_logs(&canary);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_by_a_browser_shows_no_secret_whatever_fails() {
    Logs::of_process();
    let rig = Rig::start();
    let canary = Canary::new();
    let code = json!({ "callback": { "code": canary.as_str() } });
    let granted = json!([tokens(canary.as_str(), None)]);
    let mut cases = vec![
        (code.clone(), granted.clone()),
        // The ID token is none.
        (code.clone(), json!([tokens(canary.as_str(), Some(canary.as_str()))])),
        // The server itself does not know that code.
        (code.clone(), json!([])),
        (json!({ "callback": { "code": [canary.as_str(), canary.as_str()] } }), json!([])),
        (json!({ "callback": { "iss": canary.as_str() } }), json!([])),
        (json!({ "callback": { "state": canary.as_str() } }), json!([])),
        (
            json!({ "callback": { "error": canary.as_str(), "error_description": canary.as_str() } }),
            json!([]),
        ),
    ];
    cases.extend(
        failures(canary.as_str()).into_iter().map(|failure| (code.clone(), json!([failure]))),
    );
    for (answers, faults) in &cases {
        let is_foreign = answers["callback"]["state"].is_string();
        for by_console in [false, true] {
            // A response to another login does not end this one.
            if is_foreign && !by_console {
                continue;
            }
            rig.answers(answers);
            rig.faults(faults);
            let outcome = sweep_browser(&rig, by_console, &canary).await;
            assert_eq!(outcome.is_ok(), *faults == granted, "{answers} {faults}: {outcome:?}");
        }
    }
    search_logs(&canary);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_request_shows_no_secret_whatever_fails() {
    Logs::of_process();
    let rig = Rig::start();
    let canary = Canary::new();
    let mut cases = vec![json!([])];
    for mut failure in failures(canary.as_str()) {
        failure["endpoint"] = json!("pushed_authorization_request");
        cases.push(json!([failure]));
    }
    for (faults, method) in
        cases.iter().flat_map(|faults| ["post", "basic", "jwt"].map(|method| (faults, method)))
    {
        rig.faults(faults);
        let options = format!(
            "client_secret = '{}'\ntoken_endpoint_auth_method = 'client_secret_{method}'\n\
             grant_type = 'authorization_code'",
            canary.as_str()
        );
        let credentials = settings::load(&rig, &settings::client(&rig, "native-par", &options));
        let person = Person::who(|_| ());
        let error = credentials.login(person.login()).await.unwrap_err();
        let shown = format!("{error} {error:?} {error:#?} {credentials:?} {:?}", person.progress());
        assert_eq!(canary.find_in(shown.as_bytes()), None, "{shown}");
        assert!(person.links().is_empty(), "{faults}");
    }
    search_logs(&canary);
}

#[tokio::test]
async fn a_typed_in_secret_is_never_shown_whatever_fails() {
    Logs::of_process();
    let rig = Rig::start();
    let folder = tempfile::tempdir().unwrap();
    let canary = Canary::new();
    let token = json!({ "endpoint": "token" });
    let granted = always(&tokens(canary.as_str(), None), &token);
    let mut cases = vec![json!([]), granted.clone()];
    cases.extend(failures(canary.as_str()).iter().map(|failure| always(failure, &token)));
    for (number, (faults, method)) in cases
        .iter()
        .flat_map(|faults| {
            ["client_secret_basic", "client_secret_post", "client_secret_jwt"]
                .map(|method| (faults, method))
        })
        .enumerate()
    {
        rig.faults(faults);
        let folder = folder.path().join(number.to_string());
        let options =
            format!("grant_type = 'client_credentials'\ntoken_endpoint_auth_method = '{method}'");
        let answers = ["kc-cc", canary.as_str()].repeat(3);
        let outcome = sweep(&load(&rig, &options, &folder), &answers, &canary).await;
        assert_eq!(outcome.is_ok(), *faults == granted, "{faults}");
    }
    search_logs(&canary);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_about_a_token_shows_no_secret_whatever_fails() {
    Logs::of_process();
    let rig = Rig::start();
    let folder = tempfile::tempdir().unwrap();
    let canary = Canary::new();
    let secret = canary.as_str();
    let json = json!({ "content-type": "application/json" });
    let described = json!({ "active": true, "sub": secret, "username": secret });
    let mut answers = failures(secret);
    answers.push(json!({ "status": 200, "headers": json, "body": described }));
    answers.push(
        json!({ "status": 200, "headers": json, "body": { "active": secret, "sub": [secret] } }),
    );
    let jwt = json!({ "content-type": "application/jwt" });
    answers.push(json!({ "status": 200, "headers": jwt, "body": secret }));
    let subject = URL_SAFE_NO_PAD.encode(json!({ "sub": "someone else" }).to_string());
    let id_token = format!("e30.{subject}.{secret}");
    let options = format!(
        "client_id = 'cc-post'\nclient_secret = '{secret}'\ngrant_type = 'client_credentials'"
    );
    for (number, answer) in answers.iter().enumerate() {
        let credentials = load(&rig, &options, &folder.path().join(number.to_string()));
        rig.faults(&always(&tokens(secret, Some(&id_token)), &json!({ "endpoint": "token" })));
        let token = credentials.token().await.unwrap();
        let mut faults = vec![always(&tokens(secret, Some(&id_token)), &json!({}))[0].clone()];
        for endpoint in ["introspection", "userinfo", "revocation"] {
            faults.push(always(answer, &json!({ "endpoint": endpoint }))[0].clone());
        }
        rig.faults(&Value::Array(faults));
        let introspection = credentials.introspect().await;
        let user = credentials.user_info().await;
        let url = credentials.logout_url(None).await.unwrap();
        assert!(canary.find_in(url.as_str().as_bytes()).is_some(), "the hint has it");
        let refused = credentials.logout_url(Some(secret)).await;
        let revocation = credentials.revoke_tokens(token).await;
        let mut shown = format!(
            "{introspection:?} {introspection:#?} {user:?} {user:#?} \
             {refused:?} {revocation:?} {credentials:?}"
        );
        let errors = [
            introspection.as_ref().err(),
            user.as_ref().err(),
            refused.as_ref().err(),
            revocation.as_ref().err(),
        ];
        for error in errors.into_iter().flatten() {
            shown += &error.to_string();
        }
        assert_eq!(canary.find_in(shown.as_bytes()), None, "{answer}: {shown}");
        assert!(user.is_err(), "it is another user, or none");
    }
    search_logs(&canary);
}
