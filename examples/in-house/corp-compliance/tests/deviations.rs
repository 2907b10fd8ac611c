//! Each hook is needed at the corporate server: without any one of them, the step that it is for fails.

mod server;

use authn::{
    Credentials, Environment, Error, ErrorKind, Loader, Registry, Result, conformance::Canary,
};
use authn_providers::{Compliance, TokenRequest, TokenResponse};
use corp_compliance::Corp;

/// One of the six hooks.
#[derive(Debug, PartialEq)]
enum Hook {
    AccessRequest,
    AccessResponse,
    RefreshRequest,
    RefreshResponse,
    RevokeRequest,
    RevokeResponse,
}

/// The fixes without one of them.
struct Without(Hook);

impl Without {
    fn unless(&self, hook: &Hook, fix: impl FnOnce() -> Result<()>) -> Result<()> {
        if self.0 == *hook { Ok(()) } else { fix() }
    }
}

impl Compliance for Without {
    fn access_token_request(&self, request: &mut TokenRequest) -> Result<()> {
        self.unless(&Hook::AccessRequest, || Corp.access_token_request(request))
    }

    fn access_token_response(&self, response: &mut TokenResponse) -> Result<()> {
        self.unless(&Hook::AccessResponse, || Corp.access_token_response(response))
    }

    fn refresh_token_request(&self, request: &mut TokenRequest) -> Result<()> {
        self.unless(&Hook::RefreshRequest, || Corp.refresh_token_request(request))
    }

    fn refresh_token_response(&self, response: &mut TokenResponse) -> Result<()> {
        self.unless(&Hook::RefreshResponse, || Corp.refresh_token_response(response))
    }

    fn revoke_token_request(&self, request: &mut TokenRequest) -> Result<()> {
        self.unless(&Hook::RevokeRequest, || Corp.revoke_token_request(request))
    }

    fn revoke_token_response(&self, response: &mut TokenResponse) -> Result<()> {
        self.unless(&Hook::RevokeResponse, || Corp.revoke_token_response(response))
    }
}

authn_providers::compliance!("without_access_request", Without(Hook::AccessRequest));
authn_providers::compliance!("without_access_response", Without(Hook::AccessResponse));
authn_providers::compliance!("without_refresh_request", Without(Hook::RefreshRequest));
authn_providers::compliance!("without_refresh_response", Without(Hook::RefreshResponse));
authn_providers::compliance!("without_revoke_request", Without(Hook::RevokeRequest));
authn_providers::compliance!("without_revoke_response", Without(Hook::RevokeResponse));

// As two crates of one program would.
authn_providers::compliance!("of_two_crates", Corp);
authn_providers::compliance!("of_two_crates", Corp);
authn_providers::client_auth!("way_of_two_crates", corp_compliance::CorpHeaders);
authn_providers::client_auth!("way_of_two_crates", corp_compliance::CorpHeaders);

const SECRET: &str = "s3cr3t-of-corp";

/// The steps of a session: a token, a renewal, and the revocation of everything.
#[derive(Debug, PartialEq)]
enum Step {
    Token,
    Renewal,
    Revocation,
}

fn load(server: &str, more: &str) -> Result<Credentials> {
    let text = format!(
        "[credentials]\norigins = ['*']\n[credentials.oauth]\nstore = 'memory'\n\
         token_endpoint_url = '{server}/token'\nrevocation_endpoint_url = '{server}/revoke'\n\
         grant_type = 'password'\nusername = 'ann'\npassword = 'p'\nscope = 'read'\nclient_id = 'reports'\n{more}"
    );
    Loader::new().environment(Environment::empty()).defaults(&text).load()
}

/// Goes through a session. Returns the step that failed, with its error.
async fn session(credentials: &Credentials) -> Result<(), (Step, Error)> {
    let token = credentials.token().await.map_err(|error| (Step::Token, error))?;
    assert_eq!(token.secret(), "a1");
    let token = credentials.refresh().await.map_err(|error| (Step::Renewal, error))?;
    if token.secret() != "a2" {
        // The password was sent again, because the session seemed to have ended.
        return Err((Step::Renewal, Error::refused("the session was not renewed")));
    }
    let revocation = credentials.revoke().await.map_err(|error| (Step::Revocation, error))?;
    match revocation.failed.into_iter().next() {
        Some(error) => Err((Step::Revocation, error)),
        None => Ok(()),
    }
}

