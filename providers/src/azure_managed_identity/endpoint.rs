//! `Endpoint`: the service that this machine has, and how it is asked.

use authn::{
    Context, Error, Probe, Result, Url,
    diagnostic::no_address,
    http::{HttpRequest, HttpResponse},
};

use crate::machine::{self, Service};

const ADDRESS: &str = "169.254.169.254";
/// The name of Google's metadata service, which is never Azure's.
const GOOGLE: &str = "metadata.google.internal";
const ENDPOINT: &str = "IDENTITY_ENDPOINT";
const HEADER: &str = "IDENTITY_HEADER";
const IMDS: &str = "IMDS_ENDPOINT";

/// The kinds of services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The instance metadata service of virtual machines.
    Imds,
    /// That of App Service, Functions and Container Apps.
    AppService,
    /// The agent of an Arc-enabled server.
    Arc,
}

impl Kind {
    /// Returns the variables by which the machine says that it has it.
    pub(super) fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Imds => &[],
            Self::AppService => &[ENDPOINT, HEADER],
            Self::Arc => &[ENDPOINT, IMDS],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Imds => "Azure's metadata service",
            Self::AppService => "the identity service of the app",
            Self::Arc => "the agent of Azure Arc",
        }
    }

    fn version(self) -> &'static str {
        match self {
            Self::Imds => "2018-02-01",
            Self::AppService => "2019-08-01",
            Self::Arc => "2020-06-01",
        }
    }

    /// Returns the parameter for an option that names an identity.
    fn parameter(self, option: &'static str) -> &'static str {
        match (self, option) {
            (Self::Imds, "resource_id") => "msi_res_id",
            (_, "resource_id") => "mi_res_id",
            (_, option) => option,
        }
    }
}

/// The service of this machine.
pub(super) struct Endpoint<'a> {
    kind: Kind,
    service: Service,
    /// What authenticates this program to the service of an app.
    header: Option<&'a str>,
}

impl<'a> Endpoint<'a> {
    /// Finds the service: that at a configured host, or of the variables, or else at its address on every virtual machine.
    pub(super) fn of(host: Option<&str>, context: &'a Context) -> Result<Self> {
        let imds = |host, from: &str| {
            let mut url = machine::url_of_host(host, from)?;
            url.set_path("/metadata/identity/oauth2/token");
            Self::new(Kind::Imds, url, None).map_err(|error| error.at(from))
        };
        if let Some(host) = host {
            return imds(host, "`host`");
        }
        let is_arc = context.variable(IMDS).is_some() && context.variable(HEADER).is_none();
        let (kind, header) =
            if is_arc { (Kind::Arc, None) } else { (Kind::AppService, Some(HEADER)) };
        let Some((endpoint, second)) = machine::both(context, [ENDPOINT, header.unwrap_or(IMDS)])?
        else {
            return imds(ADDRESS, "the address");
        };
        let place = format!("the environment variable {ENDPOINT}");
        let url = Url::parse(endpoint).map_err(|_| {
            Error::configuration(format!("{place} is {}", no_address(endpoint)))
                .with_help("leave it as the platform has set it")
        })?;
        Self::new(kind, url, header.map(|_| second)).map_err(|error| error.at(place))
    }

    fn new(kind: Kind, url: Url, header: Option<&'a str>) -> Result<Self> {
        let help = "use a loopback or link-local IP address, or `localhost`";
        // The framework knows the name as one of a machine's services.
        if url.host_str() == Some(GOOGLE) {
            let place = url.origin().ascii_serialization();
            let message = format!("{place} is not the address of a service of this machine");
            return Err(Error::configuration(message).with_help(help));
        }
        let service = Service::new(kind.name(), url).map_err(|error| error.with_help(help))?;
        Ok(Self { kind, service, header })
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn service(&self) -> &Service {
        &self.service
    }

    /// Fails if the service has only the identity of the machine itself, but another one is configured.
    pub(super) fn check_identity(&self, identity: Option<(&str, &str)>) -> Result<()> {
        match identity {
            Some((option, _)) if self.kind == Kind::Arc => Err(Error::configuration(format!(
                "`{option}` is set, but an Arc-enabled server has only an identity of its own"
            ))
            .with_help("remove it")),
            _ => Ok(()),
        }
    }

    /// Returns the URL of a token.
    pub(super) fn url(&self, resource: &str, identity: Option<(&'static str, &str)>) -> Url {
        let mut url = self.service.url().clone();
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("api-version", self.kind.version()).append_pair("resource", resource);
            if let Some((option, value)) = identity {
                query.append_pair(self.kind.parameter(option), value);
            }
        }
        url
    }

    /// Adds what each request needs: a header that no redirected or forged request has.
    pub(super) fn authenticated(&self, request: HttpRequest) -> HttpRequest {
        match self.header {
            Some(header) => request.header("x-identity-header", header),
            None => request.header("metadata", "true"),
        }
    }

    /// Finds out whether the machine has the service, unless a variable says so.
    pub(super) async fn find(&self, context: &Context) -> Result<()> {
        match self.kind {
            Kind::Imds => self.service.find(self.question(context), is_imds).await,
            Kind::AppService | Kind::Arc => Ok(()),
        }
    }

    /// Asks whether the service is here, without a secret. Only the metadata service can be asked so.
    pub(super) async fn probe(&self, context: &Context) -> Result<Option<Probe>> {
        match self.kind {
            Kind::Imds => self.service.probe(self.question(context), is_imds).await,
            Kind::AppService | Kind::Arc => Ok(None),
        }
    }

    /// Returns a request that the metadata service refuses at once, because its header is missing.
    fn question(&self, context: &Context) -> HttpRequest {
        let mut url = self.service.url().clone();
        url.query_pairs_mut().append_pair("api-version", self.kind.version());
        context.http().get(&url)
    }
}

/// Returns whether an answer is one of Azure's service: an error in JSON
/// (<https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service#errors-and-debugging>). Those of other clouds
/// have the same address.
fn is_imds(answer: &HttpResponse) -> bool {
    let is_others = answer.headers().contains_key("metadata-flavor")
        || answer.headers().get("server").is_some_and(|server| server == "EC2ws");
    let status = answer.status();
    let is_known = matches!(status.as_u16(), 400 | 404 | 410 | 429) || status.is_server_error();
    is_known && answer.is_json() && !is_others
}
