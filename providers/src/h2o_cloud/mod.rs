//! Provider `h2o_cloud`: tokens for the services of an H2O AI Cloud, by the refresh token of one of its clients.
//!
//! - [`place`]: the address of the discovery service
//! - [`discovery`]: what the service says of the environment, its clients and its services
//! - [`found`]: what is looked for in variables and in [`cli_file`], the file of H2O's command line

mod cli_file;
mod discovery;
mod found;
mod place;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use authn::{
    Context, Error, InteractiveSource, Introspection, Issued, Login, Probe, Result, SecretString,
    SessionPolicy, TokenSet, TokenSource,
    provider::{Applies, Touched},
    time::Moment,
};

pub use discovery::{H2oDiscovery, H2oService};
use found::{Found, Lookup};
use place::Place;

use crate::{
    client_auth::Client,
    token_endpoint::{
        self, Address, Advice, Discovery, Endpoint, Failure, Form, GrantAdvice, Proof, Received,
        TokenRequest, TokenResponse, ask_for_metadata, unavailable, with,
    },
};

/// How long an answer of the discovery service is used: as long as the metadata of an authorization server.
const LIFETIME: Duration = Duration::from_hours(1);

/// What a session keeps: the issuer and the client that it is of, and what the discovery was asked for.
const OWNER: &str = "owner";
const ASKED: &str = "asked";

/// Parameters of the token request that the provider sets itself, or that would authenticate another client.
const OWN_PARAMETERS: [&str; 7] = [
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "grant_type",
    "refresh_token",
    "scope",
];

const ADVICE: GrantAdvice<'static> = GrantAdvice {
    meaning: "the refresh token has expired, was revoked, or was used elsewhere",
    help: "get a new token from the environment, and set the variable or run `h2o config setup`",
    login_helps: true,
    guess: Some("the refresh token may have expired or been revoked"),
};

/// Gets tokens for the services of an H2O AI Cloud, whose addresses are discovered.
///
/// The environment's discovery service names the authorization server, the client and the services. Its address comes from
/// `environment` or `discovery_address`, else from the variables `H2O_CLOUD_DISCOVERY` or `H2O_CLOUD_ENVIRONMENT`, else from
/// the `Endpoint` of the file of H2O's command line.
///
/// The refresh token of the client is `refresh_token`, else the variable `H2O_CLOUD_CLIENT_<NAME>_TOKEN` with the client's
/// name in upper case, else that of the client in the file. The file's tokens are used only if its `Endpoint` has the origin of
/// the environment, or of the discovery service. If the server replaces the refresh token, the new one is stored and used.
///
/// Without a configured `domain` or `origins`, requests are authorised for the origins of the services that the discovery
/// names. These are known once a token was requested, and are stored with it.
///
/// ```
/// use authn::{Environment, Loader};
/// use authn_providers as _;
///
/// let environment = Environment::empty().variable("H2O_CLOUD_CLIENT_PLATFORM_TOKEN", "abc");
/// let credentials = Loader::new()
///     .environment(environment)
///     .defaults("[credentials.h2o_cloud]\nenvironment = 'https://cloud.example.com'\nstore = 'memory'")
///     .load()?;
/// assert!(credentials.origins().is_empty(), "nothing is discovered while the configuration is loaded");
/// # Ok::<(), authn::Error>(())
/// ```
///
/// A program that already has a discovery passes it to the builder:
///
/// ```no_run
/// use authn_providers::{H2oCloud, H2oDiscovery};
///
/// # async fn example(refresh_token: String) -> Result<(), Box<dyn std::error::Error>> {
/// let discovery = H2oDiscovery::discover(None).await?;
/// let credentials =
///     H2oCloud::builder().discovery(&discovery).refresh_token(refresh_token).build()?;
/// let client = authn::reqwest::Client::new(credentials)?;
/// let service = discovery.service("mlops-api").ok_or("there is no such service")?;
/// let response = client.get(service.uri()).send().await?;
/// # let _ = response;
/// # Ok(()) }
/// ```
#[authn::token_provider("h2o_cloud", cached, login)]
pub struct H2oCloud {
    /// Address of the environment, such as `https://cloud.h2o.ai`.
    #[needed]
    environment: Option<Address>,
    /// Address of the environment's discovery service, in place of `environment`.
    discovery_address: Option<Address>,
    /// What the discovery service says, for a program that already has it, in place of `environment`. As a table it has
    /// `issuer_url`, the identifiers of the `clients` by their names, and the `services`, each with its `uri`.
    discovery: Option<H2oDiscovery>,
    /// Name of the client.
    #[default("platform".to_owned())]
    client: String,
    /// Secret of the client, if it has one.
    _client_secret: Option<SecretString>,
    /// First refresh token of the client. If the server replaces it, the new one is stored and used.
    _refresh_token: Option<SecretString>,
    /// Scopes to request. Unset, none are, and tokens have the scopes that the refresh token was issued for.
    #[default(Vec::new())]
    scope: Vec<String>,
    /// Path of the file of H2O's command line. Unset, it is in the variable `H2OCONFIG`, or else
    /// `~/.h2oai/h2o-cli-config.toml`, if that exists. The rules for files of secrets apply.
    config_file: Option<PathBuf>,
    __found: OnceLock<(Lookup, SecretString)>,
    __discovered: Mutex<Option<Discovered>>,
}

