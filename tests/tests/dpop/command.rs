//! The command line.

use authn_tests::{
    browser::Browser,
    command::{Outcome, Sandbox, binary},
    rig::{self, Rig},
};

use super::{log_in_by_command, native, service};

/// Writes the configuration of a sandbox.
fn configure(sandbox: &Sandbox, options: &str) {
    let text = format!("[credentials]\norigins = ['*']\n[credentials.oauth]\n{options}\n");
    sandbox.file(sandbox.config().join("authn/config.toml"), text);
}

fn authn(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    sandbox.run(binary("authn"), arguments)
}

/// Sends a request with the headers that the command line has printed.
fn status_with(headers: &str, method: &str, url: &str) -> u16 {
    let mut request = http::Request::builder().method(method).uri(url);
    for line in headers.lines() {
        let (name, value) = line.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    rig::agent().run(request.body(()).unwrap()).unwrap().status().as_u16()
}

#[test]
fn headers_are_accepted_for_their_url_and_method() {
    for ahead in [0, 60 * 60] {
        let (rig, sandbox) = (Rig::start(), Sandbox::new());
        rig.clock(ahead);
        configure(&sandbox, &service(&rig, "cc-dpop", "dpop = true\nstore = 'file'"));
        let url = rig.resource_url("/rs/dpop");
        let header = |more: &[&str]| {
            let arguments = [&["header", "--url", &url, "--method", "DELETE"], more].concat();
            authn(&sandbox, &arguments).success()
        };
        // The API wants a nonce, and says which.
        assert_eq!(status_with(&header(&[]), "DELETE", &url), 401);
        assert_eq!(rig.api_log()[0]["error"], "use_dpop_nonce", "the time is right");
        let headers = header(&["--dpop-nonce", "rs-nonce-1"]);
        assert!(
            headers.starts_with("Authorization: DPoP ") && headers.contains("\nDpop: "),
            "{headers}"
        );
        assert_eq!(status_with(&headers, "GET", &url), 401);
        assert_eq!(status_with(&headers, "DELETE", &url), 200);
        assert_eq!(status_with(&headers, "DELETE", &url), 401, "a proof is for one request");
        assert_eq!(rig.count(&[("client", "cc-dpop"), ("status", "200")]), 1);
    }
}

#[test]
fn a_token_alone_is_printed_with_a_warning() {
    let (rig, sandbox) = (Rig::start(), Sandbox::new());
    for (client, more, warns) in [("cc-dpop", "dpop = true", true), ("cc-basic", "", false)] {
        configure(&sandbox, &service(&rig, client, more));
        for arguments in [&["token"][..], &["token", "--json"]] {
            let printed = authn(&sandbox, arguments);
            assert_eq!(
                printed.stderr.contains("bound to a key (DPoP)"),
                warns,
                "{}",
                printed.stderr
            );
            assert_eq!(printed.stderr.contains("authn header --url URL --method METHOD"), warns);
            assert!(!printed.success().is_empty());
        }
    }
    let arguments = ["header", "--url", rig.issuer(), "--dpop-nonce", "n"];
    let refused = authn(&sandbox, &arguments);
    assert_eq!((refused.code, &*refused.stdout), (2, ""));
    assert!(refused.stderr.contains("`--dpop-nonce` has no effect"), "{}", refused.stderr);
}

#[test]
fn a_login_is_one_session_with_one_key() {
    let (rig, sandbox) = (Rig::start(), Sandbox::new());
    let browser = Browser::fake();
    configure(&sandbox, &native(&rig, &browser));
    log_in_by_command(&sandbox, &[]);
    let url = rig.resource_url("/rs/dpop");
    for _ in 0..2 {
        let arguments = ["header", "--url", &url, "--dpop-nonce", "rs-nonce-1"];
        let headers = authn(&sandbox, &arguments).success();
        assert_eq!(status_with(&headers, "GET", &url), 200);
    }
    authn(&sandbox, &["logout"]).success();
    let ended = authn(&sandbox, &["header", "--url", &url]);
    assert!(ended.code != 0 && ended.stderr.contains("authn login"), "{}", ended.stderr);
}
