//! `azure_core`: tokens for the scopes that a client of Azure asks for.

use std::time::{Duration, SystemTime};

use authn::Credentials;
use azure_core::{
    Result,
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    error::{Error, ErrorKind},
};

/// How long a client of Azure keeps a token that does not say when it expires.
const UNKNOWN: Duration = Duration::from_mins(10);

/// The credentials of a client of Azure.
#[derive(Clone, Debug)]
pub struct Azure(pub Credentials);

#[async_trait::async_trait]
impl TokenCredential for Azure {
    async fn get_token(
        &self,
        scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> Result<AccessToken> {
        let token = self.0.with_scope(scopes).token().await;
        let token = token.map_err(|error| {
            let text = error.to_string();
            Error::with_error(ErrorKind::Credential, error, text)
        })?;
        let expires_at = token.expires_at().unwrap_or_else(|| SystemTime::now() + UNKNOWN);
        Ok(AccessToken::new(token.secret().to_owned(), expires_at.into()))
    }
}
