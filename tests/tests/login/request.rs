//! The request that starts a login: pushed, signed, answered by a form, with details.

use authn::{ErrorKind, Url, prompt::Progress, time::ManualClock};
use authn_tests::{
    browser::Browser,
    rig::{self, Rig},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    person::{Person, come_back, open, page, who_logs_in},
    settings::{FAILED, LOGGED_IN, client, load, load_at, native},
};

const PUSHED: &[(&str, &str)] = &[("endpoint", "pushed_authorization_request"), ("status", "201")];
const SECRET: &str = "client_secret = 'secret'\ntoken_endpoint_auth_method = 'client_secret_post'\n\
                      grant_type = 'authorization_code'";

/// Options of a client that signs with a key of the server.
fn signing(rig: &Rig, key: &str, id: &str) -> String {
    let file = rig.key(key);
    format!(
        "private_key = {{ file = '{}' }}\nkey_id = '{id}'\ngrant_type = 'authorization_code'",
        file.display()
    )
}

fn names(link: &Url) -> Vec<String> {
    link.query_pairs().map(|(name, _)| name.into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_must_push_and_sign_logs_in() {
    let rig = Rig::start();
    let public = "token_endpoint_auth_method = 'none'\nrequest_object = 'always'";
    let ec = signing(&rig, "ec.pem", "ec-1");
    let rsa = signing(&rig, "rsa.pem", "rsa-1");
    // What one client must do is not in the metadata, which say what all must do.
    for (id, more, metadata, in_link) in [
        (
            "native-par",
            format!("{SECRET}\npushed_authorization_request = 'always'"),
            json!({}),
            "request_uri",
        ),
        ("native-par", SECRET.to_owned(), json!({}), "request_uri"),
        ("native-jar", format!("{ec}\n{public}"), json!({}), "request"),
        (
            "native-jar-par",
            rsa.clone(),
            json!({ "require_signed_request_object": true, "require_pushed_authorization_requests": true }),
            "request_uri",
        ),
        ("native-jar-par", format!("{rsa}\nrequest_object = 'always'"), json!({}), "request_uri"),
        (
            "native",
            String::new(),
            json!({ "require_pushed_authorization_requests": true }),
            "request_uri",
        ),
    ] {
        rig.reset();
        rig.answers(&json!({ "discovery": metadata }));
        let person = who_logs_in(&rig, 200, LOGGED_IN);
        let credentials = load(&rig, &client(&rig, id, &more));
        let outcome = credentials.login(person.login()).await;
        person.is_done();
        outcome.unwrap_or_else(|error| panic!("{id} {more}: {error}"));
        assert_eq!(credentials.status().await.unwrap().username.as_deref(), Some("alice"), "{id}");
        assert_eq!(names(person.links()[0].url()), ["client_id", in_link], "{id} {more}");
        assert_eq!(rig.count(PUSHED), u64::from(in_link == "request_uri"), "{id} {more}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_push_or_sign_although_it_must_is_refused_at_the_server() {
    let rig = Rig::start();
    for (id, more) in [
        ("native-par", format!("{SECRET}\npushed_authorization_request = 'never'")),
        ("native-jar", String::new()),
    ] {
        let credentials = load(&rig, &client(&rig, id, &more));
        let person = who_logs_in(&rig, 400, FAILED);
        let error = credentials.login(person.login()).await.unwrap_err();
        person.is_done();
        assert_eq!(error.kind(), ErrorKind::Refused, "{id}: {error}");
        assert!(error.to_string().contains("(invalid_request)"), "{id}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_push_ends_the_login_before_anything_is_shown() {
    let rig = Rig::start();
    let wrong = "client_secret = 'wr0ng'\ntoken_endpoint_auth_method = 'client_secret_post'\n\
                 grant_type = 'authorization_code'";
    for login in [|person: &Person| person.login(), |person: &Person| person.login_at_console()] {
        let person = Person::who(|_| ());
        let error = load(&rig, &client(&rig, "native-par", wrong)).login(login(&person)).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert!(error.to_string().contains("invalid_client"), "{error}");
        assert!(!format!("{error} {error:?}").contains("wr0ng"), "{error:?}");
        assert!(person.links().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_opens_a_pushed_request_late_is_told_why() {
    let rig = Rig::start();
    let clock = ManualClock::new();
    let options = client(&rig, "native-par", &format!("{SECRET}\nlogin_timeout = '5m'"));
    for (is_console, way) in [(false, "browser"), (true, "console")] {
        let moved = clock.clone();
        let person = Person::who_notices(move |progress| {
            if let Progress::Waiting { left } = progress {
                moved.advance(*left);
            }
        });
        let credentials = load_at(&rig, &options, None, &clock);
        let login = if is_console { person.login_at_console() } else { person.login() };
        let error = credentials.login(login).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginRequired);
        let text = error.to_string();
        assert!(text.contains("accepted the link for a shorter time"), "{way}: {text}");
        // The server's own lifetime.
        let notices = person.notices();
        assert!(
            notices.iter().any(|notice| notice.contains("only 60 seconds")),
            "{way}: {notices:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_in_a_form_ends_the_login() {
    let rig = Rig::start();
    for (id, more) in [("native", String::new()), ("native-par", SECRET.to_owned())] {
        for (told, is_ok, words) in [("--favicon", true, LOGGED_IN), ("--deny", false, FAILED)] {
            let browser = Browser::fake().told(told);
            let command = serde_json::to_string(&browser.command()).unwrap();
            let more = format!("browser = {command}\nresponse_mode = 'form_post'\n{more}");
            let credentials = load(&rig, &client(&rig, id, &more));
            let person = Person::who(|_| ());
            let outcome = credentials.login(person.login_with_browser()).await;
            assert_eq!(outcome.is_ok(), is_ok, "{id} {told}: {outcome:?}");
            let report = browser.report();
            assert!(report["words"].as_str().unwrap().contains(words), "{report}");
            assert!(report["form"].as_str().unwrap().contains("state="), "{report}");
            assert!(!report["location"].as_str().unwrap().contains('?'), "{report}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_sends_the_answer_in_a_form() {
    let rig = Rig::start();
    let browser = Browser::real();
    let command = serde_json::to_string(&browser.command()).unwrap();
    let more = format!("browser = {command}\nresponse_mode = 'form_post'");
    let credentials = load(&rig, &native(&rig, &more));
    let person = Person::who(|_| ());
    credentials.login(person.login_with_browser()).await.unwrap();
    let report = browser.report();
    assert!(report["words"].as_str().unwrap().contains(LOGGED_IN), "{report}");
    assert!(report["form"].as_str().unwrap().contains("code="), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_form_of_this_login_is_an_answer() {
    let rig = Rig::start();
    let issuer = rig.issuer().to_owned();
    let person = Person::who(move |link| {
        // The server need not have been asked for a form.
        let location = come_back(&issuer, link);
        let (address, query) = location.split_once('?').unwrap();
        let post = |kind: &str, body: &str| {
            let request = rig::agent().post(address).header("content-type", kind);
            page(request.send(body).unwrap())
        };
        let form = "application/x-www-form-urlencoded";
        post(form, &query.replace("state=", "state=x")).says(400, "This is another login");
        post(form, "").says(400, "This is another login");
        post(form, "\u{0}\u{fffd}%ff").says(400, "This is another login");
        post("multipart/form-data", query).says(415, "only for forms");
        post("text/plain", query).says(415, "only for forms");
        post("application/json", query).says(415, "only for forms");
        post(form, &"a".repeat(70_000)).says(413, "too long");
        let rebound =
            rig::agent().post(address).header("content-type", form).header("host", "evil.test");
        assert_eq!(rebound.send(query).unwrap().status(), 421);
        // What is in the address is not a part of the form.
        let both = rig::agent().post(&location).header("content-type", form);
        page(both.send("code=a").unwrap()).says(400, "This is another login");
        open(&format!("{address}?")).says(400, "This is another login");
        post("application/X-WWW-form-urlencoded; charset=utf-8", query).says(200, LOGGED_IN);
    });
    let credentials = load(&rig, &native(&rig, ""));
    let outcome = credentials.login(person.login()).await;
    person.is_done();
    outcome.unwrap();
    assert_eq!(rig.count(&[("endpoint", "token"), ("status", "200")]), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_can_not_be_pasted() {
    let rig = Rig::start();
    let person = Person::who(|_| ());
    let credentials = load(&rig, &native(&rig, "response_mode = 'form_post'"));
    let error = credentials.login(person.login_at_console()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("`response_mode"), "{error}");
    assert!(person.links().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn details_and_resources_are_granted_and_renewed() {
    let rig = Rig::start();
    let more = "authorization_details = [{ type = 'urn:rig:payment', amount = 7 }]\n\
                resource = 'https://api.rig.test/'\nacr_values = 'gold'\nui_locales = 'en'\nmax_age = '1h'\n\
                claims = { id_token = { email = { essential = true } } }";
    let person = who_logs_in(&rig, 200, LOGGED_IN);
    let credentials = load(&rig, &native(&rig, more));
    let outcome = credentials.login(person.login()).await;
    person.is_done();
    outcome.unwrap();
    // The renewed session has what the user has agreed to.
    let old = credentials.token().await.unwrap();
    let token = credentials.refresh().await.unwrap();
    assert_ne!(token.secret(), old.secret());
    let sent: Vec<Value> = rig.log();
    let of = |grant: &str| {
        let entry = sent.iter().find(|entry| entry["grant"] == grant).unwrap();
        entry["params"].clone()
    };
    for grant in ["authorization_code", "refresh_token"] {
        assert_eq!(of(grant)["resource"], "https://api.rig.test/", "{grant}");
        assert!(of(grant).get("authorization_details").is_none(), "{grant}");
    }
    let payload = token.secret().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    assert_eq!(
        claims["authorization_details"],
        json!([{ "type": "urn:rig:payment", "amount": 7 }])
    );
    assert_eq!(claims["aud"], "https://api.rig.test/");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_older_than_allowed_is_refused() {
    let rig = Rig::start();
    for (id, more, said) in [
        ("native", "max_age = '1h'", None),
        ("native", "max_age = 0", None),
        ("id-old_login", "", None),
        ("id-old_login", "max_age = '3h'", None),
        ("id-old_login", "max_age = '1h'", Some("older than `max_age`")),
        ("id-missing", "max_age = '1h'", Some("no ID token, which must prove `max_age`")),
        ("id-unknown_key", "", None),
        ("id-unknown_key", "max_age = '1h'", Some("a key that the server does not publish")),
        ("id-no_login_time", "max_age = '1h'", Some("does not say when the user logged in")),
    ] {
        let (status, words) = if said.is_none() { (200, LOGGED_IN) } else { (400, FAILED) };
        let person = who_logs_in(&rig, status, words);
        let credentials = load(&rig, &client(&rig, id, more));
        let outcome = credentials.login(person.login()).await;
        person.is_done();
        match (outcome, said) {
            (Ok(_), None) => {}
            (Err(error), Some(said)) => assert!(error.to_string().contains(said), "{id}: {error}"),
            (outcome, _) => panic!("{id} {more}: {outcome:?}"),
        }
    }
}
