//! The client of hyper-util, with a layer of tower.

use authn::{
    Credentials,
    tower::{Auth, AuthLayer},
};
use bytes::Bytes;
use http_body_util::Full;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tower_layer::Layer;

/// Returns a client whose requests are authorised. For `https`, use the connector of `hyper-rustls` instead.
pub fn client(credentials: Credentials) -> Auth<Client<HttpConnector, Full<Bytes>>> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    AuthLayer::new(credentials).layer(client)
}
