//! `h2o`: a token provider with all its arguments, and one for each user.

use authn_tests::{
    command::{Outcome, Sandbox, binary},
    h2o_cloud::Cloud,
    rig::Rig,
};

use crate::{api::Api, refresh_token};

fn run(rig: &Rig, client: &str, server: &[(&str, String)], arguments: &[&str]) -> Outcome {
    let mut sandbox = Sandbox::new();
    sandbox.env("CLIENT_ID", client);
    if client != "all-none" {
        sandbox.env("CLIENT_SECRET", "secret");
    }
    for (name, value) in server {
        sandbox.env(name, value);
    }
    let users = [("", "alice"), ("_ALICE", "alice"), ("_BOB", "bob")];
    for (name, user) in users {
        sandbox.env(format!("REFRESH_TOKEN{name}"), refresh_token(rig, client, user));
    }
    rig.reset();
    sandbox.run(binary("h2o"), arguments)
}

#[test]
fn each_user_has_one_provider_and_both_interfaces_one_cache() {
    let rig = Rig::start();
    let issuer = || ("ISSUER_URL", rig.issuer().to_owned());
    let endpoint = || ("TOKEN_ENDPOINT_URL", rig.resource_url("/token"));
    for (client, server) in [("pw", issuer()), ("pw", endpoint()), ("all-none", issuer())] {
        let url = rig.resource_url("/rs/bearer");
        let said = run(&rig, client, &[server], &[&url, "alice", "bob", "alice"]).success();
        let lines: Vec<&str> = said.lines().collect();
        assert!(lines[0].starts_with("a token of "), "{said}");
        let facts = [
            "exp: Some(true)",
            "scope: Some(\"read write\")",
            "both interfaces have the same token: true",
            "scope of the clone: Some(\"read\")",
        ];
        assert_eq!(lines[1..5], facts, "{said}");
        for (line, user) in lines[5..].iter().zip(["alice", "bob", "alice"]) {
            assert!(line.starts_with(&format!("{user}: 200 OK ")), "{said}");
            assert!(line.contains(&format!("\"sub\":\"{user}\"")), "{said}");
        }
        assert_eq!(lines.len(), 8);
        assert!(!said.contains("eyJ"), "no token is printed: {said}");
        // The provider, its clone for another scope, and two users.
        assert_eq!(rig.count(&[("grant", "refresh_token"), ("client", client)]), 4);
        assert_eq!(rig.count(&[("grant", "refresh_token"), ("status", "200")]), 4);
    }
}

#[test]
fn a_discovery_names_the_server_and_the_service() {
    let cloud = Cloud::start();
    let mut sandbox = Sandbox::new();
    sandbox.env("H2O_CLOUD_ENVIRONMENT", cloud.environment());
    sandbox.env("REFRESH_TOKEN_ALICE", "alice");
    sandbox.env("H2O_CLOUD_CLIENT_PLATFORM_TOKEN", "first");
    let said = sandbox.run(binary("h2o"), &["--service", "api", "alice"]).success();
    assert_eq!(said, "200 OK\n200 OK\n");
    assert_eq!(cloud.seen(), ["/v1/environment", "/v1/clients", "/v1/services"]);
    let sent = cloud.tokens.token_requests();
    let sent: Vec<_> = sent.iter().map(|sent| sent.parameter("refresh_token").unwrap()).collect();
    assert_eq!(sent, ["first", "alice"]);
    let nosuch = sandbox.run(binary("h2o"), &["--service", "nosuch"]);
    assert!(nosuch.code == 1 && nosuch.stderr.contains("no such service"), "{}", nosuch.stderr);
}

#[test]
fn exactly_one_address_names_the_server() {
    let rig = Rig::start();
    let issuer = ("ISSUER_URL", rig.issuer().to_owned());
    let endpoint = ("TOKEN_ENDPOINT_URL", rig.resource_url("/token"));
    for server in [vec![], vec![issuer, endpoint]] {
        let outcome = run(&rig, "pw", &server, &[&rig.resource_url("/rs/bearer")]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""), "{server:?}");
        for name in ["`issuer_url`", "`token_endpoint_url`"] {
            assert!(outcome.stderr.contains(name), "{}", outcome.stderr);
        }
        assert_eq!(rig.log().len(), 0, "nothing is requested");
    }
}

#[test]
fn a_redirect_to_another_origin_takes_no_token_along() {
    let (rig, elsewhere) = (Rig::start(), Api::start());
    let url = rig.resource_url(&format!("/rs/redirect?to={}/", elsewhere.url));
    let issuer = ("ISSUER_URL", rig.issuer().to_owned());
    let said = run(&rig, "pw", &[issuer], &[&url, "alice"]).success();
    assert!(said.contains("alice: 200 OK"), "{said}");
    assert_eq!(elsewhere.headers("authorization"), [None]);
}
