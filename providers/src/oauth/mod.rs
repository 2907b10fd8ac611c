//! Provider `oauth`: tokens from an OAuth 2 authorization server (RFC 6749).
//!
//! - [`server`]: the server and its endpoints
//! - [`grants`]: the grants, one file each
//! - [`login`]: how a user logs in
//! - [`request`]: the scopes, the audience and the parameters of requests
//! - [`dpop`]: tokens that are bound to a key
//! - [`compliance`]: what is changed for servers that deviate from the specifications
//! - [`id_token`]: the user that a token belongs to

mod browser;
pub(crate) mod compliance;
#[cfg(test)]
mod discovered;
mod dpop;
mod grants;
pub(crate) mod id_token;
mod login;
#[cfg(test)]
mod loopback;
mod request;
mod revocation;
#[cfg(test)]
mod sent;
mod server;
#[cfg(test)]
mod tests;
mod typed_client;

use std::sync::Arc;

use authn::{
    Claims, Context, Environment, InteractiveSource, Issued, Login, LoginPlan, PendingLogin,
    Placement, Probe, Reaction, Request, ResponseHead, Result, SecretString, SessionPolicy,
    TokenSet, TokenSource, Url, Used,
};

use dpop::{Dpop, SessionKey};
use grants::{GrantOptions, GrantType, authorization_code};
use id_token::Keys;
use login::LoginOptions;
use request::RequestOptions;
use server::Server;
use typed_client::Missing;

use crate::{
    client_auth::Client,
    token_endpoint::{
        self, Advice, Endpoint, Failure, Form, GrantAdvice, Received, TokenRequest, TokenResponse,
        with,
    },
};

/// Gets tokens from an OAuth 2 authorization server (RFC 6749).
///
/// Exactly one of `issuer_url`, `token_endpoint_url` and `keycloak_url` names the server. The grant and the client's
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
    dpop: Dpop,
    __keys: Keys,
}

/// One call of the provider.
#[derive(Clone, Copy)]
struct Call<'a> {
    options: &'a OAuth,
    /// The client that authenticates: the configured one, or one whose credentials the user has typed in.
    client: &'a Client,
    context: &'a Context,
    /// The key that tokens are bound to, if one is used.
    key: Option<&'a SessionKey>,
}

impl OAuth {
    fn call<'a>(&'a self, context: &'a Context) -> Call<'a> {
        Call { options: self, client: &self.client, context, key: None }
    }

    /// Returns the key of an exchange, which the session may have kept.
    async fn key(
        &self,
        context: &Context,
        kept: Option<&SecretString>,
    ) -> Result<Option<Arc<SessionKey>>> {
        self.dpop.key(&self.server, context, kept).await
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
        let proof = self.options.dpop.expected(self.key);
        let received = Received::from(&response);
        let grant = token_endpoint::grant(&received, &advice, unknown_type, proof)?;
        Ok(with(grant, response.date(), TokenSet::with_server_date))
    }

    /// Sends a form to the authorization server, with the client's authentication. Returns the answer, and the advice
    /// if it is a refusal.
    async fn post(
        self,
        endpoint: Endpoint,
        form: Form,
        grant: GrantAdvice<'_>,
    ) -> Result<(TokenResponse, Advice<'_>)> {
        let address = self.options.server.endpoint(endpoint, self.context).await?;
        let (mut response, wants_another) =
            self.send(endpoint, address.url(), form.clone()).await?;
        if wants_another {
            // Once more at most. The server has not used up a code or a refresh token (RFC 9449, 8).
            (response, _) = self.send(endpoint, address.url(), form).await?;
        }
        Ok((response, Advice { client: self.client.advice(), grant }))
    }

    /// Sends a form once, with an authentication and a proof of its own, because a server takes each of them once. Returns
    /// the answer, and whether the server wants another proof.
    async fn send(
        self,
        endpoint: Endpoint,
        url: &Url,
        form: Form,
    ) -> Result<(TokenResponse, bool)> {
        let Self { options: OAuth { server, request: options, dpop, .. }, client, context, key } =
            self;
        let mut request = TokenRequest::new(endpoint, url, form);
        let answered = options.prepare(&mut request)?;
        client.authenticate(&mut request, &server.audience()?, context).await?;
        let proof = dpop.prove(&mut request, key, context)?;
        let response = request.send(context).await?;
        let wants_another = proof.is_some_and(|sent| dpop.wants_another(&sent, &response, context));
        let mut response = TokenResponse::from(response);
        options.correct(answered, &mut response)?;
        Ok((response, wants_another))
    }
}

impl TokenSource for OAuth {
    fn validate(&self, context: &Context) -> Result<()> {
        self.server.validate()?;
        match Missing::of(self) {
            Some(missing) => missing.validate(self)?,
            None => self.client.validate()?,
        }
        GrantType::of(self).validate(self)?;
        self.login.validate()?;
        self.dpop.validate(context)?;
        self.request.validate()
    }

    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        let key = self.key(context, last.and_then(|last| last.kept(dpop::KEPT))).await?;
        let call = Call { key: key.as_deref(), ..self.call(context) };
        let tokens = GrantType::of(self).exchange(call, last).await?;
        Ok(dpop::keep(tokens, call.key))
    }

    fn authorize(
        &self,
        request: &mut Request<'_>,
        issued: &Issued,
        context: &Context,
    ) -> Result<()> {
        self.dpop.authorize(request, issued, context)
    }

    fn response(&self, head: &ResponseHead<'_>, used: &Used, context: &Context) -> Reaction {
        self.dpop.response(head, used, context)
    }

    fn placements(&self, _context: &Context) -> Vec<Placement> {
        self.dpop.placements()
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
        if !self.needs_login() {
            return Ok(None);
        }
        let key = login.unless_cancelled(self.key(context, None)).await??;
        let call = Call { key: key.as_deref(), ..self.call(context) };
        let tokens = login::login(call, login).await?;
        Ok(Some(dpop::keep(tokens, call.key)))
    }

    async fn begin_login(
        &self,
        context: &Context,
        redirect_uri: &str,
    ) -> Result<(Url, PendingLogin)> {
        let key = self.key(context, None).await?;
        let call = Call { key: key.as_deref(), ..self.call(context) };
        authorization_code::begin(call, redirect_uri).await
    }

    async fn complete_login(
        &self,
        context: &Context,
        pending: &PendingLogin,
        returned: &Url,
    ) -> Result<TokenSet> {
        let kept = pending.kept(dpop::KEPT).map(SecretString::from);
        let key = self.key(context, kept.as_ref()).await?;
        let call = Call { key: key.as_deref(), ..self.call(context) };
        let tokens = authorization_code::complete(call, pending, returned).await?;
        Ok(dpop::keep(tokens, call.key))
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
        let claims = id_token::verify(self, context, &id_token.expose(), None).await?;
        Ok(Some(claims.into()))
    }

    async fn probe(&self, context: &Context) -> Result<Option<Probe>> {
        self.server.probe(context).await.map(Some)
    }

    async fn revoke(&self, context: &Context, grant: &TokenSet) -> Result<()> {
        revocation::revoke(self.call(context), grant).await
    }

    async fn revoke_access_token(&self, context: &Context, grant: &TokenSet) -> Result<bool> {
        revocation::revoke_access_token(self.call(context), grant).await.map(|()| true)
    }
}
