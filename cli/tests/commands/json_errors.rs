//! With `--json`, a failure is one object on standard error.

use serde_json::{Value, json};

use crate::{
    sandbox::{Outcome, Sandbox},
    server::Server,
};

/// A secret in the wrong place.
const SECRET: &str = "s3cr3t-value";

/// Returns the only object on standard error.
#[track_caller]
fn failure(outcome: &Outcome) -> Value {
    assert!(!outcome.stderr.contains(SECRET), "{}", outcome.stderr);
    let failure: Value = serde_json::from_str(&outcome.stderr)
        .unwrap_or_else(|error| panic!("{error}: {}", outcome.stderr));
    assert_eq!(failure["exit"], json!(outcome.code), "{failure}");
    assert!(!failure["message"].as_str().unwrap().is_empty(), "{failure}");
    failure
}

#[test]
fn every_command_with_json_reports_a_failure_as_one_object() {
    let wrong = Sandbox::with(format!(
        "[credentials.basic]\npasword = \"{SECRET}\"\n[stores.file]\ndirectroy = \"/x\"\n"
    ));
    for (command, kind, code, exit) in [
        (&["token"][..], "configuration", json!("unknown-key"), 3),
        (&["header"], "configuration", json!("unknown-key"), 3),
        (&["status"], "configuration", json!("unknown-key"), 3),
        (&["stores"], "configuration", json!("unknown-key"), 3),
        (&["doctor", "--offline"], "configuration", json!("unknown-key"), 3),
        (&["explain", "nonsense"], "usage", json!("usage"), 2),
        (&["config", "show", "no.such.key"], "configuration", json!("configuration"), 3),
        (&["providers", "nowhere"], "configuration", json!("configuration"), 3),
        (&["token", SECRET], "usage", json!("usage"), 2),
        (&["config", "path", "--nonsense"], "usage", json!("usage"), 2),
        (&["logout", "--nonsense"], "usage", json!("usage"), 2),
    ] {
        let outcome = wrong.run(&[command, &["--json"]].concat());
        let failure = failure(&outcome);
        assert_eq!(
            (&failure["kind"], &failure["code"], &failure["exit"]),
            (&json!(kind), &code, &json!(exit)),
            "{command:?} {failure}"
        );
    }
}

#[test]
fn several_problems_are_in_the_list_of_one_object() {
    let wrong = Sandbox::with(format!(
        "[credentials]\ndomian = \"a.test\"\n[credentials.basic]\npasword = \"{SECRET}\"\n"
    ));
    for command in [&["token", "--json"][..], &["config", "check", "--json"]] {
        let failure = failure(&wrong.run(command));
        let problems = failure["problems"].as_array().unwrap();
        for (key, help) in [
            ("credentials.domian", "did you mean `domain`?"),
            ("credentials.basic.pasword", "did you mean `password`?"),
        ] {
            let problem = problems.iter().find(|problem| problem["key"] == key).expect(key);
            assert_eq!((&problem["severity"], &problem["help"]), (&json!("error"), &json!(help)));
            assert!(problem["place"].as_str().unwrap().contains("config.toml:"), "{problem}");
        }
    }
}

#[test]
fn the_problems_that_doctor_finds_are_in_the_list() {
    let wrong = Sandbox::with("[credentials]\ndomian = \"a.test\"\nbearer = \"x\"\n");
    let outcome = wrong.run(&["doctor", "--offline", "--json"]);
    let failure = failure(&outcome);
    assert!(failure["message"].as_str().unwrap().starts_with("1 problem"), "{failure}");
    let problems = failure["problems"].as_array().unwrap();
    let problem = problems.iter().find(|problem| problem["severity"] == "error").unwrap();
    assert_eq!(
        (&problem["code"], &problem["key"], &problem["severity"]),
        (&json!("unknown-key"), &json!("credentials.domian"), &json!("error"))
    );

    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let option = format!("credentials.oauth.token_endpoint_url=http://{closed}/token");
    let sandbox = Server::new().sandbox_with_store();
    let outcome = sandbox.run(&["--set", &option, "doctor", "--json"]);
    let failure = self::failure(&outcome);
    assert_eq!((&failure["kind"], &failure["code"]), (&json!("provider"), &json!("provider")));
    let problem = &failure["problems"][0];
    assert_eq!(
        (&problem["kind"], &problem["code"], &problem["server_code"]),
        (&json!("network"), &json!("network"), &Value::Null)
    );
}

#[test]
fn each_profile_that_fails_is_in_the_object_of_status() {
    let sandbox = Sandbox::with(
        "default_profile = \"a\"\n[profile.a.credentials]\nbasic = { pasword = \"x\" }\n\
         [profile.b.credentials]\nbasic = { usernam = \"x\" }\n",
    );
    let outcome = sandbox.run(&["status", "--json"]);
    let failure = failure(&outcome);
    let text = failure.to_string();
    assert!(text.contains("profile: a") && text.contains("profile: b"), "{text}");
    assert_eq!(
        serde_json::from_str::<Value>(&outcome.stdout).unwrap().as_array().unwrap().len(),
        2
    );
}

#[test]
fn a_failure_before_the_command_is_an_object_too() {
    let sandbox = Sandbox::with("").env("AUTHN_LOG_FORMAT", "yaml");
    let failure = failure(&sandbox.run(&["token", "--json"]));
    assert!(failure["message"].as_str().unwrap().contains("AUTHN_LOG_FORMAT"), "{failure}");
}

#[test]
fn a_failure_of_the_server_has_its_kind() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    let body = r#"{"error":"invalid_client"}"#;
    let (outcome, _) =
        server.answering("401 Unauthorized", body, || sandbox.run(&["token", "--json"]));
    let refused = failure(&outcome);
    assert_eq!((outcome.code, &refused["kind"]), (5, &json!("refused")));
    assert_eq!(
        (&refused["code"], &refused["server_code"]),
        (&json!("refused"), &json!("invalid_client"))
    );
    let (outcome, _) = server.answering("503 Service Unavailable", "", || {
        sandbox.run(&["token", "--json", "--min-ttl", "5m"])
    });
    let failure = failure(&outcome);
    assert_eq!((outcome.code, &failure["exit"]), (5, &json!(5)));
    assert!(failure["help"].is_string(), "{failure}");
    assert_eq!((&failure["code"], &failure["server_code"]), (&json!("network"), &Value::Null));
}

#[test]
fn a_provider_without_tokens_says_what_to_use_instead() {
    for provider in ["api_key = \"x\"", "basic = { username = \"ann\" }"] {
        let sandbox = Sandbox::with(format!("[credentials]\ndomain = \"a.test\"\n{provider}\n"));
        let text = sandbox.run(&["token"]);
        assert_eq!((text.code, &*text.stdout), (2, ""), "{}", text.stderr);
        assert!(text.stderr.contains("help: run `authn header`"), "{}", text.stderr);
        let failure = failure(&sandbox.run(&["token", "--json"]));
        assert_eq!(failure["kind"], "usage");
        assert!(failure["help"].as_str().unwrap().contains("`authn header`"), "{failure}");
    }
}

#[test]
fn a_warning_of_a_success_is_text_and_a_failure_without_json_too() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    let outcome = server.giving("one", 60, || sandbox.run(&["token", "--json", "--min-ttl", "5m"]));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stderr.starts_with("warning: this token expires in "), "{}", outcome.stderr);
    let outcome = sandbox.run(&["token", "--url", "nonsense"]);
    assert!(outcome.stderr.starts_with("error: "), "{}", outcome.stderr);
}
