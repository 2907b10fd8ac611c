//! The log: what happens with tokens at `-v`, each request at `-vv`, and nothing if nothing happens.

use crate::{sandbox::Sandbox, server::Server};

const STARTED: &str = "exchange started key=\"credentials.oauth\" reason=First";

#[test]
fn exchanges_are_logged_and_at_the_next_level_requests() {
    let server = Server::new();
    let answered = format!(
        "request answered method=POST place=\"{}\" status=200 milliseconds=",
        server.url("")
    );
    for (flag, requests) in [("-v", false), ("-vv", true), ("-vvv", true)] {
        let outcome = server.giving("t0k3n", 60, || server.sandbox().run(&[flag, "token"]));
        let log = outcome.stderr.clone();
        assert_eq!(outcome.done(), "t0k3n\n");
        for line in [STARTED, "exchange ended key=\"credentials.oauth\""] {
            assert!(log.contains(line), "{flag}\n{log}");
        }
        assert_eq!(log.contains(&answered), requests, "{flag}\n{log}");
        for hidden in ["t0k3n", "s3cr3t", "/token", "grant_type"] {
            assert!(!log.contains(hidden), "{flag}\n{log}");
        }
    }
    let answered = answered.replace("200", "401");
    let refused = || server.sandbox().env("AUTHN_LOG", "debug").run(&["token"]);
    let (outcome, _) =
        server.answering("401 Unauthorized", r#"{"error":"invalid_client"}"#, refused);
    for line in [STARTED, &answered, "exchange failed"] {
        assert!(outcome.stderr.contains(line), "{}", outcome.stderr);
    }
}

#[test]
fn a_token_that_is_there_is_not_logged() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    server.giving("t0k3n", 3_600, || sandbox.run(&["token"])).done();
    for command in [&["token"][..], &["header"], &["status"]] {
        let outcome = sandbox.run(&[&["-vvv"], command].concat());
        assert_eq!((outcome.code, &*outcome.stderr), (0, ""), "{command:?}");
    }
    let outcome = sandbox.run(&["-v", "logout"]);
    assert!(outcome.stderr.contains("logged out key=\"credentials.oauth\""), "{}", outcome.stderr);
}

#[test]
fn a_server_that_is_not_there_is_logged() {
    let sandbox = Sandbox::with(
        "[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\ntoken_endpoint_url = \"http://127.0.0.1:9/t\"\n\
         grant_type = \"client_credentials\"\nclient_id = \"cli\"\nclient_secret = \"s3cr3t\"\n",
    );
    let outcome = sandbox.run(&["-vv", "token"]);
    assert_eq!(outcome.code, 5, "{}", outcome.stderr);
    let line = "request failed method=POST place=\"http://127.0.0.1:9\" milliseconds=";
    assert!(outcome.stderr.contains(line), "{}", outcome.stderr);
}
