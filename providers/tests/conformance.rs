//! Each provider passes the conformance tests for authors of providers.

#![cfg(all(
    feature = "api_key",
    feature = "app_service",
    feature = "basic",
    feature = "h2o_cloud",
    feature = "hook",
    feature = "jwt"
))]

use authn::{
    ErrorKind, Result, Token,
    conformance::{check, sample},
    hooks::{self, Hook},
};
use authn_providers::{ApiKey, AppService, Basic, Bearer, H2oCloud, Jwt};

fn kind(token: Result<Token>) -> Option<ErrorKind> {
    token.err().map(|error| error.kind())
}

#[test]
fn providers_of_a_token() {
    assert_eq!(kind(check::<Jwt>("jwt = 'abc'").token), None);
    assert_eq!(kind(check::<Jwt>("jwt = 'e30.eyJleHAiOjF9.c'").token), Some(ErrorKind::Expired));
    assert_eq!(kind(check::<Bearer>("token = 'abc'").token), None);
    let hook = Hook::sync(|_| Token::new("abc"));
    assert!(hooks::register("conformance", hook).is_ok());
    assert_eq!(kind(check::<authn_providers::Hook>("name = 'conformance'").token), None);
    assert_eq!(kind(check::<AppService>("").token), Some(ErrorKind::NotApplicable));
}

#[test]
fn a_provider_that_asks_a_server() {
    let options = "environment = 'http://127.0.0.1:9'\nrefresh_token = 'abc'\nclient_secret = 's'";
    let report = check::<H2oCloud>(options);
    assert_eq!(kind(report.token), Some(ErrorKind::Network));
    assert_eq!(report.unswept, Vec::<&str>::new());
}

#[test]
fn providers_without_a_token() {
    let none = Some(ErrorKind::NoToken);
    assert_eq!(kind(check::<Basic>("username = 'alice'").token), none);
    let all = sample(&<ApiKey as authn::Provider>::ENTRY, "abc");
    assert!(all.contains("for = ["), "{all}");
    assert_eq!(kind(check::<ApiKey>(&all).token), none);
}
