//! A provider for a service with the HTTP API of `HashiCorp` Vault: a role's login gives a token with a lease, which the
//! token itself renews. The service takes it in `X-Vault-Token`, and refuses one that it does not know with 403.

use std::{collections::BTreeMap, time::Duration};

use authn::http::{HeaderName, HttpRequest};
use authn::{Context, Error, ErrorKind, Reason, Result, SecretString, Token, TokenSet, Url};

/// Logs a role in to a vault.
#[authn::token_provider("vault", cached, header = "x-vault-token", header_prefix = "", refusing = [401, 403])]
pub struct Vault {
    /// Address of the vault, such as `https://vault.example.com/`.
    url: Url,
    /// Role of this program.
    role_id: String,
    /// Secret of the role.
    _secret_id: SecretString,
}

impl authn::TokenSource for Vault {
    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        // A token that has ended, or that the vault refuses, can't renew itself.
        if let (Some(last), Reason::Expiring) = (last, context.reason())
            && last.kept("renewable").is_some_and(|renewable| *renewable.expose() == *"true")
        {
            let request = self.post(context, "/v1/auth/token/renew-self");
            let name = HeaderName::from_static("x-vault-token");
            match granted(request.header(name, last.token().secret())).await {
                Err(error) if error.kind() == ErrorKind::Refused => {} // at its longest lifetime
                result => return result,
            }
        }
        let role = [("role_id", self.role_id.as_str()), ("secret_id", &self._secret_id.expose())];
        granted(self.post(context, "/v1/auth/approle/login").json(&BTreeMap::from(role))).await
    }
}

impl Vault {
    fn post(&self, context: &Context, path: &str) -> HttpRequest {
        let mut url = self.url.clone();
        url.set_path(path);
        context.http().post(&url)
    }
}

#[derive(serde::Deserialize)]
struct Auth {
    client_token: String,
    lease_duration: u64,
    renewable: bool,
}

async fn granted(request: HttpRequest) -> Result<TokenSet> {
    let auth: Option<Auth> = request.send().await?.success()?.member("auth")?;
    let auth = auth.ok_or_else(|| Error::protocol("the vault's answer has no `auth`"))?;
    let lease = Duration::from_secs(auth.lease_duration);
    let tokens = TokenSet::new(Token::new(auth.client_token)?.with_expires_in(lease));
    Ok(tokens.with_kept("renewable", auth.renewable.to_string().into()))
}
