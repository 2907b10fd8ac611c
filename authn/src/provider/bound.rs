//! `Bound`: a provider with the context of its calls.

use std::{borrow::Cow, sync::Arc};

use http::Uri;

use super::{Absent, Declared, Erased, Managed, Status, declared::REFUSING, managed::Unmanaged};
use crate::context::Check;
#[cfg(feature = "reqwest")]
use crate::http::ClientIdentity;
use crate::{
    Context, Error, Issued, Origins, Placement, Reaction, Request, ResponseHead, Result,
    SecretString, Token, TokenSet, Used, request::unless_default, runtime::Boxed,
};

/// A provider with its context: what [`Credentials`](crate::Credentials) hold, and what a source that passes tokens on
/// refers to.
#[derive(Clone, Debug)]
#[doc(hidden)]
pub struct Bound {
    pub(crate) provider: Arc<dyn Erased>,
    pub(crate) context: Context,
    /// The option that sets the place of the token, for errors.
    placed_by: Option<Arc<str>>,
    /// The statuses that refuse a token.
    pub(crate) refusing: &'static [u16],
    /// The token belongs to the request being served.
    pub(crate) per_request: bool,
    /// The server names the origins, because the configuration names none.
    discovers_origins: bool,
    /// The provider keeps no token, but its secrets can change, so they are resolved for each call.
    pub(crate) resolves: bool,
    /// What was absent when the configuration was loaded.
    absent: Option<Arc<Absent>>,
    /// The secrets that were absent when the configuration was loaded: their keys, and why.
    pub(crate) absences: Arc<[(String, Error)]>,
}

impl Bound {
    /// Binds a provider to its context. `placed_by` is the option that sets the place of its token; if there is none, the
    /// place is that of the provider whose tokens it passes on.
    pub(crate) fn new(
        provider: Arc<dyn Erased>,
        context: Context,
        placed_by: Option<&str>,
    ) -> Result<Self> {
        Self::made(provider, context, placed_by, None)
    }

    /// Binds a provider of a chain, some of whose secrets are absent. It is checked when they are there.
    pub(crate) fn absent(
        provider: Arc<dyn Erased>,
        context: Context,
        placed_by: Option<&str>,
        secrets: &[SecretString],
    ) -> Result<Self> {
        Self::made(provider, context, placed_by, Some(Absent::new(secrets)))
    }

    fn made(
        provider: Arc<dyn Erased>,
        mut context: Context,
        placed_by: Option<&str>,
        absent: Option<Absent>,
    ) -> Result<Self> {
        let is_there = absent.is_none();
        let check = |provider: &Arc<dyn Erased>, context: &Context| {
            if is_there { validate(provider, context) } else { Ok(Some(later(provider))) }
        };
        let mut placed_by = placed_by.map(Arc::from);
        let mut refusing = provider.declared().and_then(Declared::refusing);
        if let Some(inner) = provider.managed().and_then(Managed::inner) {
            refusing = refusing.or(Some(inner.refusing));
            match (&placed_by, &inner.placed_by) {
                (Some(here), Some(there)) => return Err(placed_twice(here, there)),
                // A provider that sets headers of its own beside the token may refuse another place.
                (Some(_), None) => {
                    drop(check(&inner.provider, &inner.context.placed_like(&context))?);
                }
                (None, _) => {
                    placed_by.clone_from(&inner.placed_by);
                    let placement = inner.context.placement().cloned();
                    context = context.change(|parts| parts.placement = placement.map(Arc::new));
                }
            }
        }
        let check = check(&provider, &context)?;
        if check.is_some() {
            context = context.change(|parts| parts.check = check);
        }
        let per_request = provider.is_per_request();
        let discovers_origins = context.origins().is_empty()
            && provider.managed().is_some_and(Managed::discovers_origins);
        let has_links = provider.managed().is_some_and(|managed| !managed.links().is_empty());
        // Each link of a chain has its own statuses.
        let refusing = refusing.unwrap_or(if has_links { &[] } else { REFUSING });
        let absent = absent.map(Arc::new);
        let (resolves, absences) = (false, Arc::default());
        let bound = Self {
            provider,
            context,
            placed_by,
            refusing,
            per_request,
            discovers_origins,
            resolves,
            absent,
            absences,
        };
        bound.place_links()?;
        Ok(bound)
    }

