//! Provider `oauth`: tokens from an OAuth 2 authorization server (RFC 6749).
//!
//! - [`server`]: which server is meant, and where its endpoints are
//! - [`grants`]: what is exchanged, one file a grant
//! - [`login`]: by which way a user logs in
//! - [`id_token`]: whom it says that a token is of

mod browser;
mod grants;
pub(crate) mod id_token;
mod login;
#[cfg(test)]
mod loopback;
mod revocation;
#[cfg(test)]
mod sent;
mod server;
#[cfg(test)]
mod tests;
mod typed_client;

use std::{collections::BTreeMap, time::Duration};

use authn::{
    Claims, Context, Error, Grant, Login, Probe, Result, SecretString, Session, TokenSource,
    http::HttpResponse,
};

use grants::GrantType;
use id_token::Keys;
use server::Server;
use typed_client::Missing;

use crate::{
    client_auth::{BasicEncoding, Client, Method},
    jws::Algorithm,
    token_endpoint::{
        self, Address, Advice, AnyAddress, Discovery, Endpoint, Failure, Members, Received,
    },
};

/// Gets tokens from an OAuth 2 authorization server (RFC 6749).
///
/// The server is named by exactly one of `issuer_url`, `token_endpoint_url` and `keycloak_url`. The grant and
/// the way the client authenticates follow from what is configured, and options that these do not use are
/// refused.
///
/// For the grants `authorization_code` and `device_code` somebody logs in: by a browser on this machine, which
/// comes back to it; by one elsewhere, whose last address is pasted; or by a code that is typed in on any device.
/// A pasted address is checked like one that the browser brings. Of a code that is pasted alone nobody can tell
/// which login it is of; the server gives tokens for it only to the program that began that login (RFC 7636).
#[authn::token_provider("oauth", cached)]
pub struct OAuth {
    /// Issuer, exactly as the server names itself; its endpoints are discovered (RFC 8414, OpenID Connect
    /// Discovery).
    issuer_url: Option<Address>,
    /// Token endpoint, where nothing is to be discovered.
    token_endpoint_url: Option<Address>,
    /// Address of a Keycloak server, with `realm` in place of `issuer_url`.
    keycloak_url: Option<Address>,
    /// Realm at the Keycloak server.
    realm: Option<String>,
    /// How the server names itself, where that is not `issuer_url` or nothing is discovered.
    issuer: Option<String>,
    /// Authorization endpoint (RFC 6749, 3.1), where it is not to be discovered.
    authorization_endpoint_url: Option<Address>,
    /// Device authorization endpoint (RFC 8628), where it is not to be discovered.
    device_authorization_endpoint_url: Option<Address>,
    /// Revocation endpoint (RFC 7009), where it is not to be discovered.
    revocation_endpoint_url: Option<Address>,
    /// Where the keys are that the server signs ID tokens with (RFC 7517), where it is not to be discovered.
    jwks_url: Option<Address>,
    /// What is exchanged for tokens (RFC 6749, 1.3). Unless set, `refresh_token` where there is one, else
    /// `client_credentials` where there is a client secret or a private key, else `authorization_code`.
    grant_type: Option<GrantType>,
    /// Client's identifier at the server.
    client_id: Option<String>,
    /// Client's secret.
    _client_secret: Option<SecretString>,
    /// How the client authenticates. Unless set, `client_secret_basic` with a secret, `private_key_jwt` with a
    /// private key, else `none`.
    token_endpoint_auth_method: Option<Method>,
    /// How identifier and secret are encoded for `client_secret_basic`: `form` as RFC 6749, 2.3.1 asks, or
    /// `raw` for servers that do not decode them.
    #[default(BasicEncoding::Form)]
    basic_encoding: BasicEncoding,
    /// Client's private key for `private_key_jwt`: PEM (PKCS#8, PKCS#1 or SEC1, without a passphrase), or a
    /// JWK. RSA of 2048 to 8192 bits, P-256, P-384 and Ed25519 serve.
    _private_key: Option<SecretString>,
    /// Identifier of the private key at the server; unless set, a JWK's own `kid`.
    key_id: Option<String>,
    /// How assertions are signed. Unless set, a JWK's own `alg`, else by the key's type: `RS256`, `ES256`,
    /// `ES384` or `EdDSA`; `HS256` for `client_secret_jwt`.
    algorithm: Option<Algorithm>,
    /// Whom the client's assertions are for. Unless set, the issuer if it is known, else the token endpoint.
    assertion_audience: Option<String>,
    /// Refresh token to begin with, for the grant `refresh_token`. If the server replaces it, its new one is
    /// kept and used.
    _refresh_token: Option<SecretString>,
    /// User's name, for the grant `password`.
    username: Option<String>,
    /// User's password, for the grant `password`.
    _password: Option<SecretString>,
    /// Page where a client is registered. A login shows it to whoever is asked for the client's identifier or
    /// secret, which are typed in where the grant is `client_credentials` by name and they are not configured;
    /// elsewhere it is not used.
    registration_page_url: Option<Address>,
    /// Port on which a login waits for the browser to come back; 0 is any free one.
    #[default(0)]
    redirect_port: u16,
    /// Path at which a login waits for the browser to come back.
    #[default(DEFAULT_PATH.to_owned())]
    redirect_path: String,
    /// Where the browser comes back to, for a server that compares it to the letter; in place of `redirect_port`
    /// and `redirect_path`. On this machine it is `http` to `127.0.0.1`, `[::1]` or `localhost`, with a port, of
    /// which 0 is any free one. What is elsewhere serves only where the address is pasted.
    redirect_uri: Option<AnyAddress>,
    /// What the server is to ask of whoever logs in, as `login`, `consent` or `select_account` (OpenID Connect
    /// Core, 3.1.2.1).
    prompt: Option<String>,
    /// Who is about to log in, so that the server needs not ask (OpenID Connect Core, 3.1.2.1).
    login_hint: Option<String>,
    /// Command that starts a browser, program and arguments. The address takes the place of `%s` or comes last.
    /// Unless set, `BROWSER`, else the desktop's own browser.
    browser: Option<Vec<String>>,
    /// How long a login waits for whoever logs in. A code that is typed in elsewhere may expire earlier.
    #[default(DEFAULT_LOGIN_TIMEOUT)]
    login_timeout: Duration,
    /// Scopes to ask for; the server's default where there is none, or those of the refresh token.
    #[default(Vec::new())]
    scope: Vec<String>,
    /// Audience to ask for, where a server wants it.
    audience: Option<String>,
    /// Resources that the token is for (RFC 8707).
    #[default(Vec::new())]
    resource: Vec<String>,
    /// Further members of every token request, and of the request by which somebody logs in. They are shown: a
    /// secret does not belong here.
    #[default(BTreeMap::new())]
    parameters: BTreeMap<String, String>,
    __discovery: Discovery,
    __keys: Keys,
}

