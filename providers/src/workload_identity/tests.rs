//! The exchanges against services that answer as their documentation says: a file in `cases` each, in the form of
//! [`crate::machine::tests`]. What the options refuse, and which token is used how long.

#![cfg(all(feature = "chain", feature = "jwt_bearer", unix))]

use authn::{ErrorKind, Loader};

use crate::{
    machine::tests::check,
    testing::{self, jwt, load, wait},
};

#[test]
fn each_exchange_is_made_as_its_service_documents_it() {
    check(concat!(env!("CARGO_MANIFEST_DIR"), "/src/workload_identity/cases"), 24);
}

const POOL: &str =
    "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/github";

#[test]
fn options_that_do_not_fit_together_are_refused_when_they_are_loaded() {
    let google = format!("exchange = 'google'\naudience = '{POOL}'");
    let anthropic = "exchange = 'anthropic'\nfederation_rule_id = 'f'\norganization_id = 'o'";
    let azure = "exchange = 'azure'\nclient_id = 'c'\nscope = 's'";
    for (options, message) in [
        (String::new(), "neither `exchange` nor `identity_audience` is set"),
        ("identity = 'gcp_metadata'".into(), "neither `exchange` nor `identity_audience` is set"),
        ("identity_audience = ''".into(), "`identity_audience` is empty"),
        ("identity = 'gitlab'\nvariable = 'A=B'".into(), "`variable` can't be the name of a variable"),
        ("identity = 'gitlab'\ntenant = 't'".into(), "`tenant` is set, but it is for a service"),
        ("exchange = {}".into(), "`exchange` names no exchange"),
        ("exchange = 'google'".into(), "`audience` is not set, but the exchange `google` needs it"),
        ("exchange = 'google'\naudience = 'x'".into(), "`audience` is not the provider of a pool"),
        (format!("{google}\ntenant = 't'"), "the exchange `google` does not use it"),
        (format!("{google}\nservice_account = 'a/b'"), "`service_account` is not the email address"),
        (format!("{google}\niam_credentials_url = 'https://a.test'"), "`service_account` is not"),
        (
            format!("{google}\nservice_account = 'a@b'\niam_credentials_url = 'http://a.test'"),
            "http://a.test",
        ),
        (format!("{google}\ntoken_endpoint_url = 'http://a.test'"), "http://a.test"),
        (anthropic.into(), "`service_account_id` is not set, but the exchange `anthropic` needs it"),
        (azure.into(), "`tenant` is not set"),
        (format!("{azure}\ntenant = 'a/b'"), "`tenant` is neither an identifier nor a domain"),
        (
            format!("{azure}\ntenant = 't'\ntoken_endpoint_url = 'https://a.test'"),
            "both `tenant` and `token_endpoint_url` are set",
        ),
        ("exchange = 'openrouter'\nfederation_policy_id = ''".into(), "`federation_policy_id` is not set"),
        ("exchange.token_exchange = {}".into(), "no server is set in `exchange.token_exchange`"),
        (
            "exchange.jwt_bearer = { issuer_url = 'https://a.test', token_endpoint_url = 'https://a.test' }"
                .into(),
            "both `issuer_url` and `token_endpoint_url` are set",
        ),
        ("exchange.jwt_bearer.issuer_url = 'http://a.test'".into(), "http://a.test"),
        (
            "exchange.jwt_bearer = { issuer_url = 'https://a.test', parameters = { scope = 's' } }".into(),
            "`exchange.jwt_bearer.parameters` must not contain `scope`",
        ),
        (
            "exchange = { service = 'google', jwt_bearer = { issuer_url = 'https://a.test' } }".into(),
            "more than one of `service`, `token_exchange` and `jwt_bearer`",
        ),
        (
            "audience = 'a'\nexchange.jwt_bearer.issuer_url = 'https://a.test'".into(),
            "`audience` is set, but it is for a service that `exchange` names",
        ),
    ] {
        let error = load(&format!("[credentials.workload_identity]\n{options}")).expect_err(&options);
        assert_eq!(error.kind(), ErrorKind::Configuration, "{options}");
        assert!(error.to_string().contains(message), "{options}: {error}");
    }
}

#[test]
fn a_word_that_is_no_exchange_is_refused_by_the_words_that_are() {
    let error = load("workload_identity = { exchange = 'gogle' }").unwrap_err().to_string();
    assert!(error.contains("credentials.workload_identity.exchange.service"), "{error}");
    assert!(error.contains("google"), "{error}");
}

#[test]
fn the_exchange_is_a_word_or_a_table_from_every_source() {
    let shown = |loader: Loader| format!("{:?}", loader.load().unwrap());
    let file = testing::loader(&format!(
        "[credentials.workload_identity]\nexchange = 'google'\naudience = '{POOL}'"
    ));
    assert!(shown(file).contains("exchange: { service = \"google\", token_exchange = (not set)"));
    let environment = |value: &str| {
        let name = "AUTHN_CREDENTIALS__WORKLOAD_IDENTITY__EXCHANGE";
        testing::loader("[credentials.workload_identity]")
            .environment(authn::Environment::empty().variable(name, value))
    };
    let table = environment("{ jwt_bearer = { issuer_url = \"https://a.test\" } }");
    assert!(shown(table).contains("issuer_url = \"https://a.test\""));
    let flag = testing::loader(&format!("[credentials.workload_identity]\naudience = '{POOL}'"));
    let flag = flag.set("credentials.workload_identity.exchange=google");
    assert!(shown(flag).contains("service = \"google\""));
}

/// The token of a file that is replaced is used at once, and that of another identity until it ends.
#[test]
fn the_own_token_is_current_as_that_of_its_identity_is() {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let write = |end: u64| {
        let token = jwt(&format!("{{\"exp\":{end}}}"));
        let other = folder.path().join("other");
        fs::write(&other, &token).unwrap();
        fs::set_permissions(&other, fs::Permissions::from_mode(0o600)).unwrap();
        fs::rename(other, &path).unwrap();
        token
    };
    let first = write(4_102_444_800);
    let table =
        format!("workload_identity = {{ identity_audience = 'a', path = '{}' }}", path.display());
    let credentials = load(&table).unwrap();
    let token = || wait(credentials.token()).unwrap().secret().to_owned();
    assert_eq!(token(), first);
    assert_eq!(token(), first);
    let second = write(4_102_444_801);
    assert_eq!(token(), second);
}
