//! The options with what the configuration leaves open: the server that a resource names, and a client that is registered
//! there. All grants see options that name both.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use authn::{
    Context, Error, Login, Origins, PendingLogin, Result, TokenSet,
    prompt::{Progress, Question},
};
use zeroize::Zeroizing;

use super::{
    Call, OAuth, dpop,
    grants::GrantType,
    id_token::Keys,
    login,
    registration::{Record, Registration, no_client, unknown_client},
    request::RequestOptions,
    resource::{self, Found},
    server::Server,
};
use crate::{
    client_auth::Client,
    token_endpoint::{Address, with},
};

/// The names under which a session keeps the issuer that it was made with, its registered client, and the redirect address
/// of that.
const ISSUER: &str = "issuer";
pub(super) const CLIENT: &str = "client";
const REDIRECT_URI: &str = "redirect_uri";

/// What a session, or a login that was begun, keeps under a name.
type Keeps<'a> = dyn Fn(&str) -> Option<Zeroizing<String>> + Send + Sync + 'a;

/// The options that were last completed, with the server's metadata and keys.
#[derive(Default)]
pub(super) struct Resolutions(Mutex<Option<Arc<OAuth>>>);

/// Which client is used, if one is registered dynamically.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    /// The one that is registered.
    Known,
    /// That one, or else one that is registered now.
    Registered,
    /// The same, for a login: one that the server does not know any longer is replaced.
    Checked,
}

/// Options that name the server and the client, and the context in which requests to them are sent.
pub(super) struct Resolved<'a> {
    original: &'a OAuth,
    /// What is used in place of the original, if that leaves something open.
    completed: Option<Arc<OAuth>>,
    context: Context,
    /// The address that a browser comes back to.
    redirect_uri: String,
    /// The registered client.
    registered: Option<Record>,
    /// Whether the server has refused the client.
    refused: AtomicBool,
}

impl OAuth {
    /// Returns whether the configuration names the server and the client.
    fn is_complete(&self) -> bool {
        self.server.resource().is_none() && !self.registration.is_dynamic()
    }

    /// Checks the options that leave the server or the client open.
    pub(super) fn validate_open(&self, context: &Context) -> Result<()> {
        self.registration.validate(&self.client)?;
        let Some(resource) = self.server.resource() else { return Ok(()) };
        let grant_type = GrantType::of(self);
        if self.server.pinned()?.is_none() && !grant_type.is_login() {
            return Err(Error::configuration(format!(
                "`issuer` is not set, but the grant {} can't ask a user about the server that the resource names",
                grant_type.name()
            ))
            .with_help("set `issuer` to the issuer of the resource's authorization server"));
        }
        // The tokens are for the resource alone (RFC 8707).
        let own = Origins::none().and(&resource.url().origin().ascii_serialization())?;
        let is_own = |origin: String| own.iter().any(|own| own == origin);
        if !context.origins().iter().all(is_own) {
            return Err(Error::configuration(
                "the credentials are bound to other origins than that of `resource_url`",
            )
            .with_help(
                "set `credentials.origins` to the origin of the resource, and remove `credentials.domain`",
            ));
        }
        Ok(())
    }

