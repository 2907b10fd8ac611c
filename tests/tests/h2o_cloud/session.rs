//! The refresh token: where the first one is found, and where the next ones are kept.

use std::fs;

use authn::{Credentials, Environment, ErrorKind, Loader, Status};
use authn_tests::h2o_cloud::Cloud;
use serde_json::json;

use super::{User, VARIABLE, loader};

/// Returns the refresh tokens that the server got.
fn sent(cloud: &Cloud) -> Vec<String> {
    let requests = cloud.tokens.token_requests();
    let sent = requests.iter().map(|request| request.parameter("refresh_token").unwrap());
    sent.map(str::to_owned).collect()
}

/// Makes an exchange, whatever is stored.
async fn exchange(credentials: &Credentials) {
    credentials.refresh().await.unwrap();
}

#[tokio::test]
async fn a_replaced_refresh_token_is_stored_for_the_next_program() {
    let (cloud, user) = (Cloud::start(), User::new());
    let load = |token: &str| {
        let environment = user.environment().variable(VARIABLE, token);
        loader(&cloud, environment, "").load().unwrap()
    };
    for _ in 0..3 {
        exchange(&load("first")).await;
    }
    assert_eq!(sent(&cloud), ["first", "refresh-1", "refresh-2"]);
    let status: Status = load("first").status().await.unwrap();
    assert!(status.has_refresh_token && status.has_session && status.is_authenticated());
    assert_eq!(status.store.as_deref(), Some("file"));
    // Another refresh token in the variable is another session.
    exchange(&load("alice")).await;
    exchange(&load("first")).await;
    assert_eq!(sent(&cloud)[3..], ["alice", "refresh-3"]);
}

#[tokio::test]
async fn the_file_of_the_command_line_has_the_token_of_each_client() {
    let (cloud, user) = (Cloud::start(), User::new());
    cloud.write_file(&user.file(), "bob", "alice");
    let load = |options: &str| loader(&cloud, user.environment(), options).load().unwrap();
    exchange(&load("")).await;
    exchange(&load("client = 'other'")).await;
    exchange(&load("")).await;
    assert_eq!(sent(&cloud), ["alice", "bob", "refresh-1"]);
    // A variable comes first, and the option before it.
    let variable = user.environment().variable(VARIABLE, "first");
    exchange(&loader(&cloud, variable, "").load().unwrap()).await;
    cloud.tokens.accept_refresh_token("carol");
    let variable = user.environment().variable(VARIABLE, "first");
    exchange(&loader(&cloud, variable, "refresh_token = 'carol'").load().unwrap()).await;
    assert_eq!(sent(&cloud)[3..], ["first", "carol"]);
}

#[tokio::test]
async fn a_token_that_the_user_renews_in_the_file_starts_another_session() {
    let (cloud, user) = (Cloud::start(), User::new());
    cloud.write_file(&user.file(), "bob", "alice");
    let credentials = loader(&cloud, user.environment(), "").load().unwrap();
    exchange(&credentials).await;
    cloud.write_file(&user.file(), "bob", "first");
    exchange(&credentials).await;
    assert_eq!(sent(&cloud), ["alice", "first"]);
}

#[tokio::test]
async fn the_file_names_the_environment_too() {
    let (cloud, user) = (Cloud::start(), User::new());
    cloud.write_file(&user.file(), "bob", "alice");
    let load = |environment| {
        Loader::new().environment(environment).defaults("[credentials]\nh2o_cloud = {}").load()
    };
    exchange(&load(user.environment()).unwrap()).await;
    // Elsewhere, by the variable or the option.
    let elsewhere = user.file().with_file_name("elsewhere.toml");
    cloud.write_file(&elsewhere, "bob", "first");
    exchange(&load(user.environment().variable("H2OCONFIG", elsewhere.as_os_str())).unwrap()).await;
    let text = format!("[credentials.h2o_cloud]\nconfig_file = '{}'", elsewhere.display());
    let config = Loader::new().environment(user.environment()).defaults(&text);
    exchange(&config.load().unwrap()).await;
    // The two programs with the same file have one session.
    assert_eq!(sent(&cloud)[..2], ["alice", "first"]);
    let absent = user.file().with_file_name("absent.toml");
    let error = load(user.environment().variable("H2OCONFIG", absent.as_os_str())).unwrap_err();
    assert!(error.to_string().contains("absent.toml"), "{error}");
    let error = load(user.environment().variable("H2OCONFIG", "relative.toml")).unwrap_err();
    assert!(error.to_string().contains("H2OCONFIG"), "{error}");
}

