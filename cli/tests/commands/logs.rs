//! The log: the steps at `-v`, each request at `-vv`, everything at `-vvv`. The tests of the workspace compare whole logs.

use crate::{sandbox::Sandbox, server::Server};

#[test]
fn each_level_has_more_than_the_one_before() {
    let server = Server::new();
    let answered = format!("request answered: POST {}, status 200 (", server.url("/token"));
    for (flag, requests) in [("-v", false), ("-vv", true)] {
        let outcome = server.giving("t0k3n", 60, || server.sandbox().run(&[flag, "token"]));
        let log = outcome.stderr.clone();
        assert_eq!(outcome.done(), "t0k3n\n");
        for line in [
            "info: exchange started: credentials.oauth, there is no token yet\n",
            "info: exchange ended: credentials.oauth, valid for 1m, ",
        ] {
            assert!(log.contains(line), "{flag}\n{log}");
        }
        assert_eq!(log.contains(&answered), requests, "{flag}\n{log}");
        // Neither modules nor spans.
        for hidden in ["t0k3n", "s3cr3t", "grant_type", "authn::", "{", "="] {
            assert!(!log.contains(hidden), "{flag}\n{log}");
        }
    }
    let outcome = server.giving("t0k3n", 60, || server.sandbox().run(&["-vvv", "token"]));
    let line = "exchange{authn.provider=\"oauth\" authn.reason=First}: authn::cache::exchange: exchange ended ";
    assert!(outcome.stderr.contains(line), "{}", outcome.stderr);

    let answered = answered.replace("200", "401");
    let refused = || server.sandbox().env("AUTHN_LOG", "debug").run(&["token"]);
    let (outcome, _) =
        server.answering("401 Unauthorized", r#"{"error":"invalid_client"}"#, refused);
    for line in [&answered, "warning: exchange failed: credentials.oauth, http://"] {
        assert!(outcome.stderr.contains(line), "{}", outcome.stderr);
    }
}

#[test]
fn a_token_that_is_there_is_used_without_an_exchange() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    server.giving("t0k3n", 3_600, || sandbox.run(&["token"])).done();
    for command in ["token", "header"] {
        let outcome = sandbox.run(&["-v", command]);
        let used = "info: stored token used: credentials.oauth, store file, valid for ";
        assert!(outcome.stderr.contains(used), "{command}: {}", outcome.stderr);
        assert!(!outcome.stderr.contains("exchange"), "{command}: {}", outcome.stderr);
    }
    let outcome = sandbox.run(&["-v", "logout"]);
    assert!(outcome.stderr.contains("info: logged out: credentials.oauth\n"), "{}", outcome.stderr);
}

#[test]
fn a_server_that_is_not_there_is_logged() {
    let sandbox = Sandbox::with(
        "[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\ntoken_endpoint_url = \"http://127.0.0.1:9/t\"\n\
         grant_type = \"client_credentials\"\nclient_id = \"cli\"\nclient_secret = \"s3cr3t\"\n",
    );
    let outcome = sandbox.run(&["-vv", "token"]);
    assert_eq!(outcome.code, 5, "{}", outcome.stderr);
    let line = "debug: request failed: POST http://127.0.0.1:9/t, connection (";
    assert!(outcome.stderr.contains(line), "{}", outcome.stderr);
}
