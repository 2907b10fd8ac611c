//! Provider `oauth`: tokens from an OAuth 2 authorization server (RFC 6749).
//!
//! - [`server`]: the server and its endpoints
//! - [`grants`]: the grants, one file each
//! - [`assertions`]: the JWTs of nested providers
//! - [`login`]: how a user logs in
//! - [`request`]: the scopes, the audience and the parameters of requests
//! - [`compliance`]: what is changed for servers that deviate from the specifications
//! - [`id_token`]: the user that a token belongs to

mod assertions;
mod browser;
pub(crate) mod compliance;
#[cfg(test)]
mod discovered;
#[cfg(test)]
mod exchanged;
mod grants;
pub(crate) mod id_token;
mod login;
#[cfg(test)]
mod loopback;
mod request;
mod revocation;
#[cfg(test)]
mod scripted;
#[cfg(test)]
mod sent;
#[cfg(test)]
mod served;
mod server;
#[cfg(test)]
mod shaped;
#[cfg(test)]
mod tests;
mod typed_client;

use authn::{
    Bound, Claims, Context, Environment, InteractiveSource, Login, LoginPlan, PendingLogin, Probe,
    Result, SessionPolicy, TokenSet, TokenSource, Url,
};

use assertions::Assertions;
use grants::{GrantOptions, GrantType, authorization_code, token_exchange::TokenExchangeOptions};
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
/// The grants `token_exchange` and `jwt_bearer` exchange the token of a nested provider. If the server refuses that token, the
/// nested provider is asked for another one, and the exchange is tried once more. If an API refuses two tokens of an exchange
/// one after the other, the nested provider is also asked for another one. An exchanged token is used until its own end, as the
/// server says it, also if the nested token ends before. A refresh token of the answer is not used. A login and a logout are
/// those of the nested provider.
///
/// The nested provider can be `app_service`, whose token is that of the user being served. Then each user's token is exchanged
/// once, and kept in memory beside the hash of the user's token, for at most 1024 users at the same time. Without a request
/// being served there is no token. `store` must not be set to anything but `memory`.
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
    token_exchange: TokenExchangeOptions,
    #[flatten]
    assertions: Assertions,
    #[flatten]
    login: LoginOptions,
    #[flatten]
    request: RequestOptions,
    __keys: Keys,
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
        let grant = token_endpoint::grant(&Received::from(&response), &advice, unknown_type)?;
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
        let Self { options: OAuth { server, request: options, .. }, client, context } = self;
        let address = server.endpoint(endpoint, context).await?;
        let mut request = TokenRequest::new(endpoint, address.url(), form);
        let answered = options.prepare(&mut request)?;
        client.authenticate(&mut request, &server.audience()?, context).await?;
        self.add_client_assertion(&mut request).await?;
        let mut response = TokenResponse::from(request.send(context).await?);
        options.correct(answered, &mut response)?;
        Ok((response, Advice { client: client.advice(), grant }))
    }
}

impl TokenSource for OAuth {
    fn validate(&self, _context: &Context) -> Result<()> {
        self.server.validate()?;
        match Missing::of(self) {
            Some(missing) => missing.validate(self)?,
            None => self.client.validate(GrantType::of(self).needs_client())?,
        }
        GrantType::of(self).validate(self)?;
        Assertions::validate(self)?;
        self.login.validate()?;
        self.request.validate()
    }

    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        GrantType::of(self).exchange(self.call(context), last).await
    }

    fn subjects(&self) -> Vec<&Bound> {
        self.token_exchange.nested().chain(self.assertions.nested()).collect()
    }

    /// For a user's password the user, for a client's own credentials the client.
    fn principal(&self, _context: &Context) -> Option<String> {
        match GrantType::of(self) {
            GrantType::ClientCredentials => self.client.client_id.clone(),
            GrantType::Password => self.exchanged.username.clone(),
            GrantType::RefreshToken
            | GrantType::AuthorizationCode
            | GrantType::DeviceCode
            | GrantType::TokenExchange
            | GrantType::JwtBearer => None,
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
        login::login(self.call(context), login).await
    }

    async fn begin_login(
        &self,
        context: &Context,
        redirect_uri: &str,
    ) -> Result<(Url, PendingLogin)> {
        authorization_code::begin(self.call(context), redirect_uri).await
    }

    async fn complete_login(
        &self,
        context: &Context,
        pending: &PendingLogin,
        returned: &Url,
    ) -> Result<TokenSet> {
        authorization_code::complete(self.call(context), pending, returned).await
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
