//! What a program asks the server about its tokens, and the end of a user's session at the server.

use super::{core::Core, exchange::Exchange, login::on_own_thread, single_flight::Wish};
use crate::{
    Context, Error, Introspection, Issued, Login, Managed as _, Result, Token, TokenSet, Url,
    UserInfo,
    prompt::Progress,
    runtime::{self, in_background},
};

impl Core {
    /// Asks the server about the user of the token for these scopes. A token that the server refuses is renewed once.
    pub(super) async fn user_info(&self, context: &Context) -> Result<UserInfo> {
        if let Some(inner) = self.exchange(context, Wish::Token).inner() {
            return inner.managed().user_info(&inner.context).await;
        }
        for _ in 0..2 {
            let issued = self.issued(context).await?;
            let token = issued.token().clone();
            if let Some(user) = self.exchange(context, Wish::Token).user_info(issued).await? {
                return Ok(user);
            }
            self.invalidate(&token, context);
        }
        Err(Error::refused("the server does not say which user this token belongs to")
            .with_help("ask for the scope `openid`, and log in again"))
    }
}

impl Exchange {
    /// Asks the server about a token. One that is not active is removed from the store, so that no other program uses it.
    pub(super) async fn introspect(self, token: &Token) -> Result<Introspection> {
        let of_inner = match self.inner() {
            Some(inner) => Some(inner.managed().introspect(&inner.context, token).await?),
            None => None,
        };
        let token = token.clone();
        in_background(async move {
            let introspection = match of_inner {
                Some(introspection) => introspection,
                None => self.ask_about(&token).await?,
            };
            if !introspection.is_active()
                && let Err(error) = self.drop_stored(&token).await
            {
                let key = self.context.key();
                tracing::warn!(
                    authn.key = key,
                    "a token that is not active is still stored: {}",
                    error.message()
                );
            }
            Ok(introspection)
        })
        .await
    }

    async fn ask_about(&self, token: &Token) -> Result<Introspection> {
        self.prepare_to_ask().await?;
        let tokens = match self.kept_tokens().await?.0 {
            Some(last) => last.with_access_token(token.clone()),
            None => TokenSet::new(token.clone()),
        };
        self.answered(self.shared.source.introspect(&self.context, &tokens)).await
    }

    /// Asks the server about the user of a token; `None` if it refuses the token.
    async fn user_info(self, issued: Issued) -> Result<Option<UserInfo>> {
        in_background(async move {
            self.prepare_to_ask().await?;
            let last = self.kept_tokens().await?.0;
            let id_token = last.and_then(|last| last.id_token().cloned());
            let tokens = TokenSet::from(issued).with_last_id_token(id_token);
            self.answered(self.shared.source.user_info(&self.context, &tokens)).await
        })
        .await
    }

    /// Returns the address at which a browser ends the user's session at the server.
    pub(super) async fn logout_url(self, post_logout_redirect_uri: Option<&str>) -> Result<Url> {
        if let Some(inner) = self.inner() {
            return inner.managed().logout_url(&inner.context, post_logout_redirect_uri).await;
        }
        if post_logout_redirect_uri.is_some_and(|uri| Url::parse(uri).is_err()) {
            return Err(Error::configuration(
                "the address that the browser comes back to is not an absolute URL",
            )
            .with_help("use the whole address, such as `https://app.example.com/`"));
        }
        let back = post_logout_redirect_uri.map(str::to_owned);
        in_background(async move {
            self.prepare_to_ask().await?;
            let last = self.kept_tokens().await?.0;
            let url = self.shared.source.logout_url(&self.context, last.as_ref(), back.as_deref());
            self.answered(url).await
        })
        .await
    }

    /// Shows that address to the user.
    pub(super) async fn open_logout(self, url: &Url, login: &Login) -> Result<()> {
        if let Some(inner) = self.inner() {
            return inner.managed().open_logout(&inner.context, url, login).await;
        }
        let (_caller, login) = login.clone().for_caller();
        let (url, shown) = (url.clone(), login.clone());
        let runtime = runtime::handle()?;
        let done = on_own_thread(&runtime, async move {
            let opened = self.shared.source.open_logout(&self.context, &url, &shown).await;
            shown.progress(&Progress::Ended);
            opened
        });
        done.await.unwrap_or_else(|| Err(login.crashed()))
    }
}
