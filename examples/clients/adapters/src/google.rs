//! `google-cloud-auth`: the headers of each request of a client of Google Cloud.

use std::future::Future;

use authn::Recovery;
use google_cloud_auth::{
    credentials::{CacheableResource, Credentials, CredentialsProvider, EntityTag},
    errors::CredentialsError,
};
use http::{Extensions, HeaderMap};

/// Returns the credentials of a client of Google Cloud.
pub fn credentials(credentials: authn::Credentials) -> Credentials {
    Google(credentials).into()
}

#[derive(Debug)]
struct Google(authn::Credentials);

impl CredentialsProvider for Google {
    fn headers(
        &self,
        _extensions: Extensions,
    ) -> impl Future<Output = Result<CacheableResource<HeaderMap>, CredentialsError>> + Send {
        let credentials = self.0.clone();
        async move {
            // authn has the cache, so each answer counts as new.
            match credentials.metadata().await {
                Ok(data) => Ok(CacheableResource::New { entity_tag: EntityTag::new(), data }),
                Err(error) => {
                    let is_transient = matches!(error.recovery(), Recovery::Retry { .. });
                    Err(CredentialsError::from_source(is_transient, error))
                }
            }
        }
    }

    async fn universe_domain(&self) -> Option<String> {
        None
    }
}
