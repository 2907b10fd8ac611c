//! Tokens of nested providers: what is sent, and what happens if a server refuses them.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use authn::{
    Credentials, ErrorKind, Result, Token, hooks,
    time::{Clock, ManualClock},
};
use serde_json::{Value, json};

use super::scripted::{Received, Scripted};
use crate::testing::{jwt, load, load_at, wait};

const TYPE: &str = "urn:ietf:params:oauth:token-type";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn table(server: &Scripted, options: &str) -> String {
    format!("[credentials.oauth]\ntoken_endpoint_url = '{}'\n{options}", server.url)
}

fn loaded(server: &Scripted, options: &str) -> Credentials {
    load(&table(server, options)).unwrap_or_else(|error| panic!("{options}\n{error}"))
}

/// The options of an exchange by a client with a secret.
fn exchange(more: &str) -> String {
    format!("grant_type = 'token_exchange'\nclient_id = 'c'\nclient_secret = 's'\n{more}")
}

fn issued(token: &str) -> (u16, Value) {
    let kind = format!("{TYPE}:access_token");
    let answer = json!({ "access_token": token, "token_type": "Bearer", "expires_in": 600, "issued_token_type": kind });
    (200, answer)
}

fn refused(code: &str) -> (u16, Value) {
    (if code == "invalid_client" { 401 } else { 400 }, json!({ "error": code }))
}

/// Registers a hook whose tokens are numbered.
fn counting(name: &'static str) -> &'static AtomicUsize {
    let count: &'static AtomicUsize = Box::leak(Box::default());
    let hook = hooks::Hook::sync(move |_| {
        let number = count.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(Token::new(format!("{name}-{number}"))?.with_expires_in(Duration::from_hours(1)))
    });
    hooks::register(name, hook).unwrap();
    count
}

fn parameters(request: &Received) -> BTreeMap<String, Vec<String>> {
    request.parameters()
}

fn expected(members: &[(&str, &str)]) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for (name, value) in members {
        all.entry((*name).to_owned()).or_default().push((*value).to_owned());
    }
    all
}

#[test]
fn an_exchange_sends_its_tokens_with_their_types() {
    let access_token = format!("{TYPE}:access_token");
    let (jwt, id_token) = (format!("{TYPE}:jwt"), format!("{TYPE}:id_token"));
    hooks::register("with-id-token", {
        hooks::Hook::sync(|_| Ok(Token::new("access")?.with_id_token("the-id-token".into())))
    })
    .unwrap();
    for (options, sent) in [
        (
            exchange("subject.bearer = 'abc'"),
            vec![("subject_token", "abc"), ("subject_token_type", &*access_token)],
        ),
        (
            exchange(
                "subject = { jwt = 'a.b.c' }\nsubject_token_type = 'jwt'\nactor = { bearer = 'me' }\n\
                 requested_token_type = 'access_token'\naudience = 'api'\nscope = ['read', 'write']\n\
                 resource = ['https://a.test/', 'https://b.test/']\n\
                 parameters = { requested_issuer = 'ü' }",
            ),
            vec![
                ("subject_token", "a.b.c"),
                ("subject_token_type", &*jwt),
                ("actor_token", "me"),
                ("actor_token_type", &*access_token),
                ("requested_token_type", &*access_token),
                ("audience", "api"),
                ("scope", "read write"),
                ("resource", "https://a.test/"),
                ("resource", "https://b.test/"),
                ("requested_issuer", "ü"),
            ],
        ),
        (
            exchange(&format!(
                "subject.hook = 'with-id-token'\nsubject_token_type = 'id_token'\n\
                 actor.hook = 'with-id-token'\nactor_token_type = '{jwt}'"
            )),
            vec![
                ("subject_token", "the-id-token"),
                ("subject_token_type", &*id_token),
                ("actor_token", "access"),
                ("actor_token_type", &*jwt),
            ],
        ),
        (
            // The token is all that the server needs to know.
            "grant_type = 'token_exchange'\nsubject.bearer = 'abc'\nsubject_token_type = 'urn:x:y'"
                .to_owned(),
            vec![("subject_token", "abc"), ("subject_token_type", "urn:x:y")],
        ),
    ] {
        let server = Scripted::start(|_| issued("t"));
        assert_eq!(wait(loaded(&server, &options).token()).unwrap().secret(), "t");
        let sent = [&[("grant_type", EXCHANGE)][..], &sent].concat();
        let request = server.only();
        assert_eq!(parameters(&request), expected(&sent), "{options}");
        let authenticates = options.contains("client_secret");
        assert_eq!(request.headers.contains_key("authorization"), authenticates);
    }
}

