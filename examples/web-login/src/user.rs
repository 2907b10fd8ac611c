//! `User`: one user who is logged in, with credentials of their own.

use std::fmt::Write as _;

use authn::{
    Credentials, Environment, Error, ErrorKind, Loader, Result, TokenSet, Url,
    reqwest::{self, Client},
};
use serde::{Deserialize, Serialize};

/// What the cookie of a session holds.
///
/// The refresh token is that of the login. A server may replace it at each use, so authn keeps the current one in its store,
/// under a lock that all instances share, and uses that of the cookie only once. The store has a session for each `id`: two
/// browsers of one user do not meet.
#[derive(Serialize, Deserialize)]
pub(crate) struct User {
    id: String,
    pub(crate) name: String,
    refresh_token: String,
}

impl User {
    /// Starts the session of the user of these tokens.
    pub(crate) fn of(tokens: &TokenSet) -> std::result::Result<Self, &'static str> {
        let name = tokens.username().ok_or("nobody is named: the scope `openid` is missing")?;
        let refresh_token = tokens
            .refresh_token()
            .ok_or("no refresh token was issued: the scope `offline_access` may be missing")?;
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|_| "the system provides no random numbers")?;
        let id = id.iter().fold("web".to_owned(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        let refresh_token = refresh_token.expose().to_string();
        Ok(Self { id, name: name.to_owned(), refresh_token })
    }

    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(crate) fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Sends a request to the API with this user's token.
    pub(crate) async fn call(&self, url: Url) -> reqwest::Result<String> {
        let client = Client::new(self.credentials()?)?;
        client.get(url).send().await?.error_for_status()?.text().await.map_err(Into::into)
    }

    /// Revokes the tokens, and deletes them from the store. If the server can't revoke them, they are deleted all the same.
    pub(crate) async fn log_out(&self) -> Result<()> {
        let credentials = self.credentials()?;
        if let Err(error) = credentials.revoke().await {
            credentials.logout().await?;
            return Err(error);
        }
        Ok(())
    }

    /// Creates the credentials of this user: those of the configuration, with a profile of their own. They are cheap, but
    /// connect anew; a program with many requests would keep some of them.
    fn credentials(&self) -> Result<Credentials> {
        const VARIABLE: &str = "WEB_LOGIN_REFRESH_TOKEN";
        let profile = format!(
            "[profile.{}.credentials.oauth]\n\
             grant_type = 'refresh_token'\n\
             refresh_token = {{ env = '{VARIABLE}' }}\n\
             store = 'file'\n",
            self.id
        );
        Loader::new()
            .defaults(&profile)
            .environment(Environment::of_process().variable(VARIABLE, &self.refresh_token))
            .profile(&self.id)
            .load()
    }
}

/// Returns whether the user has to log in again.
pub(crate) fn is_logged_out(error: &reqwest::Error) -> bool {
    let kind = match error {
        reqwest::Error::Authorization(error) => Error::kind(error),
        _ => return false,
    };
    matches!(kind, ErrorKind::LoginRequired | ErrorKind::Refused)
}