const DEFAULT_PATH: &str = "/callback";
const DEFAULT_LOGIN_TIMEOUT: Duration = Duration::from_mins(5);

/// Members of requests to the server that the provider sets itself, or that would change what it comes back with.
const OWN_MEMBERS: [&str; 25] = [
    "audience",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "device_code",
    "grant_type",
    "login_hint",
    "nonce",
    "password",
    "prompt",
    "redirect_uri",
    "refresh_token",
    "request",
    "request_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "username",
];

/// Options that only say how a user logs in.
const LOGIN_OPTIONS: [&str; 8] = [
    "browser",
    "login_hint",
    "login_timeout",
    "prompt",
    "redirect_path",
    "redirect_port",
    "redirect_uri",
    "registration_page_url",
];

/// What a grant says of its refusal.
#[derive(Clone, Copy)]
struct Refused<'a> {
    /// What to do about it.
    advice: &'a str,
    /// Whether a new login can help.
    login_helps: bool,
}

impl OAuth {
    fn server(&self) -> Server<'_> {
        Server {
            issuer_url: self.issuer_url.as_ref(),
            token_endpoint_url: self.token_endpoint_url.as_ref(),
            keycloak_url: self.keycloak_url.as_ref(),
            realm: self.realm.as_deref(),
            issuer: self.issuer.as_deref(),
            authorization_endpoint_url: self.authorization_endpoint_url.as_ref(),
            device_authorization_endpoint_url: self.device_authorization_endpoint_url.as_ref(),
            revocation_endpoint_url: self.revocation_endpoint_url.as_ref(),
            registration_page_url: self.registration_page_url.as_ref(),
            jwks_url: self.jwks_url.as_ref(),
            discovery: &self.__discovery,
        }
    }

    fn client(&self) -> Client<'_> {
        Client {
            id: self.client_id.as_deref().unwrap_or_default(),
            secret: self._client_secret.as_ref(),
            private_key: self._private_key.as_ref(),
            method: self.token_endpoint_auth_method,
            basic_encoding: self.basic_encoding,
            key_id: self.key_id.as_deref(),
            algorithm: self.algorithm,
            assertion_audience: self.assertion_audience.as_deref(),
        }
    }

    /// Returns the caller's scopes, else the configured ones.
    fn scopes<'a>(&'a self, context: &'a Context) -> &'a [String] {
        if context.scopes().is_empty() { &self.scope } else { context.scopes() }
    }

    /// Makes one token request: the grant's members, what is asked for, and the client's authentication.
    async fn exchange(
        &self,
        client: &Client<'_>,
        mut members: Members,
        scopes: &[String],
        refused: Refused<'_>,
        context: &Context,
    ) -> Result<Grant, Failure> {
        self.ask_for(&mut members, scopes);
        self.redeem(client, members, refused, context).await
    }

    /// Adds what is asked for: scopes, audience, resources, and whatever else is configured.
    fn ask_for(&self, members: &mut Members, scopes: &[String]) {
        members.add_unless_empty("scope", &scopes.join(" "));
        members.add_unless_empty("audience", self.audience.as_deref().unwrap_or_default());
        self.ask_for_resource(members);
    }

    /// Adds what a token request has that redeems what was asked for before: the resources may be fewer, so
    /// they are named again (RFC 8707, 2.2).
    fn ask_for_resource(&self, members: &mut Members) {
        for resource in &self.resource {
            members.add("resource", resource);
        }
        for (name, value) in &self.parameters {
            members.add(name, value);
        }
    }

    /// Makes one token request of these members and the client's authentication.
    async fn redeem(
        &self,
        client: &Client<'_>,
        members: Members,
        refused: Refused<'_>,
        context: &Context,
    ) -> Result<Grant, Failure> {
        let (response, advice) =
            self.post(Endpoint::Token, client, members, refused, context).await?;
        let grant = token_endpoint::grant(&Received::from(&response), &advice)?;
        Ok(match response.date() {
            Some(date) => grant.with_server_date(date),
            None => grant,
        })
    }

    /// Sends a form to the authorization server, with the client's authentication. Returns the answer, and what to
    /// say if it is a refusal.
    async fn post<'a>(
        &self,
        endpoint: Endpoint,
        client: &Client<'_>,
        members: Members,
        refused: Refused<'a>,
        context: &Context,
    ) -> Result<(HttpResponse, Advice<'a>)> {
        let server = self.server();
        let endpoint = server.endpoint(endpoint, context).await?;
        let request = context.http().post(endpoint.url());
        let request = client.authenticate(request, members, &server.audience()?, context)?;
        let Refused { advice, login_helps } = refused;
        let advice = Advice { client: client.advice(), grant: advice, login_helps };
        Ok((request.send().await?, advice))
    }
}