/// What was discovered, and until when it is used.
#[derive(Clone)]
struct Discovered {
    place: Option<Place>,
    environment: Arc<H2oDiscovery>,
    /// Whether the services were asked for.
    has_services: bool,
    metadata: Arc<Discovery>,
    until: Moment,
}

/// The client at the authorization server, as it was discovered.
struct Registered {
    discovered: Discovered,
    issuer: Address,
    client_id: String,
}

impl Registered {
    /// Returns whose sessions they are: the issuer's and the client's.
    fn owner(&self) -> String {
        format!("{}\n{}", self.issuer.as_str(), self.client_id)
    }
}

impl H2oCloud {
    /// Returns what was found in variables and in the file, as it was resolved last.
    fn found(&self) -> Found {
        self.__found.get().map(|(lookup, _)| lookup.found()).unwrap_or_default()
    }

    /// Returns where the options say that the discovery service is; `None` if they have what it says, or say nothing.
    fn place(&self) -> Result<Option<Place>> {
        match (&self.environment, &self.discovery_address, &self.discovery) {
            (Some(environment), None, None) => {
                Place::of_environment(environment.as_str(), "`environment`").map(Some)
            }
            (None, Some(address), None) => {
                Place::at(address.as_str(), "`discovery_address`").map(Some)
            }
            (None, None, _) => Ok(None),
            _ => Err(Error::configuration(
                "more than one of `environment`, `discovery_address` and `discovery` is set",
            )
            .with_help("keep one of them")),
        }
    }

    /// Returns what the discovery is asked for: where, or the issuer that the options name, and the client's name. A stored
    /// access token that was issued for the same needs no discovery.
    fn asked(&self, found: &Found) -> String {
        let issuer = self.discovery.as_ref().map(H2oDiscovery::issuer_url);
        let place = found.place.as_ref().map(Place::as_str).or(issuer).unwrap_or_default();
        format!("{place}\n{}", self.client)
    }

    /// Returns what the discovery service says. It is asked at most once an hour.
    async fn discovered(&self, found: &Found, context: &Context) -> Result<Discovered> {
        let now = context.clock().now();
        let needs_services = context.origins().is_empty();
        let place = &found.place;
        let known = self.__discovered.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_usable = |known: &Discovered| {
            !known.until.reached(now)
                && known.place == *place
                && (known.has_services || !needs_services)
        };
        if let Some(known) = known.filter(is_usable) {
            return Ok(known);
        }
        let environment = match (place, &self.discovery) {
            (Some(place), _) => H2oDiscovery::ask(place, needs_services, context).await?,
            (None, Some(given)) => given.clone(),
            (None, None) => return Err(place::unknown()),
        };
        let discovered = Discovered {
            place: place.clone(),
            environment: Arc::new(environment),
            has_services: needs_services,
            metadata: Arc::default(),
            until: now.plus(LIFETIME),
        };
        *self.__discovered.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(discovered.clone());
        Ok(discovered)
    }

    /// Discovers the client at its authorization server.
    async fn registered(&self, found: &Found, context: &Context) -> Result<Registered> {
        let discovered = self.discovered(found, context).await?;
        let environment = &discovered.environment;
        let client_id = environment.client_id(&self.client).filter(|id| !id.is_empty());
        let client_id = client_id.ok_or_else(|| environment.no_client())?.to_owned();
        let issuer = environment.issuer()?;
        Ok(Registered { discovered, issuer, client_id })
    }

