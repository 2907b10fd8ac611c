//! What `explain`, `doctor`, `status` and `token` say of a machine's identity.

use authn_tests::command::{Sandbox, binary};
use serde_json::Value;

use crate::service;

fn sandbox(provider: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let text = format!("[credentials]\ndomain = 'a.test'\n{provider}\n");
    sandbox.file(sandbox.config().join("authn/config.toml"), text);
    sandbox
}

fn explained(sandbox: &Sandbox) -> Value {
    let outcome = sandbox.run(binary("authn"), &["explain", "https://a.test/", "--json"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    serde_json::from_str(&outcome.stdout).unwrap()
}

#[test]
fn explain_names_what_would_be_touched_and_touches_nothing() {
    let github = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://ci.example.com:8443/s3cr3t?s3cr3t"),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "s3cr3t"),
    ];
    let app = [("IDENTITY_ENDPOINT", "http://127.0.0.1:9/s3cr3t"), ("IDENTITY_HEADER", "s3cr3t")];
    let azure = "azure_managed_identity = { resource = 'r' }";
    for (provider, variables, sent, touched) in [
        ("gitlab = {}", &[][..], "no", &["variable ID_TOKEN"][..]),
        ("gitlab = { variable = 'A' }", &[("A", "s3cr3t")], "yes", &["variable A"]),
        (
            "github_actions = {}",
            &github,
            "yes",
            &[
                "server https://ci.example.com:8443",
                "variable ACTIONS_ID_TOKEN_REQUEST_TOKEN",
                "variable ACTIONS_ID_TOKEN_REQUEST_URL",
            ],
        ),
        ("file_token = { path = '/nonexistent/token' }", &[], "no", &["file /nonexistent/token"]),
        ("gcp_metadata = {}", &[], "depends", &["server http://169.254.169.254"]),
        ("gcp_metadata = { host = '[::1]:9' }", &[], "depends", &["server http://[::1]:9"]),
        (
            "gcp_metadata = {}",
            &[("GCE_METADATA_HOST", "127.0.0.1:9")],
            "depends",
            &["server http://127.0.0.1:9", "variable GCE_METADATA_HOST"],
        ),
        (azure, &[], "depends", &["server http://169.254.169.254"]),
        (
            azure,
            &app,
            "yes",
            &[
                "server http://127.0.0.1:9",
                "variable IDENTITY_ENDPOINT",
                "variable IDENTITY_HEADER",
            ],
        ),
        (
            "workload_identity = { exchange = 'openrouter', federation_policy_id = 'p' }",
            &github,
            "yes",
            &[
                "server https://ci.example.com:8443",
                "server https://openrouter.ai",
                "variable ACTIONS_ID_TOKEN_REQUEST_TOKEN",
                "variable ACTIONS_ID_TOKEN_REQUEST_URL",
            ],
        ),
        (
            "workload_identity = { identity_audience = 'a' }",
            &[("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/token")],
            "depends",
            &["server http://169.254.169.254"],
        ),
        ("workload_identity = { identity = 'gitlab' }", &[], "no", &["variable ID_TOKEN"]),
    ] {
        let mut sandbox = sandbox(provider);
        for (name, value) in variables {
            sandbox.env(name, value);
        }
        let document = explained(&sandbox);
        assert_eq!(document["credentials"], sent, "{provider}: {document:#}");
        let touches = document["touches"].as_array().unwrap().iter();
        let word = |entry: &Value, key: &str| entry[key].as_str().unwrap().to_owned();
        let touches: Vec<String> = touches
            .map(|entry| format!("{} {}", word(entry, "kind"), word(entry, "name")))
            .collect();
        assert_eq!(touches, touched, "{provider}");
        assert!(!document.to_string().contains("s3cr3t"), "{document:#}");
    }
}

#[test]
fn doctor_asks_whether_the_service_is_here() {
    let fine = service::start("HTTP/1.1 200 OK\r\nmetadata-flavor: Google", String::new());
    let other = service::start("HTTP/1.1 200 OK\r\nserver: other", String::new());
    for (host, code, said) in [(&fine, 0, "is reachable"), (&other, 1, "is not here")] {
        let sandbox = sandbox(&format!("gcp_metadata = {{ host = '{host}' }}"));
        let outcome = sandbox.run(binary("authn"), &["doctor"]);
        let line = outcome.stdout.lines().find(|line| line.contains("\tserver\t")).unwrap();
        assert!(line.contains(said), "{line}");
        assert_eq!(outcome.code.min(1), code, "{outcome:?}");
    }
}

#[test]
fn doctor_passes_over_what_does_not_apply_in_a_chain() {
    let other = service::start("HTTP/1.1 200 OK\r\nserver: other", String::new());
    let fine = service::start("HTTP/1.1 200 OK\r\nmetadata-flavor: Google", String::new());
    let sandbox = sandbox(&format!(
        "[[credentials.chain.providers]]\nfile_token = {{ path = '/nonexistent/token' }}\n\
         [[credentials.chain.providers]]\ngcp_metadata = {{ host = '{other}' }}\n\
         [[credentials.chain.providers]]\ngcp_metadata = {{ host = '{fine}' }}",
    ));
    let outcome = sandbox.run(binary("authn"), &["doctor"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert_eq!(outcome.stdout.matches("does not apply here").count(), 2, "{outcome:?}");
    assert!(outcome.stdout.contains(&format!("http://{fine} is reachable")), "{outcome:?}");
}

#[test]
fn doctor_finds_what_a_token_fails_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    let oauth =
        "oauth.token_endpoint_url = 'http://127.0.0.1:9/'\noauth.client_id = 'c'\noauth.grant_type";
    for (provider, said) in [
        ("file_token.path = '/nonexistent/token'".to_owned(), "does not exist"),
        (format!("file_token.path = '{path}'"), "is a folder"),
        ("gitlab = {}".to_owned(), "ID_TOKEN is not set"),
        ("github_actions = {}".to_owned(), "are not set"),
        (
            format!(
                "{oauth} = 'token_exchange'\noauth.subject_token_type = 'jwt'\noauth.subject.gitlab = {{}}"
            ),
            "ID_TOKEN is not set",
        ),
    ] {
        let sandbox = sandbox(&provider);
        for arguments in [&["doctor"][..], &["doctor", "--offline"]] {
            // A folder is no absence, and offline no file is read.
            if arguments.len() == 2 && said == "is a folder" {
                continue;
            }
            let outcome = sandbox.run(binary("authn"), arguments);
            assert_ne!(outcome.code, 0, "{provider}: {outcome:?}");
            let problem = outcome.stdout.lines().find(|line| line.starts_with("problem"));
            assert!(problem.is_some_and(|line| line.contains(said)), "{provider}: {outcome:?}");
        }
        let explained = explained(&sandbox);
        let sent = if said == "is a folder" { "yes" } else { "no" };
        assert_eq!(explained["credentials"], sent, "{provider}: {explained:#}");
    }
}

#[test]
fn the_status_of_a_chain_passes_over_what_is_absent() {
    let mut sandbox = sandbox(
        "[[credentials.chain.providers]]\ngithub_actions = {}\n\
         [[credentials.chain.providers]]\nfile_token = { path = '/nonexistent/token' }\n\
         [[credentials.chain.providers]]\ngitlab = {}",
    );
    let served = |sandbox: &Sandbox| {
        let outcome = sandbox.run(binary("authn"), &["status", "--json"]);
        serde_json::from_str::<Value>(&outcome.stdout).unwrap()[0]["served_by"].clone()
    };
    assert_eq!(served(&sandbox), Value::Null);
    sandbox.env("ID_TOKEN", "e30.e30.s3cr3t");
    assert_eq!(served(&sandbox), "credentials.chain.providers.2.gitlab");
    let outcome = sandbox.run(binary("authn"), &["token"]);
    assert_eq!(outcome.stdout, "e30.e30.s3cr3t\n", "{outcome:?}");
}
