//! The refresh token: where the first one is found, and where the next ones are kept.

use std::fs;

use authn::{Credentials, ErrorKind, Loader, Status};
use authn_tests::h2o_cloud::Cloud;

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

    // Of a discovery service alone, the environment is what it says.
    cloud.write_file(&user.file(), "bob", "alice");
    cloud.change(|it| it.environment["h2oCloudEnvironment"] = cloud.environment().into());
    let text = format!(
        "[credentials.h2o_cloud]\nstore = 'memory'\ndiscovery_address = '{}'",
        cloud.discovery_address()
    );
    let config = Loader::new().environment(user.environment()).defaults(&text);
    exchange(&config.load().unwrap()).await;
    assert_eq!(sent(&cloud), ["alice"]);
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
