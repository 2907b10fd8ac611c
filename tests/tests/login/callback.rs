//! The browser comes back: accepted and ignored responses, and those that end the login (SECURITY.md, 8 and 9).

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    time::Duration,
};

use authn::{ErrorKind, LoginOutcome, Url, prompt::Progress, time::ManualClock};
use authn_tests::{
    browser::Browser,
    rig::{self, Rig},
    waiting,
};
use serde_json::json;

use crate::{
    person::{Person, come_back, open, page, who_logs_in},
    settings::{FAILED, LOGGED_IN, client, load, load_at, native},
};

fn address_of(url: &str) -> (String, String) {
    let url = Url::parse(url).unwrap();
    let address = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    (address, url.path().to_owned())
}

/// Returns the redirect address in a link.
fn redirect_of(link: &Url) -> String {
    link.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned()
}

/// Sends something that is no request of a browser, and returns the status of the answer.
fn raw(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    // The rest of a request that is refused early may find the connection closed.
    drop(stream.write_all(request.as_bytes()));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_the_outcome_and_repeats_nothing() {
    let rig = Rig::start();
    let issuer = rig.issuer().to_owned();
    let person = Person::who(move |link| {
        let location = come_back(&issuer, link);
        let page = open(&location);
        page.says(200, LOGGED_IN);
        let parameters = Url::parse(&location).unwrap();
        for (_, value) in parameters.query_pairs() {
            assert!(!page.body.contains(&*value), "{}", page.body);
        }
        for (name, expected) in [
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(page.header(name), expected);
        }
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!page.body.contains("<script"), "{}", page.body);
    });
    let credentials = load(&rig, &native(&rig, ""));
    assert_eq!(credentials.login(person.login()).await.unwrap(), LoginOutcome::LoggedIn);
    person.is_done();
    let link = person.links()[0].clone();
    assert!(!link.opens_browser());
    let sent: Vec<_> = link.url().query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(
        sent,
        [
            "response_type",
            "client_id",
            "redirect_uri",
            "state",
            "code_challenge",
            "code_challenge_method",
            "nonce",
            "prompt",
            "scope",
        ]
    );
    assert!(matches!(
        person.progress()[..],
        [Progress::Waiting { .. }, Progress::Exchanging, Progress::Ended]
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_without_the_state_is_ignored() {
    let rig = Rig::start();
    let issuer = rig.issuer().to_owned();
    let person = Person::who(move |link| {
        let location = come_back(&issuer, link);
        let (address, path) = address_of(&location);
        let at = |path: &str| format!("http://{address}{path}");
        let agent = rig::agent();
        open(&at("/favicon.ico")).says(404, "nothing here");
        open(&at("/")).says(404, "nothing here");
        let guessed = agent.get(&location).header("sec-purpose", "prefetch;prerender").call();
        assert_eq!(guessed.unwrap().status(), 503, "what a browser guesses is no answer");
        let forged = location.replace("state=", "state=x");
        for strange in [
            forged.as_str(),
            &at(&path),
            &at(&format!("{path}?code=a")),
            &at(&format!("{path}?error=access_denied")),
            &at(&format!("{path}?error=access_denied&state=")),
        ] {
            open(strange).says(400, "This is another login");
        }
        let put = page(agent.put(&location).send("").unwrap());
        put.says(405, "");
        assert_eq!(put.header("allow"), "GET, POST");
        assert_eq!(agent.head(&location).call().unwrap().status(), 405);
        for host in ["evil.test", "127.0.0.1.evil.test", ""] {
            let rebound = agent.get(&location).header("host", host).call().unwrap();
            assert_eq!(rebound.status(), 421, "{host}");
        }
        let query = location.split_once('?').unwrap().1;
        assert_eq!(raw(&address, &format!("GET {path}?{query} HTTP/1.0\r\n\r\n")), "421");
        let long = format!("GET {path}?{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(70_000));
        assert_eq!(raw(&address, &long), "414");
        let cookie = "a".repeat(300_000);
        let long = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n");
        assert_eq!(raw(&address, &long), "431");
        assert_eq!(raw(&address, "nonsense\r\n\r\n"), "400");
        open(&location).says(200, LOGGED_IN);
    });
    let credentials = load(&rig, &native(&rig, ""));
    let outcome = credentials.login(person.login()).await;
    person.is_done();
    outcome.unwrap();
    assert!(credentials.try_token().is_some());
    let notices = person.notices();
    assert_eq!(notices.len(), 1, "it is said once: {notices:?}");
    assert!(notices[0].contains("ignored"), "{notices:?}");
    assert_eq!(rig.count(&[("grant", "authorization_code")]), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_block_no_login() {
    let rig = Rig::start();
    let issuer = rig.issuer().to_owned();
    // The clock is stopped, so that no login times out.
    let clock = ManualClock::new();
    let person = Person::who(move |link| {
        let location = come_back(&issuer, link);
        let (address, _) = address_of(&location);
        // More connections than are served at once, and than the backlog holds.
        let silent: Vec<_> = (0..100).map(|_| TcpStream::connect(&address).unwrap()).collect();
        for mut stream in &silent {
            // The listener may have closed some.
            drop(stream.write_all(b"GET /callback HTTP/1.1\r\n"));
        }
        open(&location).says(200, LOGGED_IN);
    });
    let credentials = load_at(&rig, &native(&rig, "login_timeout = '1000h'"), None, &clock);
    let outcome = credentials.login(person.login()).await;
    person.is_done();
    outcome.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_response_ends_the_login() {
    let rig = Rig::start();
    for (callback, said) in [
        (json!({ "state": ["{state}", "{state}"] }), "twice"),
        (json!({ "code": ["{code}", "other"] }), "twice"),
        (json!({ "iss": "https://elsewhere.test" }), "another server"),
        (json!({ "iss": null }), "does not name its issuer"),
        (json!({ "code": null }), "neither a code nor an error"),
    ] {
        rig.answers(&json!({ "callback": callback }));
        let credentials = load(&rig, &native(&rig, ""));
        let person = who_logs_in(&rig, 400, FAILED);
        let error = credentials.login(person.login()).await.unwrap_err();
        person.is_done();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        assert!(error.to_string().contains(said), "{error}");
        assert!(credentials.try_token().is_none());
    }
    assert_eq!(rig.count(&[("grant", "authorization_code")]), 0, "no code was sent");

    rig.answers(&json!({
        "callback": { "iss": null },
        "discovery": { "authorization_response_iss_parameter_supported": null },
    }));
    let person = who_logs_in(&rig, 200, LOGGED_IN);
    let outcome = load(&rig, &native(&rig, "")).login(person.login()).await;
    person.is_done();
    outcome.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_the_error_and_nothing_else_is_tried() {
    let rig = Rig::start();
    let browser = Browser::fake().told("--deny");
    let opened = browser.clone();
    let person = Person::who(move |link| {
        let report = opened.open(link);
        assert_eq!(report["status"], 400, "{report}");
        assert!(report["words"].as_str().unwrap().contains(FAILED), "{report}");
    });
    let credentials = load(&rig, &native(&rig, ""));
    let error = credentials.login(person.login()).await.unwrap_err();
    person.is_done();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains("the consent was denied (access_denied)"), "{error}");
    assert_eq!(rig.count(&[("endpoint", "token")]), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_exchanged_once_however_often_the_browser_sends_it() {
    let rig = Rig::start();
    rig.faults(&json!([{ "delay_ms": 300 }]));
    let issuer = rig.issuer().to_owned();
    let person = Person::who(move |link| {
        let location = come_back(&issuer, link);
        let ask = || {
            let location = location.clone();
            std::thread::spawn(move || rig::agent().get(&location).call().ok().map(page))
        };
        let pages: Vec<_> =
            [ask(), ask(), ask()].into_iter().map(|asked| asked.join().unwrap()).collect();
        // A late connection is refused.
        let pages: Vec<_> = pages.into_iter().flatten().collect();
        assert!(!pages.is_empty());
        for page in pages {
            page.says(200, LOGGED_IN);
        }
    });
    let outcome = load(&rig, &native(&rig, "")).login(person.login()).await;
    person.is_done();
    outcome.unwrap();
    assert_eq!(rig.count(&[("grant", "authorization_code")]), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_code_is_not_sent_again() {
    let rig = Rig::start();
    for answer in [
        json!([{ "status": 400, "body": { "error": "invalid_grant" } }]),
        json!([{ "status": 401, "body": { "error": "invalid_client" } }]),
        json!([{ "status": 503 }]),
        json!([{ "drop": true }]),
    ] {
        rig.reset();
        rig.faults(&answer);
        let credentials = load(&rig, &native(&rig, ""));
        let person = who_logs_in(&rig, 400, FAILED);
        assert!(credentials.login(person.login()).await.is_err(), "{answer}");
        person.is_done();
        assert_eq!(rig.count(&[("endpoint", "token")]), 1, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wait_ends_with_its_timeout() {
    let rig = Rig::start();
    let clock = ManualClock::new();
    let moved = clock.clone();
    let person = Person::who_notices(move |progress| {
        if let Progress::Waiting { left } = progress {
            assert_eq!(*left, Duration::from_secs(90));
            moved.advance(*left);
        }
    });
    let credentials = load_at(&rig, &native(&rig, "login_timeout = '90s'"), None, &clock);
    let mut helps = Vec::new();
    for login in [person.login(), person.login_at_console()] {
        let error = credentials.login(login).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginRequired);
        assert!(error.to_string().contains("`login_timeout`"), "{error}");
        helps.push(error.help().unwrap().to_owned());
    }
    // A server that does not know the redirect address sends no browser back.
    let redirect = redirect_of(person.links()[0].url());
    assert!(helps[0].contains(&format!("register `{redirect}` there as it is")), "{helps:?}");
    assert!(!helps[1].contains("register"), "{helps:?}");
    let (address, _) = address_of(&redirect_of(person.links()[0].url()));
    assert!(TcpStream::connect(address).is_err(), "there is no listener any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_login_leaves_no_listener() {
    let rig = Rig::start();
    let (sender, shown) = std::sync::mpsc::channel();
    let person = Person::who(move |link| sender.send(link.to_owned()).unwrap());
    let credentials = load(&rig, &native(&rig, ""));
    let login = person.login();
    let asking = tokio::spawn(async move { credentials.login(login).await });
    let link = tokio::task::spawn_blocking(move || shown.recv().unwrap()).await.unwrap();
    let (address, _) = address_of(&redirect_of(&Url::parse(&link).unwrap()));
    assert!(TcpStream::connect(&address).is_ok());
    asking.abort();
    waiting::until("the listener to end", || TcpStream::connect(&address).is_err().then_some(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_redirect_address_is_configured() {
    let rig = Rig::start();
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let port = free();
    for (id, more, expected) in [
        ("native", format!("redirect_port = {port}"), format!("http://127.0.0.1:{port}/callback")),
        ("native-path", "redirect_path = '/signed/in'".to_owned(), "http://127.0.0.1:".to_owned()),
        (
            "native",
            format!("redirect_uri = 'http://localhost:{port}/callback'"),
            format!("http://localhost:{port}/callback"),
        ),
        (
            "native",
            format!("redirect_uri = 'http://[::1]:{port}/callback'"),
            format!("http://[::1]:{port}/callback"),
        ),
    ] {
        if more.contains("::1") && TcpListener::bind("[::1]:0").is_err() {
            println!("left out: this machine has no IPv6");
            continue;
        }
        let person = who_logs_in(&rig, 200, LOGGED_IN);
        let outcome = load(&rig, &client(&rig, id, &more)).login(person.login()).await;
        person.is_done();
        outcome.unwrap();
        let redirect = redirect_of(person.links()[0].url());
        assert!(redirect.starts_with(&expected), "{redirect}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_port_is_reported_before_anything_is_shown() {
    let rig = Rig::start();
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = busy.local_addr().unwrap().port();
    let person = Person::who(|_| ());
    let credentials = load(&rig, &native(&rig, &format!("redirect_port = {port}")));
    let error = credentials.login(person.login()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let text = error.to_string();
    assert!(text.contains(&format!("port {port}")) && text.contains("`redirect_port`"), "{text}");
    assert!(person.links().is_empty());
}