impl TokenSource for OAuth {
    fn validate(&self, _context: &Context) -> Result<()> {
        self.server().validate()?;
        match Missing::of(self) {
            Some(missing) => missing.validate(self)?,
            None => self.client().validate()?,
        }
        GrantType::of(self).validate(self)?;
        if let Some(name) = OWN_MEMBERS.iter().find(|name| self.parameters.contains_key(**name)) {
            return Err(Error::configuration(format!(
                "`parameters` must not hold `{name}`, which the provider sets itself; remove it"
            )));
        }
        Ok(())
    }

    async fn request_token(&self, context: &Context, last: Option<&Grant>) -> Result<Grant> {
        GrantType::of(self).exchange(self, context, last).await
    }

    /// For a user's password the user, for a client's own credentials the client.
    fn identity(&self, _context: &Context) -> Option<String> {
        match GrantType::of(self) {
            GrantType::ClientCredentials => self.client_id.clone(),
            GrantType::Password => self.username.clone(),
            GrantType::RefreshToken | GrantType::AuthorizationCode | GrantType::DeviceCode => None,
        }
    }

    fn session(&self) -> Session<'_> {
        GrantType::of(self).session(self)
    }

    fn login_options(&self) -> &'static [&'static str] {
        &LOGIN_OPTIONS
    }

    async fn login(&self, context: &Context, login: &Login) -> Result<Option<Grant>> {
        login::login(self, context, login).await
    }

    /// What a client's own credentials lack is typed in once.
    fn needs_login(&self) -> bool {
        GrantType::of(self).is_login() || Missing::of(self).is_some()
    }

    async fn identify(&self, context: &Context, grant: &Grant) -> Result<Option<Claims>> {
        login::identify(self, context, grant).await
    }

    async fn probe(&self, context: &Context) -> Result<Option<Probe>> {
        self.server().probe(context).await.map(Some)
    }

    async fn revoke(&self, context: &Context, grant: &Grant) -> Result<()> {
        revocation::revoke(self, context, grant).await
    }
}
