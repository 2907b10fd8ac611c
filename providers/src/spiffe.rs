//! Provider `spiffe`: the JWT-SVID of this program, from the SPIFFE Workload API.

use std::{net::IpAddr, time::Duration};

use authn::{
    Context, Error, Probe, Result, TokenSet, TokenSource,
    provider::{Applies, Touched},
};
use spiffe::{
    SpiffeId, WorkloadApiClient, WorkloadApiError,
    transport::{Endpoint, GrpcStatusCode, TransportError},
};
use zeroize::Zeroizing;

use crate::machine;

/// The variable that names the socket (SPIFFE Workload Endpoint, section 4).
const VARIABLE: &str = "SPIFFE_ENDPOINT_SOCKET";
/// Longest wait for the agent, which is on this machine.
const ANSWER: Duration = Duration::from_secs(10);
/// The agent in errors.
const AGENT: &str = "the agent of SPIFFE";

/// Gets the JWT-SVID of this program from the SPIFFE Workload API, such as that of an agent of SPIRE.
///
/// The agent recognises the program by what the system says of its process, so nothing secret is configured
/// (<https://spiffe.io/docs/latest/spiffe-about/spiffe-concepts/>). The token is a JWT that is valid for some minutes,
/// and a new one is requested in time.
///
/// ```
/// use authn::{Environment, ErrorKind, Loader};
/// use authn_providers as _;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> authn::Result<()> {
/// let credentials = Loader::new()
///     .environment(Environment::empty())
///     .defaults(r#"
///         [credentials]
///         domain = "api.example.com"
///         spiffe = { audience = ["https://api.example.com"] }
///     "#)
///     .load()?;
/// // No agent is known here.
/// assert_eq!(credentials.token().await.unwrap_err().kind(), ErrorKind::NotApplicable);
/// # Ok(()) }
/// ```
///
/// In code:
///
/// ```
/// use authn_providers::Spiffe;
///
/// let identity = Spiffe::builder().audience(["https://sts.example.com"]).endpoint("unix:///run/agent.sock");
/// let credentials = identity.credentials().domain("api.example.com").build()?;
/// # let _ = credentials;
/// # Ok::<(), authn::Error>(())
/// ```
#[authn::token_provider("spiffe", cached)]
#[allow(clippy::struct_field_names, reason = "an identity of SPIFFE is called that")]
pub struct Spiffe {
    /// Audiences of the token (claim `aud`): at least one.
    audience: Vec<String>,
    /// Identity to ask for, such as `spiffe://example.org/things`. Unset, it is the first one that the program has.
    spiffe_id: Option<String>,
    /// Socket of the agent: `unix:///run/agent.sock`, or `tcp://127.0.0.1:8081` with a loopback address. Unset, it is
    /// that of the variable `SPIFFE_ENDPOINT_SOCKET`.
    endpoint: Option<String>,
}

impl Spiffe {
    /// Creates the identity of a program whose token has this audience.
    #[cfg(feature = "workload_identity")]
    pub(crate) fn for_audience(audience: &str, endpoint: Option<&str>) -> Self {
        Self {
            audience: vec![audience.to_owned()],
            spiffe_id: None,
            endpoint: endpoint.map(str::to_owned),
        }
    }

    /// Returns where the agent is. That is not applicable where nothing says it.
    fn endpoint(&self, context: &Context) -> Result<Endpoint> {
        let (text, from) = match (self.endpoint.as_deref(), context.variable(VARIABLE)) {
            (Some(endpoint), _) => (endpoint, "`endpoint`".to_owned()),
            (None, Some(variable)) => (variable, format!("the environment variable {VARIABLE}")),
            (None, None) => {
                let help = "start the agent, and pass the address of its socket to this program";
                return Err(machine::unset(&[VARIABLE], help.to_owned()));
            }
        };
        let not_an_endpoint = || {
            Error::configuration(format!("{from} is not the socket of an agent on this machine"))
                .with_help("write it like `unix:///run/agent.sock` or `tcp://127.0.0.1:8081`")
        };
        match Endpoint::parse(text) {
            // The token comes in plain text.
            Ok(Endpoint::Tcp { host, .. }) if !host.is_loopback() => Err(not_an_endpoint()),
            Ok(endpoint) => Ok(endpoint),
            Err(_) => Err(not_an_endpoint()),
        }
    }

    fn id(&self) -> Result<Option<SpiffeId>> {
        let id = self.spiffe_id.as_deref().map(SpiffeId::new).transpose();
        id.map_err(|_| {
            Error::configuration("`spiffe_id` is not a SPIFFE ID")
                .with_help("write it like `spiffe://example.org/things`")
        })
    }

