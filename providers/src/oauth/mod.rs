//! Provider `oauth`: tokens from an OAuth 2 authorization server (RFC 6749).
//!
//! - [`server`]: the server and its endpoints
//! - [`grants`]: the grants, one file each
//! - [`assertions`]: the JWTs of nested providers
//! - [`login`]: how a user logs in
//! - [`request`]: the scopes, the audience and the parameters of requests; [`json`]: those that are JSON
//! - [`dpop`]: tokens that are bound to a key
//! - [`compliance`]: what is changed for servers that deviate from the specifications
//! - [`id_token`]: the user that a token belongs to
//! - [`resource`]: the server that a resource names; [`registration`]: a client that is registered there;
//!   [`resolved`]: the options with both

mod assertions;
#[cfg(test)]
mod begun;
pub(crate) mod compliance;
#[cfg(test)]
mod discovered;
mod dpop;
mod examined;
#[cfg(test)]
mod exchanged;
mod grants;
pub(crate) mod id_token;
mod introspection;
mod json;
mod login;
mod logout;
#[cfg(test)]
mod loopback;
#[cfg(test)]
mod nested_sessions;
#[cfg(test)]
mod refused;
#[cfg(test)]
mod registered;
mod registration;
mod request;
mod resolved;
mod resource;
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
mod user_info;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use authn::{
    Bound, Claims, Context, Environment, InteractiveSource, Introspection, Issued, Login,
    LoginPlan, PendingLogin, Placement, Probe, Reaction, Request, ResponseHead, Result,
    SecretString, SessionPolicy, TokenSet, TokenSource, Url, Used, UserInfo, http::ClientIdentity,
    prompt::Progress,
};

#[doc(hidden)]
pub use resource::{Found as FoundResource, discover_resource};

#[cfg(feature = "workload_identity")]
pub(crate) use request::OWN_PARAMETERS;

use assertions::Assertions;
use dpop::{Dpop, SessionKey};
use grants::{
    GrantOptions, GrantType, authorization_code, authorization_code::AuthorizationOptions,
    token_exchange::TokenExchangeOptions,
};
use id_token::{Asked, Keys};
use login::LoginOptions;
use registration::RegistrationOptions;
use request::RequestOptions;
use resolved::Resolutions;
use server::Server;
use typed_client::Missing;

use crate::{
    client_auth::Client,
    token_endpoint::{
        self, Advice, Endpoint, ErrorCode, Failure, Form, GrantAdvice, Received, TokenRequest,
        TokenResponse, TokenType, with,
    },
};

/// Gets tokens from an OAuth 2 authorization server (RFC 6749).
///
/// First choose who gets the tokens. A program that acts for itself needs a `client_secret`, and its grant is
/// `client_credentials`. For people who log in, leave `client_secret` out: the grant is `authorization_code`, and the
/// command `login` starts the login.
///
/// Exactly one of `issuer_url`, `token_endpoint_url`, `keycloak_url` and `resource_url` names the server. The grant and
/// the client's authentication follow from the other options. Options that are not used are refused.
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
    /// `client_credentials` if a client secret, a private key or a certificate is set, else `authorization_code`.
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
    authorization: AuthorizationOptions,
    #[flatten]
    request: RequestOptions,
    #[flatten]
    dpop: Dpop,
    #[flatten]
    registration: RegistrationOptions,
    __keys: Keys,
    __resolutions: Resolutions,
    /// Whether options that name a grant do so because these were completed, not because the user has set it.
    __is_grant_implied: bool,
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
    /// Where it is noted that the server has refused the client.
    refused: Option<&'a AtomicBool>,
}

impl OAuth {
    fn call<'a>(&'a self, context: &'a Context) -> Call<'a> {
        Call { options: self, client: &self.client, context, key: None, refused: None }
    }
}

