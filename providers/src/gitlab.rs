//! Provider `gitlab`: the ID token of a job of GitLab CI/CD.

use authn::{
    Context, Error, Probe, Result, Token, TokenSet, TokenSource,
    provider::{Applies, Touched},
};

use crate::machine;

/// Sends the ID token of a job of GitLab CI/CD.
///
/// The job declares the token and its audience in `.gitlab-ci.yml`, and GitLab sets a variable to it
/// (<https://docs.gitlab.com/ci/secrets/id_token_authentication/>):
///
/// ```yaml
/// deploy:
///   id_tokens:
///     ID_TOKEN:
///       aud: https://api.example.com
///   script: things deploy
/// ```
///
/// The token is a JWT that is valid as long as the job may run. A job has no other one. What is no JWT is not sent.
///
/// ```
/// use authn::{Environment, Loader};
/// use authn_providers as _;
///
/// let credentials = Loader::new()
///     .environment(Environment::empty().variable("ID_TOKEN", "eyJ"))
///     .defaults("[credentials]\ndomain = 'api.example.com'\ngitlab = {}")
///     .load()?;
/// # let _ = credentials;
/// # Ok::<(), authn::Error>(())
/// ```
#[authn::token_provider("gitlab", cached)]
pub struct Gitlab {
    /// Variable with the token: its name below `id_tokens` in the job.
    #[default("ID_TOKEN".to_owned())]
    variable: String,
}

impl Gitlab {
    /// Creates the identity of a job whose token is in this variable.
    #[cfg(feature = "workload_identity")]
    pub(crate) fn of_variable(variable: &str) -> Self {
        Self { variable: variable.to_owned() }
    }

    fn token<'a>(&self, context: &'a Context) -> Result<&'a str> {
        let name = &self.variable;
        context.variable(name).ok_or_else(|| {
            machine::unset(
                &[name],
                format!(
                    "in `.gitlab-ci.yml`, the job needs `id_tokens: {{ {name}: {{ aud: AUDIENCE }} }}`, with the audience \
                     that the server accepts"
                ),
            )
        })
    }

    fn issued(&self, context: &Context) -> Result<Token> {
        let place = format!("the environment variable {}", self.variable);
        let token = self.token(context)?.trim();
        // The variable may be one of another secret.
        if !machine::is_jwt(token) {
            let message = format!("{place}: it is not an ID token (a JWT), so it is not sent");
            return Err(Error::configuration(message)
                .with_help("set `variable` to a name below `id_tokens` in the job"));
        }
        let help = "raise the `timeout` of the job, which is how long its token is valid";
        machine::issued(token, &place, None, help, context)
    }
}

impl TokenSource for Gitlab {
    fn validate(&self, _: &Context) -> Result<()> {
        if self.variable.is_empty() || self.variable.contains(['=', '\0']) {
            let message = "`variable` can't be the name of a variable";
            return Err(Error::configuration(message).with_help("set it to a name like `ID_TOKEN`"));
        }
        Ok(())
    }

    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        machine::check_call(context)?;
        Ok(self.issued(context)?.into())
    }

    /// Reads the variable, and sends nothing.
    async fn locate(&self, context: &Context) -> Result<Option<Probe>> {
        self.issued(context)?;
        Ok(None)
    }

    /// It is the identity of this machine.
    fn is_shareable(&self) -> bool {
        false
    }

    fn applies(&self, context: &Context) -> Applies {
        match self.token(context) {
            Ok(_) => Applies::Yes,
            Err(error) => Applies::No(error),
        }
    }

    fn touches(&self, _: &Context) -> Vec<Touched> {
        vec![Touched::Variable(self.variable.clone())]
    }
}
