//! The discovery service: pages, redirects, and answers that are no good.

use authn::{Credentials, Environment, Error, ErrorKind, Loader};
use authn_tests::h2o_cloud::{Answers, Cloud};
use serde_json::json;

use super::{VARIABLE, load};

async fn failure(cloud: &Cloud, change: impl FnOnce(&mut Answers)) -> Error {
    cloud.change(change);
    let error = load(cloud, "").token().await.unwrap_err();
    assert!(error.help().is_some(), "{error}");
    assert_eq!(cloud.tokens.token_requests().len(), 0, "no token was requested: {error}");
    error
}

#[tokio::test]
async fn nothing_is_asked_while_a_configuration_is_loaded() {
    let cloud = Cloud::start();
    let credentials = load(&cloud, "");
    assert_eq!((cloud.seen().len(), credentials.origins().iter().count()), (0, 0));
    assert_eq!(credentials.token().await.unwrap().secret(), "access-1");
    assert_eq!(cloud.seen(), ["/v1/environment", "/v1/clients", "/v1/services"]);
    let requests = cloud.tokens.token_requests();
    let sent = |name| requests[0].parameter(name);
    assert_eq!(sent("grant_type"), Some("refresh_token"));
    assert_eq!(sent("client_id"), Some("id-of-platform"));
    assert_eq!(sent("refresh_token"), Some("first"));
    assert_eq!((sent("scope"), requests[0].authorization()), (None, None));
}

#[tokio::test]
async fn all_pages_are_read() {
    let cloud = Cloud::start();
    cloud.change(|answers| answers.page = 2);
    let credentials = load(&cloud, "client = 'other'\nrefresh_token = 'alice'");
    credentials.token().await.unwrap();
    let origins: Vec<String> = credentials.origins().iter().collect();
    assert_eq!(origins, [cloud.tokens.url(""), "https://drive.example.com".to_owned()]);
    let seen = cloud.seen();
    assert_eq!(seen.len(), 5, "{seen:?}");
    assert_eq!(seen[3], "/v1/services?pageToken=from%2B%26%3D2");
    assert_eq!(cloud.tokens.token_requests()[0].parameter("client_id"), Some("id-of-other"));
}

#[tokio::test]
async fn pages_have_an_end() {
    let cloud = Cloud::start();
    let again = failure(&cloud, |answers| answers.next = Some("again".to_owned())).await;
    assert!(again.message().contains("the same page of its clients again"), "{again}");
    assert_eq!((again.kind(), cloud.seen().len()), (ErrorKind::Protocol, 3));

    let cloud = Cloud::start();
    let many = failure(&cloud, |answers| {
        answers.page = 1;
        let client = |number| json!({ "name": format!("clients/{number}"), "oauth2ClientId": "c" });
        answers.clients = (0..500).map(client).collect();
    });
    let many = many.await;
    assert!(many.message().contains("more than 100 pages of clients"), "{many}");

    let cloud = Cloud::start();
    let long = failure(&cloud, |answers| {
        answers.page = 2000;
        answers.clients = vec![json!({ "name": "clients/c", "oauth2ClientId": "c" }); 1001];
    });
    let long = long.await;
    assert!(long.message().contains("more than 1000 clients"), "{long}");
}

#[tokio::test]
async fn a_redirect_is_followed_within_the_origin_alone() {
    let (cloud, elsewhere) = (Cloud::start(), Cloud::start());
    cloud.change(|answers| answers.redirect = Some("/moved".to_owned()));
    load(&cloud, "").token().await.unwrap();
    assert_eq!(cloud.seen()[..2], ["/v1/environment", "/moved/v1/environment"]);

    let other = Cloud::start();
    let target = elsewhere.discovery_address();
    let error = failure(&other, |answers| answers.redirect = Some(target)).await;
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.message().contains("redirect to another origin"), "{error}");
    assert_eq!(elsewhere.seen().len(), 0, "nothing is sent there");
}

#[tokio::test]
async fn an_answer_that_is_no_good_is_named() {
    for (status, body, kind, part) in [
        (404, "", ErrorKind::Refused, "has no discovery service"),
        (403, "s3cr3t", ErrorKind::Refused, "status 403"),
        (503, "s3cr3t", ErrorKind::Network, "status 503"),
        (200, "<html>s3cr3t", ErrorKind::Protocol, "instead of JSON"),
        (200, "[\"s3cr3t\"]", ErrorKind::Protocol, "JSON of another shape"),
        (200, "{}", ErrorKind::Protocol, "without `environment`"),
        (200, "{\"environment\":\"s3cr3t\"}", ErrorKind::Protocol, "`environment`"),
        (200, "{\"environment\":{}}", ErrorKind::Protocol, "`environment`"),
        (
            200,
            "{\"environment\":{\"issuerUrl\":\"s3cr3t\"},\"clients\":[],\"services\":[]}",
            ErrorKind::Protocol,
            "issuer",
        ),
        (
            200,
            "{\"environment\":{\"issuerUrl\":\"http://s3cr3t.test\"}}",
            ErrorKind::Protocol,
            "named an issuer that is neither https nor on the loopback interface",
        ),
        (
            200,
            "{\"environment\":{\"issuerUrl\":\"https://u:s3cr3t@a.test\"}}",
            ErrorKind::Protocol,
            "named an issuer that has a user name or a password",
        ),
        (
            200,
            "{\"environment\":{\"issuerUrl\":\"https://a.test\"},\"clients\":1}",
            ErrorKind::Protocol,
            "`clients`",
        ),
    ] {
        let cloud = Cloud::start();
        let error = failure(&cloud, |it| it.instead = Some((status, body.to_owned()))).await;
        assert_eq!(error.kind(), kind, "{status} {body}: {error}");
        assert!(error.message().contains(part), "{part}: {error}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
}

#[tokio::test]
async fn an_entry_of_another_form_is_left_out() {
    let cloud = Cloud::start();
    cloud.change(|answers| {
        for list in [&mut answers.clients, &mut answers.services] {
            list.extend([
                json!("text"),
                json!({ "name": 1 }),
                json!({ "name": "x/y" }),
                json!(null),
            ]);
        }
    });
    assert!(load(&cloud, "").token().await.is_ok());
}

#[tokio::test]
async fn a_client_is_named_once_and_has_an_identifier() {
    let cloud = Cloud::start();
    let entry = |id: &str| json!({ "name": "clients/platform", "oauth2ClientId": id });
    let error = failure(&cloud, |answers| answers.clients.push(entry("another"))).await;
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.message().ends_with("named two clients of one name"), "{error}");
    let error = failure(&cloud, |answers| answers.clients = vec![entry("")]).await;
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.message().contains("no client of this name"), "{error}");
    // One that is named twice with the same identifier is one client.
    cloud.change(|answers| answers.clients = vec![entry("id-of-platform"); 2]);
    assert!(load(&cloud, "").token().await.is_ok());
}

