//! The example `web-login`, as its users see it: two instances, of which the callback reaches the other one.

use authn_tests::{browser::Browser, rig::Rig};
use serde_json::Value;

use crate::site::{Site, Visitor};

const PUBLIC: &str = "client_id = 'native'";
const CONFIDENTIAL: &str = "client_id = 'web'\nclient_secret = 'secret'";
const EXCHANGE: &[(&str, &str)] = &[("grant", "authorization_code")];
const REVOKED: &[(&str, &str)] = &[("path", "/token/revocation"), ("status", "200")];

#[test]
fn browser_logs_in_at_two_instances_and_out() {
    let rig = Rig::start();
    for (client, number) in [(PUBLIC, 1), (CONFIDENTIAL, 2)] {
        let site = Site::start(&rig, client);
        let browser = Browser::real().told("--app").told("--then=Log out");
        let report = browser.open(&format!("{}/login", site.url));
        let words = report["words"].as_str().unwrap();
        assert!(words.contains("You are logged in as alice"), "{report}");
        // What the API answers.
        assert!(words.contains("\"sub\":\"alice\""), "{report}");
        assert!(report["then"].as_str().unwrap().contains("Nobody is logged in"), "{report}");
        assert_eq!(rig.count(EXCHANGE), number);
        assert!(rig.count(REVOKED) >= number);
        assert!(site.sessions().iter().all(|session| !session.contains("access_token")));
    }
}

#[test]
fn browser_opens_the_callback_twice_and_stays_logged_in() {
    let rig = Rig::start();
    let site = Site::start(&rig, PUBLIC);
    let browser = Browser::real().told("--app").told("--twice");
    let report = browser.open(&format!("{}/login", site.url));
    assert!(report["words"].as_str().unwrap().contains("You are logged in"), "{report}");
    assert_eq!(report["again"], 400, "{report}");
    assert_eq!(rig.count(EXCHANGE), 1);
}

#[test]
fn browser_shows_a_user_who_denies_that_they_did_not_log_in() {
    let rig = Rig::start();
    let site = Site::start(&rig, PUBLIC);
    let report = Browser::real().told("--app").told("--deny").open(&format!("{}/login", site.url));
    assert!(report["words"].as_str().unwrap().contains("You did not log in."), "{report}");
    assert_eq!((&report["status"], rig.count(EXCHANGE)), (&Value::from(400), 0));
}

#[test]
fn a_user_stays_logged_in_when_the_tokens_are_refreshed() {
    let rig = Rig::start();
    let site = Site::start(&rig, PUBLIC);
    let mut alice = Visitor::default();
    let callback = alice.come_back(&site, &Browser::fake());
    let page = alice.get(&callback);
    assert_eq!((page.status, page.location.as_str()), (303, "/"), "{}", page.body);
    for _ in 0..3 {
        let page = alice.get(&site.url);
        assert!(page.body.contains("logged in as alice"), "{}", page.body);
    }
    // The first page uses the refresh token of the login, and the others the token in the store.
    assert_eq!(rig.count(&[("grant", "refresh_token"), ("status", "200")]), 1);
    let mut bob = Visitor::default();
    let callback = bob.come_back(&site, &Browser::fake().told("--user=bob"));
    bob.get(&callback);
    assert!(bob.get(&site.url).body.contains("logged in as bob"));
    assert!(alice.get(&site.url).body.contains("logged in as alice"));
    let out = alice.post(&format!("{}/logout", site.url));
    assert_eq!((out.status, out.location.as_str()), (303, "/"));
    assert!(alice.get(&site.url).body.contains("Nobody is logged in"));
    assert!(bob.get(&site.url).body.contains("logged in as bob"));
}

#[test]
fn a_session_that_was_logged_out_is_over_even_for_a_copy_of_its_cookie() {
    let rig = Rig::start();
    let site = Site::start(&rig, CONFIDENTIAL);
    let mut visitor = Visitor::default();
    let callback = visitor.come_back(&site, &Browser::fake());
    visitor.get(&callback);
    assert!(visitor.get(&site.url).body.contains("logged in as alice"));
    let mut copy = Visitor { cookies: visitor.cookies.clone(), ..Visitor::default() };
    visitor.post(&format!("{}/logout", site.url));
    let page = copy.get(&site.url);
    assert!(page.body.contains("Nobody is logged in"), "{}", page.body);
    assert!(copy.cookies.is_empty());
}

