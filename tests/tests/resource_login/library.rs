//! The options in a program.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use authn::{
    Credentials, Environment, ErrorKind, Loader, Login, LoginMethod, Result, SecretString,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    time::{Clock, ManualClock},
};
use authn_providers as _;
use authn_tests::{browser::Browser, rig::Rig};

/// A user who gives this answer, and follows links.
#[derive(Clone, Debug)]
struct Person {
    answer: &'static str,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Person {
    fn who_says(answer: &'static str) -> Self {
        Self { answer, seen: Arc::default() }
    }

    fn login(&self) -> Login {
        Login::new(self.clone())
            .with_environment(Environment::empty())
            .with_method(LoginMethod::Browser)
            .without_browser()
    }

    fn saw(&self) -> String {
        self.seen.lock().unwrap().join("\n")
    }
}

impl Prompt for Person {
    fn show_link(&self, link: &Link) {
        let url = link.url().to_string();
        thread::spawn(move || Browser::fake().open(&url));
    }

    fn show_code(&self, code: &UserCode) {
        panic!("a code is shown: {}", code.url());
    }

    async fn ask(&self, question: &Question) -> Result<SecretString> {
        self.seen.lock().unwrap().push(format!("asked: {}", question.label()));
        Ok(self.answer.into())
    }

    fn progress(&self, progress: &Progress) {
        if let Progress::Notice(text) = progress {
            self.seen.lock().unwrap().push(text.clone());
        }
    }
}

fn load(rig: &Rig, more: &str, clock: &ManualClock) -> Credentials {
    let text = format!(
        "[credentials]\norigins = ['{}']\n[credentials.oauth]\nstore = 'memory'\n\
         resource_url = '{}'\nclient_registration = 'dynamic'\n{more}",
        rig.issuer(),
        rig.resource_url("/rs/mcp"),
    );
    let loader = Loader::new().environment(Environment::empty()).defaults(&text);
    loader.clock(Clock::custom(clock.clone())).load().unwrap()
}

async fn status(credentials: &Credentials, rig: &Rig) -> u16 {
    let client = authn::reqwest::Client::new(credentials.clone()).unwrap();
    client.get(rig.resource_url("/rs/mcp")).send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_configured_is_used_once_the_user_agrees_and_then_without_a_question()
{
    let (rig, clock) = (Rig::start(), ManualClock::new());
    let credentials = load(&rig, "", &clock);
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired);

    let unwilling = Person::who_says("no");
    let error = credentials.login(unwilling.login()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(rig.count(&[]), 0, "the server was asked nothing");
    assert!(
        unwilling.saw().contains(&format!("log in at {}", rig.issuer())),
        "{}",
        unwilling.saw()
    );

    let person = Person::who_says(" YES ");
    credentials.login(person.login()).await.unwrap();
    assert_eq!(person.saw().matches("asked:").count(), 1, "{}", person.saw());
    assert_eq!(status(&credentials, &rig).await, 200);
    for round in 1..3 {
        clock.advance(Duration::from_mins(2));
        rig.clock(120 * round);
        assert_eq!(status(&credentials, &rig).await, 200);
    }
    assert_eq!(rig.count(&[("grant", "refresh_token"), ("status", "200")]), 2);
    assert_eq!(rig.count(&[("endpoint", "discovery")]), 1, "metadata are asked for once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_server_needs_no_question_and_another_one_is_refused() {
    let (rig, clock) = (Rig::start(), ManualClock::new());
    let credentials = load(&rig, &format!("issuer = '{}'", rig.issuer()), &clock);
    let person = Person::who_says("no");
    credentials.login(person.login()).await.unwrap();
    assert!(!person.saw().contains("asked"), "{}", person.saw());
    assert_eq!(status(&credentials, &rig).await, 200);

    let other = load(&rig, "issuer = 'https://idp.example.com'", &clock);
    let error = other.login(person.login()).await.unwrap_err();
    assert!(error.message().contains("another authorization server"), "{error}");
}

#[test]
fn options_that_contradict_each_other_are_errors() {
    for (options, said) in [
        (
            "issuer_url = 'https://i.test'\nresource_url = 'https://a.test'\nclient_id = 'c'",
            "more than once",
        ),
        ("resource_url = 'http://a.test'\nclient_id = 'c'", "without encryption"),
        (
            "resource_url = 'https://a.test'\nissuer = 'nowhere'\nclient_id = 'c'",
            "without a scheme",
        ),
        ("resource_url = 'https://b.test'\nclient_id = 'c'", "other origins"),
        (
            "resource_url = 'https://a.test'\nclient_id = 'c'\nclient_secret = 's'",
            "can't ask a user",
        ),
        ("resource_url = 'https://a.test'", "`client_id` is not set"),
        (
            "issuer_url = 'https://i.test'\nclient_id = 'c'\nclient_registration = 'dynamic'",
            "a client is configured",
        ),
        (
            "issuer_url = 'https://i.test'\nclient_id = 'c'\nclient_name = 'n'",
            "no client is registered",
        ),
        (
            "issuer_url = 'https://i.test'\nclient_id = 'c'\ninitial_access_token = 's3cr3t'",
            "no client is registered",
        ),
    ] {
        let text = format!(
            "[credentials]\ndomain = 'a.test'\n[credentials.oauth]\nstore = 'memory'\n{options}"
        );
        let loader = Loader::new().environment(Environment::empty()).defaults(&text);
        let error = loader.load().unwrap_err();
        let problem = error.problems().first().map(ToString::to_string).unwrap_or_default();
        assert!(problem.contains(said) && !problem.contains("s3cr3t"), "{options}\n{problem}");
    }
}