#[tokio::test]
async fn a_service_whose_address_is_no_plain_one_has_no_origin() {
    let cloud = Cloud::start();
    cloud.change(|answers| {
        let uris = [
            "https://a.example,https://b.example",
            "https://a.example, https://b.example",
            "https://user@c.example",
            "https://user:s3cr3t@c.example",
            "https://d.example/",
        ];
        let service = |(at, uri)| json!({ "name": format!("services/{at}"), "uri": uri });
        answers.services = uris.into_iter().enumerate().map(service).collect();
    });
    let credentials = load(&cloud, "");
    credentials.token().await.unwrap();
    assert_eq!(credentials.origins().iter().collect::<Vec<_>>(), ["https://d.example"]);
}

#[tokio::test]
async fn a_client_that_the_environment_lacks_is_an_error() {
    let cloud = Cloud::start();
    cloud.change(|answers| {
        for name in ["clients/with space", "clients/", "clients/\u{202e}x"] {
            answers.clients.push(json!({ "name": name, "oauth2ClientId": "c" }));
        }
    });
    let credentials = load(&cloud, "client = 'nosuch'\nrefresh_token = 'alice'");
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(
        error.message(),
        "the environment has no client of this name; it has `other`, `platform`"
    );
    assert!(error.help().unwrap().contains("v1/clients"), "{error}");
    assert_eq!(cloud.tokens.token_requests().len(), 0);
}

#[test]
fn what_names_the_environment_is_checked_when_it_is_loaded() {
    for (options, part) in [
        ("environment = 'http://cloud.test'", "`environment`"),
        ("environment = 'https://u:p@cloud.test'", "`environment`"),
        ("discovery_address = 'http://cloud.test'", "`discovery_address`"),
        (
            "environment = 'https://a.test'\ndiscovery_address = 'https://b.test'",
            "more than one of `environment`",
        ),
        ("environment = 'https://a.test'\nclient = 'clients/platform'", "`client`"),
        ("environment = 'https://a.test'\nclient = ''", "`client`"),
        ("discovery.issuer_url = 'http://a.test'", "https"),
        ("discovery = { issuer_url = 'https://a.test', other = 1 }", "discovery"),
        ("", "no environment"),
    ] {
        let text = format!("[credentials.h2o_cloud]\nstore = 'memory'\n{options}");
        let loaded = Loader::new().environment(Environment::empty()).defaults(&text).load();
        let error = loaded.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{options}");
        assert!(error.to_string().contains(part), "{options}: {error}");
        assert!(!error.to_string().contains("u:p"), "{error}");
    }
}

/// Loads credentials of which the options say nothing.
fn of_variables(variables: &[(&str, String)]) -> authn::Result<Credentials> {
    let environment = variables
        .iter()
        .fold(Environment::empty(), |all, (name, value)| all.variable(*name, value.as_str()));
    let environment = environment.variable(VARIABLE, "first");
    let text = "[credentials.h2o_cloud]\nstore = 'memory'";
    Loader::new().environment(environment).defaults(text).load()
}

#[tokio::test]
async fn variables_name_the_environment_or_its_discovery_service() {
    let (cloud, other) = (Cloud::start(), Cloud::start());
    let environment = |cloud: &Cloud| ("H2O_CLOUD_ENVIRONMENT", cloud.environment().to_owned());
    let discovery = |cloud: &Cloud| ("H2O_CLOUD_DISCOVERY", cloud.discovery_address() + "/");
    of_variables(&[environment(&cloud)]).unwrap().token().await.unwrap();
    assert_eq!(cloud.seen().len(), 3);
    // The address of the discovery service comes first.
    of_variables(&[environment(&cloud), discovery(&other)]).unwrap().token().await.unwrap();
    assert_eq!((cloud.seen().len(), other.seen().len()), (3, 3));
    let bad = of_variables(&[("H2O_CLOUD_ENVIRONMENT", "http://cloud.test".to_owned())]);
    let error = bad.unwrap_err().to_string();
    assert!(error.contains("the variable H2O_CLOUD_ENVIRONMENT"), "{error}");
}
