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
    Context, Error, InteractiveSource, Login, Probe, Result, SecretString, SessionPolicy, TokenSet,
    TokenSource, time::Moment,
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
/// name in upper case, else that of the client in the file, if the file's `Endpoint` is this environment. If the server
/// replaces it, the new one is stored and used.
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
    __found: OnceLock<SecretString>,
    __discovered: Mutex<Option<Discovered>>,
}

/// What was discovered, and until when it is used.
#[derive(Clone)]
struct Discovered {
    place: Place,
    environment: Arc<H2oDiscovery>,
    /// Whether the services were asked for.
    has_services: bool,
    metadata: Arc<Discovery>,
    until: Moment,
}

impl H2oCloud {
    /// Returns what was found in variables and in the file, as it was resolved last.
    fn found(&self) -> Result<Found> {
        self.__found.get().map_or_else(|| Ok(Found::default()), Found::read)
    }

    /// Returns where the discovery service is; `None` if the options have what it says.
    fn place(&self, found: &Found) -> Result<Option<Place>> {
        match (&self.environment, &self.discovery_address, &self.discovery) {
            (Some(environment), None, None) => {
                Place::of_environment(environment.as_str(), "`environment`").map(Some)
            }
            (None, Some(address), None) => {
                Place::at(address.as_str(), "`discovery_address`").map(Some)
            }
            (None, None, Some(_)) => Ok(None),
            (None, None, None) => found.place().map(Some),
            _ => Err(Error::configuration(
                "more than one of `environment`, `discovery_address` and `discovery` is set",
            )
            .with_help("keep one of them")),
        }
    }

    /// Returns what the discovery service says. It is asked at most once an hour.
    async fn discovered(&self, found: &Found, context: &Context) -> Result<Discovered> {
        let now = context.clock().now();
        let needs_services = context.origins().is_empty();
        let place = self.place(found)?;
        let known = self.__discovered.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_usable = |known: &Discovered| {
            !known.until.reached(now)
                && Some(&known.place) == place.as_ref()
                && (known.has_services || !needs_services)
        };
        if let Some(known) = known.filter(is_usable) {
            return Ok(known);
        }
        let environment = match (&place, &self.discovery) {
            (Some(place), _) => H2oDiscovery::ask(place, needs_services, context).await?,
            (None, Some(given)) => given.clone(),
            (None, None) => return Err(place::unknown()),
        };
        let discovered = Discovered {
            place: place.unwrap_or_default(),
            environment: Arc::new(environment),
            has_services: needs_services,
            metadata: Arc::default(),
            until: now.plus(LIFETIME),
        };
        *self.__discovered.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(discovered.clone());
        Ok(discovered)
    }

    /// Returns the refresh token of the client: that of the last exchange, or else the first one.
    fn refresh_token(
        &self,
        last: Option<&TokenSet>,
        found: &Found,
        discovered: &Discovered,
        client_id: &str,
    ) -> Result<SecretString> {
        let last = last.and_then(TokenSet::refresh_token).or(self._refresh_token.as_ref());
        if let Some(refresh_token) = last {
            return Ok(refresh_token.clone());
        }
        // An environment that was asked for itself decides, and not what an answer says.
        let named = discovered.environment.environment();
        let environment = discovered.place.environment().or(named);
        found.token_of(client_id, environment).ok_or_else(|| {
            let variable = found::variable(&self.client);
            Error::not_applicable(format!(
                "there is no refresh token of the client: neither the variable {variable} nor the file of H2O's command line has one for this environment"
            ))
            .with_help(format!("set {variable}, or run `h2o config setup`"))
        })
    }

    async fn exchange(
        &self,
        context: &Context,
        last: Option<&TokenSet>,
    ) -> Result<TokenSet, Failure> {
        let found = self.found()?;
        let discovered = self.discovered(&found, context).await?;
        let environment = &discovered.environment;
        let client_id = environment.client_id(&self.client).ok_or_else(|| {
            Error::configuration("the environment has no client of this name")
                .with_help("set `client` to one that its discovery service lists at `v1/clients`")
        })?;
        let refresh_token = self.refresh_token(last, &found, &discovered, client_id)?;
        let issuer = environment.issuer()?;
        let metadata = &discovered.metadata;
        let endpoint =
            metadata.endpoint(&issuer, issuer.as_str(), Endpoint::Token, context).await?;

        let mut form = Form::of_refresh_token(&refresh_token);
        let scopes = if context.scopes().is_empty() { &self.scope } else { context.scopes() };
        form.add_unless_empty("scope", &scopes.join(" "));
        form.add_of_call(context, &OWN_PARAMETERS)?;
        let mut request = TokenRequest::new(Endpoint::Token, endpoint.url(), form);
        let client = Client::with_secret(client_id, self._client_secret.as_ref());
        client.authenticate(&mut request, issuer.as_str(), context).await?;
        let response = TokenResponse::from(request.send(context).await?);
        let advice = Advice {
            client: "check `client` and `client_secret`, and that the refresh token is the client's",
            grant: ADVICE,
        };
        let granted =
            token_endpoint::grant(&Received::from(&response), &advice, None, Proof::None)?;
        let granted = with(granted, response.date(), TokenSet::with_server_date);
        Ok(if context.origins().is_empty() {
            granted.with_origins(environment.origins())
        } else {
            granted
        })
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
        let found = SecretString::found(context.key(), lookup)?;
        self.place(&Found::read(&found)?)?;
        self.__found.get_or_init(|| found);
        Ok(())
    }

    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        self.exchange(context, last).await.or_else(Failure::keeping_session)
    }

    fn is_oauth_client(&self) -> bool {
        true
    }

    fn discovers_origins(&self) -> bool {
        true
    }

    fn found_secret(&self) -> Option<&SecretString> {
        self.__found.get()
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

    /// A session is of the tokens in the file, wherever that is.
    fn login_options(&self) -> &'static [&'static str] {
        &["config_file"]
    }

    fn session(&self) -> SessionPolicy<'_> {
        match (&self._refresh_token, self.__found.get()) {
            (Some(configured), _) => SessionPolicy::From(configured),
            (None, Some(found)) => SessionPolicy::Of(found),
            (None, None) => SessionPolicy::Begun,
        }
    }

    async fn probe(&self, context: &Context) -> Result<Option<Probe>> {
        let discovered = self.discovered(&self.found()?, context).await?;
        let response = ask_for_metadata(&discovered.environment.issuer()?, context).await?;
        if response.status().is_server_error() {
            return Err(unavailable(&response));
        }
        Ok(Some(Probe::new(response.place(), response.date())))
    }
}