    /// Returns the first refresh token of the client.
    fn first<'a>(&'a self, found: &'a Found, registered: &Registered) -> Result<&'a SecretString> {
        if let Some(configured) = &self._refresh_token {
            return Ok(configured);
        }
        let first = found.first()?.ok_or_else(|| {
            Error::internal("the refresh token was not looked for").with_help("report it")
        })?;
        found.check_client(&self.client, &registered.client_id)?;
        Ok(first)
    }

    /// Returns whether a session is of this client at this server. One that says nothing is the program's own, and belongs to
    /// no first refresh token.
    fn is_of(&self, owner: Option<&SecretString>, expected: &str, found: &Found) -> bool {
        match owner {
            Some(owner) => *owner.expose() == *expected,
            None => self._refresh_token.is_none() && found.first().is_err(),
        }
    }

    /// Sends a request of the client to an endpoint of the authorization server.
    async fn send(
        &self,
        registered: &Registered,
        endpoint: Endpoint,
        form: Form,
        context: &Context,
    ) -> Result<TokenResponse> {
        let Registered { discovered, issuer, client_id } = registered;
        let metadata = &discovered.metadata;
        let address = metadata.endpoint(issuer, issuer.as_str(), endpoint, context).await?;
        let mut request = TokenRequest::new(endpoint, address.url(), form);
        let client = Client::with_secret(client_id, self._client_secret.as_ref());
        client.authenticate(&mut request, issuer.as_str(), context).await?;
        Ok(TokenResponse::from(request.send(context).await?))
    }

    /// Sends a token of a session to an endpoint of the server that the session is of. `hint` is the token's type (RFC
    /// 7009, 2.1; RFC 7662, 2.1).
    async fn ask_about(
        &self,
        tokens: &TokenSet,
        endpoint: Endpoint,
        token: &str,
        hint: &str,
        context: &Context,
    ) -> Result<TokenResponse> {
        let found = self.found();
        let registered = self.registered(&found, context).await?;
        if !self.is_of(tokens.kept(OWNER), &registered.owner(), &found) {
            return Err(Error::configuration("the session is of another authorization server")
                .with_help("check `environment`, or get a token from this one first"));
        }
        let mut form = Form::default();
        form.add("token", token);
        form.add("token_type_hint", hint);
        self.send(&registered, endpoint, form, context).await
    }

    async fn revoke_token(
        &self,
        tokens: &TokenSet,
        token: &str,
        hint: &str,
        context: &Context,
    ) -> Result<()> {
        let response = self.ask_about(tokens, Endpoint::Revocation, token, hint, context).await?;
        let grant =
            about("check `client`: only the client that the token was issued to can revoke it");
        token_endpoint::accepted(&Received::from(&response), &advice(grant))
    }

    async fn exchange(
        &self,
        registered: &Registered,
        refresh_token: &SecretString,
        context: &Context,
    ) -> Result<TokenSet, Failure> {
        let mut form = Form::of_refresh_token(refresh_token);
        let scopes = if context.scopes().is_empty() { &self.scope } else { context.scopes() };
        form.add_unless_empty("scope", &scopes.join(" "));
        form.add_of_call(context, &OWN_PARAMETERS)?;
        let response = self.send(registered, Endpoint::Token, form, context).await?;
        let granted =
            token_endpoint::grant(&Received::from(&response), &advice(ADVICE), None, Proof::None)?;
        let granted = with(granted, response.date(), TokenSet::with_server_date);
        Ok(if context.origins().is_empty() {
            granted.with_origins(registered.discovered.environment.origins())
        } else {
            granted
        })
    }
}

/// Returns the advice for a request about a token.
fn about(help: &str) -> GrantAdvice<'_> {
    GrantAdvice { meaning: "", help, login_helps: false, guess: None }
}

