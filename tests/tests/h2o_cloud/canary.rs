//! No secret is shown, whatever succeeds or fails: not those of the options, of the variable, or of the file.

use authn::conformance::Canary;
use authn_tests::{
    command::{Sandbox, binary},
    h2o_cloud::Cloud,
};

use super::VARIABLE;

/// Everything that a user runs, except what prints the token that was asked for.
const COMMANDS: &[&[&str]] = &[
    &["status"],
    &["config", "check", "--network"],
    &["doctor"],
    &["config", "show"],
    &["config", "show", "--all"],
    &["config", "show", "--json", "--all-layers"],
    &["explain", "https://drive.example.com/", "--json"],
    &["stores"],
    &["stores", "file"],
    &["logout"],
];

/// What the environment and its server answer.
const ANSWERS: [&str; 5] = ["right", "invalid_grant", "unusable", "no discovery", "an echo"];

fn answer(cloud: &Cloud, answer: &str, canary: &str) {
    cloud.change(|answers| answers.instead = None);
    match answer {
        "right" => {}
        "invalid_grant" => cloud.tokens.answer_next(400, "{\"error\":\"invalid_grant\"}"),
        "unusable" => {
            let body =
                format!("{{\"access_token\":[\"{canary}\"],\"refresh_token\":\"{canary}\"}}");
            cloud.tokens.answer_next(200, body);
        }
        "no discovery" => cloud.change(|answers| answers.instead = Some((404, canary.to_owned()))),
        _ => cloud.change(|answers| answers.instead = Some((200, format!("{{\"{canary}\":1}}")))),
    }
}

#[test]
fn no_refresh_token_is_shown_wherever_it_is_found() {
    let (cloud, mut is_logged) = (Cloud::start(), false);
    for place in ["option", "variable", "file"] {
        let canary = Canary::new();
        let secret = canary.as_str();
        let mut sandbox = Sandbox::new();
        let mut text =
            format!("[credentials.h2o_cloud]\nenvironment = '{}'\n", cloud.environment());
        match place {
            "option" => {
                text.extend(
                    ["refresh_token", "client_secret"].map(|key| format!("{key} = '{secret}'\n")),
                );
            }
            "variable" => {
                sandbox.env(VARIABLE, secret);
            }
            _ => {
                let file = sandbox.home().join(".h2oai/h2o-cli-config.toml");
                cloud.write_file(&file, secret, secret);
            }
        }
        sandbox.env("AUTHN_LOG", "trace").env("RUST_LOG", "trace");
        let config = sandbox.file("secret.toml", text);
        let config = config.to_str().unwrap();
        for kind in ANSWERS {
            cloud.tokens.accept_refresh_token(secret);
            for arguments in [&[&["token", "--json"][..]], COMMANDS].concat() {
                answer(&cloud, kind, secret);
                let outcome =
                    sandbox.run(binary("authn"), &[&["--config", config], arguments].concat());
                let shown = format!("{}{}", outcome.stdout, outcome.stderr);
                let found = canary.find_in(shown.as_bytes());
                assert_eq!(found, None, "{place} {kind} {arguments:?}\n{shown}");
                is_logged |= outcome.stderr.contains(" authn::");
            }
        }
    }
    assert!(is_logged, "the lines about each step were searched");
    let sent = cloud.tokens.token_requests();
    assert!(sent.len() >= 15, "the secrets were sent: {}", sent.len());
}