#[test]
fn an_answer_of_another_browser_or_login_logs_nobody_in() {
    let rig = Rig::start();
    let site = Site::start(&rig, PUBLIC);
    let (mut attacker, mut victim) = (Visitor::default(), Visitor::default());
    let of_attacker = attacker.come_back(&site, &Browser::fake());
    let of_victim = victim.come_back(&site, &Browser::fake().told("--user=bob"));
    // The login of the attacker in the victim's browser. Its own login ends with that.
    let page = victim.get(&of_attacker);
    assert_eq!(page.status, 400, "{}", page.body);
    assert!(victim.cookies.is_empty());
    assert_eq!(victim.get(&of_victim).status, 400);
    let tampered = of_attacker.replace("state=", "state=x");
    let mut copy = Visitor { cookies: attacker.cookies.clone(), ..Visitor::default() };
    assert_eq!(copy.get(&tampered).status, 400);
    let mut forged = Visitor::default();
    forged.cookies.insert("login".to_owned(), "1.e30".to_owned());
    forged.cookies.insert("session".to_owned(), "{}".to_owned());
    assert_eq!(forged.get(&of_attacker).status, 400);
    assert!(forged.get(&site.url).body.contains("Nobody is logged in"));
    assert_eq!(rig.count(EXCHANGE), 0);
}

#[test]
fn cookies_are_for_this_site_alone_and_pages_for_this_browser() {
    let rig = Rig::start();
    let site = Site::start_for(&rig, PUBLIC, Some("https://shop.example.com"));
    let page = Visitor::default().get(&format!("{}/login", site.url));
    let callback = "redirect_uri=https%3A%2F%2Fshop.example.com%2Fcallback&";
    assert!(page.location.contains(callback), "{}", page.location);
    let [cookie] = &page.set_cookies[..] else { panic!("{:?}", page.set_cookies) };
    for attribute in ["; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/", "; Max-Age=3"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(cookie.starts_with("__Host-login=") && !cookie.contains("Domain"), "{cookie}");
    for (name, value) in [
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("content-security-policy", "default-src 'none'"),
    ] {
        let header = page.headers.iter().find(|(other, _)| other == name);
        assert!(header.is_some_and(|(_, header)| header.contains(value)), "{name}");
    }
}

#[test]
fn neither_logs_nor_pages_have_a_code_or_a_token() {
    let rig = Rig::start();
    let site = Site::start(&rig, CONFIDENTIAL);
    let mut secrets = vec!["a key of more than thirty-two bytes".to_owned()];
    let mut visitor = Visitor::default();
    for user in ["alice", "bob"] {
        let callback = visitor.come_back(&site, &Browser::fake().told(&format!("--user={user}")));
        let code = callback.split_once("code=").unwrap().1.split('&').next().unwrap();
        secrets.push(code.to_owned());
        secrets.extend(visitor.cookies.values().cloned());
        visitor.get(&callback);
        secrets.extend(visitor.cookies.values().cloned());
        assert!(visitor.get(&site.url).body.contains(user));
        let sessions = site.sessions();
        assert!(!sessions.is_empty());
        for session in sessions {
            let session: Value = serde_json::from_str(&session).unwrap();
            let tokens = secrets_of(&session);
            assert!(tokens.len() >= 2, "an access token and a refresh token");
            secrets.extend(tokens);
        }
        // A code that is not accepted, too.
        visitor.get(&callback);
    }
    for text in site.logs().into_iter().chain([visitor.seen.clone()]) {
        assert!(!text.is_empty());
        for secret in &secrets {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

/// Returns the tokens of a stored session.
fn secrets_of(session: &Value) -> Vec<String> {
    match session {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| match value {
                Value::String(text) if name.ends_with("_token") => vec![text.clone()],
                value => secrets_of(value),
            })
            .collect(),
        _ => Vec::new(),
    }
}
