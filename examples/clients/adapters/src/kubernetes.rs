//! `kube`: the layer of authn in place of the one that kube makes of its own configuration.

use authn::{
    Credentials,
    tower::{AuthLayer, ReplayBody},
};
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use kube_client::{
    Client, Config,
    client::{Body, ConfigExt as _},
};
use tower::ServiceBuilder;

/// How many bytes of a request are kept to send it once more.
const KEPT: usize = 1024 * 1024;

/// Returns a client of Kubernetes. What its configuration says of users is not used.
///
/// This one is for the loopback interface; with kube's feature `rustls-tls`, `config.rustls_https_connector()` is the connector
/// for a cluster.
pub fn client(config: &Config, credentials: Credentials) -> Client {
    let http: HttpClient<HttpConnector, ReplayBody<Body>> =
        HttpClient::builder(TokioExecutor::new()).build_http();
    let service = ServiceBuilder::new()
        // First, so that the origin of a request is known when it is authorised.
        .layer(config.base_uri_layer())
        .layer(AuthLayer::new(credentials).buffer_body(KEPT))
        .service(http);
    Client::new(service, config.default_namespace.clone())
}
