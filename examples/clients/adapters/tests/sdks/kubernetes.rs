use adapters::kubernetes::client;
use kube_client::Config;

use crate::server::{Server, credentials};

const VERSION: &str = r#"{ "major": "1", "minor": "36", "gitVersion": "v1.36.0", "gitCommit": "a", "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z", "goVersion": "go1.26", "compiler": "gc", "platform": "linux/amd64" }"#;

#[tokio::test]
async fn a_client_of_kubernetes_renews_a_refused_token() {
    // The first token is refused.
    let server = Server::start("Bearer t2", VERSION);
    let config = Config::new(server.url.parse().unwrap());
    let version = client(&config, credentials(&server.url)).apiserver_version().await.unwrap();
    assert_eq!(version.minor, "36");
    assert_eq!(server.seen(), ["GET /version", "GET /version"]);
}

#[tokio::test]
async fn another_cluster_gets_no_credential() {
    let (server, other) =
        (Server::start("Bearer t1", VERSION), Server::start("Bearer t1", VERSION));
    let config = Config::new(other.url.parse().unwrap());
    let error = client(&config, credentials(&server.url)).apiserver_version().await.unwrap_err();
    assert!(error.to_string().contains("these credentials are not for"), "{error}");
    assert_eq!(other.seen().len(), 0);
}
