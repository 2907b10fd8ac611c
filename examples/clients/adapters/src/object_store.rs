//! `object_store`: bearer tokens for the stores of Azure and Google.

use std::sync::Arc;

use authn::Credentials;
use object_store::{CredentialProvider, Error, Result, azure::AzureCredential, gcp::GcpCredential};

/// The credentials of a store of Azure.
#[derive(Clone, Debug)]
pub struct Azure(pub Credentials);

/// The credentials of a store of Google.
#[derive(Clone, Debug)]
pub struct Google(pub Credentials);

#[async_trait::async_trait]
impl CredentialProvider for Azure {
    type Credential = AzureCredential;

    async fn get_credential(&self) -> Result<Arc<AzureCredential>> {
        Ok(Arc::new(AzureCredential::BearerToken(bearer(&self.0, "MicrosoftAzure").await?)))
    }
}

#[async_trait::async_trait]
impl CredentialProvider for Google {
    type Credential = GcpCredential;

    async fn get_credential(&self) -> Result<Arc<GcpCredential>> {
        Ok(Arc::new(GcpCredential { bearer: bearer(&self.0, "GCS").await? }))
    }
}

async fn bearer(credentials: &Credentials, store: &'static str) -> Result<String> {
    let token = credentials.token().await;
    let token = token.map_err(|error| Error::Generic { store, source: Box::new(error) })?;
    Ok(token.secret().to_owned())
}