#[tokio::test]
async fn the_tokens_of_the_file_are_for_its_environment_alone() {
    let (cloud, other, user) = (Cloud::start(), Cloud::start(), User::new());
    other.write_file(&user.file(), "bob", "alice");
    let is_absent = async |credentials: Credentials| {
        let error = credentials.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotApplicable, "{error}");
        assert!(error.help().unwrap().contains(VARIABLE), "{error}");
        assert_eq!(cloud.tokens.token_requests().len(), 0);
    };
    is_absent(loader(&cloud, user.environment(), "").load().unwrap()).await;
    // An environment that calls itself by the name of another one is asked for as what it is.
    cloud.change(|it| it.environment["h2oCloudEnvironment"] = other.environment().into());
    is_absent(loader(&cloud, user.environment(), "").load().unwrap()).await;

    // A discovery service alone is of the file's environment if it has the same origin.
    cloud.write_file(&user.file(), "bob", "alice");
    let text = format!(
        "[credentials.h2o_cloud]\nstore = 'memory'\ndiscovery_address = '{}'",
        cloud.discovery_address()
    );
    let config = Loader::new().environment(user.environment()).defaults(&text);
    exchange(&config.load().unwrap()).await;
    assert_eq!(sent(&cloud), ["alice"]);
}

/// Loads credentials with these options alone.
fn of_options(environment: Environment, options: &str) -> Credentials {
    let text = format!("[credentials.h2o_cloud]\n{options}\n");
    Loader::new().environment(environment).defaults(&text).load().unwrap()
}

#[tokio::test]
async fn one_refresh_token_is_sent_once_however_it_and_its_environment_are_named() {
    let (cloud, user) = (Cloud::start(), User::new());
    cloud.write_file(&user.file(), "bob", "alice");
    let secret = user.file().with_file_name("refresh-token");
    User::write(&secret, "alice\n");
    let (address, discovery) = (cloud.environment(), cloud.discovery_address());
    // The same environment, whose discovery service is at another address, too.
    let moved = format!("{}/moved", address.replace("127.0.0.1", "localhost"));
    let named = |name: &str, value: &str| user.environment().variable(name, value);
    let file = format!("refresh_token.file = '{}'", secret.display());
    for (environment, options) in [
        (user.environment(), format!("environment = '{address}'")),
        (user.environment(), format!("environment = '{address}/'")),
        (named("H2O_CLOUD_ENVIRONMENT", address), String::new()),
        (named("H2O_CLOUD_ENVIRONMENT", &format!("{address}/")), String::new()),
        (named("H2O_CLOUD_DISCOVERY", &discovery), String::new()),
        (named("H2O_CLOUD_DISCOVERY", &format!("{discovery}/")), String::new()),
        (named(VARIABLE, "alice"), format!("discovery_address = '{moved}'")),
        (user.environment(), String::new()),
        (user.environment(), format!("config_file = '{}'", user.file().display())),
        (user.environment(), "client = 'platform'".to_owned()),
        (named(VARIABLE, "alice"), format!("environment = '{address}'")),
        (user.environment(), format!("{file}\nenvironment = '{address}'")),
        (user.environment(), format!("refresh_token = 'alice'\nenvironment = '{address}'")),
    ] {
        exchange(&of_options(environment, &options)).await;
    }
    let expected: Vec<String> = (1..13).map(|number| format!("refresh-{number}")).collect();
    assert_eq!(sent(&cloud)[0], "alice");
    assert_eq!(sent(&cloud)[1..], expected);
    // Neither is the access token asked for again.
    of_options(named("H2O_CLOUD_DISCOVERY", &discovery), "").token().await.unwrap();
    assert_eq!(sent(&cloud).len(), 13);
}

