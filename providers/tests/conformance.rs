//! Each provider passes the conformance tests for authors of providers.

#![cfg(all(
    feature = "api_key",
    feature = "app_service",
    feature = "basic",
    feature = "h2o_cloud",
    feature = "hook",
    feature = "azure_managed_identity",
    feature = "file_token",
    feature = "gcp_metadata",
    feature = "github_actions",
    feature = "gitlab",
    feature = "jwt",
    feature = "workload_identity"
))]

use authn::{
    Environment, ErrorKind, Loader, Provider, Result, Token,
    conformance::{check, sample},
    hooks::{self, Hook},
};
use authn_providers::{
    ApiKey, AppService, AzureManagedIdentity, Basic, Bearer, FileToken, GcpMetadata, GithubActions,
    Gitlab, H2oCloud, Jwt, WorkloadIdentity,
};

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

#[test]
fn identities_of_machines() {
    let not_here = Some(ErrorKind::NotApplicable);
    // Port 9 is `discard`. Usually no program listens on it.
    let host = "host = '127.0.0.1:9'";
    assert_eq!(kind(check::<FileToken>("path = '/nonexistent/token'").token), not_here);
    assert_eq!(kind(check::<GithubActions>("audience = 'a'").token), not_here);
    assert_eq!(kind(check::<Gitlab>("").token), not_here);
    assert_eq!(kind(check::<GcpMetadata>(host).token), not_here);
    let azure = format!("resource = 'https://vault.azure.net'\n{host}");
    assert_eq!(kind(check::<AzureManagedIdentity>(&azure).token), not_here);
    let workload = "identity = 'gitlab'\nexchange = 'openrouter'\nfederation_policy_id = 'p'";
    assert_eq!(kind(check::<WorkloadIdentity>(workload).token), not_here);
    for (options, option) in [
        ("host = '10.0.0.1'", "host"),
        ("host = 'metadata.example.com'", "host"),
        ("host = 'http://127.0.0.1'", "host"),
        ("audience = 'a'\nscopes = ['b']", "audience"),
        ("service_account = ''", "service_account"),
    ] {
        assert!(refused::<GcpMetadata>(options).contains(option), "{options}");
    }
    for (options, option) in [
        ("resource = ''", "resource"),
        ("resource = 'https://vault.azure.net/.default'", "resource"),
        ("resource = 'r'\nclient_id = 'a'\nobject_id = 'b'", "client_id"),
        ("resource = 'r'\nhost = 'vault.azure.net'", "host"),
    ] {
        assert!(refused::<AzureManagedIdentity>(options).contains(option), "{options}");
    }
    assert!(refused::<Gitlab>("variable = 'A=B'").contains("variable"));
    assert!(refused::<FileToken>("path = '/a'\nttl = '1ms'").contains("ttl"));
}

/// Returns what is wrong with the options of a provider.
fn refused<P: Provider>(options: &str) -> String {
    let text =
        format!("[credentials]\norigins = ['*']\n[credentials.{}]\n{options}", P::ENTRY.name());
    let loaded = Loader::new().environment(Environment::empty()).defaults(&text).load();
    loaded.expect_err(options).to_string()
}
