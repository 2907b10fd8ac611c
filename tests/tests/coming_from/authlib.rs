//! `authlib`: updates, signed assertions, a service account, and the login of a web application.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use authn_tests::{
    command::{Outcome, Sandbox, binary},
    rig::Rig,
};

use crate::{api::Api, refresh_token};

const ANSWERS: &str = "with the token: 200 OK\nwithout it: 401 Unauthorized\n";

fn at(rig: &Rig, client: &str) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.env("ISSUER_URL", rig.issuer()).env("CLIENT_ID", client).env("KEY_ID", "rsa-1");
    sandbox
}

fn run(sandbox: &Sandbox, rig: &Rig, what: &str) -> Outcome {
    sandbox.run(binary("authlib"), &[what, &rig.resource_url("/rs/bearer")])
}

#[test]
fn each_new_token_set_replaces_the_row_of_the_one_before() {
    let rig = Rig::start();
    let mut sandbox = at(&rig, "pw");
    sandbox.env("CLIENT_SECRET", "secret").env("REFRESH_TOKEN", refresh_token(&rig, "pw", "alice"));
    rig.reset();
    let said = run(&sandbox, &rig, "update").success();
    let expected = "update 1 of alice, who had no access token\n\
                    update 2 of alice, who had another access token\n\
                    update 3 of alice, who had another access token\n";
    assert_eq!(said, format!("{expected}{ANSWERS}"));
    // The server refuses a refresh token that was used before.
    assert_eq!(rig.count(&[("grant", "refresh_token"), ("status", "200")]), 3);
    assert_eq!(rig.count(&[("grant", "refresh_token")]), 3);
}

#[test]
fn clients_and_service_accounts_sign_assertions() {
    const LONG: &str = "a-client-secret-of-at-least-32-bytes!!";
    const WRONG: &str = "another-client-secret-of-32-bytes!!!!";
    let rig = Rig::start();
    let signed = [
        (
            "client_secret_jwt",
            "cc-sjwt",
            "client_assertion_type",
            "client-assertion-type:jwt-bearer",
        ),
        (
            "private_key_jwt",
            "cc-pkjwt",
            "client_assertion_type",
            "client-assertion-type:jwt-bearer",
        ),
        ("service_account", "sa", "grant_type", "grant-type:jwt-bearer"),
    ];
    for (what, client, name, value) in signed {
        let mut sandbox = at(&rig, client);
        sandbox.env("CLIENT_SECRET", LONG).env("PRIVATE_KEY_FILE", rig.key("rsa.pem"));
        rig.reset();
        assert_eq!(run(&sandbox, &rig, what).success(), ANSWERS, "{what}");
        let log = rig.log();
        let sent: Vec<_> = log.iter().filter(|entry| entry["endpoint"] == "token").collect();
        assert_eq!(
            (sent.len(), &sent[0]["client"], &sent[0]["status"]),
            (1, &client.into(), &200.into())
        );
        assert_eq!(sent[0]["params"][name], format!("urn:ietf:params:oauth:{value}"), "{what}");
        assert!(sent[0]["params"]["client_secret"].is_null(), "the secret itself is not sent");

        sandbox.env("CLIENT_SECRET", WRONG).env("PRIVATE_KEY_FILE", rig.key("ec.pem"));
        let outcome = run(&sandbox, &rig, what);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""), "{what}");
        assert!(!outcome.stderr.contains(WRONG), "{}", outcome.stderr);
    }
}

#[test]
fn a_redirect_to_another_origin_takes_no_token_along() {
    let (rig, elsewhere) = (Rig::start(), Api::start());
    let mut sandbox = at(&rig, "cc-pkjwt");
    sandbox.env("PRIVATE_KEY_FILE", rig.key("rsa.pem"));
    let url = rig.resource_url(&format!("/rs/redirect?to={}/", elsewhere.url));
    sandbox.run(binary("authlib"), &["private_key_jwt", &url]).success();
    assert_eq!(elsewhere.headers("authorization"), [None, None]);
}

/// Logs in as alice, and gives the program the address that her browser comes back to, after a change.
fn log_in(rig: &Rig, change: impl FnOnce(String) -> String) -> Outcome {
    let mut sandbox = at(rig, "web");
    sandbox.env("CLIENT_SECRET", "secret").env("REDIRECT_URI", "http://127.0.0.1:9/callback");
    let mut command = sandbox.command(binary("authlib"));
    command.args(["web", &rig.resource_url("/rs/bearer")]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = command.spawn().unwrap();
    let mut stdout = BufReader::new(program.stdout.take().unwrap());
    let mut address = String::new();
    stdout.read_line(&mut address).unwrap();
    let returned = change(come_back(rig, address.trim()));
    writeln!(program.stdin.take().unwrap(), "{returned}").unwrap();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    let mut outcome = Outcome::of(program.wait_with_output().unwrap());
    assert!(!address.contains("secret") && address.contains("request_uri="), "{address}");
    outcome.stdout = rest;
    outcome
}

/// Logs in at the server as alice, and returns where it sends the browser.
fn come_back(rig: &Rig, address: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rig/oidc-provider");
    let mut command = Command::new("node");
    command.args(["approve.mjs", "code", rig.issuer(), address]).current_dir(folder);
    Outcome::of(command.output().unwrap()).success().trim().to_owned()
}

#[test]
fn a_web_application_logs_its_user_in_with_two_calls() {
    let rig = Rig::start();
    let said = log_in(&rig, |returned| returned).success();
    assert_eq!(said, format!("logged in: Some(\"alice\")\n{ANSWERS}"));
    assert_eq!(rig.count(&[("grant", "authorization_code"), ("client", "web")]), 1);

    let forged = log_in(&rig, |returned| returned.replace("state=", "state=x"));
    assert_eq!((forged.code, forged.stdout.as_str()), (1, ""));
    assert_eq!(rig.count(&[("grant", "authorization_code")]), 1, "its code is not redeemed");
}