#[tokio::test]
async fn the_tokens_of_one_issuer_are_never_used_at_another() {
    let (cloud, other, user) = (Cloud::start(), Cloud::start(), User::new());
    let load = |cloud: &Cloud, options: &str| {
        let environment = user.environment().variable(VARIABLE, "alice");
        loader(cloud, environment, options).load().unwrap()
    };
    let of_cloud = load(&cloud, "").token().await.unwrap();
    assert_eq!(load(&cloud, "").token().await.unwrap().secret(), of_cloud.secret());
    // The other one has issued another token by the same name.
    load(&other, "").token().await.unwrap();
    assert_eq!((sent(&cloud), sent(&other)), (vec!["alice".to_owned()], vec!["alice".to_owned()]));

    // The same environment names another issuer, which gets the first token, and not the replaced one.
    let (cloud, other, user) = (Cloud::start(), Cloud::start(), User::new());
    let load = || {
        let environment = user.environment().variable(VARIABLE, "alice");
        loader(&cloud, environment, "").load().unwrap()
    };
    exchange(&load()).await;
    cloud.change(|it| it.environment["issuerUrl"] = other.tokens.issuer_url().into());
    exchange(&load()).await;
    exchange(&load()).await;
    assert_eq!(sent(&cloud), ["alice"]);
    assert_eq!(sent(&other), ["alice", "refresh-1"]);
}

#[tokio::test]
async fn an_issuer_that_refuses_the_token_of_another_one_ends_no_session() {
    let (cloud, other, user) = (Cloud::start(), Cloud::start(), User::new());
    cloud.tokens.accept_refresh_token("of-cloud");
    let load = |cloud: &Cloud| {
        let environment = user.environment().variable(VARIABLE, "of-cloud");
        loader(cloud, environment, "").load().unwrap()
    };
    exchange(&load(&cloud)).await;
    let stored = load(&cloud).token().await.unwrap();
    let error = load(&other).token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");
    assert_eq!(load(&cloud).token().await.unwrap().secret(), stored.secret());
    exchange(&load(&cloud)).await;
    assert_eq!(sent(&cloud), ["of-cloud", "refresh-1"]);
    assert_eq!(sent(&other), ["of-cloud"]);
}

#[tokio::test]
async fn a_file_without_the_token_says_why() {
    let (cloud, user) = (Cloud::start(), User::new());
    let endpoint = format!("Endpoint = '{}'\n", cloud.environment());
    for (text, part) in [
        (
            format!("{endpoint}PlatformClientID = 'c'\nPlatformToken = 's3cr3t'"),
            "its `PlatformClientID` is not",
        ),
        (format!("{endpoint}ClientID = 'c'\nToken = 's3cr3t'"), "its `ClientID` is not"),
        (
            format!("{endpoint}PlatformClientID = 'c'\nPlatformToken = 1"),
            "`PlatformToken` that is not a text",
        ),
        ("PlatformClientID = 'c'\nPlatformToken = 's3cr3t'".to_owned(), "no `Endpoint`"),
        (endpoint.clone(), "neither the variable"),
    ] {
        User::write(&user.file(), &text);
        let credentials = loader(&cloud, user.environment(), "store = 'memory'").load().unwrap();
        let error = credentials.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotApplicable, "{error}");
        assert!(error.message().contains(part), "{part}: {error}");
        assert!(error.help().unwrap().contains(VARIABLE), "{error}");
        assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
    }
    assert_eq!(cloud.tokens.token_requests().len(), 0);
}

