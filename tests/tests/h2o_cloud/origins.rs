//! The origins of credentials are those of the services that the discovery names, unless some are configured.

use std::time::Duration;

use authn::{
    Credentials, Environment, ErrorKind, Loader,
    time::{Clock, ManualClock},
};
use authn_tests::h2o_cloud::Cloud;
use http::request::Parts;
use serde_json::json;

use super::{User, VARIABLE, load, loader};

fn request(url: &str) -> Parts {
    http::Request::get(url).body(()).unwrap().into_parts().0
}

/// Authorises a request; `Err` has the message of a refusal for its origin.
async fn authorized(credentials: &Credentials, url: &str) -> Result<(), String> {
    let mut parts = request(url);
    match credentials.authorize(&mut parts).await {
        Ok(()) => {
            assert!(parts.headers["authorization"].to_str().unwrap().starts_with("Bearer access-"));
            Ok(())
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Origin, "{error}");
            assert!(parts.headers.is_empty());
            Err(error.message().to_owned())
        }
    }
}

#[tokio::test]
async fn a_service_gets_the_token_and_nothing_else_does() {
    let cloud = Cloud::start();
    let credentials = load(&cloud, "");
    let client = authn::reqwest::Client::new(credentials.clone()).unwrap();
    assert_eq!(client.get(cloud.api()).send().await.unwrap().status(), 200);
    assert_eq!(authorized(&credentials, "https://drive.example.com/x").await, Ok(()));
    for url in [
        "https://other.example.com/",
        "https://drive.example.com:8443/",
        "https://drive.example.com.evil.test/",
        "https://grpc.example.com/",
        "http://clear.example.com/",
        "http://drive.example.com/",
        "https://*.example.com/",
        "https://cloud.example.com/",
    ] {
        assert!(authorized(&credentials, url).await.is_err(), "{url}");
    }
    // The discovery service and the authorization server are no services.
    let error = authorized(&credentials, cloud.environment()).await.unwrap_err();
    assert_eq!(error, format!("no service that the server names is at {}", cloud.environment()));
    let refused = client.get(cloud.environment()).send().await.unwrap_err();
    assert!(refused.to_string().contains("no service"), "{refused}");
    assert_eq!(cloud.seen().len(), 3, "the request was not sent, and nothing is discovered again");
    assert_eq!(cloud.tokens.token_requests().len(), 1);
}

#[tokio::test]
async fn a_request_in_the_clear_is_refused_without_a_discovery() {
    let cloud = Cloud::start();
    let credentials = load(&cloud, "");
    for url in ["http://drive.example.com/", "/only/a/path"] {
        assert!(authorized(&credentials, url).await.is_err(), "{url}");
        assert_eq!(cloud.seen().len(), 0, "{url}");
    }
}

#[tokio::test]
async fn configured_origins_win_and_the_services_are_not_asked_for() {
    let cloud = Cloud::start();
    let environment = Environment::empty().variable(VARIABLE, "first");
    let config = loader(&cloud, environment, "store = 'memory'\n[credentials]\ndomain = 'a.test'");
    let credentials = config.load().unwrap();
    assert_eq!(authorized(&credentials, "https://a.test/").await, Ok(()));
    assert_eq!(cloud.seen(), ["/v1/environment", "/v1/clients"]);
    let error = authorized(&credentials, "https://drive.example.com/").await.unwrap_err();
    assert_eq!(
        error,
        "these credentials are not for https://drive.example.com, but for https://a.test"
    );
    assert_eq!(credentials.origins().iter().collect::<Vec<_>>(), ["https://a.test"]);
}

#[tokio::test]
async fn a_stored_token_knows_its_origins_without_a_discovery() {
    let (cloud, user) = (Cloud::start(), User::new());
    let load = || {
        let environment = user.environment().variable(VARIABLE, "first");
        loader(&cloud, environment, "").load().unwrap()
    };
    assert_eq!(authorized(&load(), "https://drive.example.com/").await, Ok(()));
    let asked = cloud.seen().len();
    // Another program, whose first request needs no waiting for a server.
    let credentials = load();
    let origins: Vec<String> = credentials.origins().iter().collect();
    assert_eq!(origins, [cloud.tokens.url(""), "https://drive.example.com".to_owned()]);
    assert!(authorized(&credentials, "https://other.example.com/").await.is_err());
    assert_eq!(authorized(&credentials, "https://drive.example.com/").await, Ok(()));
    assert_eq!((cloud.seen().len(), cloud.tokens.token_requests().len()), (asked, 1));
    credentials.logout().await.unwrap();
    assert_eq!(credentials.origins().iter().count(), 0);
}

#[tokio::test]
async fn a_token_that_was_stored_for_configured_origins_is_replaced() {
    let (cloud, user) = (Cloud::start(), User::new());
    let load = |options: &str| {
        let environment = user.environment().variable(VARIABLE, "first");
        loader(&cloud, environment, options).load().unwrap()
    };
    let configured = load("[credentials]\norigins = ['https://a.test']");
    assert_eq!(authorized(&configured, "https://a.test/").await, Ok(()));
    let discovering = load("");
    assert_eq!(authorized(&discovering, "https://drive.example.com/").await, Ok(()));
    assert!(authorized(&discovering, "https://a.test/").await.is_err());
    assert_eq!(cloud.tokens.token_requests().len(), 2);
    assert_eq!(authorized(&configured, "https://a.test/").await, Ok(()));
}

