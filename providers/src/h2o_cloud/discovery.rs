//! `H2oDiscovery`: what the discovery service of an environment says. Its answers are JSON, and lists come in pages.

use std::collections::BTreeMap;

use authn::{
    Context, Environment, Error, Origins, Result, Show, Url, View,
    http::{HttpResponse, StatusCode},
    options::OptionValue,
    private::sorted,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    found::Lookup,
    place::{self, Place},
};
use crate::token_endpoint::Address;

/// Most pages of a list, and most entries. A service that has more is not an environment's.
const MOST_PAGES: usize = 100;
const MOST_ENTRIES: usize = 1000;
/// Most names that an error shows.
const MOST_SHOWN: usize = 20;

/// What the discovery service of an H2O AI Cloud says: the authorization server, the clients and the services.
///
/// ```no_run
/// use authn_providers::H2oDiscovery;
///
/// # async fn example() -> authn::Result<()> {
/// let discovery = H2oDiscovery::discover(Some("https://cloud.example.com")).await?;
/// for (name, service) in discovery.services() {
///     println!("{name}: {} with {:?}", service.uri(), service.scope());
/// }
/// println!("{} {:?}", discovery.issuer_url(), discovery.client_id("platform"));
/// # Ok(()) }
///
/// // In a program without a runtime, and with the environment that a variable names:
/// # fn other() -> authn::Result<()> {
/// let discovery = H2oDiscovery::discover_blocking(None)?;
/// println!("{:?} {:?}", discovery.environment(), discovery.platform_scope());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct H2oDiscovery {
    environment: Option<String>,
    issuer_url: String,
    platform_scope: Option<String>,
    #[serde(default)]
    clients: BTreeMap<String, String>,
    #[serde(default)]
    services: BTreeMap<String, H2oService>,
}

/// A service of an environment.
///
/// ```
/// # use authn_providers::{H2oDiscovery, H2oService};
/// # fn example(discovery: &H2oDiscovery) -> Option<()> {
/// let service: &H2oService = discovery.service("mlops-api")?;
/// println!("{} needs a token with {:?}", service.uri(), service.scope());
/// # Some(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct H2oService {
    uri: String,
    scope: Option<String>,
}

impl H2oDiscovery {
    /// Asks the discovery service of an environment, such as `https://cloud.h2o.ai`. With `None` it is the one that the
    /// variables `H2O_CLOUD_DISCOVERY` or `H2O_CLOUD_ENVIRONMENT` or the file of H2O's command line name.
    ///
    /// It works in any runtime and in none. Redirects within the service's origin are followed.
    ///
    /// # Errors
    ///
    /// [`Configuration`](authn::ErrorKind::Configuration) for an address that is neither https nor on the loopback
    /// interface, [`NotApplicable`](authn::ErrorKind::NotApplicable) if nothing names an environment, and what the request
    /// fails with.
    pub async fn discover(environment: Option<&str>) -> Result<Self> {
        let place = if let Some(environment) = environment {
            Place::of_environment(environment, "the environment")?
        } else {
            let found = Lookup::of_place(&Environment::of_process())?.look()?;
            found.place.ok_or_else(place::unknown)?
        };
        Self::ask(&place, true, &Context::new()).await
    }

    /// Does the same and blocks the thread.
    pub fn discover_blocking(environment: Option<&str>) -> Result<Self> {
        authn::private::block_on(Self::discover(environment))?
    }

    /// Returns the address of the environment; `None` if the discovery does not say it.
    pub fn environment(&self) -> Option<&str> {
        self.environment.as_deref()
    }

    /// Returns the issuer identifier of the authorization server.
    pub fn issuer_url(&self) -> &str {
        &self.issuer_url
    }

    /// Returns the scope for services that name none of their own; `None` if the discovery does not say it.
    pub fn platform_scope(&self) -> Option<&str> {
        self.platform_scope.as_deref()
    }

    /// Returns the identifier of a client at the authorization server, such as of `platform`.
    pub fn client_id(&self, client: &str) -> Option<&str> {
        self.clients.get(client).map(String::as_str)
    }

