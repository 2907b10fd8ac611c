//! A discovery that the program already has.

use authn::{ErrorKind, blocking};
use authn_providers::{H2oCloud, H2oDiscovery};
use authn_tests::h2o_cloud::Cloud;

#[tokio::test]
async fn the_builder_takes_it_and_asks_for_nothing() {
    let cloud = Cloud::start();
    let discovery = H2oDiscovery::discover(Some(cloud.environment())).await.unwrap();
    assert_eq!(discovery.environment(), Some(cloud.environment()));
    assert_eq!(discovery.issuer_url(), cloud.tokens.issuer_url());
    assert_eq!(discovery.platform_scope(), Some("platform-scope"));
    assert_eq!(discovery.client_id("platform"), Some("id-of-platform"));
    assert_eq!(discovery.client_id("nosuch"), None);
    let api = discovery.service("api").unwrap();
    assert_eq!((api.uri(), api.scope()), (&*cloud.api(), Some("api-scope")));
    assert_eq!(discovery.service("drive").unwrap().scope(), None);
    assert_eq!(discovery.services().count(), 6);
    let asked = cloud.seen().len();

    let builder = H2oCloud::builder().discovery(&discovery).refresh_token("alice");
    let credentials = builder.clone().build().unwrap();
    let client = authn::reqwest::Client::new(credentials.clone()).unwrap();
    assert_eq!(client.get(api.uri()).send().await.unwrap().status(), 200);
    assert!(client.get("https://other.example.com/").send().await.is_err());
    let scoped = credentials.with_scope(&[api.scope().unwrap()]).token().await.unwrap();
    assert_eq!(scoped.scope(), Some("api-scope"));
    assert_eq!(cloud.seen().len(), asked);
    assert!(builder.environment("https://cloud.test").build().is_err(), "one names the server");
}

#[test]
fn programs_without_a_runtime_have_the_same() {
    let cloud = Cloud::start();
    let discovery = H2oDiscovery::discover_blocking(Some(cloud.environment())).unwrap();
    let builder = H2oCloud::builder().discovery(discovery).refresh_token("bob");
    let credentials = blocking::Credentials::from(builder.build().unwrap());
    assert_eq!(credentials.token().unwrap().secret(), "access-1");
    let error = H2oDiscovery::discover_blocking(Some("http://cloud.test")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}
