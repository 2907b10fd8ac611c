//! `header`, and `token` of a provider without tokens.

use crate::sandbox::{Outcome, Sandbox};

#[track_caller]
fn refused(outcome: &Outcome, code: i32, words: &[&str]) {
    assert_eq!((outcome.code, &*outcome.stdout), (code, ""), "{}", outcome.stderr);
    for word in words {
        assert!(outcome.stderr.contains(word), "{word}\n{}", outcome.stderr);
    }
}

#[test]
fn the_url_may_come_without_its_flag() {
    let sandbox = Sandbox::with("[credentials]\ndomain = \"a.test\"\nbearer = \"t\"\n");
    for url in [&["https://a.test/x"][..], &["--url", "https://a.test/x"]] {
        let shown = sandbox.run(&[&["header"], url].concat()).done();
        assert_eq!(shown, "Authorization: Bearer t\n", "{url:?}");
    }
    let wrong = sandbox.run(&["header", "s3cr3t"]);
    assert_eq!(wrong.code, 2);
    let said = "expected an address for `URL`, found a text without a scheme";
    assert!(wrong.stderr.contains(said), "{}", wrong.stderr);
    let ftp = sandbox.run(&["header", "ftp://a.test/"]);
    let said = "expected an address for `URL`, found an address of another scheme";
    assert!(ftp.stderr.contains(said), "{}", ftp.stderr);
    let other = sandbox.run(&["header", "https://b.test/s3cr3t"]);
    assert_eq!(other.code, 3, "{}", other.stderr);
    let both = sandbox.run(&["header", "https://a.test", "--url", "https://a.test"]);
    assert_eq!(both.code, 2, "{}", both.stderr);
    let stray = sandbox.run(&["header", "https://a.test/", "s3cr3t"]);
    assert_eq!(stray.code, 2);
    assert!(stray.stderr.contains("pass it with its option"), "{}", stray.stderr);
    for outcome in [wrong, other, stray] {
        assert!(!outcome.stderr.contains("s3cr3t"), "{}", outcome.stderr);
    }
}

#[test]
fn each_header_has_a_line() {
    let sandbox = Sandbox::with(
        "[credentials]\ndomain = \"a.test\"\n[credentials.api_key]\nkey = \"one\"\n\
         headers = { x-other-key = \"two\" }\n",
    );
    let stdout = sandbox.run(&["header"]).done();
    let mut lines: Vec<&str> = stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["X-Api-Key: one", "X-Other-Key: two"]);
    refused(&sandbox.run(&["token"]), 2, &["no token", "`authn header`"]);
}

#[test]
fn only_configured_origins_get_headers() {
    let sandbox = Sandbox::with(
        "[credentials]\ndomain = \"a.test\"\norigins = [\"https://*.b.test\"]\nbearer = \"s3cr3t\"\n",
    );
    for url in ["https://a.test/x?y=z", "https://eu.b.test", "https://ann:pw@a.test/"] {
        let stdout = sandbox.run(&["header", "--url", url, "--method", "POST"]).done();
        assert_eq!(stdout, "Authorization: Bearer s3cr3t\n");
    }
    for url in ["https://c.test/", "https://a.test:8443/", "https://a.test.c.test/"] {
        refused(&sandbox.run(&["header", "--url", url]), 3, &["not for", "credentials.origins"]);
    }
    let outcome = sandbox.run(&["header", "--url", "http://a.test/"]);
    refused(&outcome, 3, &["without encryption", "use https"]);
    let outcome = sandbox.run(&["header", "--url", "not an address with s3cr3t"]);
    refused(
        &outcome,
        2,
        &["for `--url`, found a text without a scheme", "https://api.example.com/path"],
    );
    assert!(!outcome.stderr.contains("s3cr3t"), "{}", outcome.stderr);
}