    /// Returns the error of an environment that lacks a client, with the names of those that it has.
    pub(super) fn no_client(&self) -> Error {
        // Only names that a message may show.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./+-".contains(c);
        let is_shown =
            |name: &&String| (1..=64).contains(&name.len()) && name.chars().all(is_plain);
        let names = self.clients.keys().filter(is_shown).take(MOST_SHOWN);
        let names = names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let names = if names.is_empty() { "none that can be shown" } else { &names };
        Error::configuration(format!("the environment has no client of this name; it has {names}"))
            .with_help("set `client` to one that its discovery service lists at `v1/clients`")
    }

    /// Returns a service, such as `mlops-api`.
    pub fn service(&self, name: &str) -> Option<&H2oService> {
        self.services.get(name)
    }

    /// Returns all services by their names.
    pub fn services(&self) -> impl Iterator<Item = (&str, &H2oService)> {
        self.services.iter().map(|(name, service)| (name.as_str(), service))
    }

    /// Returns the issuer of the authorization server.
    pub(super) fn issuer(&self) -> Result<Address> {
        Address::parse(&self.issuer_url).ok_or_else(|| {
            Error::protocol("the issuer of the environment is not an address")
                .with_help("check `environment`, or the `issuer_url` in `discovery`")
        })
    }

    /// Returns the origins of the services. A service whose address is neither https nor on the loopback interface has none.
    pub(super) fn origins(&self) -> Origins {
        let mut origins = Origins::none();
        for service in self.services.values() {
            if let Ok(address) = Url::parse(&service.uri) {
                origins.add_named(&address);
            }
        }
        origins
    }

    /// Asks a discovery service. The services are not always needed.
    pub(super) async fn ask(place: &Place, with_services: bool, context: &Context) -> Result<Self> {
        let answer = get(place, "environment", None, context).await?;
        let about: About = answer.required("environment")?;
        let clients = list::<Client>(place, "clients", context).await?;
        let services = if with_services {
            list::<Service>(place, "services", context).await?
        } else {
            Vec::new()
        };
        check_issuer(&about.issuer_url, place)?;
        Ok(Self {
            environment: about.h2o_cloud_environment,
            issuer_url: about.issuer_url,
            platform_scope: about.h2o_cloud_platform_oauth2_scope.filter(|it| !it.is_empty()),
            clients: ids(clients, place)?,
            services: sorted(services.into_iter().map(|service| {
                let scope = service.oauth2_scope.filter(|scope| !scope.is_empty());
                (named(service.name, "services/"), H2oService { uri: service.uri, scope })
            })),
        })
    }
}

/// Fails if the client's secrets must not be sent to an issuer that a discovery service names.
fn check_issuer(issuer: &str, place: &Place) -> Result<()> {
    let fault = match Address::parse(issuer) {
        None => "is not an address",
        Some(issuer) if issuer.has_user() => "has a user name or a password",
        Some(issuer) if place.is_secure() && issuer.url().scheme() != "https" => "is not https",
        Some(issuer) if authn::http::check(issuer.url(), false).is_err() => {
            "is neither https nor on the loopback interface"
        }
        Some(_) => return Ok(()),
    };
    let place = place.origin();
    let message = format!("the discovery service at {place} named an issuer that {fault}");
    Err(Error::protocol(message)
        .with_help("check the address of the environment, and ask its operator"))
}

/// Returns the identifiers of clients by their names. A client without one is left out.
fn ids(clients: Vec<Client>, place: &Place) -> Result<BTreeMap<String, String>> {
    let mut ids = BTreeMap::new();
    for Client { name, oauth2_client_id: id } in clients {
        if id.is_empty() {
            continue;
        }
        let before = ids.insert(named(name, "clients/"), id.clone());
        if before.is_some_and(|before| before != id) {
            let place = place.origin();
            let message = format!("the discovery service at {place} named two clients of one name");
            return Err(Error::protocol(message)
                .with_help("ask the operator of the environment, or set `discovery`"));
        }
    }
    Ok(ids)
}

impl H2oService {
    /// Returns the address of the service.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Returns the scope that a token needs for the service; `None` if that is the environment's
    /// [`platform_scope`](H2oDiscovery::platform_scope).
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }
}