#[tokio::test]
async fn a_token_is_revoked_and_introspected_at_the_issuer() {
    let (cloud, user) = (Cloud::start(), User::new());
    let url = cloud.environment().to_owned();
    let at = |path: &str| format!("{url}{path}");
    cloud.change(|answers| {
        answers.environment["issuerUrl"] = url.as_str().into();
        let metadata = json!({
            "issuer": url,
            "token_endpoint": at("/token"),
            "revocation_endpoint": at("/revoke"),
            "introspection_endpoint": at("/introspect"),
        });
        let token = json!({ "access_token": "one", "token_type": "Bearer", "refresh_token": "next", "expires_in": 600 });
        answers.others.extend([
            ("/.well-known/openid-configuration", metadata),
            ("/token", token),
            ("/revoke", json!({})),
            ("/introspect", json!({ "active": true })),
        ]);
    });
    let environment = user.environment().variable(VARIABLE, "first");
    let credentials = loader(&cloud, environment, "").load().unwrap();
    credentials.token().await.unwrap();
    assert!(credentials.introspect().await.unwrap().is_active());
    let revocation = credentials.revoke().await.unwrap();
    assert!(revocation.failed.is_empty(), "{revocation:?}");
    let posted = cloud.posted();
    let of = |path: &str| -> Vec<&str> {
        posted.iter().filter(|(at, _)| at == path).map(|(_, body)| body.as_str()).collect()
    };
    assert!(of("/introspect")[0].contains("token=one&"), "{posted:?}");
    assert!(of("/revoke")[0].contains("token=next&token_type_hint=refresh_token"), "{posted:?}");
    assert!(of("/revoke")[0].contains("client_id=id-of-platform"), "{posted:?}");
}

#[tokio::test]
async fn an_environment_that_claims_to_be_another_gets_none_of_its_tokens() {
    let (cloud, evil, user) = (Cloud::start(), Cloud::start(), User::new());
    cloud.write_file(&user.file(), "bob", "alice");
    evil.change(|it| it.environment["h2oCloudEnvironment"] = cloud.environment().into());
    let evil_address = evil.discovery_address();
    for (environment, options) in [
        (user.environment(), format!("discovery_address = '{evil_address}'")),
        (user.environment().variable("H2O_CLOUD_DISCOVERY", evil_address.as_str()), String::new()),
    ] {
        let error = of_options(environment, &options).token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotApplicable, "{error}");
        for part in [cloud.environment(), evil.environment()] {
            assert!(error.message().contains(part), "{error}");
        }
        assert!(error.help().unwrap().contains("`environment`"), "{error}");
    }
    assert_eq!(evil.tokens.token_requests().len(), 0);
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_or_that_is_no_toml_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let (cloud, user) = (Cloud::start(), User::new());
    cloud.write_file(&user.file(), "bob", "s3cr3t");
    fs::set_permissions(user.file(), fs::Permissions::from_mode(0o644)).unwrap();
    let error = loader(&cloud, user.environment(), "").load().unwrap_err();
    assert!(error.to_string().contains("chmod"), "{error}");
    fs::set_permissions(user.file(), fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(user.file(), "PlatformToken = s3cr3t").unwrap();
    let error = loader(&cloud, user.environment(), "").load().unwrap_err();
    assert!(error.to_string().contains("is not a valid TOML file"), "{error}");
    assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
    // What is not needed is not read.
    let variable = user.environment().variable(VARIABLE, "first");
    assert!(loader(&cloud, variable, "").load().is_ok());
}

#[tokio::test]
async fn a_session_that_has_ended_says_how_to_start_another() {
    let (cloud, user) = (Cloud::start(), User::new());
    let environment = user.environment().variable(VARIABLE, "unknown");
    let credentials = loader(&cloud, environment, "").load().unwrap();
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired);
    assert!(error.help().unwrap().contains("h2o config setup"), "{error}");
    assert!(!format!("{error:?}").contains("unknown"), "{error:?}");
}

#[tokio::test]
async fn a_client_with_a_secret_authenticates() {
    let cloud = Cloud::start();
    let options = "client_secret = 's3cr3t'\nrefresh_token = 'alice'\nstore = 'memory'";
    let environment = authn::Environment::empty();
    exchange(&loader(&cloud, environment, options).load().unwrap()).await;
    let request = &cloud.tokens.token_requests()[0];
    assert!(request.authorization().unwrap().starts_with("Basic "));
    assert_eq!(request.parameter("client_secret"), None);
}