#[test]
fn without_a_single_host_a_url_is_required() {
    for origins in ["[\"https://*.b.test\"]", "[\"*\"]"] {
        let sandbox =
            Sandbox::with(format!("[credentials]\norigins = {origins}\nbearer = \"s3cr3t\"\n"));
        refused(&sandbox.run(&["header"]), 2, &["--url"]);
        let stdout = sandbox.run(&["header", "--url", "https://a.b.test/"]).done();
        assert_eq!(stdout, "Authorization: Bearer s3cr3t\n");
    }
    let sandbox = Sandbox::with("[credentials]\nbearer = \"s3cr3t\"\n");
    refused(&sandbox.run(&["header"]), 3, &["no origin", "credentials.domain"]);
    assert_eq!(sandbox.run(&["token"]).done(), "s3cr3t\n");
}

#[test]
fn loopback_keeps_its_scheme_and_port() {
    let sandbox = Sandbox::with(
        "[credentials]\nscheme = \"http\"\ndomain = \"127.0.0.1:8080\"\nbearer = \"s3cr3t\"\n",
    );
    assert_eq!(sandbox.run(&["header"]).done(), "Authorization: Bearer s3cr3t\n");
}

#[test]
fn a_credential_that_is_not_a_header_is_an_error() {
    for (placement, word) in [("query", "the query"), ("body", "body")] {
        let sandbox = Sandbox::with(format!(
            "[credentials]\ndomain = \"a.test\"\n[credentials.bearer]\ntoken = \"s3cr3t\"\n\
             placement = \"{placement}\"\n",
        ));
        let outcome = sandbox.run(&["header"]);
        refused(&outcome, 3, &[word, "header"]);
        assert!(!outcome.stderr.contains("s3cr3t"), "{}", outcome.stderr);
    }
}

#[test]
fn parameters_in_the_body_are_no_header() {
    let sandbox = Sandbox::with(
        "[credentials]\ndomain = \"a.test\"\n[credentials.oauth1]\nclient_id = \"c\"\nclient_secret = \"s3cr3t\"\n\
         placement = \"body\"\n",
    );
    for data in [&[][..], &["--data", "a=1"]] {
        let outcome = sandbox.run(&[&["header"], data].concat());
        refused(&outcome, 3, &["in the body", "no header can carry", "`placement = \"header\"`"]);
    }
}

#[test]
fn a_nonce_that_no_provider_would_use_is_refused() {
    let sandbox = Sandbox::with("[credentials]\ndomain = \"a.test\"\nbearer = \"t\"\n");
    for nonce in ["a b\"c", "", "\u{e4}", &"n".repeat(1025)] {
        let outcome = sandbox.run(&["header", &format!("--dpop-nonce={nonce}")]);
        refused(&outcome, 2, &["--dpop-nonce", "visible ASCII"]);
    }
    refused(&sandbox.run(&["header", "--dpop-nonce", "n"]), 2, &["not bound to a key"]);
}

#[test]
fn a_body_that_must_be_known_is_asked_for_by_its_flag() {
    let sandbox = Sandbox::with(
        "[credentials]\ndomain = \"a.test\"\n[credentials.oauth1]\nclient_id = \"c\"\nclient_secret = \"s3cr3t\"\n\
         body_hash = true\n",
    );
    let outcome = sandbox.run(&["header", "--method", "PUT"]);
    refused(&outcome, 3, &["body of this request is not known", "`--data ''`"]);
    assert!(!outcome.stderr.contains("with_known_body"), "{}", outcome.stderr);
    let signed = sandbox.run(&["header", "--method", "PUT", "--data", ""]).done();
    assert!(signed.starts_with("Authorization: OAuth "), "{signed}");
}

/// What is printed to be run next is about the same configuration.
#[test]
fn commands_in_messages_have_the_flags_that_choose_the_configuration() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "repo/my own.toml",
        "[credentials]\ndomain = \"a.test\"\n[credentials.api_key]\nkey = \"s3cr3t\"\n[profile.p]\n",
    );
    let flags = ["--config", "my own.toml", "-p", "p", "--no-project", "--set"];
    let flags = [&flags[..], &["credentials.domain=b.test"]].concat();
    let outcome = sandbox.run(&[&flags[..], &["token"]].concat());
    let command =
        "`authn header --profile p --config 'my own.toml' --set credentials.domain=… --no-project`";
    refused(&outcome, 2, &[command]);
    let outcome = sandbox.run(&[&flags[..], &["login"]].concat());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stderr.contains(command), "{}", outcome.stderr);
}
