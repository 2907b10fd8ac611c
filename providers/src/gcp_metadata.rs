//! Provider `gcp_metadata`: tokens of the service account of a machine of Google Cloud.

use authn::{
    Context, Error, Probe, Result, Token, TokenSet, TokenSource, Url,
    http::{HttpRequest, HttpResponse, StatusCode},
    provider::{Applies, Touched},
};

use crate::machine::{self, Service};

/// The address of the service on every machine. It is no name, which could be resolved to another server.
const ADDRESS: &str = "169.254.169.254";
/// The variable that names another address, such as that of an emulator.
const VARIABLE: &str = "GCE_METADATA_HOST";
/// The header of each request and of each answer, and its value.
const FLAVOR: (&str, &str) = ("metadata-flavor", "Google");

/// Gets tokens of the service account of a machine of Google Cloud, from its metadata service.
///
/// That works on Compute Engine, GKE, Cloud Run and the other products that have the service
/// (<https://cloud.google.com/compute/docs/access/authenticate-workloads>). An access token is for Google's APIs. With
/// `audience`, it is an ID token, a JWT for other services and for exchanges.
///
/// Whether the machine has the service is found out once in a process, within a second. No proxy is used.
///
/// ```
/// use authn::{Environment, Loader};
/// use authn_providers as _;
///
/// let credentials = Loader::new()
///     .environment(Environment::empty())
///     .defaults(r#"
///         [credentials]
///         domain = "storage.googleapis.com"
///         gcp_metadata = {}
///     "#)
///     .load()?;
/// # let _ = credentials;
/// # Ok::<(), authn::Error>(())
/// ```
#[authn::token_provider("gcp_metadata", cached)]
pub struct GcpMetadata {
    /// Scopes of the access token. Unset, it has those that the machine was created with.
    #[default(Vec::new())]
    scopes: Vec<String>,
    /// Audience of an ID token, which is requested in place of an access token.
    audience: Option<String>,
    /// Service account: its email address, or `default` for that of the machine.
    #[default("default".to_owned())]
    service_account: String,
    /// Address of the service: a loopback or link-local IP address, `localhost` or `metadata.google.internal`, with an optional
    /// port. Unset, it is that of the variable `GCE_METADATA_HOST`, or `169.254.169.254`.
    host: Option<String>,
}

impl GcpMetadata {
    /// Creates the identity of a machine whose token has this audience.
    #[cfg(feature = "workload_identity")]
    pub(crate) fn for_audience(audience: &str) -> Self {
        Self {
            scopes: Vec::new(),
            audience: Some(audience.to_owned()),
            service_account: "default".to_owned(),
            host: None,
        }
    }

    fn service(&self, context: &Context) -> Result<Service> {
        let (host, from) = match (&self.host, context.variable(VARIABLE)) {
            (Some(host), _) => (host.as_str(), "`host`".to_owned()),
            (None, Some(host)) => (host, format!("the environment variable {VARIABLE}")),
            (None, None) => (ADDRESS, "the address".to_owned()),
        };
        let url = machine::url_of_host(host, &from)?;
        Service::new("Google's metadata service", url).map_err(|error| error.at(from))
    }

    /// Returns the URL of a value of the service account.
    fn url(&self, service: &Service, value: &str) -> Result<Url> {
        let mut url = service.url().clone();
        let path = ["computeMetadata", "v1", "instance", "service-accounts"];
        match url.path_segments_mut() {
            Ok(mut segments) => {
                segments.clear().extend(path).push(&self.service_account).push(value);
            }
            Err(()) => return Err(Error::internal("a host has no path").with_help("report it")),
        }
        Ok(url)
    }

    async fn ask(&self, service: &Service, context: &Context, url: &Url) -> Result<HttpResponse> {
        let request = || context.http().get(url).header(FLAVOR.0, FLAVOR.1);
        let answer = service.answer(context, |_| false, request).await?;
        if !is_it(&answer) {
            let message =
                format!("{} answered without the header `Metadata-Flavor: Google`", answer.place());
            return Err(Error::protocol(message).with_help("check the address"));
        }
        match answer.status() {
            StatusCode::OK => Ok(answer),
            StatusCode::NOT_FOUND => Err(Error::refused(format!(
                "{} knows no such service account (status 404)",
                answer.place()
            ))
            .with_help("give the machine a service account, or check `service_account`")),
            _ => Err(service.failure(answer, "check `scopes`, `audience` and the service account")),
        }
    }