#[tokio::test]
async fn each_hook_is_needed() {
    let server = server::start(SECRET);
    for (fixes, failing) in [
        ("'corp'", None),
        ("", Some(Step::Token)),
        ("'without_access_request'", Some(Step::Token)),
        ("'without_access_response'", Some(Step::Token)),
        ("'without_refresh_request'", Some(Step::Renewal)),
        ("'without_refresh_response'", Some(Step::Renewal)),
        ("'without_revoke_request'", Some(Step::Revocation)),
        ("'without_revoke_response'", Some(Step::Revocation)),
        // What one leaves out, the next one does.
        ("'without_access_response', 'corp'", None),
    ] {
        let more = format!(
            "client_secret = '{SECRET}'\ntoken_endpoint_auth_method = 'corp_headers'\n\
             compliance = [{fixes}]"
        );
        let credentials = load(&server, &more).expect("it is valid");
        let failed = session(&credentials).await.err();
        assert_eq!(failed.as_ref().map(|(step, _)| step), failing.as_ref(), "{fixes}: {failed:?}");
    }
}

#[tokio::test]
async fn the_own_authentication_is_needed() {
    let server = server::start(SECRET);
    for (method, refused) in [("corp_headers", false), ("client_secret_basic", true)] {
        let more = format!(
            "client_secret = '{SECRET}'\ntoken_endpoint_auth_method = '{method}'\n\
             compliance = ['corp']"
        );
        let result = load(&server, &more).expect("it is valid").token().await;
        assert_eq!(result.is_err_and(|error| error.kind() == ErrorKind::Refused), refused);
    }
}

#[test]
fn what_can_not_work_is_an_error_of_the_configuration() {
    for (options, says) in [
        (
            "client_secret = 's'\ncompliance = ['crop']",
            &[
                "expected a list of one of corp, of_two_crates",
                "another text",
                "did you mean `corp`?",
            ][..],
        ),
        (
            "client_secret = 's'\ncompliance = ['of_two_crates']",
            &["two fixes are named `of_two_crates`", "deviations.rs:", "rename one"],
        ),
        (
            "client_secret = 's'\ntoken_endpoint_auth_method = 'corp_header'",
            &["one of client_secret_basic", "corp_headers", "did you mean `corp_headers`?"],
        ),
        (
            "client_secret = 's'\ntoken_endpoint_auth_method = 'way_of_two_crates'",
            &["two ways to authenticate a client are named `way_of_two_crates`"],
        ),
        (
            "token_endpoint_auth_method = 'corp_headers'",
            &["`client_secret` is not set, but the corporate server needs it"],
        ),
    ] {
        let error = load("https://login.test", options).expect_err(options);
        assert_eq!(error.kind(), ErrorKind::Configuration);
        let text = error.to_string();
        for words in says {
            assert!(text.contains(words), "{options}: {words}\n{text}");
        }
    }
}

#[test]
fn the_names_are_listed_with_the_options() {
    let registry = Registry::linked().expect("no name is taken twice");
    let oauth = registry.get("oauth").expect("it is linked");
    let values = |key: &str| oauth.field(key).expect("an option").value_type().name();
    assert!(values("compliance").contains("corp"), "{}", values("compliance"));
    let methods = values("token_endpoint_auth_method");
    assert!(methods.contains("none") && methods.contains("corp_headers"), "{methods}");
}

#[tokio::test]
async fn no_failure_shows_the_secret_that_is_sent() {
    let canary = Canary::new();
    let secret = canary.as_str();
    for (status, body) in [
        (200, "{}".to_owned()),
        (200, format!("{{\"data\":{{\"access_token\":[\"{secret}\"]}}}}")),
        (400, format!("{{\"error\":\"{secret}\",\"error_description\":\"{secret}\"}}")),
        (401, "{\"error\":\"invalid_client\"}".to_owned()),
        (302, secret.to_owned()),
        (500, secret.to_owned()),
    ] {
        let server = server::start_failing(status, body);
        let more = format!(
            "client_secret = '{secret}'\ntoken_endpoint_auth_method = 'corp_headers'\n\
             compliance = ['corp']"
        );
        let credentials = load(&server, &more).expect("it is valid");
        let error = credentials.token().await.expect_err("every answer is useless");
        let shown = format!("{error} {error:?} {credentials:?} {credentials:#?}");
        assert_eq!(canary.find_in(shown.as_bytes()), None, "{shown}");
    }
}