impl<'a> Call<'a> {
    /// Returns the caller's scopes, else the configured ones.
    fn scopes(self) -> &'a [String] {
        self.options.request.scopes(self.context)
    }

    /// Notes whether the server does not know the client. Without an error code, something else may have refused it.
    fn note(self, failure: &Failure) {
        let is_unknown = match failure.code {
            Some(ErrorCode::InvalidClient) => true,
            Some(ErrorCode::UnauthorizedClient) => failure.is_of_client,
            _ => false,
        };
        if let Some(refused) = self.refused.filter(|_| is_unknown) {
            refused.store(true, Ordering::Relaxed);
        }
    }

    /// Returns the key of an exchange, which the session may have kept.
    async fn new_key(self, kept: Option<&SecretString>) -> Result<Option<Arc<SessionKey>>> {
        self.options.dpop.key(&self.options.server, self.context, kept).await
    }

    /// Returns the call with the key of its exchange.
    fn with_key(self, key: Option<&'a Arc<SessionKey>>) -> Self {
        Self { key: key.map(Arc::as_ref), ..self }
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
        self.granted(&response, &advice, None)
    }

    /// Returns the tokens of an answer. `taken_as` is what to take a token of an unknown type as unless an option says it.
    fn granted(
        self,
        response: &TokenResponse,
        advice: &Advice<'_>,
        taken_as: Option<TokenType>,
    ) -> Result<TokenSet, Failure> {
        let unknown_type = self.options.request.token_type.or(taken_as);
        let proof = self.options.dpop.expected(self.key);
        let received = Received::from(response);
        let grant = token_endpoint::grant(&received, advice, unknown_type, proof);
        let grant = grant.inspect_err(|failure| self.note(failure))?;
        self.client.note_identity(grant.token(), response.identity());
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
        let address = self.options.server.endpoint_for(self.client, endpoint, self.context).await?;
        let (mut response, wants_another) =
            self.send(endpoint, address.url(), form.clone()).await?;
        if wants_another {
            // Once more at most. The server has not used up a code or a refresh token (RFC 9449, 8).
            (response, _) = self.send(endpoint, address.url(), form).await?;
        }
        if response.status().is_client_error() {
            let metadata = self.options.server.known_metadata();
            let offered = metadata.iter().flat_map(|metadata| metadata.client_methods());
            response.set_hint(self.client.hint(&offered.collect::<Vec<_>>()));
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
        let Self {
            options: OAuth { server, request: options, dpop, .. },
            client,
            context,
            key,
            ..
        } = self;
        let mut request = TokenRequest::new(endpoint, url, form);
        let answered = options.prepare(&mut request)?;
        client.authenticate(&mut request, &server.audience()?, context).await?;
        self.add_client_assertion(&mut request).await?;
        let identity = request.identity();
        let proof = dpop.prove(&mut request, key, context)?;
        let response = request.send(context).await?;
        let wants_another = proof.is_some_and(|sent| dpop.wants_another(&sent, &response, context));
        let mut response = TokenResponse::from(response);
        response.set_identity(identity);
        if let Ok(secret) = client.secret() {
            response.note_secret(&secret.expose());
        }
        options.correct(answered, &mut response)?;
        Ok((response, wants_another))
    }
}