#[test]
fn a_call_has_scopes_and_parameters_of_its_own() {
    let server = Scripted::start(|_| issued("t"));
    let credentials = loaded(&server, &exchange("subject.bearer = 'abc'\nscope = 'all'"));
    let call = credentials.with_scope(&["read"]).with_parameters([("tenant", "a")]);
    wait(call.token()).unwrap();
    let request = server.only();
    assert_eq!((request.one("scope"), request.one("tenant")), ("read".into(), "a".into()));
}

#[test]
fn a_token_that_is_no_access_token_is_used_only_if_it_was_asked_for() {
    let n_a = "N_A";
    for (asked, options, token_type, issued, result) in [
        (None, "", "Bearer", Some("access_token"), Ok(())),
        (None, "", n_a, Some("access_token"), Err("a token of an unknown type (N_A)")),
        (None, "token_type = 'bearer'", n_a, Some("id_token"), Ok(())),
        (Some("access_token"), "", n_a, Some("access_token"), Err("of an unknown type (N_A)")),
        (Some("id_token"), "", "n_a", Some("id_token"), Ok(())),
        (Some("urn:x:badge"), "", n_a, None, Ok(())),
        (Some("id_token"), "", "mac", Some("id_token"), Err("of an unknown type (mac)")),
        (Some("id_token"), "", "Bearer", Some("access_token"), Err("another type than")),
        (Some("access_token"), "", "Bearer", Some("refresh_token"), Err("another type than")),
        (Some("jwt"), "", "Bearer", Some("access_token"), Ok(())),
    ] {
        let issued = issued.map(|name| format!("{TYPE}:{name}"));
        let answer = json!({ "access_token": "s3cr3t", "token_type": token_type,
                             "issued_token_type": issued });
        let server = Scripted::start(move |_| (200, answer.clone()));
        let asks = asked.map(|kind| format!("requested_token_type = '{kind}'\n"));
        let more = format!("{}{options}\nsubject.bearer = 'abc'", asks.unwrap_or_default());
        let found = wait(loaded(&server, &exchange(&more)).token());
        match (result, found) {
            (Ok(()), Ok(token)) => assert_eq!(token.secret(), "s3cr3t"),
            (Err(said), Err(error)) => {
                assert_eq!(error.kind(), ErrorKind::Protocol);
                let text = format!("{error} {error:?}");
                assert!(text.contains(said) && !text.contains("s3cr3t"), "{text}");
            }
            (_, found) => panic!("{more}: {found:?}"),
        }
    }
}

#[test]
fn a_refresh_token_of_the_answer_is_not_used() {
    for (grant, name) in [("token_exchange", "subject"), ("jwt_bearer", "assertion")] {
        let server = Scripted::start(|request| {
            assert!(request.one("grant_type").starts_with("urn:"));
            let (status, mut answer) = issued(&format!("t{request:p}"));
            answer["refresh_token"] = json!("s3cr3t");
            (status, answer)
        });
        let options = format!("grant_type = '{grant}'\n{name}.bearer = 'abc'");
        let credentials = loaded(&server, &options);
        let first = wait(credentials.token()).unwrap();
        assert!(!wait(credentials.status()).unwrap().has_refresh_token);
        credentials.invalidate(&first);
        wait(credentials.token()).unwrap();
        assert_eq!(server.received().len(), 2, "{grant}");
    }
}