    async fn id_token(
        &self,
        service: &Service,
        audience: &str,
        context: &Context,
    ) -> Result<Token> {
        let mut url = self.url(service, "identity")?;
        url.query_pairs_mut().append_pair("audience", audience).append_pair("format", "full");
        let answer = self.ask(service, context, &url).await?;
        let place = format!("the answer of {}", answer.place());
        let text = str::from_utf8(answer.bytes()).unwrap_or_default().trim();
        let help = "compare this machine's clock with the server's";
        machine::issued(text, &place, None, help, context)
    }

    async fn access_token(&self, service: &Service, context: &Context) -> Result<Token> {
        let scopes = if context.scopes().is_empty() { &self.scopes } else { context.scopes() };
        let mut url = self.url(service, "token")?;
        if !scopes.is_empty() {
            url.query_pairs_mut().append_pair("scopes", &scopes.join(","));
        }
        machine::token_of(&self.ask(service, context, &url).await?)
    }
}

/// Returns the request that any machine may get: its answer has a header by which the service is known, and no secret.
fn probe(service: &Service, context: &Context) -> HttpRequest {
    context.http().get(service.url()).header(FLAVOR.0, FLAVOR.1)
}

fn is_it(answer: &HttpResponse) -> bool {
    answer.headers().get(FLAVOR.0).is_some_and(|value| value == FLAVOR.1)
}

impl TokenSource for GcpMetadata {
    fn validate(&self, context: &Context) -> Result<()> {
        if self.audience.is_some() && !self.scopes.is_empty() {
            let message = "both `audience` and `scopes` are set";
            return Err(Error::configuration(message)
                .with_help("remove `audience` for an access token, or `scopes` for an ID token"));
        }
        if self.service_account.is_empty() {
            return Err(Error::configuration("`service_account` is empty")
                .with_help("write its email address, or remove the option"));
        }
        // Another path would be asked.
        let account = self.service_account.as_str();
        let is_lost = |c: char| c == '\\' || c.is_control() || c.is_whitespace();
        if matches!(account, "." | "..") || account.contains(is_lost) {
            return Err(Error::configuration("`service_account` can't be the name of an account")
                .with_help("write its email address, or remove the option"));
        }
        // What a variable says is a matter of the machine, and not of the configuration.
        if self.host.is_some() { self.service(context).map(drop) } else { Ok(()) }
    }

    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        if self.audience.is_some() || !context.parameters().is_empty() {
            machine::check_call(context)?;
        }
        let service = self.service(context)?;
        service.find(probe(&service, context), is_it).await?;
        Ok(match &self.audience {
            Some(audience) => self.id_token(&service, audience, context).await?,
            None => self.access_token(&service, context).await?,
        }
        .into())
    }

    /// It is the identity of this machine.
    fn is_shareable(&self) -> bool {
        false
    }

    fn applies(&self, context: &Context) -> Applies {
        match self.service(context).map(|service| service.absence()) {
            Ok(Some(absence)) => Applies::No(absence),
            Ok(None) => Applies::Depends(
                "it applies on a machine with Google's metadata service, which is not asked here",
            ),
            Err(_) => Applies::Yes,
        }
    }

    fn touches(&self, context: &Context) -> Vec<Touched> {
        let is_variable = self.host.is_none() && context.variable(VARIABLE).is_some();
        let variable = is_variable.then(|| Touched::Variable(VARIABLE.to_owned()));
        let service = self.service(context).ok();
        let server = service.map(|service| Touched::Server(service.place()));
        variable.into_iter().chain(server).collect()
    }

    async fn locate(&self, context: &Context) -> Result<Option<Probe>> {
        let service = self.service(context)?;
        service.probe(probe(&service, context), is_it).await
    }
}
