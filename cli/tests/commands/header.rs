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
fn each_header_has_a_line() {
    let sandbox = Sandbox::with(
        "[credentials]\ndomain = \"a.test\"\n[credentials.api_key]\nkey = \"one\"\n\
         headers = { x-other-key = \"two\" }\n",
    );
    let stdout = sandbox.run(&["header"]).done();
    let mut lines: Vec<&str> = stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["X-Api-Key: one", "X-Other-Key: two"]);
    refused(&sandbox.run(&["token"]), 5, &["no token", "`authn header`"]);
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
    refused(&outcome, 3, &["in the clear", "use https"]);
    let outcome = sandbox.run(&["header", "--url", "not an address with s3cr3t"]);
    refused(&outcome, 2, &["--url https://"]);
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