#[test]
fn a_token_that_the_server_refuses_is_replaced_once() {
    let all = "invalid_grant, invalid_request, invalid_token";
    for (grant, name, parameter, codes, others) in [
        ("token_exchange", "subject", "subject_token", all, "invalid_target, invalid_scope"),
        ("jwt_bearer", "assertion", "assertion", "invalid_grant", "invalid_request, invalid_scope"),
    ] {
        for (code, is_of_token) in codes
            .split(", ")
            .map(|code| (code, true))
            .chain(others.split(", ").map(|code| (code, false)))
        {
            for accepted in [1, 2, 3] {
                let name_of_hook: &'static str = format!("{grant}-{code}-{accepted}").leak();
                let count = counting(name_of_hook);
                let server = Scripted::start(move |request| {
                    let good = format!("{name_of_hook}-{accepted}");
                    if request.one(parameter) == good { issued("t") } else { refused(code) }
                });
                let options = format!("grant_type = '{grant}'\n{name}.hook = '{name_of_hook}'");
                let result = wait(loaded(&server, &options).token());
                let sent: Vec<_> = server.sent(parameter);
                let first = format!("{name_of_hook}-1");
                let both = vec![first.clone(), format!("{name_of_hook}-2")];
                if accepted == 1 {
                    assert_eq!((sent, result.is_ok()), (vec![first], true), "{code}");
                } else if is_of_token {
                    assert_eq!((sent, result.is_ok()), (both, accepted == 2), "{code}");
                } else {
                    assert_eq!((sent, result.is_ok()), (vec![first], false), "{code}");
                }
                assert!(count.load(Ordering::Relaxed) <= 2);
                if let Err(error) = result {
                    assert_eq!(error.kind(), ErrorKind::Refused);
                    assert!(!format!("{error} {error:?}").contains(name_of_hook), "{error:?}");
                }
            }
            // One that can't be replaced is not sent again.
            let server = Scripted::start(move |_| refused(code));
            let options = format!("grant_type = '{grant}'\n{name}.bearer = 's3cr3t'");
            let error = wait(loaded(&server, &options).token()).unwrap_err();
            assert_eq!(server.received().len(), 1, "{code}");
            assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
        }
    }
}

#[test]
fn an_actor_that_the_server_refuses_is_replaced_too() {
    counting("refused-actor");
    let server = Scripted::start(|request| match &*request.one("actor_token") {
        "refused-actor-2" => issued("t"),
        _ => refused("invalid_request"),
    });
    let options = exchange("subject.bearer = 'abc'\nactor.hook = 'refused-actor'");
    assert_eq!(wait(loaded(&server, &options).token()).unwrap().secret(), "t");
    assert_eq!(server.sent("subject_token"), ["abc", "abc"]);
}

#[test]
fn a_subject_is_replaced_if_the_api_refuses_two_of_its_tokens() {
    counting("api-refuses");
    let number = AtomicUsize::new(0);
    let server = Scripted::start(move |_| {
        issued(&format!("t{}", number.fetch_add(1, Ordering::Relaxed) + 1))
    });
    let clock = ManualClock::new();
    let options = table(&server, &exchange("subject.hook = 'api-refuses'"));
    let credentials = load_at(&options, Clock::custom(clock.clone())).unwrap();
    for _ in 0..5 {
        let token = wait(credentials.token()).unwrap();
        credentials.invalidate(&token);
        // After the wait that a refusal causes.
        clock.advance(Duration::from_secs(70));
    }
    let subjects = ["1", "1", "2", "2", "3"].map(|number| format!("api-refuses-{number}"));
    assert_eq!(server.sent("subject_token"), subjects);
}

