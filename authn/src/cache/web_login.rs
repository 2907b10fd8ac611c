//! Logins in a web application. They leave the session as it is: its program has many users.

use super::{exchange::Exchange, single_flight::closed};
use crate::{
    Error, PendingLogin, Result, TokenSet, Url, origins::is_loopback, runtime, telemetry::Operation,
};

impl Exchange {
    /// Starts a login whose browser comes back to a redirect address.
    pub(super) async fn begin_login(self, redirect_uri: &str) -> Result<(Url, PendingLogin)> {
        if let Some(inner) = self.inner() {
            return inner.managed().begin_login(&inner.context, redirect_uri).await;
        }
        check(redirect_uri)?;
        let redirect_uri = redirect_uri.to_owned();
        let begun = async move {
            self.prepare_to_ask().await?;
            let source = &self.shared.source;
            self.answered(source.begin_login(&self.context, &redirect_uri)).await
        };
        runtime::to_its_end(begun).await
    }

    /// Ends a login, and returns the tokens of its user. It goes on in the background if the caller stops waiting, so that
    /// the answer to a code is not cut off: a code is sent only once.
    pub(super) async fn complete_login(
        self,
        pending: PendingLogin,
        returned: &str,
    ) -> Result<TokenSet> {
        if let Some(inner) = self.inner() {
            return inner.managed().complete_login(&inner.context, pending, returned).await;
        }
        let asked = self.context.clock().now();
        let returned = pending.returned(returned, asked.wall())?;
        let operation = Operation::login(self.context.labels());
        let completed = async move {
            self.prepare_to_ask().await?;
            let source = &self.shared.source;
            let answer = source.complete_login(&self.context, &pending, &returned);
            let tokens = self.answered(answer).await?;
            if let Some(error) = tokens.failure() {
                return Err(error.clone());
            }
            let (tokens, unverified) = self.check_user(tokens.with_new_session(), None).await?;
            match unverified {
                Some(error) => Err(error),
                None => Ok(tokens.with_lifetime_from(asked, self.context.clock().now())),
            }
        };
        runtime::to_its_end(operation.run(completed)).await
    }

    /// Fails if the credentials are closed, and resolves the references to secrets.
    pub(super) async fn prepare_to_ask(&self) -> Result<()> {
        if self.shared.state().slots.is_closed() {
            return Err(closed());
        }
        self.resolve_references().await
    }
}

/// Checks a redirect address: a code must not be sent in the clear (RFC 9700, section 2.6), and a fragment never reaches
/// the program (RFC 6749, section 3.1.2).
fn check(redirect_uri: &str) -> Result<()> {
    let url = Url::parse(redirect_uri).ok().filter(Url::has_host).ok_or_else(|| {
        Error::configuration("the redirect address is not an absolute URL")
            .with_help("use the whole address, such as `https://app.example.com/callback`")
    })?;
    let is_safe = url.scheme() == "https"
        || (url.scheme() == "http" && url.host_str().is_some_and(is_loopback));
    if !is_safe {
        return Err(Error::configuration(
            "the redirect address would send codes without encryption, because it is not `https`",
        )
        .with_help("use `https`, or `http` on this machine alone"));
    }
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(Error::configuration(
            "the redirect address has a fragment, a user name or a password",
        )
        .with_help("remove it"));
    }
    Ok(())
}