    async fn fetch(&self, endpoint: Endpoint, place: &str) -> Result<Zeroizing<String>> {
        let id = self.id()?;
        // Each time anew: the agent may have been restarted, and a token is requested once in minutes.
        let client = connect(endpoint, place).await?;
        let token = client.fetch_jwt_token(&self.audience, id.as_ref()).await;
        token.map(Zeroizing::new).map_err(|error| failure(&error, place))
    }
}

async fn connect(endpoint: Endpoint, place: &str) -> Result<WorkloadApiClient> {
    WorkloadApiClient::connect(endpoint).await.map_err(|error| failure(&error, place))
}

/// Ends a wait for the agent, by the context's clock.
async fn in_time<T>(
    context: &Context,
    place: &str,
    answer: impl Future<Output = Result<T>>,
) -> Result<T> {
    context.clock().within(ANSWER, answer).await.unwrap_or_else(|| {
        let message = format!("{AGENT} at {place} did not answer in time");
        Err(Error::network(message).with_help("check the agent, or restart it"))
    })
}

/// Returns the address of an agent as it may be shown.
fn place(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Unix(path) => format!("unix://{}", path.display()),
        Endpoint::Tcp { host: IpAddr::V6(host), port } => format!("tcp://[{host}]:{port}"),
        Endpoint::Tcp { host, port } => format!("tcp://{host}:{port}"),
        _ => "its socket".to_owned(),
    }
}

/// Returns the error of a failure, without a text of the agent.
fn failure(error: &WorkloadApiError, place: &str) -> Error {
    let refused = |what: &str, help: &'static str| {
        Error::refused(format!("{AGENT} at {place} {what}")).with_help(help)
    };
    let answered = |what: &str| {
        Error::protocol(format!("{AGENT} at {place} answered with {what}"))
            .with_help("check that the socket is that of a Workload API")
    };
    match error {
        WorkloadApiError::NoIdentityIssued => refused(
            "has no identity for this program",
            "register the program at the server, with selectors that fit its process",
        ),
        WorkloadApiError::PermissionDenied(_) => refused(
            "does not let this program have the token",
            "register the program at the server, and check `spiffe_id`",
        ),
        WorkloadApiError::EmptyResponse => answered("no token"),
        WorkloadApiError::Transport(TransportError::Status(status)) => match status.code() {
            GrpcStatusCode::InvalidArgument => {
                refused("refuses the request", "check `audience` and `spiffe_id`")
            }
            GrpcStatusCode::Unavailable
            | GrpcStatusCode::DeadlineExceeded
            | GrpcStatusCode::ResourceExhausted
            | GrpcStatusCode::Aborted
            | GrpcStatusCode::Cancelled => {
                Error::network(format!("{AGENT} at {place} can't answer now ({})", status.code()))
                    .with_help("check the agent, or try again later")
            }
            code => answered(&format!("an error ({code})")),
        },
        WorkloadApiError::Transport(_) => {
            Error::network(format!("{AGENT} can't be reached at {place}"))
                .with_help("start the agent, and check that this program may open the socket")
        }
        _ => answered("something else than a token"),
    }
}

impl TokenSource for Spiffe {
    fn validate(&self, context: &Context) -> Result<()> {
        if self.audience.is_empty() || self.audience.iter().any(String::is_empty) {
            return Err(Error::configuration("`audience` is empty")
                .with_help("set it to what the server expects, such as its address"));
        }
        self.id()?;
        // What a variable says is a matter of the machine, and not of the configuration.
        if self.endpoint.is_some() { self.endpoint(context).map(drop) } else { Ok(()) }
    }

    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        machine::check_call(context)?;
        let endpoint = self.endpoint(context)?;
        let place = place(&endpoint);
        let token = in_time(context, &place, self.fetch(endpoint, &place)).await?;
        let help = "compare this machine's clock with that of the server of SPIFFE";
        Ok(machine::issued(&token, &format!("{AGENT} at {place}"), None, help, context)?.into())
    }

    /// It is the identity of this machine.
    fn is_shareable(&self) -> bool {
        false
    }

    fn applies(&self, context: &Context) -> Applies {
        match self.endpoint(context) {
            Err(error) if error.is_not_applicable() => Applies::No(error),
            _ => Applies::Yes,
        }
    }

    fn touches(&self, context: &Context) -> Vec<Touched> {
        let variable = self.endpoint.is_none().then(|| Touched::Variable(VARIABLE.to_owned()));
        let agent = self.endpoint(context).ok().map(|endpoint| Touched::Server(place(&endpoint)));
        variable.into_iter().chain(agent).collect()
    }

    async fn locate(&self, context: &Context) -> Result<Option<Probe>> {
        let endpoint = self.endpoint(context)?;
        let place = place(&endpoint);
        in_time(context, &place, connect(endpoint, &place)).await?;
        Ok(Some(Probe::new(place, None)))
    }
}