    /// Returns the provider's session functions; the defaults if it has no session.
    pub(crate) fn managed(&self) -> &dyn Managed {
        self.provider.managed().unwrap_or(&Unmanaged)
    }

    /// Returns the state of the session, without any network.
    pub(crate) async fn status(&self) -> Result<Status> {
        match self.provider.managed() {
            Some(managed) => {
                let is_signed = !self.provider.gives_tokens() && !managed.needs_login();
                let status = managed.status(&self.context).await?;
                // A provider of a chain may say it of itself.
                Ok(Status { without_token: status.without_token || is_signed, ..status })
            }
            None => Ok(Status {
                without_token: !self.per_request && !self.provider.sends_token_alone(&self.context),
                has_session: self.context.kept().has_any().await?,
                store: self.context.kept().store().map(str::to_owned),
                ..Status::of(self.provider.ready(&self.context).as_ref())
            }),
        }
    }

    /// Returns every place of a credential that the configuration names.
    pub(crate) fn placements(&self) -> Vec<Placement> {
        let mut placements = self.provider.placements(&self.context);
        placements.push(self.context.placement().cloned().unwrap_or_default());
        placements
    }

    /// Returns the same provider with another place of its token, which `placed_by` sets.
    pub(crate) fn placed(self, placement: Placement, placed_by: &str) -> Result<Self> {
        if let Some(there) = &self.placed_by {
            return Err(placed_twice(placed_by, there));
        }
        let placement = unless_default(placement).map(Arc::new);
        let context = self.context.change(|parts| parts.placement = placement);
        if self.absent.is_none() {
            drop(validate(&self.provider, &context)?);
            if let Some(inner) = self.provider.managed().and_then(Managed::inner) {
                drop(validate(&inner.provider, &inner.context.placed_like(&context))?);
            }
        }
        let placed = Self { context, placed_by: Some(placed_by.into()), ..self };
        placed.place_links()?;
        Ok(placed)
    }

    /// Gives the links of a chain the place of the token that is set for all of them.
    fn place_links(&self) -> Result<()> {
        match (&self.placed_by, self.provider.managed()) {
            (Some(placed_by), Some(managed)) => managed
                .place_links(&self.context.placement().cloned().unwrap_or_default(), placed_by),
            _ => Ok(()),
        }
    }

