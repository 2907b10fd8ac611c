//! Provider `exec`: tokens of a command.
//!
//! - [`formats`]: what a command prints, a file each
//! - [`answer`]: what every format is read into
//! - [`asked`]: the server that a command is asked about
//! - [`time`]: when a token expires

mod answer;
mod asked;
pub(crate) mod formats;
#[cfg(test)]
mod tests;
mod time;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use authn::{
    Context, Error, ErrorKind, Issued, Request, Result, SecretString, TokenSet, TokenSource, Url,
    options::Command, private::Process, provider::Applies,
};
use zeroize::Zeroizing;

use answer::Unusable;
use formats::{Fields, Format};

/// The longest time that a command may take. The framework ends an exchange after two minutes.
const LONGEST: Duration = Duration::from_secs(110);

/// Runs a command that prints a token.
///
/// The command is a list of a program and its arguments, and no shell is involved. The program is an absolute path, or a
/// name that is looked up in the folders of `PATH`. It gets the environment of this program, but no variable with a secret of
/// the configuration. What it prints is neither logged nor shown.
///
/// ```
/// use authn::{Environment, Loader};
/// use authn_providers as _;
///
/// let credentials = Loader::new()
///     .environment(Environment::empty())
///     .defaults(r#"
///         [credentials]
///         domain = "api.github.com"
///         [credentials.exec]
///         command = ["gh", "auth", "token"]
///         ttl = "1h"
///     "#)
///     .load()?;
/// # let _ = credentials;
/// # Ok::<(), authn::Error>(())
/// ```
///
/// In code:
///
/// ```
/// use authn_providers::{Exec, ExecBuilder};
/// use std::time::Duration;
///
/// let builder: ExecBuilder = Exec::builder()
///     .command(["az", "account", "get-access-token", "--scope", "https://vault.azure.net/.default", "-o", "json"])
///     .format("az")
///     .timeout(Duration::from_secs(60));
/// let credentials = builder.credentials().domain("things.vault.azure.net").build()?;
/// # let _ = credentials;
/// # Ok::<(), authn::Error>(())
/// ```
#[authn::token_provider("exec", cached)]
pub struct Exec {
    /// Command that prints a token: a program and its arguments. A relative path is not allowed.
    command: Command,
    /// Format of what the command prints.
    #[default(Format::Text)]
    format: Format,
    /// Further variables of the command's environment. Every value is a secret.
    _env: Option<BTreeMap<String, SecretString>>,
    /// How long the command may take, at most 110 seconds. Then it is ended, with all that it has started.
    #[default(Duration::from_secs(30))]
    timeout: Duration,
    /// Longest time for which a token is used. Unset, only the expiry counts that the command prints, or that a JWT has.
    ttl: Option<Duration>,
    /// Member with the token in the format `json`, such as `data.token`. Unset, it is `access_token`, `token` or
    /// `accessToken`.
    token_field: Option<String>,
    /// Member with the expiry in the format `json`: seconds from now on, a Unix time or RFC 3339. Unset, it is `expires_in`,
    /// `expires_at`, `expiry`, `expires_on` or `expiresOn`.
    expiry_field: Option<String>,
    /// Server that the command is asked about in the formats `bazel`, `docker` and `git`. Unset, it is the first origin of
    /// the credentials.
    url: Option<Url>,
    /// Working folder of the command. Unset, it is that of this program.
    working_directory: Option<PathBuf>,
    /// Lends the command the terminal, so that it can ask for something. Otherwise it has nothing to read, nor if another
    /// program such as git calls this one for a token.
    #[default(false)]
    interactive: bool,
}

impl Exec {
    fn process(&self, context: &Context) -> Result<Process> {
        let mut process = Process::new(&self.command, context.surroundings())
            .limit(self.timeout)
            .interactive(self.interactive);
        let interactive = self.interactive && context.surroundings().has_user();
        process = self.format.ask(process, self.url.as_ref(), context, interactive)?;
        if let Some(directory) = &self.working_directory {
            process = process.directory(directory);
        }
        for (name, value) in self._env.iter().flatten() {
            process = process.variable(name, Zeroizing::new(value.expose().to_owned()));
        }
        Ok(process)
    }

