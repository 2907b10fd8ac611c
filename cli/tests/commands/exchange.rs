//! Commands that contact a server.

use crate::{
    sandbox::Outcome,
    server::{Server, TOKEN},
};

/// Runs a command with all logs, while the server sends this answer.
fn run(command: &str, status: &str, body: &str) -> Outcome {
    let server = Server::new();
    let sandbox = server.sandbox().env("AUTHN_LOG", "trace");
    server.answering(status, body, || sandbox.run(&[command])).0
}

#[test]
fn the_servers_token_is_printed_and_nothing_else() {
    for (command, printed) in [("token", "t0k3n\n"), ("header", "Authorization: Bearer t0k3n\n")] {
        let outcome = run(command, "200 OK", TOKEN);
        assert_eq!((outcome.code, &*outcome.stdout), (0, printed), "{}", outcome.stderr);
        for secret in ["s3cr3t", "t0k3n"] {
            assert!(!outcome.stderr.contains(secret), "{}", outcome.stderr);
        }
    }
}

#[test]
fn a_refusal_of_the_server_is_a_provider_error() {
    let body = r#"{"error":"invalid_client","error_description":"s3cr3t"}"#;
    let outcome = run("token", "401 Unauthorized", body);
    assert_eq!((outcome.code, &*outcome.stdout), (5, ""));
    assert!(outcome.stderr.contains("error: "), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("invalid_client"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains(" WARN exchange{"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("s3cr3t"), "{}", outcome.stderr);
}
