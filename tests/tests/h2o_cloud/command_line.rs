//! The command line: what is explained, found and printed.

use authn_tests::{
    command::{Outcome, Sandbox, binary},
    h2o_cloud::Cloud,
};
use serde_json::Value;

use super::VARIABLE;

fn sandbox(cloud: &Cloud) -> Sandbox {
    let mut sandbox = Sandbox::new();
    let text = format!("[credentials.h2o_cloud]\nenvironment = '{}'", cloud.environment());
    sandbox.file(sandbox.config().join("authn/config.toml"), text);
    sandbox.env(VARIABLE, "first");
    sandbox
}

fn run(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    sandbox.run(binary("authn"), arguments)
}

#[test]
fn a_header_is_for_a_service() {
    let cloud = Cloud::start();
    let sandbox = sandbox(&cloud);
    let header = run(&sandbox, &["header", "--url", &cloud.api()]).success();
    assert_eq!(header, "Authorization: Bearer access-1\n");
    let other = run(&sandbox, &["header", "--url", "https://other.example.com/"]);
    assert_eq!((other.code, &*other.stdout), (3, ""));
    assert!(other.stderr.contains("no service that the server names"), "{}", other.stderr);
    let none = run(&sandbox, &["header"]);
    assert!(none.code != 0 && none.stderr.contains("--url"), "{}", none.stderr);
    assert_eq!(run(&sandbox, &["token"]).success(), "access-1\n");
    assert_eq!(cloud.tokens.token_requests().len(), 1);
}

#[test]
fn an_explanation_depends_on_the_discovery_and_sends_nothing() {
    let cloud = Cloud::start();
    let sandbox = sandbox(&cloud);
    let url = "https://drive.example.com/";
    let said = run(&sandbox, &["explain", url]).success();
    assert!(said.contains("could be sent\tit depends on discovery"), "{said}");
    assert!(said.contains("origin\tdiscovered"), "{said}");
    let json = run(&sandbox, &["explain", url, "--json", "--redirect-to", "https://a.test/"]);
    let json: Value = serde_json::from_str(&json.success()).unwrap();
    assert_eq!(
        (&json["credentials"], &json["origins_discovered"]),
        (&"depends".into(), &true.into())
    );
    assert_eq!(json["redirect"]["credentials"], true);
    let clear = run(&sandbox, &["explain", "http://drive.example.com/", "--json"]).success();
    let clear: Value = serde_json::from_str(&clear).unwrap();
    assert_eq!(clear["credentials"], "no");
    let refused = run(&sandbox, &["explain", url, "--assert-no-credentials"]);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert_eq!((cloud.seen().len(), cloud.tokens.token_requests().len()), (0, 0));
}

#[test]
fn an_explanation_names_the_variables_and_the_file() {
    let cloud = Cloud::start();
    let url = "https://drive.example.com/";
    let mut sandbox = Sandbox::new();
    sandbox.file(sandbox.config().join("authn/config.toml"), "[credentials]\nh2o_cloud = {}");
    let explain = |sandbox: &Sandbox| {
        let json = run(sandbox, &["explain", url, "--json"]).stdout;
        serde_json::from_str::<Value>(&json).unwrap()
    };
    let names = |json: &Value| -> Vec<String> {
        let touches = json["touches"].as_array().unwrap().iter();
        touches.map(|one| format!("{} {}", one["kind"], one["name"]).replace('"', "")).collect()
    };
    // An environment without a refresh token.
    sandbox.env("H2O_CLOUD_ENVIRONMENT", cloud.environment());
    let json = explain(&sandbox);
    assert_eq!(json["credentials"], "no", "{json}");
    sandbox.env(VARIABLE, "first");
    let touches = names(&explain(&sandbox));
    for name in ["H2O_CLOUD_ENVIRONMENT", VARIABLE] {
        assert!(touches.contains(&format!("variable {name}")), "{touches:?}");
    }
    assert!(touches.contains(&format!("server {}", cloud.environment())), "{touches:?}");

    let sandbox = Sandbox::new();
    sandbox.file(sandbox.config().join("authn/config.toml"), "[credentials]\nh2o_cloud = {}");
    let file = sandbox.home().join(".h2oai/h2o-cli-config.toml");
    cloud.write_file(&file, "bob", "alice");
    let json = explain(&sandbox);
    assert_eq!(json["credentials"], "depends", "{json}");
    assert!(names(&json).contains(&format!("file {}", file.display())), "{json}");
    assert_eq!((cloud.seen().len(), cloud.tokens.token_requests().len()), (0, 0));
}

#[test]
fn the_doctor_finds_the_environment_and_its_server() {
    let cloud = Cloud::start();
    let sandbox = sandbox(&cloud);
    let said = run(&sandbox, &["doctor"]);
    assert!(said.stdout.contains("discovery names them in the first exchange"), "{said:?}");
    assert!(said.stdout.contains(&cloud.tokens.issuer_url()), "{said:?}");
    assert_eq!(cloud.tokens.token_requests().len(), 0);
    run(&sandbox, &["token"]).success();
    let said = run(&sandbox, &["doctor"]);
    assert!(said.stdout.contains("https://drive.example.com are authorised"), "{said:?}");
    cloud.change(|answers| answers.instead = Some((404, String::new())));
    let said = run(&sandbox, &["doctor"]);
    assert!(said.stdout.contains("no discovery service"), "{said:?}");
}

#[test]
fn a_tool_is_answered_once_the_services_are_known() {
    let cloud = Cloud::start();
    let sandbox = sandbox(&cloud);
    let get = || {
        let input = b"protocol=https\nhost=drive.example.com\n\n";
        sandbox.run_with_input(binary("authn"), &["git-credential", "get"], input)
    };
    assert_eq!(get().stdout, "");
    assert_eq!(cloud.seen().len(), 0);
    run(&sandbox, &["token"]).success();
    assert!(get().stdout.contains("password=access-1"), "{:?}", get());
}

#[test]
fn the_options_are_described() {
    let sandbox = Sandbox::new();
    let said = run(&sandbox, &["providers", "h2o_cloud"]).success();
    for option in ["environment", "discovery_address", "client", "scope", "config_file"] {
        assert!(said.contains(option), "{option}\n{said}");
    }
}