#[tokio::test]
async fn services_that_come_and_go_are_known_after_an_hour() {
    let (cloud, clock) = (Cloud::start(), ManualClock::new());
    let environment = Environment::empty().variable(VARIABLE, "first");
    let config =
        loader(&cloud, environment, "store = 'memory'").clock(Clock::custom(clock.clone()));
    let credentials = config.load().unwrap();
    assert_eq!(authorized(&credentials, "https://drive.example.com/").await, Ok(()));
    cloud.change(|answers| {
        answers.services =
            vec![json!({ "name": "services/new", "uri": "https://new.example.com" })];
    });
    credentials.refresh().await.unwrap();
    assert_eq!(authorized(&credentials, "https://drive.example.com/").await, Ok(()));
    clock.advance(Duration::from_hours(2));
    assert_eq!(authorized(&credentials, "https://new.example.com/").await, Ok(()));
    assert!(authorized(&credentials, "https://drive.example.com/").await.is_err());
}

#[tokio::test]
async fn a_redirect_to_another_service_takes_the_token_along_and_no_other_does() {
    let (cloud, service, stranger) = (Cloud::start(), Cloud::start(), Cloud::start());
    cloud.change(|answers| {
        for (name, uri) in [("start", cloud.environment()), ("service", service.environment())] {
            answers.services.push(json!({ "name": format!("services/{name}"), "uri": uri }));
        }
    });
    let credentials = load(&cloud, "");
    credentials.token().await.unwrap();
    let client = authn::reqwest::Client::new(credentials).unwrap();
    for (target, expected) in [(&service, [true]), (&stranger, [false])] {
        cloud.change(|answers| answers.redirect = Some(target.environment().to_owned()));
        let url = format!("{}/things", cloud.environment());
        assert_eq!(client.get(&url).send().await.unwrap().status(), 404);
        assert_eq!(cloud.authorized().last(), Some(&true));
        assert_eq!(target.authorized(), expected);
    }
}

#[tokio::test]
async fn other_scopes_are_for_the_same_services() {
    let cloud = Cloud::start();
    let credentials = load(&cloud, "scope = ['read', 'write']");
    assert_eq!(credentials.token().await.unwrap().scope(), Some("read write"));
    let read = credentials.with_scope(&["read"]);
    assert_eq!(authorized(&read, "https://drive.example.com/").await, Ok(()));
    assert_eq!(read.token().await.unwrap().scope(), Some("read"));
    // One session for all scopes, whose refresh token the server replaces.
    let sent = cloud.tokens.token_requests();
    let sent: Vec<_> = sent.iter().map(|sent| sent.parameter("refresh_token").unwrap()).collect();
    assert_eq!(sent, ["first", "refresh-1"]);
}

#[tokio::test]
async fn a_chain_and_a_cache_leave_each_provider_its_origins() {
    let cloud = Cloud::start();
    let load = |with_token: bool, text: &str| {
        let environment = Environment::empty().variable("ANY", "x");
        let environment =
            if with_token { environment.variable(VARIABLE, "first") } else { environment };
        let text = text.replace("CLOUD", cloud.environment());
        Loader::new().environment(environment).defaults(&text).load().unwrap()
    };
    let chain = "[[credentials.chain.providers]]\nh2o_cloud = { environment = 'CLOUD', store = 'memory' }\n\
                 [[credentials.chain.providers]]\nbearer = 'static'";
    let credentials = load(true, chain);
    assert!(authorized(&credentials, "https://other.example.com/").await.is_err());
    assert_eq!(authorized(&credentials, "https://drive.example.com/").await, Ok(()));
    // The next provider of the chain names no origins, so it authorises nothing.
    let credentials = load(false, chain);
    let error = authorized(&credentials, "https://drive.example.com/").await.unwrap_err();
    assert!(error.contains("bound to no origin"), "{error}");

    let cached = "[credentials.cached.h2o_cloud]\nenvironment = 'CLOUD'\nrefresh_token = 'alice'\nstore = 'memory'";
    let credentials = load(false, cached);
    assert_eq!(authorized(&credentials, "https://drive.example.com/").await, Ok(()));
    assert!(authorized(&credentials, "https://other.example.com/").await.is_err());
}

#[tokio::test]
async fn a_provider_of_a_chain_that_does_not_apply_refuses_no_origin() {
    let (cloud, folder) = (Cloud::start(), tempfile::tempdir().unwrap());
    let file = folder.path().join("token");
    let text = format!(
        "[[credentials.chain.providers]]\ngithub_actions = {{ audience = 'a' }}\n\
         [[credentials.chain.providers]]\ngitlab = {{}}\n\
         [[credentials.chain.providers]]\nfile_token = {{ path = '{}' }}\n\
         [[credentials.chain.providers]]\nh2o_cloud = {{ environment = '{}', store = 'memory' }}",
        file.display(),
        cloud.environment(),
    );
    let load = || {
        let environment = Environment::empty().variable(VARIABLE, "first");
        Loader::new().environment(environment).defaults(&text).load().unwrap()
    };
    let credentials = load();
    assert_eq!(authorized(&credentials, "https://drive.example.com/").await, Ok(()));
    assert!(authorized(&credentials, "https://other.example.com/").await.is_err());
    // One that applies decides: it serves, and is bound to no origin.
    std::fs::write(&file, "access-of-file").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let error = authorized(&load(), "https://drive.example.com/").await.unwrap_err();
    assert!(error.contains("bound to no origin"), "{error}");
}

#[test]
fn no_origin_is_missed_while_the_configuration_is_read() {
    let cloud = Cloud::start();
    let of = |options: &str| {
        let environment = Environment::empty().variable(VARIABLE, "first");
        loader(&cloud, environment, options).read().problems().len()
    };
    assert_eq!(of("store = 'memory'"), 0);
    assert_eq!(of("store = 'file'"), 1, "there is no folder for it, and that is all");
    let bearer = "[credentials]\nbearer = 'abc'";
    let config = Loader::new().environment(Environment::empty()).defaults(bearer).read();
    assert_eq!(config.problems().len(), 1, "a provider without a discovery needs them");
}