impl TokenSource for OAuth {
    fn validate(&self, context: &Context) -> Result<()> {
        self.server.validate()?;
        self.validate_open(context)?;
        match Missing::of(self) {
            Some(missing) => missing.validate(self)?,
            None if self.registration.is_dynamic() => self.client.load_certificate()?,
            None => {
                let is_needed = GrantType::of(self).needs_client();
                self.client.validate(is_needed, self.authorization.always_signs())?;
            }
        }
        GrantType::of(self).validate(self)?;
        Assertions::validate(self)?;
        self.login.validate()?;
        self.authorization.validate()?;
        self.dpop.validate(context)?;
        self.request.validate()
    }

    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        let grant_type = GrantType::of(self);
        if grant_type.is_login() && last.is_none_or(|last| last.refresh_token().is_none()) {
            // Nothing is to be sent, so nothing is to be found.
            return grant_type.exchange(self.call(context), last).await;
        }
        let mut resolved = self.resolve_for_exchange(context, last).await?;
        let mut tokens = resolved.exchange(last).await;
        if tokens.is_err() && !grant_type.is_login() && resolved.is_client_refused() {
            resolved = resolved.with_new_client().await?;
            tokens = resolved.exchange(last).await;
        }
        match tokens {
            Ok(tokens) => Ok(tokens),
            Err(error) => Err(resolved.ended(error).await),
        }
    }

    fn authorize(
        &self,
        request: &mut Request<'_>,
        issued: &Issued,
        context: &Context,
    ) -> Result<()> {
        self.dpop.authorize(request, issued, context)
    }

    /// Sends another proof, or asks for the scopes that are missing if the program wants that.
    fn response(&self, head: &ResponseHead<'_>, used: &Used, context: &Context) -> Reaction {
        match self.dpop.response(head, used, context) {
            Reaction::Pass if head.allows_step_up() => self.last_request().step_up(head, context),
            reaction => reaction,
        }
    }

    fn placements(&self, _context: &Context) -> Vec<Placement> {
        self.dpop.placements()
    }

    /// A typed client shows the configured certificate.
    fn client_identity(&self, used: &Used, _context: &Context) -> Option<ClientIdentity> {
        self.client.identity_of(used)
    }

    fn continue_from(&self, older: &Self) {
        self.client.continue_from(&older.client);
    }

    fn is_oauth_client(&self) -> bool {
        true
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
        if !self.needs_login() {
            return Ok(None);
        }
        let mut resolved = self.resolve_for_login(context, login).await?;
        let mut tokens = Box::pin(resolved.log_in(login)).await;
        if tokens.is_err() && resolved.is_client_refused() {
            login.progress(&Progress::Notice(
                "the server has forgotten the client, which is registered once more".to_owned(),
            ));
            resolved = resolved.with_new_client().await?;
            tokens = Box::pin(resolved.log_in(login)).await;
        }
        tokens.map(Some)
    }

    async fn begin_login(
        &self,
        context: &Context,
        redirect_uri: &str,
    ) -> Result<(Url, PendingLogin)> {
        let resolved = self.resolve_for_web(context, redirect_uri, None).await?;
        let key = resolved.call().new_key(None).await?;
        let call = resolved.call().with_key(key.as_ref());
        let (url, pending) = authorization_code::begin(call, redirect_uri).await?;
        Ok((url, resolved.keep_in(pending)))
    }

    async fn complete_login(
        &self,
        context: &Context,
        pending: &PendingLogin,
        returned: &Url,
    ) -> Result<TokenSet> {
        let resolved = self.resolve_for_web(context, pending.redirect_uri(), Some(pending)).await?;
        let kept = pending.kept(dpop::KEPT).map(SecretString::from);
        let key = resolved.call().new_key(kept.as_ref()).await?;
        let call = resolved.call().with_key(key.as_ref());
        match Box::pin(authorization_code::complete(call, pending, returned)).await {
            Ok(tokens) => Ok(resolved.keep(dpop::keep(tokens, call.key))),
            Err(error) => Err(resolved.ended(error).await),
        }
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
        let resolved = self.resolve_for_session(context, Some(grant)).await?;
        let Call { options, context, .. } = resolved.call();
        let id_token = id_token.expose();
        let claims = id_token::verify(options, context, &id_token, Asked::default()).await?;
        Ok(Some(claims.into()))
    }

    async fn probe(&self, context: &Context) -> Result<Option<Probe>> {
        examined::examine(self, context).await.map(Some)
    }

    async fn revoke(&self, context: &Context, grant: &TokenSet) -> Result<()> {
        let resolved = self.resolve_for_session(context, Some(grant)).await?;
        revocation::revoke(resolved.call(), grant).await
    }

    async fn revoke_access_token(&self, context: &Context, grant: &TokenSet) -> Result<bool> {
        let resolved = self.resolve_for_session(context, Some(grant)).await?;
        revocation::revoke_access_token(resolved.call(), grant).await.map(|()| true)
    }

    async fn delete_client(&self, context: &Context, tokens: Option<&TokenSet>) -> Result<bool> {
        if !self.registration.is_dynamic() {
            return Ok(false);
        }
        match self.known_server(context, tokens).await? {
            Some(resolved) => resolved.delete_client().await,
            None => Ok(false),
        }
    }

    async fn introspect(&self, context: &Context, tokens: &TokenSet) -> Result<Introspection> {
        let resolved = self.resolve_for_session(context, Some(tokens)).await?;
        introspection::introspect(resolved.call(), tokens).await
    }

    async fn user_info(&self, context: &Context, tokens: &TokenSet) -> Result<Option<UserInfo>> {
        let resolved = self.resolve_for_session(context, Some(tokens)).await?;
        user_info::ask(resolved.call(), tokens).await
    }

    async fn logout_url(
        &self,
        context: &Context,
        last: Option<&TokenSet>,
        post_logout_redirect_uri: Option<&str>,
    ) -> Result<Url> {
        let resolved = self.resolve_for_session(context, last).await?;
        logout::url(resolved.call(), last, post_logout_redirect_uri).await
    }

    async fn open_logout(&self, context: &Context, url: &Url, login: &Login) -> Result<()> {
        logout::open(self.call(context), url, login).await
    }
}
