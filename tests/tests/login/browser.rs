//! Starting the browser: which one, and what if there is none.

use std::sync::{Arc, Mutex, mpsc};

use authn::{Environment, Login, prompt::Progress};
use authn_tests::{browser::Browser, rig::Rig};
use serde_json::json;

use crate::{
    person::{Person, come_back, open, who_logs_in},
    settings::{FAILED, LOGGED_IN, load, native},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_configured_command_is_started_with_the_link() {
    let rig = Rig::start();
    let browser = Browser::fake().told("--favicon").told("--twice");
    let command = serde_json::to_string(&browser.command()).unwrap();
    let credentials = load(&rig, &native(&rig, &format!("browser = {command}")));
    // The link that is shown is not opened.
    let person = Person::who(|_| ());
    credentials.login(person.login_with_browser()).await.unwrap();
    let report = browser.report();
    assert_eq!((&report["favicon"], &report["status"]), (&404.into(), &200.into()), "{report}");
    assert!(report["words"].as_str().unwrap().contains(LOGGED_IN), "{report}");
    let [link] = &person.links()[..] else { panic!("one link is shown") };
    assert!(link.opens_browser());
    assert_eq!(report["url"], link.url().as_str());
    assert!(matches!(
        person.progress()[..],
        [Progress::Waiting { .. }, Progress::BrowserOpened, Progress::Exchanging, Progress::Ended]
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_shows_pages_that_fit_every_window() {
    let rig = Rig::start();
    let shots = tempfile::tempdir().unwrap();
    for (deny, words) in [("", LOGGED_IN), ("--deny", FAILED)] {
        let browser = Browser::real().told(&format!("--shots={}", shots.path().display()));
        let browser = if deny.is_empty() { browser } else { browser.told(deny) };
        let command = serde_json::to_string(&browser.command()).unwrap();
        let credentials = load(&rig, &native(&rig, &format!("browser = {command}")));
        let person = Person::who(|_| ());
        let outcome = credentials.login(person.login_with_browser()).await;
        assert_eq!(outcome.is_ok(), deny.is_empty(), "{outcome:?}");
        let report = browser.report();
        assert!(report["words"].as_str().unwrap().contains(words), "{report}");
        assert_eq!(report["widths"], json!({ "desktop": 1280, "phone": 390 }), "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(unix)]
async fn the_variable_names_a_browser_too() {
    let rig = Rig::start();
    let browser = Browser::fake();
    let program = browser.program();
    let variable = format!("/nowhere/browser:{} %s", program.display());
    let surroundings = Environment::empty().variable("BROWSER", variable);
    let person = Person::who(|_| ());
    let login = Login::new(person.clone()).with_environment(surroundings);
    load(&rig, &native(&rig, "")).login(login).await.unwrap();
    assert_eq!(browser.report()["status"], 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_fails_leaves_the_link() {
    let rig = Rig::start();
    for (command, why) in [("/nowhere/browser", "can't be started"), ("false", "ended with")] {
        let failed = Arc::new(Mutex::new(Vec::new()));
        let failures = Arc::clone(&failed);
        let credentials = load(&rig, &native(&rig, &format!("browser = ['{command}']")));
        let issuer = rig.issuer().to_owned();
        let (sender, receiver) = mpsc::channel();
        let receiver = Mutex::new(receiver);
        let person = Person::new(
            Box::new(move |link| {
                receiver.lock().unwrap().recv().unwrap();
                open(&come_back(&issuer, link)).says(200, LOGGED_IN);
            }),
            None,
            Box::new(move |progress| {
                if let Progress::BrowserFailed(why) = progress {
                    sender.send(()).unwrap();
                    failures.lock().unwrap().push(why.clone());
                }
            }),
        );
        let outcome = credentials.login(person.login_with_browser()).await;
        person.is_done();
        outcome.unwrap();
        let failed = failed.lock().unwrap().join("");
        assert!(failed.contains("`browser`") && failed.contains(why), "{failed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_browser_starts_none() {
    let rig = Rig::start();
    let credentials = load(&rig, &native(&rig, "browser = ['/nowhere/browser']"));
    let person = who_logs_in(&rig, 200, LOGGED_IN);
    let outcome = credentials.login(person.login()).await;
    person.is_done();
    outcome.unwrap();
    assert!(!person.links()[0].opens_browser());
    let progress = person.progress();
    assert!(!progress.iter().any(|one| matches!(one, Progress::BrowserFailed(_))), "{progress:?}");
}
