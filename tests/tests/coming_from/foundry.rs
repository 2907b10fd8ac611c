//! `foundry`: in-house token providers, chosen by a configuration, which can be that of foundry-dev-tools.

use std::{fs, path::Path};

use authn::{conformance::Canary, testing::TokenServer};
use authn_tests::command::{Outcome, Sandbox, binary};

use crate::api::Api;

/// A user whose configuration has these credentials.
fn sandbox(api: &Api, credentials: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let host = api.url.strip_prefix("http://").unwrap();
    let text = format!("[credentials]\nscheme = \"http\"\ndomain = \"{host}\"\n{credentials}\n");
    let path = sandbox.file(sandbox.config().join("foundry-dev-tools/config.toml"), text);
    crate::make_private(&path);
    sandbox
}

fn run(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    sandbox.run(binary("foundry"), arguments)
}

fn bearer(tokens: [&str; 3]) -> [Option<String>; 3] {
    tokens.map(|token| Some(format!("Bearer {token}")))
}

#[test]
fn a_token_of_the_configuration_is_sent_and_never_shown() {
    let (api, canary) = (Api::start(), Canary::new());
    let token = canary.as_str();
    for credentials in [
        format!("static_jwt = \"{token}\""),
        format!("[credentials.static_jwt]\ntoken = \"{token}\""),
        format!("jwt = \"{token}\""), // the built-in one
    ] {
        let sandbox = sandbox(&api, &credentials);
        let before = api.seen().len();
        let said = run(&sandbox, &["whoami"]).success();
        let host = api.url.strip_prefix("http://").unwrap();
        assert_eq!(said, format!("host: {host}\n200 OK\n200 OK\n200 OK\n"));
        assert_eq!(api.headers("authorization")[before..], bearer([token; 3]));
        let shown = run(&sandbox, &["config", "show", "--all"]);
        assert!(shown.stdout.contains("(set)"), "{}", shown.stdout);
        assert_eq!(canary.find_in(shown.stdout.as_bytes()), None);
        assert_eq!(canary.find_in(shown.stderr.as_bytes()), None);
    }
}

#[test]
fn a_provider_of_ones_own_is_cached_until_all_tokens_are_invalidated() {
    let (api, canary) = (Api::start(), Canary::new());
    let key = canary.as_str();
    let options = format!("[credentials.example_cached]\nteam = \"maps\"\nkey = \"{key}\"");
    let sandbox = sandbox(&api, &options);
    let said = run(&sandbox, &["whoami"]).success();
    assert_eq!(canary.find_in(said.as_bytes()), None);
    let token = |number| format!("maps-{key}-{number}");
    let sent = bearer([&token(1), &token(1), &token(2)]);
    assert_eq!(api.headers("authorization"), sent);

    let shown = run(&sandbox, &["config", "show", "--all"]).success();
    assert!(shown.contains("credentials.example_cached.team\t\"maps\""), "{shown}");
    assert!(shown.contains("credentials.example_cached.key\t(set)"), "{shown}");
    assert!(!shown.contains("requested") && canary.find_in(shown.as_bytes()).is_none(), "{shown}");
}

#[test]
fn the_app_service_is_chosen_where_it_is_there() {
    let api = Api::start();
    let mut sandbox = sandbox(&api, "");
    sandbox.env("INCOMING_TOKEN", "of-alice");
    let nothing = run(&sandbox, &["serve"]);
    assert_eq!(nothing.code, 3, "{}", nothing.stderr);
    assert!(nothing.stderr.contains("no-provider"), "{}", nothing.stderr);

    sandbox.env("APP_SERVICE_TS", "1");
    run(&sandbox, &["serve"]).success();
    assert_eq!(api.headers("authorization"), bearer(["of-alice"; 3]));
    // Outside of a request there is no token, and nothing is sent without one.
    let outside = run(&sandbox, &["whoami"]);
    assert_ne!(outside.code, 0);
    assert_eq!(api.seen().len(), 3);
}

#[test]
fn what_is_missing_is_named() {
    let api = Api::start();
    for (credentials, part) in [
        ("[credentials.nosuch]\nkey = \"k\"", "unknown-provider"),
        ("[credentials.example_cached]\nkey = \"k\"", "missing-key"),
        ("[credentials.example_cached]\nteam = 1\nkey = \"k\"", "wrong-type"),
        ("[credentials.example_cached]\nteem = \"maps\"\nkey = \"k\"", "unknown-key"),
    ] {
        let outcome = run(&sandbox(&api, credentials), &["whoami"]);
        assert_eq!(outcome.code, 3, "{credentials}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(part), "{credentials}: {}", outcome.stderr);
    }
    assert_eq!(api.seen().len(), 0);
}

#[test]
fn a_redirect_to_another_origin_takes_no_token_along() {
    let elsewhere = Api::start();
    let target = elsewhere.url("/");
    let api = Api::redirecting(&target);
    let said = run(&sandbox(&api, "static_jwt = \"abc\""), &["whoami"]).success();
    assert!(said.ends_with("200 OK\n"), "{said}");
    assert_eq!(api.headers("authorization"), bearer(["abc"; 3]));
    assert_eq!(elsewhere.headers("authorization"), [None, None, None]);
}

/// Each folder has a file of foundry-dev-tools: `config.toml`, and what is sent. What authn needs besides is in `variables`,
/// and a problem in `problem`.
#[test]
fn the_files_of_foundry_dev_tools_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/coming_from/foundry");
    let mut cases: Vec<_> =
        fs::read_dir(folder).unwrap().map(|case| case.unwrap().path()).collect();
    cases.sort();
    for case in &cases {
        let (api, server) = (Api::start(), TokenServer::start().unwrap());
        let host = api.url.strip_prefix("http://").unwrap();
        let filled = |text: String| text.replace("HOST", host).replace("SERVER", &server.url(""));
        let text = |name: &str| fs::read_to_string(case.join(name)).map(filled);
        let mut sandbox = Sandbox::new();
        let file = sandbox.config().join("foundry-dev-tools/config.toml");
        crate::make_private(&sandbox.file(file, text("config.toml").unwrap()));
        for line in text("variables").unwrap_or_default().lines() {
            let (name, value) = line.split_once('=').unwrap();
            sandbox.env(name, value);
        }
        let (name, outcome) = (case.display(), run(&sandbox, &["whoami"]));
        if let Ok(problem) = text("problem") {
            assert_eq!((outcome.code, api.seen().len()), (3, 0), "{name}: {}", outcome.stderr);
            assert!(outcome.stderr.contains(problem.trim()), "{name}: {}", outcome.stderr);
            continue;
        }
        if let Ok(sent) = text("sent") {
            assert_eq!(outcome.code, 0, "{name}: {}", outcome.stderr);
            let sent: Vec<Option<String>> =
                sent.lines().map(|line| Some(line.to_owned())).collect();
            assert_eq!(api.headers("authorization"), sent, "{name}");
        }
        let shown = run(&sandbox, &["config", "show", "--all"]);
        assert_eq!(shown.code, 0, "{name}: {}", shown.stderr);
        assert!(!shown.stdout.contains("cache_dir"), "{name}: {}", shown.stdout);
        assert_eq!(run(&sandbox, &["config", "check"]).code, 0, "{name}");
    }
    assert!(cases.len() >= 8, "{cases:?}");
}
