//! `Links` as a session: what is passed to which provider of a chain.
//!
//! What belongs to a login goes to the first provider at which a user can log in. What belongs to a token goes to the provider
//! that serves. A logout, and the end of the program, reach all of them.

use std::sync::Arc;

use super::Links;
use crate::{
    Bound, Context, Environment, Error, Introspection, Issued, Login, LoginOutcome, LoginPlan,
    Managed, Origins, PendingLogin, Placement, Probe, Result, Revocation, Status, Token, TokenSet,
    Url, UserInfo,
    provider::{Applies, Touched},
    runtime::Boxed,
};

impl Links {
    /// Returns the first provider at which a user can log in. One that lacks a secret is passed over.
    async fn of_login(&self) -> Result<Option<&Bound>> {
        for link in self.now().iter().filter(|link| link.managed().needs_login()) {
            match link.check_presence().await {
                Err(error) if error.is_not_applicable() => {}
                presence => return presence.map(|()| Some(link)),
            }
        }
        Ok(None)
    }

    async fn required_login(&self) -> Result<&Bound> {
        self.of_login().await?.ok_or_else(no_login)
    }

    /// Returns the provider that serves.
    async fn server(&self) -> Result<&Bound> {
        let expected = self.expected().await?;
        expected.and_then(|(index, _)| self.now().get(index)).ok_or_else(none_applies)
    }
}

impl Managed for Links {
    fn links(&self) -> Vec<&Bound> {
        self.now().iter().collect()
    }

    fn place_links(&self, placement: &Placement, placed_by: &str) -> Result<()> {
        let placed = |link: &Bound| link.clone().placed(placement.clone(), placed_by);
        let placed = self.all.iter().map(placed).collect::<Result<_>>()?;
        let _ = self.placed.set(placed);
        Ok(())
    }

    fn discovers_origins(&self) -> bool {
        self.now().iter().any(|link| link.managed().discovers_origins())
    }

    fn discovered_origins(&self, _context: &Context) -> Option<Arc<Origins>> {
        // Of the provider that serves, or else of the first one that has a session.
        let serving = self.serving.get().and_then(|index| self.now().get(index));
        let of = |link: &Bound| link.managed().discovered_origins(&link.context);
        serving.into_iter().chain(self.now()).find_map(of)
    }

    fn is_current(&self, issued: &Issued) -> bool {
        let serving = self.serving.get().and_then(|index| self.now().get(index));
        serving.is_none_or(|link| link.is_current(issued))
    }

    fn touches(&self, _context: &Context) -> Vec<Touched> {
        self.now().iter().flat_map(|link| link.managed().touches(&link.context)).collect()
    }

    fn invalidate(&self, token: &Token, _context: &Context) {
        // Each drops only a token of its own.
        for link in self.now() {
            link.managed().invalidate(token, &link.context);
        }
    }

    fn invalidate_all(&self, _context: &Context) {
        for link in self.now() {
            link.managed().invalidate_all(&link.context);
        }
    }

    fn refresh<'a>(&'a self, _context: &'a Context) -> Boxed<'a, Result<Issued>> {
        Box::pin(async {
            let mut walk = self.walk();
            while let Some((index, link)) = walk.next().await {
                let result = link.refresh().await;
                if let Some(end) = walk.take(index, result) {
                    return end.map(Issued::from);
                }
            }
            Err(walk.end())
        })
    }

    fn adopt<'a>(&'a self, tokens: TokenSet, _context: &'a Context) -> Boxed<'a, Result<()>> {
        Box::pin(async {
            let link = match self.of_login().await? {
                Some(link) => link,
                None => self.server().await?,
            };
            link.managed().adopt(tokens, &link.context).await?;
            self.serving.forget();
            Ok(())
        })
    }

    fn close<'a>(&'a self, _context: &'a Context) -> Boxed<'a, ()> {
        Box::pin(async {
            for link in self.now() {
                link.managed().close(&link.context).await;
            }
        })
    }

    #[cfg(feature = "testing")]
    fn settled<'a>(&'a self, _context: &'a Context) -> Boxed<'a, ()> {
        Box::pin(async {
            for link in self.now() {
                link.managed().settled(&link.context).await;
            }
        })
    }

    fn status<'a>(&'a self, _context: &'a Context) -> Boxed<'a, Result<Status>> {
        Box::pin(async {
            let Some((index, status)) = self.expected().await? else {
                return Ok(Status::default());
            };
            let key = || self.now().get(index).map(|link| link.context.key().to_owned());
            // A chain in the chain names its own.
            Ok(Status { served_by: status.served_by.clone().or_else(key), ..status })
        })
    }