/// What the service says of the environment.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct About {
    h2o_cloud_environment: Option<String>,
    issuer_url: String,
    h2o_cloud_platform_oauth2_scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Client {
    name: String,
    oauth2_client_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    name: String,
    uri: String,
    oauth2_scope: Option<String>,
}

/// Returns the name of a resource without that of its collection.
fn named(name: String, collection: &str) -> String {
    name.strip_prefix(collection).map(str::to_owned).unwrap_or(name)
}

/// Requests all pages of a list. An entry of another form is left out: it says nothing of the others.
async fn list<T: DeserializeOwned>(
    place: &Place,
    collection: &str,
    context: &Context,
) -> Result<Vec<T>> {
    let mut entries = Vec::new();
    let mut page_token: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let answer = get(place, collection, page_token.as_deref(), context).await?;
        let page: Vec<Value> = answer.member(collection)?.unwrap_or_default();
        let next = answer.member::<String>("nextPageToken")?.filter(|next| !next.is_empty());
        entries.extend(page.into_iter().filter_map(|entry| serde_json::from_value(entry).ok()));
        if entries.len() > MOST_ENTRIES {
            return Err(endless(&answer, &format!("more than {MOST_ENTRIES} {collection}")));
        }
        match next {
            None => return Ok(entries),
            Some(next) if page_token.as_ref() == Some(&next) => {
                return Err(endless(&answer, &format!("the same page of its {collection} again")));
            }
            Some(next) => page_token = Some(next),
        }
    }
    let message = format!("the discovery service has more than {MOST_PAGES} pages of {collection}");
    Err(Error::protocol(message).with_help("check the address"))
}

/// Requests a resource of the discovery service.
async fn get(
    place: &Place,
    resource: &str,
    page_token: Option<&str>,
    context: &Context,
) -> Result<HttpResponse> {
    let mut url = place.resource(resource);
    if let Some(page_token) = page_token {
        url.query_pairs_mut().append_pair("pageToken", page_token);
    }
    let response = context.http().get(&url).same_origin_redirects().send().await?;
    if response.status() == StatusCode::NOT_FOUND {
        let message = format!("{} has no discovery service there (status 404)", response.place());
        return Err(Error::refused(message).with_help(
            "check the address of the environment, and that its discovery service is enabled",
        ));
    }
    response.success()
}

fn endless(answer: &HttpResponse, what: &str) -> Error {
    Error::protocol(format!("{} answered with {what}", answer.place()))
        .with_help("check the address")
}

impl Show for H2oDiscovery {
    fn show(&self) -> View {
        let text = |text: &Option<String>| text.as_ref().map_or(View::NotSet, View::text);
        let names = |names: Vec<&String>| View::List(names.into_iter().map(View::text).collect());
        View::Table(vec![
            ("environment".to_owned(), text(&self.environment)),
            ("issuer_url".to_owned(), View::text(&self.issuer_url)),
            ("platform_scope".to_owned(), text(&self.platform_scope)),
            ("clients".to_owned(), names(self.clients.keys().collect())),
            ("services".to_owned(), names(self.services.keys().collect())),
        ])
    }
}

impl From<&H2oDiscovery> for OptionValue {
    fn from(discovery: &H2oDiscovery) -> Self {
        let service = |(name, service): (&String, &H2oService)| {
            let scope = service.scope.clone().map(Self::from);
            let uri = Some(Self::from(&service.uri));
            let entries = [("uri", uri), ("scope", scope)].into_iter();
            let entries = entries.filter_map(|(key, value)| Some((key, value?)));
            (name.clone(), Self::table(entries))
        };
        let clients = discovery.clients.iter().map(|(name, id)| (name.clone(), Self::from(id)));
        Self::table([
            ("environment", Self::from(discovery.environment.clone())),
            ("issuer_url", Self::from(&discovery.issuer_url)),
            ("platform_scope", Self::from(discovery.platform_scope.clone())),
            ("clients", Self::table(clients)),
            ("services", Self::table(discovery.services.iter().map(service))),
        ])
    }
}

impl From<H2oDiscovery> for OptionValue {
    fn from(discovery: H2oDiscovery) -> Self {
        Self::from(&discovery)
    }
}