    fn as_configured(&self, context: &Context) -> Resolved<'_> {
        Resolved {
            original: self,
            completed: None,
            context: context.clone(),
            redirect_uri: String::new(),
            registered: None,
            refused: AtomicBool::new(false),
        }
    }

    /// Finds the server for a login, asks the user about one that is not configured, and registers a client.
    pub(super) async fn resolve_for_login(
        &self,
        context: &Context,
        login: &Login,
    ) -> Result<Resolved<'_>> {
        if self.is_complete() {
            return Ok(self.as_configured(context));
        }
        let found = match self.server.resource() {
            Some(resource) => {
                let found = login.unless_cancelled(self.discover(resource, context)).await??;
                if self.server.pinned()?.is_none() {
                    consent(&found, login).await?;
                }
                Some(found)
            }
            None => None,
        };
        let redirect_uri = self.login.redirect().registered()?;
        login
            .unless_cancelled(Box::pin(self.complete(
                context,
                found,
                &|_| None,
                redirect_uri,
                Need::Checked,
            )))
            .await?
    }

    /// Completes the options for an exchange: with the server and the client of the configuration or of the session. The
    /// refresh token of a login is good for its own client alone; for other grants, one is registered.
    pub(super) async fn resolve_for_exchange(
        &self,
        context: &Context,
        last: Option<&TokenSet>,
    ) -> Result<Resolved<'_>> {
        let need = if GrantType::of(self).is_login() { Need::Known } else { Need::Registered };
        self.resolve_without_user(context, last, need).await
    }

    /// Completes the options for a question about tokens, or their revocation. No client is registered for that.
    pub(super) async fn resolve_for_session(
        &self,
        context: &Context,
        last: Option<&TokenSet>,
    ) -> Result<Resolved<'_>> {
        self.resolve_without_user(context, last, Need::Known).await
    }

    async fn resolve_without_user(
        &self,
        context: &Context,
        last: Option<&TokenSet>,
        need: Need,
    ) -> Result<Resolved<'_>> {
        if self.is_complete() {
            return Ok(self.as_configured(context));
        }
        let keeps = |name: &str| kept_by(last, name);
        let redirect_uri = self.redirect_uri_of(&keeps)?;
        Box::pin(self.complete(context, None, &keeps, redirect_uri, need)).await
    }

    /// Completes the options for a login in a web application, whose server nobody can be asked about. `begun` is one that a
    /// browser comes back from.
    pub(super) async fn resolve_for_web(
        &self,
        context: &Context,
        redirect_uri: &str,
        begun: Option<&PendingLogin>,
    ) -> Result<Resolved<'_>> {
        if self.is_complete() {
            return Ok(self.as_configured(context));
        }
        let found = match self.server.resource() {
            Some(_) if self.server.pinned()?.is_none() => {
                return Err(Error::configuration(
                    "`issuer` is not set, and a web application can't ask its user about the server that the resource names",
                )
                .with_help("set `issuer` to the issuer of the resource's authorization server"));
            }
            Some(resource) if begun.is_none() => Some(self.discover(resource, context).await?),
            _ => None,
        };
        let need = if begun.is_none() { Need::Checked } else { Need::Known };
        let keeps = |name: &str| {
            begun.and_then(|begun| begun.kept(name)).map(|kept| Zeroizing::new(kept.to_owned()))
        };
        Box::pin(self.complete(context, found, &keeps, redirect_uri.to_owned(), need)).await
    }

    /// Asks the resource, and refuses another server than the pinned one.
    async fn discover(&self, resource: &Address, context: &Context) -> Result<Found> {
        let pinned = self.server.pinned()?;
        let found = resource::discover(resource, pinned.as_ref(), context.http()).await?;
        match pinned {
            Some(pinned) if pinned.as_str() != found.issuer => Err(Error::protocol(
                "the resource names another authorization server than `issuer`",
            )
            .with_help(
                "check with the resource whether its server has changed, and then change `issuer`",
            )),
            _ => Ok(found),
        }
    }

    async fn complete(
        &self,
        context: &Context,
        found: Option<Found>,
        keeps: &Keeps<'_>,
        redirect_uri: String,
        need: Need,
    ) -> Result<Resolved<'_>> {
        let mut context = context.clone();
        let mut server = self.server.clone();
        if let Some(resource) = self.server.resource() {
            let reach = match &found {
                Some(found) => found.reach,
                None => context.http().reach(resource.url()).await?,
            };
            context = context.within(reach.of_named());
            let issuer = match (&found, self.server.pinned()?) {
                (_, Some(pinned)) => Some(pinned),
                (Some(found), None) => Address::parse(&found.issuer),
                (None, None) => keeps(ISSUER).and_then(|issuer| Address::parse(&issuer)),
            };
            let issuer = issuer.ok_or_else(|| {
                context.login_required("no user is logged in, so no authorization server is known")
            })?;
            server = server.found(&issuer);
            if let Some(last) = self.last().as_ref() {
                // Its metadata are known.
                let is_same = last.server.issuer()? == server.issuer()?;
                server = if is_same { last.server.clone() } else { server };
            }
        }
        let resource = found.as_ref().map(|found| found.resource.as_str());
        let resource = resource.or_else(|| self.server.resource().map(Address::as_str));
        let scopes = found.as_ref().map_or(&[][..], |found| &found.scopes);
        let request = self.request.or(scopes, resource);
        let mut options = self.shared(self.with_server(server, request));
        if self.server.resource().is_some() {
            options.server.check_found(&context).await?;
        }
        let mut registered = None;
        if self.registration.is_dynamic() {
            let grant_type = GrantType::of(self);
            let redirect_uri = if grant_type.is_login() { redirect_uri.as_str() } else { "" };
            let registration =
                Registration { options: &options, grant_type, redirect_uri, context: &context };
            if need == Need::Checked {
                registration.forget_if_unknown().await?;
            }
            let kept = keeps(CLIENT).and_then(|text| Record::parse(&text));
            let record = match (need, kept) {
                (Need::Known, Some(record)) => record,
                (Need::Known, None) => {
                    registration.known().await?.ok_or_else(|| no_client(&context))?
                }
                (Need::Registered | Need::Checked, _) => registration.client().await?,
            };
            let client = record.client(&self.client);
            registered = Some(record);
            if !options.client.is_same(&client) {
                options = self.with_client(&options, client);
            }
        }
        *self.last() = Some(Arc::clone(&options));
        let (completed, refused) = (Some(options), AtomicBool::new(false));
        Ok(Resolved { original: self, completed, context, redirect_uri, registered, refused })
    }

    /// Returns the options with the server, and the client only if it is registered already; `None` if the server is not
    /// known.
    pub(super) async fn known_server(
        &self,
        context: &Context,
        last: Option<&TokenSet>,
    ) -> Result<Option<Resolved<'_>>> {
        let issuer = match self.server.resource() {
            Some(_) => match self.server.pinned()? {
                Some(pinned) => Some(pinned),
                None => last
                    .and_then(|last| last.kept(ISSUER))
                    .and_then(|issuer| Address::parse(&issuer.expose())),
            },
            None => None,
        };
        let mut context = context.clone();
        let server = match (self.server.resource(), issuer) {
            (None, _) => self.server.clone(),
            (Some(resource), Some(issuer)) => {
                context = context.within(context.http().reach(resource.url()).await?.of_named());
                self.server.found(&issuer)
            }
            (Some(_), None) => return Ok(None),
        };
        let options = self.with_server(server, self.request.clone());
        Ok(Some(Resolved {
            original: self,
            completed: Some(Arc::new(options)),
            context,
            redirect_uri: self.redirect_uri_of(&|name| kept_by(last, name))?,
            registered: None,
            refused: AtomicBool::new(false),
        }))
    }

    /// Returns the redirect address of the session's client.
    fn redirect_uri_of(&self, keeps: &Keeps<'_>) -> Result<String> {
        match keeps(REDIRECT_URI) {
            Some(kept) => Ok(kept.to_string()),
            None => self.login.redirect().registered(),
        }
    }

    /// Returns whether the configuration names no grant.
    pub(super) fn is_grant_implied(&self) -> bool {
        self.grant_type.is_none() || self.__is_grant_implied
    }

    /// Returns the options of requests: those that were last completed, or else the configured ones.
    pub(super) fn last_request(&self) -> RequestOptions {
        self.last().as_ref().map_or_else(|| self.request.clone(), |last| last.request.clone())
    }

    fn with_server(&self, server: Server, request: RequestOptions) -> Self {
        Self {
            server,
            grant_type: Some(GrantType::of(self)),
            __is_grant_implied: self.is_grant_implied(),
            client: self.client.clone(),
            exchanged: self.exchanged.clone(),
            token_exchange: self.token_exchange.clone(),
            assertions: self.assertions.clone(),
            login: self.login.clone(),
            authorization: self.authorization.clone(),
            request,
            dpop: self.dpop.clone(),
            registration: self.registration.clone(),
            __keys: Keys::default(),
            __resolutions: Resolutions::default(),
        }
    }

    /// Returns the last options if these are the same, so that metadata and keys are not asked for again.
    fn shared(&self, options: OAuth) -> Arc<OAuth> {
        let last = self.last();
        let is_same = |last: &&Arc<OAuth>| {
            last.server.issuer().ok() == options.server.issuer().ok()
                && last.request.is_same(&options.request)
        };
        last.as_ref().filter(is_same).map_or_else(|| Arc::new(options), Arc::clone)
    }

    /// Returns the options with a registered client.
    fn with_client(&self, options: &OAuth, client: Client) -> Arc<OAuth> {
        let (server, request) = (options.server.clone(), options.request.clone());
        Arc::new(Self { client, ..self.with_server(server, request) })
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<Arc<OAuth>>> {
        self.__resolutions.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Resolved<'_> {
    /// Returns a call with these options.
    pub(super) fn call(&self) -> Call<'_> {
        Call { refused: Some(&self.refused), ..self.options().call(&self.context) }
    }

    fn options(&self) -> &OAuth {
        self.completed.as_deref().unwrap_or(self.original)
    }

    /// Exchanges the grant.
    pub(super) async fn exchange(&self, last: Option<&TokenSet>) -> Result<TokenSet> {
        let key = self.call().new_key(last.and_then(|last| last.kept(dpop::KEPT))).await?;
        let call = self.call().with_key(key.as_ref());
        let tokens = GrantType::of(self.original).exchange(call, last).await?;
        Ok(self.keep(dpop::keep(tokens, call.key)))
    }

    /// Logs the user in.
    pub(super) async fn log_in(&self, login: &Login) -> Result<TokenSet> {
        let call = self.call();
        let (server, client) = (&call.options.server, call.client);
        login.unless_cancelled(server.check_client(client, call.context)).await??;
        let key = login.unless_cancelled(call.new_key(None)).await??;
        let call = call.with_key(key.as_ref());
        let tokens = login::login(call, login).await?;
        Ok(self.keep(dpop::keep(tokens, call.key)))
    }

    /// Returns whether the server has refused the client that was registered there.
    pub(super) fn is_client_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed) && self.original.registration.is_dynamic()
    }

    /// Registers the client once more, and returns the options with it.
    pub(super) async fn with_new_client(self) -> Result<Self> {
        self.registration().forget(self.options().client.id()).await?;
        let record = self.registration().client().await?;
        let client = record.client(&self.original.client);
        let options = self.original.with_client(self.options(), client);
        *self.original.last() = Some(Arc::clone(&options));
        let (completed, registered) = (Some(options), Some(record));
        Ok(Self { completed, registered, refused: AtomicBool::new(false), ..self })
    }

    /// Deletes the registered client at the server and here. Returns whether there was one.
    pub(super) async fn delete_client(&self) -> Result<bool> {
        self.registration().delete().await
    }

    /// Adds the issuer and the redirect address, so that the session is renewed there, and by the same client.
    pub(super) fn keep(&self, mut tokens: TokenSet) -> TokenSet {
        if let Ok(Some(issuer)) = self.options().server.issuer()
            && self.original.server.resource().is_some()
        {
            tokens = tokens.with_signing_secret(ISSUER, issuer.as_str().into());
        }
        // The refresh token of a login is good for its own client alone, whatever is registered later.
        if let Some(record) = &self.registered
            && GrantType::of(self.original).is_login()
        {
            tokens = tokens
                .with_signing_secret(REDIRECT_URI, self.redirect_uri.as_str().into())
                .with_signing_secret(CLIENT, record.of_session());
        }
        tokens
    }

    /// Keeps the client in a login that is completed later, maybe by another instance of the program.
    pub(super) fn keep_in(&self, pending: PendingLogin) -> PendingLogin {
        with(pending, self.registered.as_ref(), |pending, record| {
            pending.with_kept(CLIENT, &*record.of_session().expose())
        })
    }

    /// Returns what a failed exchange of a session means.
    pub(super) async fn ended(&self, error: Error) -> Error {
        if !self.is_client_refused() {
            return error;
        }
        match self.registration().refuse(self.options().client.id()).await {
            Ok(()) => unknown_client(&self.context),
            Err(error) => error,
        }
    }

    fn registration(&self) -> Registration<'_> {
        let grant_type = GrantType::of(self.original);
        let redirect_uri = if grant_type.is_login() { self.redirect_uri.as_str() } else { "" };
        Registration { options: self.options(), grant_type, redirect_uri, context: &self.context }
    }
}

/// Returns what a session keeps under a name.
fn kept_by(last: Option<&TokenSet>, name: &str) -> Option<Zeroizing<String>> {
    last?.kept(name).map(|kept| Zeroizing::new(kept.expose().to_string()))
}

/// Shows the server that was found, and asks whether the user wants to log in there.
async fn consent(found: &Found, login: &Login) -> Result<()> {
    let name = found.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let scopes = match found.scopes.as_slice() {
        [] => String::new(),
        scopes => format!(", with the scopes {}", scopes.join(" ")),
    };
    login.progress(&Progress::Notice(format!(
        "{}{name} wants you to log in at {}{scopes}; nothing has been sent there yet",
        found.resource, found.issuer
    )));
    let question = Question::new("\"yes\" or \"y\" to log in there, or anything else to cancel");
    let answer = login.ask(&question).await?;
    if ["yes", "y"].contains(&&*answer.expose().trim().to_ascii_lowercase()) {
        return Ok(());
    }
    Err(Error::cancelled("the server that the resource names was not accepted")
        .with_help("set `issuer` to accept it without a question"))
}
