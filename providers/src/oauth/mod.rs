//! Provider `oauth`: tokens from an OAuth 2 authorization server (RFC 6749).
//!
//! - [`server`]: the server and its endpoints
//! - [`grants`]: the grants, one file each
//! - [`login`]: how a user logs in
//! - [`request`]: the scopes, the audience and the parameters of requests
//! - [`id_token`]: the user that a token belongs to
//! - [`resource`]: the server that a resource names; [`registration`]: a client that is registered there;
//!   [`resolved`]: the options with both

mod browser;
#[cfg(test)]
mod discovered;
mod grants;
pub(crate) mod id_token;
mod login;
#[cfg(test)]
mod loopback;
mod registration;
mod request;
mod resolved;
mod resource;
mod revocation;
#[cfg(test)]
mod sent;
mod server;
#[cfg(test)]
mod tests;
mod typed_client;

use authn::{
    Claims, Context, Environment, InteractiveSource, Login, LoginPlan, PendingLogin, Probe,
    Reaction, ResponseHead, Result, SessionPolicy, TokenSet, TokenSource, Url, Used,
    http::HttpResponse, private::Challenge, prompt::Progress,
};

#[doc(hidden)]
pub use resource::{Found as FoundResource, discover_resource};

use grants::{GrantOptions, GrantType, authorization_code};
use id_token::Keys;
use login::LoginOptions;
use registration::RegistrationOptions;
use request::RequestOptions;
use resolved::{Resolutions, Resolved};
use server::Server;
use typed_client::Missing;

use crate::{
    client_auth::Client,
    token_endpoint::{self, Advice, Endpoint, Failure, Form, GrantAdvice, Received, with},
};

/// Gets tokens from an OAuth 2 authorization server (RFC 6749).
///
/// Exactly one of `issuer_url`, `token_endpoint_url`, `keycloak_url` and `resource_url` names the server. The grant and the client's
/// authentication follow from the other options. Options that are not used are refused.
///
/// With the grants `authorization_code` and `device_code`, a user logs in with a browser on this machine, with a
/// browser elsewhere, or with a code on any device. With a browser elsewhere, the user pastes the address that it
/// ends at, which is checked like the answer of a browser on this machine. If the user pastes only a code, authn
/// can't check which login it belongs to; the server issues tokens for it only to the program that started that login
/// (RFC 7636).
///
/// ```
/// use authn::{Environment, Loader};
/// use authn_providers as _;
///
/// let credentials = Loader::new()
///     .environment(Environment::empty().variable("CLIENT_SECRET", "abc"))
///     .defaults(r#"
///         [credentials]
///         domain = "api.example.com"
///         [credentials.oauth]
///         issuer_url = "https://idp.example.com"
///         client_id = "reports"
///         client_secret = { env = "CLIENT_SECRET" }
///     "#)
///     .load()?;
/// # let _ = credentials;
/// # Ok::<(), authn::Error>(())
/// ```
///
/// In code, each option is a method of the builder. Its sessions are in memory unless `store` says otherwise:
///
/// ```
/// use authn_providers::OAuth;
/// use std::time::Duration;
///
/// # let (refresh_token, client_secret) = ("abc", Some("def"));
/// let credentials = OAuth::builder()
///     .issuer_url("https://idp.example.com")
///     .client_id("reports")
///     .client_secret(client_secret) // an `Option`: `None` leaves it unset
///     .refresh_token(refresh_token)
///     .scope(["read", "write"])
///     .expiry_threshold(Duration::from_secs(5))
///     .credentials()
///     .domain("api.example.com")
///     .build()?;
/// # let _ = credentials;
/// # Ok::<(), authn::Error>(())
/// ```
#[authn::token_provider("oauth", cached, login)]
pub struct OAuth {
    #[flatten]
    server: Server,
    /// Grant that is exchanged for tokens (RFC 6749, 1.3). Unset, it is `refresh_token` if a refresh token is set, else
    /// `client_credentials` if a client secret or a private key is set, else `authorization_code`.
    grant_type: Option<GrantType>,
    #[flatten]
    client: Client,
    #[flatten]
    exchanged: GrantOptions,
    #[flatten]
    login: LoginOptions,
    #[flatten]
    request: RequestOptions,
    #[flatten]
    registration: RegistrationOptions,
    __keys: Keys,
    __resolutions: Resolutions,
}

