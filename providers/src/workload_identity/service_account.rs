//! `ServiceAccount`: the token of a service account of Google, which a token of a pool can get
//! (<https://docs.cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken>).

use authn::{Context, Error, ErrorKind, Result, Token, Url};
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::token_endpoint::Address;

/// The service for tokens of service accounts.
const PUBLIC: &str = "https://iamcredentials.googleapis.com";

/// The scope of all APIs of Google Cloud. The token of a pool needs it to get one of an account (AIP-4117).
pub(super) const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";

/// A service account, and where its tokens are.
pub(super) struct ServiceAccount {
    url: Url,
}

impl ServiceAccount {
    /// Creates it from its email address, and the address of the service in place of the public one.
    pub(super) fn new(service: Option<&Address>, email: &str) -> Result<Self> {
        let is_fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
        if email.is_empty() || !email.chars().all(is_fit) {
            return Err(Error::configuration(
                "`service_account` is not the email address of an account",
            )
            .with_help("write it like `deploy@PROJECT.iam.gserviceaccount.com`"));
        }
        let base = service.map_or(PUBLIC, Address::as_str).trim_end_matches('/');
        let path = format!("/v1/projects/-/serviceAccounts/{email}:generateAccessToken");
        match Url::parse(&(base.to_owned() + &path)) {
            Ok(url) if url.path().ends_with(&path) => Ok(Self { url }),
            _ => Err(Error::configuration("`iam_credentials_url` has a query or a fragment")
                .with_help("write it like `https://iamcredentials.googleapis.com`")),
        }
    }

    /// Fails if the address is not secure.
    pub(super) fn check(&self) -> Result<()> {
        authn::http::check(&self.url, false)
    }

    /// Returns scheme, host and port of the service.
    pub(super) fn place(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Gets a token of the account with the token of a pool.
    pub(super) async fn token(
        &self,
        pool: &Token,
        scope: &[String],
        context: &Context,
    ) -> Result<Token> {
        let request = context.http().post(&self.url).bearer(pool).json(&json!({ "scope": scope }));
        let answer = request.send().await?.success().map_err(|error| match error.kind() {
            ErrorKind::Refused => error.with_help(
                "grant the identity the role `roles/iam.workloadIdentityUser` on the account, and check `service_account` and \
                 `scope`",
            ),
            _ => error,
        })?;
        let place = format!("the answer of {}", answer.place());
        let token = Token::new(answer.required::<String>("accessToken")?)
            .map_err(|error| error.at(&place))?;
        let end = answer.required::<String>("expireTime")?;
        let end = OffsetDateTime::parse(&end, &Rfc3339).map_err(|_| {
            Error::protocol(format!("{place} has an `expireTime` that is not a time"))
                .with_help("check `iam_credentials_url`")
        })?;
        Ok(token.with_expires_at(end.into()))
    }
}
