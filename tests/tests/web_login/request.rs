//! The request of a login in a web application: pushed, answered by a form, for a recent login.

use authn::{Credentials, ErrorKind, PendingLogin, SecretString};
use authn_tests::{browser::Browser, rig::Rig};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::settings::{REDIRECT_URI, come_back, load, pending};

const PUSHED: &[(&str, &str)] = &[("endpoint", "pushed_authorization_request"), ("status", "201")];
const CONFIDENTIAL: &str = "client_secret = 'secret'\ngrant_type = 'authorization_code'";

/// Starts a login, and returns its text and the form that the server lets the browser send.
async fn posted(credentials: &Credentials, user: Browser) -> (SecretString, String) {
    let (url, login) = credentials.authorization_url(REDIRECT_URI).await.unwrap();
    let report = user.open(url.as_str());
    assert_eq!(report["location"], REDIRECT_URI, "{report}");
    (login.to_secret(), report["form"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confidential_client_pushes_its_request_where_the_server_offers_that() {
    let rig = Rig::start();
    let post = format!("{CONFIDENTIAL}\ntoken_endpoint_auth_method = 'client_secret_post'");
    let never = format!("{CONFIDENTIAL}\npushed_authorization_request = 'never'");
    for (id, more, is_pushed) in
        [("web", CONFIDENTIAL, true), ("native-par", &post, true), ("web", &never, false)]
    {
        rig.reset();
        let credentials = load(&rig, id, more);
        let (text, location) = come_back(&credentials, Browser::fake()).await;
        let tokens = credentials.complete(pending(&text), &location).await.unwrap();
        assert_eq!(tokens.username(), Some("alice"), "{id}");
        assert_eq!(rig.count(PUSHED), u64::from(is_pushed), "{id} {more}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_completes_a_login_as_a_query_does() {
    let rig = Rig::start();
    for (id, more) in [("native", ""), ("web", CONFIDENTIAL)] {
        let credentials = load(&rig, id, &format!("{more}\nresponse_mode = 'form_post'"));
        let (text, form) = posted(&credentials, Browser::fake()).await;
        for wrong in [form.replace("state=", "state=x"), format!("{form}&code=more"), String::new()]
        {
            let wrong = credentials.complete(pending(&text), &format!("?{wrong}")).await;
            assert_eq!(wrong.unwrap_err().kind(), ErrorKind::Protocol);
        }
        let tokens = credentials.complete(pending(&text), &format!("?{form}")).await.unwrap();
        assert_eq!(tokens.username(), Some("alice"), "{id}");

        let (text, form) = posted(&credentials, Browser::fake().told("--deny")).await;
        let denied = credentials.complete(pending(&text), &format!("?{form}")).await;
        assert_eq!(denied.unwrap_err().kind(), ErrorKind::Cancelled);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_asks_for_a_recent_login_which_the_pending_login_keeps() {
    let rig = Rig::start();
    for (id, max_age, said) in [
        ("native", "0", None),
        ("id-old_login", "10800", None),
        ("id-old_login", "3600", Some("older than `max_age`")),
    ] {
        let credentials = load(&rig, id, "");
        let recent = credentials.with_parameters([("max_age", max_age), ("acr_values", "gold")]);
        let (text, location) = come_back(&recent, Browser::fake()).await;
        match (credentials.complete(pending(&text), &location).await, said) {
            (Ok(tokens), None) => assert_eq!(tokens.username(), Some("alice")),
            (Err(error), Some(said)) => assert!(error.to_string().contains(said), "{error}"),
            (outcome, _) => panic!("{id} {max_age}: {outcome:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_login_of_another_version_works_unless_its_limit_can_not_be_read() {
    let rig = Rig::start();
    let credentials = load(&rig, "native", "");
    let (text, location) = come_back(&credentials, Browser::fake()).await;
    let decoded = URL_SAFE_NO_PAD.decode(&text.expose()["1.".len()..]).unwrap();
    let json: Value = serde_json::from_slice(&decoded).unwrap();
    let with = |name: &str, value: &str| {
        let mut json = json.clone();
        json["kept"][name] = json!(value);
        let text = format!("1.{}", URL_SAFE_NO_PAD.encode(json.to_string()));
        PendingLogin::from_secret(&SecretString::from(text)).unwrap()
    };
    let error = credentials.complete(with("max_age", "no number"), &location).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");
    let tokens = credentials.complete(with("of_a_later_version", "1"), &location).await.unwrap();
    assert_eq!(tokens.username(), Some("alice"));
}