/// One call of the provider.
#[derive(Clone, Copy)]
struct Call<'a> {
    options: &'a OAuth,
    /// The client that authenticates: the configured one, or one whose credentials the user has typed in.
    client: &'a Client,
    context: &'a Context,
}

impl OAuth {
    fn call<'a>(&'a self, context: &'a Context) -> Call<'a> {
        Call { options: self, client: &self.client, context }
    }
}

impl<'a> Call<'a> {
    /// Returns the caller's scopes, else the configured ones.
    fn scopes(self) -> &'a [String] {
        self.options.request.scopes(self.context)
    }

    /// Sends one token request with the grant, the request options and the client's authentication.
    async fn exchange(
        self,
        mut form: Form,
        scopes: &[String],
        advice: GrantAdvice<'_>,
    ) -> Result<TokenSet, Failure> {
        self.options.request.ask_for(&mut form, scopes, self.context)?;
        self.redeem(form, advice).await
    }

    /// Sends one token request with the form and the client's authentication.
    async fn redeem(self, form: Form, advice: GrantAdvice<'_>) -> Result<TokenSet, Failure> {
        let (response, advice) = self.post(Endpoint::Token, form, advice).await?;
        let unknown_type = self.options.request.token_type;
        let grant = token_endpoint::grant(&Received::from(&response), &advice, unknown_type);
        let grant = grant.inspect_err(|failure| self.options.note(failure))?;
        Ok(with(grant, response.date(), TokenSet::with_server_date))
    }

    /// Sends a form to the authorization server, with the client's authentication. Returns the answer, and the advice
    /// if it is a refusal.
    async fn post(
        self,
        endpoint: Endpoint,
        form: Form,
        grant: GrantAdvice<'_>,
    ) -> Result<(HttpResponse, Advice<'_>)> {
        let Self { options: OAuth { server, .. }, client, context } = self;
        let request = context.http().post(server.endpoint(endpoint, context).await?.url());
        let request = client.authenticate(request, form, &server.audience()?, context)?;
        Ok((request.send().await?, Advice { client: client.advice(), grant }))
    }
}

impl TokenSource for OAuth {
    fn validate(&self, context: &Context) -> Result<()> {
        self.server.validate()?;
        self.validate_open(context)?;
        match Missing::of(self) {
            Some(missing) => missing.validate(self)?,
            None if self.registration.is_dynamic() => {}
            None => self.client.validate()?,
        }
        GrantType::of(self).validate(self)?;
        self.login.validate()?;
        self.request.validate()
    }

    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        let grant_type = GrantType::of(self);
        if self.is_complete() {
            return grant_type.exchange(self.call(context), last).await;
        }
        if grant_type.is_login() && last.is_none_or(|last| last.refresh_token().is_none()) {
            // Nothing is to be sent, so nothing is to be found.
            return grant_type.exchange(self.call(context), last).await;
        }
        let mut resolved = self.resolve_for_session(context, last).await?;
        let mut tokens = grant_type.exchange(resolved.call(), last).await;
        if tokens.is_err() && !grant_type.is_login() && resolved.takes_refusal_of_client() {
            resolved = resolved.with_new_client().await?;
            tokens = grant_type.exchange(resolved.call(), last).await;
        }
        match tokens {
            Ok(tokens) => Ok(resolved.keep(tokens)),
            Err(error) => Err(resolved.ended(error).await),
        }
    }

    /// Asks for the scopes that are missing, if the program wants that (RFC 6750, 3.1).
    fn response(&self, head: &ResponseHead<'_>, _used: &Used, context: &Context) -> Reaction {
        let is_refusal = matches!(head.status().as_u16(), 401 | 403);
        if !head.allows_step_up() || !is_refusal {
            return Reaction::Pass;
        }
        let missing = Challenge::of_bearer(head.headers(), |challenge| {
            let is_it = challenge.get("error") == Some("insufficient_scope");
            Some(challenge.scopes()).filter(|_| is_it)
        });
        let scopes = missing.and_then(|missing| self.request.stepped_up(&missing, context));
        scopes.map_or(Reaction::Pass, Reaction::RetryWithScopes)
    }

    /// For a user's password the user, for a client's own credentials the client.
    fn principal(&self, _context: &Context) -> Option<String> {
        match GrantType::of(self) {
            GrantType::ClientCredentials => self.client.client_id.clone(),
            GrantType::Password => self.exchanged.username.clone(),
            GrantType::RefreshToken | GrantType::AuthorizationCode | GrantType::DeviceCode => None,
        }
    }
}