fn advice(grant: GrantAdvice<'_>) -> Advice<'_> {
    Advice {
        client: "check `client` and `client_secret`, and that the refresh token is the client's",
        grant,
    }
}

impl TokenSource for H2oCloud {
    fn validate(&self, context: &Context) -> Result<()> {
        if self.client.is_empty() || self.client.contains('/') {
            return Err(Error::configuration("`client` is not the name of a client")
                .with_help("write the name without `clients/`, such as `platform`"));
        }
        if let Some(discovery) = &self.discovery {
            authn::http::check(discovery.issuer()?.url(), false)?;
        }
        let lookup = Lookup::new(self, context.environment())?;
        let secret = SecretString::found(context.key(), lookup.clone())?;
        self.__found.get_or_init(|| (lookup, secret));
        Ok(())
    }

    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        let found = self.found();
        let registered = self.registered(&found, context).await?;
        let owner = registered.owner();
        // What another issuer has sent is of no use here, and none of its business.
        let is_own = last.is_none_or(|last| self.is_of(last.kept(OWNER), &owner, &found));
        let refresh_token = match last.filter(|_| is_own).and_then(TokenSet::refresh_token) {
            Some(last) => last,
            None => self.first(&found, &registered)?,
        };
        let tokens = self.exchange(&registered, refresh_token, context).await;
        let tokens = tokens.or_else(Failure::keeping_session).map_err(|error| {
            // That of the other issuer goes on.
            if is_own { error } else { error.keeping_session() }
        })?;
        let tokens = if is_own { tokens } else { tokens.with_new_session() };
        Ok(tokens
            .with_signing_secret(OWNER, owner.into())
            .with_signing_secret(ASKED, self.asked(&found).into()))
    }

    fn is_own(&self, issued: &Issued) -> bool {
        let found = self.found();
        self.is_of(issued.kept(ASKED), &self.asked(&found), &found)
    }

    fn applies(&self, context: &Context) -> Applies {
        // The file is read anew: nothing is sent.
        let found = Lookup::new(self, context.environment()).and_then(|lookup| lookup.look());
        match found.and_then(|found| found.first().map(drop)) {
            Err(error) if error.is_not_applicable() => Applies::No(error),
            // What fails is not passed over.
            _ => Applies::Yes,
        }
    }

    fn touches(&self, context: &Context) -> Vec<Touched> {
        let Ok(lookup) = Lookup::new(self, context.environment()) else { return Vec::new() };
        let place = lookup.look().ok().and_then(|found| found.place);
        let server = place.map(|place| Touched::Server(place.origin()));
        lookup.touches().chain(server).collect()
    }

    fn is_oauth_client(&self) -> bool {
        true
    }

    fn discovers_origins(&self) -> bool {
        true
    }

    fn found_secret(&self) -> Option<&SecretString> {
        self.__found.get().map(|(_, secret)| secret)
    }
}

impl InteractiveSource for H2oCloud {
    /// The user logs in at the environment, or with H2O's command line.
    async fn login(&self, _context: &Context, _login: &Login) -> Result<Option<TokenSet>> {
        Ok(None)
    }

    fn needs_login(&self) -> bool {
        false
    }

    /// A session is of the refresh token that started it, wherever that was found and however its server was. It says itself
    /// whose it is.
    fn server_options(&self) -> &'static [&'static str] {
        &["environment", "discovery_address", "discovery", "client", "config_file"]
    }

    fn session(&self) -> SessionPolicy<'_> {
        match (&self._refresh_token, self.__found.get()) {
            (Some(configured), _) => SessionPolicy::From(configured),
            (None, Some((lookup, secret))) if lookup.found().first().is_ok() => {
                SessionPolicy::From(secret)
            }
            (None, Some((_, place))) => SessionPolicy::Of(place),
            (None, None) => SessionPolicy::Begun,
        }
    }

    async fn revoke(&self, context: &Context, tokens: &TokenSet) -> Result<()> {
        let found = self.found();
        let refresh_token = match tokens.refresh_token() {
            Some(refresh_token) => Some(refresh_token),
            // A server that does not replace refresh tokens sends none.
            None => self._refresh_token.as_ref().or(found.first().ok().flatten()),
        };
        match refresh_token {
            Some(token) => {
                self.revoke_token(tokens, &token.expose(), "refresh_token", context).await
            }
            None => self.revoke_access_token(context, tokens).await.map(drop),
        }
    }

    async fn revoke_access_token(&self, context: &Context, tokens: &TokenSet) -> Result<bool> {
        let token = tokens.token().secret();
        self.revoke_token(tokens, token, "access_token", context).await.map(|()| true)
    }

    async fn introspect(&self, context: &Context, tokens: &TokenSet) -> Result<Introspection> {
        let (endpoint, token) = (Endpoint::Introspection, tokens.token().secret());
        let response = self.ask_about(tokens, endpoint, token, "access_token", context).await?;
        let grant = about("allow the client to introspect tokens at the server");
        Ok(token_endpoint::introspection(&Received::from(&response), &advice(grant))?)
    }

    async fn probe(&self, context: &Context) -> Result<Option<Probe>> {
        let discovered = self.discovered(&self.found(), context).await?;
        let response = ask_for_metadata(&discovered.environment.issuer()?, context).await?;
        if response.status().is_server_error() {
            return Err(unavailable(&response));
        }
        Ok(Some(Probe::new(response.place(), response.date())))
    }
}
