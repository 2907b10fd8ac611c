//! Provider `github_actions`: the ID token of a job of GitHub Actions.

use authn::{
    Context, Error, ErrorKind, Probe, Result, Token, TokenSet, TokenSource, Url,
    diagnostic::no_address,
    provider::{Applies, Touched},
};

use crate::machine;

/// Where the job gets its token, and what authenticates the job there.
const VARIABLES: [&str; 2] = ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"];

/// Gets the ID token of a job of GitHub Actions.
///
/// The job needs a permission, with which GitHub sets two variables
/// (<https://docs.github.com/actions/reference/security/oidc>):
///
/// ```yaml
/// permissions:
///   id-token: write
/// ```
///
/// The token is a JWT that is valid for some minutes, and a new one is requested in time.
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
///         github_actions = { audience = "https://api.example.com" }
///     "#)
///     .load()?;
/// // This is no job of GitHub.
/// assert_eq!(credentials.token().await.unwrap_err().kind(), ErrorKind::NotApplicable);
/// # Ok(()) }
/// ```
#[authn::token_provider("github_actions", cached)]
pub struct GithubActions {
    /// Audience of the token (claim `aud`), as the server expects it. Unset, it is the address of the repository's owner.
    audience: Option<String>,
}

/// What the job is told.
struct Job<'a> {
    url: Url,
    token: &'a str,
}

impl<'a> Job<'a> {
    /// Fails with an error that is not applicable outside of a job with the permission.
    fn of(context: &'a Context) -> Result<Self> {
        let [name, _] = VARIABLES;
        let Some((url, token)) = machine::both(context, VARIABLES)? else {
            return Err(machine::unset(
                &VARIABLES,
                "in a workflow of GitHub, the job needs `permissions: id-token: write`".to_owned(),
            ));
        };
        let url = Url::parse(url).map_err(|_| {
            let what = no_address(url);
            Error::configuration(format!("the environment variable {name} is {what}"))
                .with_help("leave it as the runner has set it")
        })?;
        let place = format!("the environment variable {name}");
        authn::http::check(&url, false).map_err(|error| error.at(place))?;
        Ok(Self { url, token })
    }
}

#[cfg(feature = "workload_identity")]
impl GithubActions {
    /// Creates the identity of a job whose token has this audience.
    pub(crate) fn for_audience(audience: Option<&str>) -> Self {
        Self { audience: audience.map(str::to_owned) }
    }
}

/// Sets the parameter `audience`, in place of one that the URL has.
fn set_audience(url: &mut Url, audience: &str) {
    let others: Vec<_> =
        url.query_pairs().into_owned().filter(|(name, _)| name != "audience").collect();
    url.query_pairs_mut().clear().extend_pairs(others).append_pair("audience", audience);
}

impl TokenSource for GithubActions {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        machine::check_call(context)?;
        let Job { mut url, token } = Job::of(context)?;
        if let Some(audience) = &self.audience {
            set_audience(&mut url, audience);
        }
        let place = format!("the environment variable {}", VARIABLES[1]);
        let job = Token::new(token).map_err(|error| error.at(place))?;
        let answer = context.http().get(&url).bearer(&job).send().await;
        // Such as a redirect.
        let answer = answer.map_err(|error| match error.kind() {
            ErrorKind::Protocol => error.with_help(format!(
                "leave {} as the runner has set it: a proxy or another service may have answered",
                VARIABLES[0]
            )),
            _ => error,
        })?;
        let answer = answer.success().map_err(|error| match error.kind() {
            ErrorKind::Refused => {
                error.with_help("give the job `permissions: id-token: write`, and check `audience`")
            }
            _ => error,
        })?;
        let place = format!("the answer of {}", answer.place());
        let help = "compare this machine's clock with the server's";
        let token = answer.required::<String>("value")?;
        Ok(machine::issued(&token, &place, None, help, context)?.into())
    }

    /// It is the identity of this machine.
    fn is_shareable(&self) -> bool {
        false
    }

    /// Reads the variables, and sends nothing: the server answers only with the job's secret.
    async fn locate(&self, context: &Context) -> Result<Option<Probe>> {
        Job::of(context)?;
        Ok(None)
    }

    fn applies(&self, context: &Context) -> Applies {
        match Job::of(context) {
            Err(error) if error.is_not_applicable() => Applies::No(error),
            _ => Applies::Yes,
        }
    }

    fn touches(&self, context: &Context) -> Vec<Touched> {
        let variables = VARIABLES.map(|name| Touched::Variable(name.to_owned()));
        let server = Job::of(context).ok().map(|job| job.url.origin().ascii_serialization());
        variables.into_iter().chain(server.map(Touched::Server)).collect()
    }
}