    fn login<'a>(
        &'a self,
        _context: &'a Context,
        login: &'a Login,
    ) -> Boxed<'a, Result<LoginOutcome>> {
        Box::pin(async {
            let Some(link) = self.of_login().await? else { return Ok(LoginOutcome::NotNeeded) };
            let outcome = link.managed().login(&link.context, login).await;
            self.serving.forget();
            outcome
        })
    }

    fn begin_login<'a>(
        &'a self,
        _context: &'a Context,
        redirect_uri: &'a str,
    ) -> Boxed<'a, Result<(Url, PendingLogin)>> {
        Box::pin(async {
            let link = self.required_login().await?;
            link.managed().begin_login(&link.context, redirect_uri).await
        })
    }

    fn complete_login<'a>(
        &'a self,
        _context: &'a Context,
        pending: PendingLogin,
        returned: &'a str,
    ) -> Boxed<'a, Result<TokenSet>> {
        Box::pin(async {
            let link = self.required_login().await?;
            link.managed().complete_login(&link.context, pending, returned).await
        })
    }

    fn needs_login(&self) -> bool {
        self.now().iter().any(|link| link.managed().needs_login())
    }

    fn login_plan(&self, environment: &Environment) -> Option<LoginPlan> {
        let mut links = self.now().iter().filter(|link| link.managed().needs_login());
        links.find_map(|link| link.managed().login_plan(environment))
    }

    fn probe<'a>(&'a self, _context: &'a Context) -> Boxed<'a, Result<Option<Probe>>> {
        Box::pin(async {
            // What does not apply once it was asked is not expected again.
            while let Some((index, _)) = self.expected().await? {
                let Some(link) = self.now().get(index) else { return Ok(None) };
                let managed = link.managed();
                match managed.probe(&link.context).await {
                    Err(error)
                        if error.is_not_applicable()
                            && matches!(managed.applies(&link.context), Applies::No(_)) => {}
                    result => return result,
                }
            }
            match self.of_login().await? {
                Some(link) => link.managed().probe(&link.context).await,
                None => Ok(None),
            }
        })
    }

    fn logout<'a>(&'a self, _context: &'a Context) -> Boxed<'a, Result<()>> {
        Box::pin(async {
            let mut result = Ok(());
            for link in self.now() {
                let done = link.managed().logout(&link.context).await;
                result = result.and(done);
            }
            self.serving.forget();
            result
        })
    }

    fn revoke<'a>(
        &'a self,
        _context: &'a Context,
        passed_on: Vec<Token>,
    ) -> Boxed<'a, Result<Revocation>> {
        Box::pin(async {
            let link = self.server().await?;
            let revoked = link.managed().revoke(&link.context, passed_on).await;
            self.serving.forget();
            revoked
        })
    }

    fn revoke_tokens<'a>(
        &'a self,
        _context: &'a Context,
        tokens: TokenSet,
    ) -> Boxed<'a, Result<Revocation>> {
        Box::pin(async {
            let link = self.server().await?;
            link.managed().revoke_tokens(&link.context, tokens).await
        })
    }

    fn introspect<'a>(
        &'a self,
        _context: &'a Context,
        token: &'a Token,
    ) -> Boxed<'a, Result<Introspection>> {
        Box::pin(async {
            let link = self.server().await?;
            link.managed().introspect(&link.context, token).await
        })
    }

    fn user_info<'a>(&'a self, _context: &'a Context) -> Boxed<'a, Result<UserInfo>> {
        Box::pin(async {
            let link = self.server().await?;
            link.managed().user_info(&link.context).await
        })
    }

    fn logout_url<'a>(
        &'a self,
        _context: &'a Context,
        post_logout_redirect_uri: Option<&'a str>,
    ) -> Boxed<'a, Result<Url>> {
        Box::pin(async move {
            let link = self.required_login().await?;
            link.managed().logout_url(&link.context, post_logout_redirect_uri).await
        })
    }

    fn open_logout<'a>(
        &'a self,
        _context: &'a Context,
        url: &'a Url,
        login: &'a Login,
    ) -> Boxed<'a, Result<()>> {
        Box::pin(async move {
            let link = self.required_login().await?;
            link.managed().open_logout(&link.context, url, login).await
        })
    }

    fn store(&self, _context: &Context) -> Option<String> {
        let of = |link: &Bound| link.managed().store(&link.context);
        let mut with_login = self.now().iter().filter(|link| link.managed().needs_login());
        let lasting = || self.now().iter().filter_map(of).find(|store| store != "memory");
        with_login.find_map(of).or_else(lasting).or_else(|| self.now().iter().find_map(of))
    }
}

fn no_login() -> Error {
    Error::configuration("no provider of the chain has a user who could log in")
        .with_help("add one that has, such as `oauth`")
}

fn none_applies() -> Error {
    Error::not_applicable("no provider of the chain applies").with_help("get a token for details")
}