    /// Returns the error of an answer that has no token.
    fn unusable(&self, why: Unusable) -> Error {
        match why {
            Unusable::NotFound => Error::not_applicable("the command has no token").with_help(
                "log in with the tool that it belongs to, or check what it is asked for",
            ),
            Unusable::Refused => Error::refused("the command answered that it has failed")
                .with_help("run it yourself to see its message"),
            Unusable::Invalid(what) => {
                let name = self.format.name();
                Error::protocol(format!("the command printed no answer of format `{name}`: {what}"))
                    .with_help("run it yourself, and compare what it prints with option `format`")
            }
        }
    }

    fn check_fields(&self) -> Result<()> {
        let fields = [("token_field", &self.token_field), ("expiry_field", &self.expiry_field)];
        for (option, field) in fields {
            let Some(field) = field else { continue };
            if self.format != Format::Json {
                let message = format!("`{option}` is set, but only the format `json` has it");
                return Err(Error::configuration(message)
                    .with_help("set `format` to `json`, or remove the option"));
            }
            if field.split('.').any(str::is_empty) {
                let message = format!("`{option}` has an empty part");
                return Err(Error::configuration(message).with_help(
                    "write the names of members with dots between them, such as `data.token`",
                ));
            }
        }
        Ok(())
    }
}

impl TokenSource for Exec {
    /// Does not look for the program: it may be installed later.
    fn validate(&self, context: &Context) -> Result<()> {
        Process::check(&self.command).map_err(|error| error.at("option `command`"))?;
        if self.timeout.is_zero() || self.timeout > LONGEST {
            return Err(Error::configuration(
                "`timeout` is not between 1 millisecond and 110 seconds",
            )
            .with_help("set it to a duration like `30s`"));
        }
        if self.ttl.is_some_and(|ttl| ttl < Duration::from_secs(1)) {
            return Err(Error::configuration("`ttl` is less than a second")
                .with_help("set it to a duration like `15m`"));
        }
        let is_name = |name: &String| !name.is_empty() && !name.contains(['=', '\0']);
        if !self._env.iter().flat_map(BTreeMap::keys).all(is_name) {
            return Err(Error::configuration("a key of `env` can't be the name of a variable")
                .with_help("remove empty keys, and those with `=`"));
        }
        self.check_fields()?;
        if self.url.is_some() && !self.format.has_server() {
            let message = "`url` is set, but only the formats `bazel`, `docker` and `git` have it";
            return Err(Error::configuration(message).with_help("remove it, or set `format`"));
        }
        self.process(context).map(drop)
    }

    /// The keys of AWS sign requests, and the token beside them is their public identifier.
    fn gives_tokens(&self) -> bool {
        self.format != Format::Aws
    }

    /// The command may not be installed, or may have no token.
    /// A command answers by what it finds on this machine.
    fn is_shareable(&self) -> bool {
        false
    }

    fn applies(&self, _: &Context) -> Applies {
        Applies::Depends("it applies if its command has a token, and no command is run here")
    }

    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        if !context.scopes().is_empty() || !context.parameters().is_empty() {
            return Err(Error::configuration(
                "a call has scopes or parameters of its own, but a command can't be asked for them",
            )
            .with_help("make credentials with another command"));
        }
        let finished = self.process(context)?.run(context.clock()).await?;
        let fields =
            Fields { token: self.token_field.as_deref(), expiry: self.expiry_field.as_deref() };
        match self.format.read(finished.output(), finished.has_succeeded(), &fields) {
            Ok(answer) => answer.into_token_set(self.ttl, context),
            // What a failed command has printed says less than its failure.
            Err(Unusable::Invalid(_)) if !finished.has_succeeded() => Err(finished.failure()),
            Err(why) => Err(self.unusable(why)),
        }
    }

    fn authorize(
        &self,
        request: &mut Request<'_>,
        issued: &Issued,
        context: &Context,
    ) -> Result<()> {
        if self.format == Format::Aws {
            return Err(Error::new(
                ErrorKind::NoToken,
                "the command prints AWS keys, which sign requests and are not a token",
            )
            .with_help("use the keys with an AWS SDK, or another command for this API"));
        }
        answer::authorize(request, issued, context)
    }
}