#[test]
fn a_nested_providers_error_is_the_error() {
    let server = Scripted::start(|_| issued("t"));
    let expired = jwt(r#"{"exp":1700000000}"#);
    let credentials = loaded(&server, &exchange(&format!("subject.jwt = '{expired}'")));
    let error = wait(credentials.token()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Expired);
    assert!(error.to_string().contains("set `credentials.oauth.subject.jwt.jwt`"), "{error}");
    assert!(server.received().is_empty());
}

#[test]
fn a_jwt_of_another_provider_is_a_grant_and_authenticates_the_client() {
    for (options, sent) in [
        (
            "grant_type = 'jwt_bearer'\nassertion.jwt = 'a.b.c'\nscope = 'read'",
            vec![("grant_type", JWT_BEARER), ("assertion", "a.b.c"), ("scope", "read")],
        ),
        (
            "grant_type = 'jwt_bearer'\nassertion.jwt = 'a.b.c'\nclient_id = 'c'\nclient_secret = 's'\n\
             token_endpoint_auth_method = 'client_secret_post'",
            vec![
                ("grant_type", JWT_BEARER),
                ("assertion", "a.b.c"),
                ("client_id", "c"),
                ("client_secret", "s"),
            ],
        ),
        (
            "token_endpoint_auth_method = 'client_assertion'\nclient_id = 'c'\nassertion.jwt = 'a.b.c'",
            vec![
                ("grant_type", "client_credentials"),
                ("client_id", "c"),
                ("client_assertion_type", ASSERTION),
                ("client_assertion", "a.b.c"),
            ],
        ),
        (
            "token_endpoint_auth_method = 'client_assertion'\nclient_assertion.jwt = 'a.b.c'",
            vec![
                ("grant_type", "client_credentials"),
                ("client_assertion_type", ASSERTION),
                ("client_assertion", "a.b.c"),
            ],
        ),
        (
            "token_endpoint_auth_method = 'client_assertion'\nclient_id = 'c'\n\
             grant_type = 'jwt_bearer'\nassertion.bearer = 'user'\nclient_assertion.jwt = 'a.b.c'\n\
             parameters = { requested_token_use = 'on_behalf_of' }",
            vec![
                ("grant_type", JWT_BEARER),
                ("assertion", "user"),
                ("requested_token_use", "on_behalf_of"),
                ("client_id", "c"),
                ("client_assertion_type", ASSERTION),
                ("client_assertion", "a.b.c"),
            ],
        ),
        (
            "token_endpoint_auth_method = 'client_assertion'\nrefresh_token = 'r'\nstore = 'memory'\n\
             assertion.jwt = 'a.b.c'",
            vec![
                ("grant_type", "refresh_token"),
                ("refresh_token", "r"),
                ("client_assertion_type", ASSERTION),
                ("client_assertion", "a.b.c"),
            ],
        ),
    ] {
        let server = Scripted::start(|_| issued("t"));
        wait(loaded(&server, options).token()).unwrap();
        let request = server.only();
        assert_eq!(parameters(&request), expected(&sent), "{options}");
        assert!(!request.headers.contains_key("authorization"));
    }
}

#[test]
fn a_client_assertion_that_the_server_refuses_is_replaced_once_if_nothing_is_spent() {
    let method =
        "token_endpoint_auth_method = 'client_assertion'\nclient_id = 'c'\nstore = 'memory'";
    for (grant, is_repeated) in [
        ("grant_type = 'client_credentials'", true),
        ("grant_type = 'token_exchange'\nsubject.bearer = 'abc'", true),
        ("refresh_token = 'r'", false),
        ("grant_type = 'password'\nusername = 'u'\npassword = 'p'", false),
    ] {
        let word = grant.split('\'').nth(1).unwrap_or_default();
        let of_hook: &'static str = format!("refused-client-{word}").leak();
        counting(of_hook);
        let server = Scripted::start(move |request| {
            let is_first = request.one("client_assertion") == format!("{of_hook}-1");
            if is_first { refused("invalid_client") } else { issued("t") }
        });
        let clock = ManualClock::new();
        let options = table(&server, &format!("{method}\n{grant}\nassertion.hook = '{of_hook}'"));
        let credentials = load_at(&options, Clock::custom(clock.clone())).unwrap();
        let result = wait(credentials.token());
        assert_eq!(
            (result.is_ok(), server.received().len()),
            (is_repeated, 1 + usize::from(is_repeated))
        );
        if !is_repeated {
            // The next exchange has another one.
            clock.advance(Duration::from_mins(2));
            assert_eq!(wait(credentials.token()).unwrap().secret(), "t", "{grant}");
        }
        let sent = server.sent("client_assertion");
        assert_eq!(sent, [format!("{of_hook}-1"), format!("{of_hook}-2")], "{grant}");
    }
    let server = Scripted::start(|_| refused("invalid_client"));
    let options = format!("{method}\nassertion.bearer = 's3cr3t'");
    let error = wait(loaded(&server, &options).token()).unwrap_err();
    assert_eq!(server.received().len(), 1, "there is no other one");
    let text = format!("{error} {error:?}");
    assert!(text.contains("the provider of the client's assertion"), "{text}");
    assert!(!text.contains("s3cr3t"), "{text}");
}

#[test]
fn a_revocation_has_the_client_assertion() {
    let server = Scripted::start(|_| issued("t"));
    let revocation = server.url.replace("/token", "/revoke");
    let options = format!(
        "token_endpoint_auth_method = 'client_assertion'\nrevocation_endpoint_url = '{revocation}'\n\
         assertion.bearer = 'abc'"
    );
    let credentials = loaded(&server, &options);
    wait(credentials.token()).unwrap();
    assert_eq!(wait(credentials.revoke()).unwrap().revoked, 1);
    let requests = server.received();
    assert_eq!((requests.len(), &*requests[1].target), (2, "/revoke"));
    assert_eq!(requests[1].one("client_assertion"), "abc");
}

#[test]
fn only_what_is_used_may_be_set() {
    fn problem(options: &str) -> String {
        let text =
            format!("[credentials.oauth]\ntoken_endpoint_url = 'https://i.test/t'\n{options}");
        let error = load(&text).map(drop).expect_err(options);
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
        error.to_string()
    }
    let client = "client_id = 'c'\nclient_secret = 'x'\n";
    let by_assertion = "token_endpoint_auth_method = 'client_assertion'\n";
    for (options, said) in [
        (format!("{client}grant_type = 'token_exchange'"), "`subject` is not set"),
        (format!("{client}subject.bearer = 's3cr3t'"), "`subject` is set, but the grant client_credentials"),
        (format!("{client}requested_token_type = 'jwt'"), "`requested_token_type` is set, but"),
        (exchange("subject.bearer = 's3cr3t'\nactor_token_type = 'jwt'"), "`actor` is not"),
        (exchange("subject.bearer = 's3cr3t'\nsubject_token_type = 's3cr3t'"), "`saml2`, or a URI"),
        (exchange("subject = { bearer = 's3cr3t', jwt = 's3cr3t' }"), "expected one provider"),
        (exchange("subject = 's3cr3t'"), "a provider's table"),
        (exchange("subject.nonsense = 's3cr3t'"), "nonsense"),
        (exchange("subject.bearer = { token = 's3cr3t', bogus = 's3cr3t' }"), "subject.bearer.bogus"),
        (exchange("subject.bearer = 's3cr3t'\nassertion.bearer = 's3cr3t'"), "neither the grant token_exchange"),
        ("grant_type = 'jwt_bearer'".to_owned(), "`assertion` is not set, but the grant jwt_bearer"),
        (
            "grant_type = 'jwt_bearer'\nassertion.bearer = 's3cr3t'\nclient_assertion.bearer = 's3cr3t'"
                .to_owned(),
            "`client_assertion` is set, but `token_endpoint_auth_method` none",
        ),
        (by_assertion.to_owned(), "`assertion` is not set, but `token_endpoint_auth_method`"),
        (
            format!("{by_assertion}grant_type = 'jwt_bearer'\nassertion.bearer = 's3cr3t'"),
            "`client_assertion` is not set",
        ),
        (
            format!("{by_assertion}assertion.bearer = 's3cr3t'\nclient_assertion.bearer = 's3cr3t'"),
            "both `assertion` and `client_assertion`",
        ),
        (
            format!("{by_assertion}client_secret = 's3cr3t'\nassertion.bearer = 'x'"),
            "`client_secret` is set, but",
        ),
        ("grant_type = 'token_exchange'\nclient_secret = 's3cr3t'\nsubject.bearer = 'x'".to_owned(), "`client_id`"),
    ] {
        let problem = problem(&options);
        assert!(problem.contains(said), "{options}\n{problem}");
    }
}

#[test]
fn nested_tables_are_options_of_the_session_and_of_the_builder() -> Result<()> {
    use crate::{Bearer, OAuth};
    let server =
        Scripted::start(|request| issued(&format!("for-{}", request.one("subject_token"))));
    let built = OAuth::builder()
        .token_endpoint_url(server.url.as_str())
        .grant_type("token_exchange")
        .subject(Bearer::builder().token("abc"))
        .subject_token_type("jwt")
        .build()?;
    assert_eq!(wait(built.token())?.secret(), "for-abc");

    // Another subject is another session.
    let folder = tempfile::tempdir().unwrap();
    for (subject, requests) in [("a", 2), ("a", 2), ("b", 3)] {
        let options = exchange(&format!("store = 'file'\nsubject.bearer = '{subject}'"));
        let loader = crate::testing::loader(&table(&server, &options));
        let environment = authn::Environment::empty().state_directory(folder.path());
        let credentials = loader.environment(environment).load()?;
        assert_eq!(wait(credentials.token())?.secret(), format!("for-{subject}"));
        assert_eq!(server.received().len(), requests, "{subject}");
    }
    Ok(())
}

#[test]
fn nothing_shows_a_nested_token() {
    let server = Scripted::start(|_| issued("s3cr3t-issued"));
    let options = "token_endpoint_auth_method = 'client_assertion'\nclient_assertion.bearer = 's3cr3t-client'\n\
                   grant_type = 'jwt_bearer'\nassertion.jwt = 's3cr3t-assertion'";
    let more = exchange("subject.bearer = 's3cr3t-subject'\nactor.jwt = 's3cr3t-actor'");
    for options in [options, &more] {
        let credentials = loaded(&server, options);
        wait(credentials.token()).unwrap();
        let status = wait(credentials.status()).unwrap();
        let config = crate::testing::loader(&table(&server, options)).read();
        let shown = format!("{credentials:?} {status:?} {:?} {config:?}", config.settings());
        assert!(!shown.contains("s3cr3t"), "{shown}");
        assert!(shown.contains("token: (set)") || shown.contains("jwt: (set)"), "{shown}");
    }
}