impl InteractiveSource for OAuth {
    fn session(&self) -> SessionPolicy<'_> {
        GrantType::of(self).session(self)
    }

    fn login_options(&self) -> &'static [&'static str] {
        login::options()
    }

    async fn login(&self, context: &Context, login: &Login) -> Result<Option<TokenSet>> {
        if self.is_complete() {
            self.server.check_client(&self.client, context).await?;
            return login::login(self.call(context), login).await;
        }
        let mut resolved = self.resolve_for_login(context, login).await?;
        let server = &resolved.options.server;
        server.check_client(&resolved.options.client, &resolved.context).await?;
        let mut tokens = login::login(resolved.call(), login).await;
        if tokens.is_err() && resolved.takes_refusal_of_client() {
            login.progress(&Progress::Notice(
                "the server has forgotten the client, which is registered once more".to_owned(),
            ));
            resolved = resolved.with_new_client().await?;
            tokens = login::login(resolved.call(), login).await;
        }
        Ok(tokens?.map(|tokens| resolved.keep(tokens)))
    }

    async fn begin_login(
        &self,
        context: &Context,
        redirect_uri: &str,
    ) -> Result<(Url, PendingLogin)> {
        if self.is_complete() {
            return authorization_code::begin(self.call(context), redirect_uri).await;
        }
        let resolved = self.resolve_for_web(context, redirect_uri, true).await?;
        authorization_code::begin(resolved.call(), redirect_uri).await
    }

    async fn complete_login(
        &self,
        context: &Context,
        pending: &PendingLogin,
        returned: &Url,
    ) -> Result<TokenSet> {
        if self.is_complete() {
            return authorization_code::complete(self.call(context), pending, returned).await;
        }
        let resolved = self.resolve_for_web(context, pending.redirect_uri(), false).await?;
        let tokens = authorization_code::complete(resolved.call(), pending, returned).await?;
        Ok(resolved.keep(tokens))
    }

    /// What a client's own credentials lack is typed in once.
    fn needs_login(&self) -> bool {
        GrantType::of(self).is_login() || Missing::of(self).is_some()
    }

    fn login_plan(&self, environment: &Environment) -> Option<LoginPlan> {
        login::plan(self, environment)
    }

    async fn identify(&self, context: &Context, grant: &TokenSet) -> Result<Option<Claims>> {
        let Some(id_token) = grant.token().id_token() else { return Ok(None) };
        let claims = if self.is_complete() {
            id_token::verify(self, context, &id_token.expose(), None).await?
        } else {
            let resolved = self.resolve_for_session(context, Some(grant)).await?;
            let Resolved { options, context, .. } = &resolved;
            id_token::verify(options, context, &id_token.expose(), None).await?
        };
        Ok(Some(claims.into()))
    }

    async fn probe(&self, context: &Context) -> Result<Option<Probe>> {
        self.server.probe(context).await.map(Some)
    }

    async fn revoke(&self, context: &Context, grant: &TokenSet) -> Result<()> {
        if self.is_complete() {
            return revocation::revoke(self.call(context), grant).await;
        }
        let resolved = self.resolve_for_session(context, Some(grant)).await?;
        revocation::revoke(resolved.call(), grant).await
    }

    async fn revoke_access_token(&self, context: &Context, grant: &TokenSet) -> Result<bool> {
        if self.is_complete() {
            return revocation::revoke_access_token(self.call(context), grant).await.map(|()| true);
        }
        let resolved = self.resolve_for_session(context, Some(grant)).await?;
        revocation::revoke_access_token(resolved.call(), grant).await.map(|()| true)
    }

    async fn delete_client(&self, context: &Context, tokens: Option<&TokenSet>) -> Result<()> {
        if !self.registration.is_dynamic() {
            return Ok(());
        }
        match self.known_server(context, tokens).await? {
            Some(resolved) => resolved.delete_client().await,
            None => Ok(()),
        }
    }
}
