//! The message service of Bitfount, whose calls are those of gRPC.

use authn::{Credentials, tonic::AuthLayer};
use tonic::{metadata::MetadataMap, transport::Endpoint};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tower::Layer as _;

/// Asks the service whether it serves, and returns that with the names of the metadata. For clients that take the metadata of
/// each call as a list, it is `metadata`.
pub async fn check(
    credentials: &Credentials,
    url: &str,
) -> Result<String, Box<dyn std::error::Error>> {
    // `message_service_request_metadata`
    let metadata = MetadataMap::from_headers(credentials.metadata().await?);
    let endpoint = Endpoint::from_shared(url.to_owned())?;
    // `AuthInterceptor` does the same for credentials that never have to wait, which a handler of one's own may.
    let layer = AuthLayer::new(credentials.clone(), endpoint.uri().clone());
    let mut service = HealthClient::new(layer.layer(endpoint.connect().await?));
    let answer = service.check(HealthCheckRequest::default()).await?.into_inner();
    let mut names: Vec<&str> = metadata.as_ref().keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    Ok(format!("{} with {}", answer.status().as_str_name(), names.join(", ")))
}
