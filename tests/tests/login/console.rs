//! Logins on a host without a browser: pasted addresses and codes.

use authn::{Environment, ErrorKind, Login, LoginOutcome, Url};
use authn_tests::rig::Rig;
use serde_json::json;

use crate::{
    person::{Person, come_back},
    settings::{load, native},
};

fn code_of(location: &str) -> String {
    let url = Url::parse(location).unwrap();
    url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_or_the_code_is_pasted() {
    let rig = Rig::start();
    for part in [|location: &str| location.to_owned(), code_of] {
        let issuer = rig.issuer().to_owned();
        let person = Person::who_pastes(move |link, _| {
            Some(format!(" {}\n", part(&come_back(&issuer, link))))
        });
        let credentials = load(&rig, &native(&rig, "grant_type = 'authorization_code'"));
        // Without a display it is the way by itself.
        let surroundings = Environment::empty();
        let login = Login::new(person.clone()).with_environment(surroundings);
        assert_eq!(credentials.login(login).await.unwrap(), LoginOutcome::LoggedIn);
        assert!(credentials.try_token().is_some());
        let [link] = &person.links()[..] else { panic!("one link is shown") };
        assert!(!link.opens_browser());
        let label = person.questions()[0].label().to_owned();
        assert!(label.contains("address") && label.contains("can't open"), "{label}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_browser_a_code_is_used_unless_the_grant_is_configured() {
    let rig = Rig::start();
    rig.faults(&json!([{ "endpoint": "device_authorization", "times": 10, "status": 503 }]));
    let log_in = |more: &str| {
        let person = Person::who_pastes(|_, _| None);
        let login = Login::new(person.clone()).with_environment(Environment::empty());
        let credentials = load(&rig, &native(&rig, more));
        async move {
            credentials.login(login).await.unwrap_err();
            person.questions().len()
        }
    };
    let begun = || rig.count(&[("endpoint", "device_authorization")]);
    assert_eq!((log_in("grant_type = 'authorization_code'").await, begun()), (1, 0));
    // Where it is configured to the letter, that is what is meant, too.
    let more = "redirect_uri = 'http://127.0.0.1:8888/callback'";
    assert_eq!((log_in(more).await, begun()), (1, 0));
    rig.answers(&json!({ "discovery": { "device_authorization_endpoint": null } }));
    assert_eq!((log_in("").await, begun()), (1, 0));
    rig.answers(&json!({}));
    assert_eq!((log_in("").await, begun()), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_answer_is_reported_and_asked_for_again() {
    let rig = Rig::start();
    let issuer = rig.issuer().to_owned();
    let person = Person::who_pastes(move |link, asked| {
        Some(match asked {
            0 => String::new(),
            1 => "I don't know".to_owned(),
            2 => link.to_owned(),
            3 => "http://127.0.0.1:1/callback?code=a&state=another".to_owned(),
            _ => come_back(&issuer, link),
        })
    });
    let credentials = load(&rig, &native(&rig, ""));
    credentials.login(person.login_at_console()).await.unwrap();
    let notices = person.notices();
    for (notice, said) in notices.iter().zip(["empty", "neither", "no code", "another login"]) {
        assert!(notice.contains(said), "{notices:?}");
    }
    assert_eq!(notices.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_limited() {
    let rig = Rig::start();
    let credentials = load(&rig, &native(&rig, ""));
    let person = Person::who_pastes(|_, _| Some("not a code".to_owned()));
    let error = credentials.login(person.login_at_console()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired);
    assert_eq!(person.questions().len(), 5);

    let person = Person::who_pastes(|_, _| None);
    let error = credentials.login(person.login_at_console()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);

    let error = "http://127.0.0.1:1/?error=access_denied&iss=";
    let person = Person::who_pastes(move |link, _| {
        let link = Url::parse(link).unwrap();
        let state = link.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        Some(format!("{error}&state={state}"))
    });
    let error = credentials.login(person.login_at_console()).await.unwrap_err();
    assert!(error.to_string().contains("access_denied"), "{error}");
    assert_eq!(rig.count(&[("endpoint", "token")]), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_another_login_is_rejected() {
    let rig = Rig::start();
    let issuer = rig.issuer().to_owned();
    let elsewhere = Person::who_pastes(move |link, _| Some(code_of(&come_back(&issuer, link))));
    let stolen = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let kept = std::sync::Arc::clone(&stolen);
    let issuer = rig.issuer().to_owned();
    let victim = Person::who_pastes(move |link, _| {
        *kept.lock().unwrap() = code_of(&come_back(&issuer, link));
        None
    });
    let credentials = load(&rig, &native(&rig, "redirect_port = 8888"));
    credentials.login(victim.login_at_console()).await.unwrap_err();
    let code = stolen.lock().unwrap().clone();
    let thief = Person::who_pastes(move |_, _| Some(code.clone()));
    let error = credentials.login(thief.login_at_console()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains("invalid_grant"), "{error}");
    credentials.login(elsewhere.login_at_console()).await.unwrap();
}