    /// Fails with an error that is not applicable as long as something is absent that was absent when the configuration was
    /// loaded.
    pub(crate) fn check_presence(&self) -> Boxed<'_, Result<()>> {
        Box::pin(async {
            let Some(absent) = self.absent.as_ref().filter(|absent| !absent.is_over()) else {
                return Ok(());
            };
            absent.resolve().await?;
            let managed = self.managed();
            for nested in managed.inner().into_iter().chain(managed.subjects()) {
                nested.check_presence().await?;
            }
            drop(validate(&self.provider, &self.context)?);
            absent.end();
            Ok(())
        })
    }

    /// Returns the same provider for the scopes and the parameters of a call's context.
    pub(crate) fn for_call(&self, call: &Context) -> Cow<'_, Self> {
        if call.is_narrowed() { Cow::Owned(self.narrowed(call)) } else { Cow::Borrowed(self) }
    }

    /// Returns this provider for the scopes and the parameters of a context, also if it has none.
    pub(crate) fn narrowed(&self, call: &Context) -> Self {
        let context = self.context.for_call_of(call);
        let provider = Arc::clone(&self.provider).scoped_shared(&context);
        Self { provider, context, ..self.clone() }
    }

    /// Returns what the client has to do after an answer: what the provider says, or else an invalidation if the status
    /// refuses the token.
    pub(crate) fn response(&self, head: &ResponseHead<'_>, used: &Used) -> Reaction {
        match self.provider.response(head, used, &self.context) {
            Reaction::Pass
                if used.token().is_some() && self.refusing.contains(&head.status().as_u16()) =>
            {
                Reaction::Invalidate
            }
            Reaction::Keep => Reaction::Pass,
            reaction => reaction,
        }
    }

    /// Returns the certificate that a client shows with a token; `None` if the request has no token of this provider.
    #[cfg(feature = "reqwest")]
    pub(crate) fn client_identity(&self, used: &Used) -> Option<ClientIdentity> {
        used.token()?;
        self.provider.client_identity(used, &self.context)
    }

    /// Returns a valid token, and waits for it.
    pub(crate) async fn token(&self) -> Result<Token> {
        if self.resolves {
            self.context.resolve_references().await?;
        }
        self.provider.token_boxed(&self.context).await
    }

    /// Returns whether the configuration keeps the credential from an origin.
    fn refuses(&self, uri: &Uri) -> bool {
        !self.context.origins().allows(uri) && !self.leaves_origin(uri)
    }

    /// Returns whether the cache checks the origin of a request, because the server names the origins of its tokens.
    fn leaves_origin(&self, uri: &Uri) -> bool {
        self.discovers_origins && Origins::can_be_named(uri)
    }

    /// Returns whether the server names the origins that requests are authorised for.
    pub(crate) fn discovers_origins(&self) -> bool {
        self.discovers_origins
    }

    /// Returns the origins that requests are authorised for: the configured ones, or those that the server is known to have
    /// named.
    pub(crate) fn origins(&self) -> Origins {
        let named =
            self.discovers_origins.then(|| self.managed().discovered_origins(&self.context));
        let origins = named.flatten();
        origins.as_deref().unwrap_or_else(|| self.context.origins()).clone()
    }

    /// Adds the credential to a request of the caller; `None` if that needs waiting.
    #[inline]
    pub(crate) fn try_authorize(&self, request: &mut Request<'_>) -> Option<Result<()>> {
        if self.refuses(request.origin()) {
            return Some(Err(self.context.origins().refuse(request.origin())));
        }
        if let Err(error) = request.check_host() {
            return Some(Err(error));
        }
        if self.resolves {
            return None;
        }
        let placement = self.context.placement();
        if placement.is_none() && !request.has_placement() {
            // The common case.
            return self.provider.try_authorize(request, &self.context);
        }
        self.provider.try_authorize(&mut request.with_placement(placement), &self.context)
    }

    /// Adds the credential to a request of the caller, and waits for it.
    pub(crate) async fn authorize_waiting(&self, request: &mut Request<'_>) -> Result<()> {
        // Here too: a reload may have bound the credentials to other origins since they were checked.
        if self.refuses(request.origin()) {
            return Err(self.context.origins().refuse(request.origin()));
        }
        request.check_host()?;
        if self.resolves {
            self.context.resolve_references().await?;
        }
        let mut request = request.with_placement(self.context.placement());
        self.provider.authorize_boxed(&mut request, &self.context).await
    }

    /// Returns the token if that needs no waiting.
    #[inline]
    pub(crate) fn ready(&self) -> Option<Token> {
        if self.resolves { None } else { self.provider.ready(&self.context) }
    }

    /// Returns which provider it is, for the tokens that a context has of it.
    pub(crate) fn identity(&self) -> usize {
        Arc::as_ptr(&self.provider).cast::<()>().addr()
    }

    /// Returns the token for an exchange: of the request that it is for, or else the valid one, with the last ID token of its
    /// session.
    pub(crate) async fn token_for(&self, exchange: &Context) -> Result<Token> {
        match (exchange.served(self.identity()), self.managed()) {
            (Some(token), _) => Ok(token.clone()),
            (None, managed) if managed.issues() => {
                Ok(managed.issued(&self.context).await?.token_of_session())
            }
            (None, _) => self.token().await,
        }
    }

    /// Returns whether its tokens are access tokens that an authorization server issues, so that none of them is itself an ID
    /// token.
    pub fn is_oauth_client(&self) -> bool {
        self.managed().is_oauth_client()
    }

    /// Returns whether its tokens are as good for another program with the same options.
    pub(crate) fn is_shareable(&self) -> bool {
        !self.per_request && self.provider.managed().is_none_or(Managed::is_shareable)
    }

    /// Returns whether a token that a cache has is still the provider's, besides its expiry.
    pub(crate) fn is_current(&self, issued: &Issued) -> bool {
        self.managed().is_current(issued)
    }

    /// Returns a new token, which no cache had. A provider without a cache returns the token of any call.
    pub(crate) async fn refresh(&self) -> Result<Token> {
        match self.provider.managed() {
            Some(managed) => Ok(managed.refresh(&self.context).await?.token().clone()),
            None => self.token().await,
        }
    }

    /// Continues the session and the secrets in memory that another provider of the same session has.
    pub(crate) fn continue_session(&self, of: &Self) {
        self.context.kept().continue_from(of.context.kept());
        if let Some(state) = of.managed().state() {
            self.managed().continue_session(state, &self.context);
        }
    }

    /// Returns a valid token for a cache, with the secrets that sign requests with it. `call` has the scopes and the
    /// parameters.
    pub async fn token_set(&self, call: &Context) -> Result<TokenSet> {
        Ok(self.for_call(call).issued().await?.into())
    }

    /// Returns a valid token with the secrets that are kept with it.
    pub(crate) async fn issued(&self) -> Result<Issued> {
        match self.managed() {
            managed if managed.issues() => managed.issued(&self.context).await,
            _ => Ok(self.token().await?.into()),
        }
    }

    /// Adds a token of this provider, which a cache has kept, to a request.
    pub(crate) fn authorize(
        &self,
        request: &mut Request<'_>,
        issued: &Issued,
        context: &Context,
    ) -> Result<()> {
        if !context.is_narrowed() {
            return self.managed().authorize(request, issued, &self.context);
        }
        self.managed().authorize(request, issued, &self.context.for_call_of(context))
    }

    /// Fails if a cache can't keep the credential.
    pub(crate) fn check_is_cacheable(&self) -> Result<()> {
        if self.per_request {
            return Err(Error::configuration(PER_REQUEST).with_help(PER_REQUEST_HELP));
        }
        if self.managed().issues() || self.provider.sends_token_alone(&self.context) {
            return Ok(());
        }
        let name = match self.context.key() {
            "" => "the inner provider".to_owned(),
            key => format!("`{key}`"),
        };
        Err(Error::configuration(format!(
            "{name} can't be cached, because it adds its own credential to each request"
        ))
        .with_help(
            "use it without a cache, or cache a provider that returns a token, such as `bearer`, \
             `hook`, `jwt`, `jwt_bearer` or `oauth`",
        ))
    }
}

/// Checks the options of a provider. A failure before all secrets are known may be about a secret, so that it counts only
/// if the returned check fails, too, once they are.
fn validate(provider: &Arc<dyn Erased>, context: &Context) -> Result<Option<Check>> {
    match provider.validate(context) {
        Err(_) if context.awaits_commands() => Ok(Some(later(provider))),
        checked => checked.map(|()| None),
    }
}

/// Returns the check of a provider for when its secrets are known.
fn later(provider: &Arc<dyn Erased>) -> Check {
    let provider = Arc::clone(provider);
    Arc::new(move |context| provider.validate(context))
}

/// The problem of a cache over a provider whose token belongs to the request being served.
pub(crate) const PER_REQUEST: &str =
    "a token that belongs to the request being served must not be cached";
/// The help for [`PER_REQUEST`].
pub(crate) const PER_REQUEST_HELP: &str = "move the per-request provider out of this one, or exchange its token, such as by the option `subject` of `oauth`";

fn placed_twice(here: &str, there: &str) -> Error {
    Error::configuration(format!(
        "the place of the token is set twice, by `{here}` and by `{there}`"
    ))
    .with_help("keep these options in one of the two tables")
}
