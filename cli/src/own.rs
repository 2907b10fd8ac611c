//! Subcommands of the program's own, and what they are given.

use std::{error::Error as StdError, fmt, iter, process::ExitCode, sync::Arc};

use authn::{Credentials, Error, Loader};
use clap::ArgMatches;
use serde::Serialize;

use crate::{
    app::App,
    exit::{Code, Failure, code_of},
    output, waiting,
};

/// Any error. An [`authn::Error`] in it, or among its sources, decides the exit code.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Carries out a subcommand.
type Handler = Arc<dyn Fn(&Run<'_>, &ArgMatches) -> Result<ExitCode, BoxError> + Send + Sync>;

/// A subcommand of the program's own.
#[derive(Clone)]
pub(crate) struct OwnCommand {
    pub(crate) definition: clap::Command,
    pub(crate) handler: Handler,
}

/// One run of a subcommand that a program has added with [`Cli::command`](crate::Cli::command).
///
/// ```no_run
/// use std::process::ExitCode;
///
/// use authn_cli::{BoxError, Cli, Run, clap};
///
/// /// Prints how many bytes an address has.
/// fn size(run: &Run<'_>, matches: &clap::ArgMatches) -> Result<ExitCode, BoxError> {
///     let url = matches.get_one::<String>("url").expect("it is required");
///     let config = run.loader().read(); // with `--profile`, `--set` and so on
///     let credentials = run.credentials()?;
///     let client = authn::reqwest::Client::new(credentials.clone())?;
///     let bytes = run.wait(&credentials, async {
///         Ok(client.get(url).send().await?.bytes().await?.len())
///     })?;
///     if bytes == 0 {
///         let profile = config.profile().unwrap_or("none");
///         let command = run.command_line("config show");
///         run.message(&format!("nothing is there for the profile {profile}; see `{command}`"));
///         return Ok(ExitCode::FAILURE);
///     }
///     run.print(&bytes.to_string())?;
///     // Or, for programs:
///     run.print_json(&[bytes])?;
///     Ok(ExitCode::SUCCESS)
/// }
///
/// fn main() -> ExitCode {
///     let url = clap::Arg::new("url").required(true);
///     let command = clap::Command::new("size").about("Print the size of an address").arg(url);
///     Cli::new().app("acme").command(command, size).run()
/// }
/// ```
#[derive(Debug)]
pub struct Run<'a> {
    app: &'a App,
}

impl<'a> Run<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// Returns the loader of the configuration that the program and the global flags describe.
    pub fn loader(&self) -> Loader {
        self.app.loader()
    }

    /// Loads the credentials, and writes the warnings of the configuration to standard error.
    pub fn credentials(&self) -> authn::Result<Credentials> {
        let config = self.loader().read();
        waiting::credentials(&config, |problem| self.app.output.problems([problem]))
    }

    /// Waits for work with these credentials, on a runtime of tokio.
    ///
    /// Like in the other commands, a signal ends the wait: an exchange in progress is completed, the credentials are
    /// [closed](Credentials::close), and the error that is returned gives the exit code, such as 130. Pass that error on.
    pub fn wait<T>(
        &self,
        credentials: &Credentials,
        work: impl Future<Output = Result<T, BoxError>>,
    ) -> Result<T, BoxError> {
        waiting::wait_for_user(credentials, Box::pin(work), &output::message)
            .map_err(|failure| Ended(failure).into())
    }

    /// Writes data and a newline to standard output. If its reader has gone, the error ends the program quietly, with
    /// exit code 0. Pass that error on.
    pub fn print(&self, data: &str) -> Result<(), BoxError> {
        output::line(data).map_err(|error| Ended(error.into()).into())
    }

    /// Writes data as JSON to standard output; see [`print`](Self::print).
    pub fn print_json(&self, data: &impl Serialize) -> Result<(), BoxError> {
        output::json(data).map_err(|error| Ended(error.into()).into())
    }

    /// Writes a line to standard error, for everything that is not data.
    pub fn message(&self, text: &str) {
        output::message(text);
    }

    /// Returns the command line of a command as a user types it, such as `acme login`, for messages.
    pub fn command_line(&self, command: &str) -> String {
        self.app.command_line(command)
    }
}

/// The failure of a part of this library, on its way through code of the program.
#[derive(Debug)]
struct Ended(Failure);

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Failure::Authn(error) => error.fmt(f),
            Failure::Message { message, .. } => f.write_str(message),
            Failure::Silent(code) => write!(f, "ended with exit code {}", *code as u8),
        }
    }
}

impl StdError for Ended {}

impl From<BoxError> for Failure {
    fn from(error: BoxError) -> Self {
        let error = match error.downcast::<Ended>() {
            Ok(ended) => return ended.0,
            Err(error) => error,
        };
        let error = match error.downcast::<Error>() {
            Ok(error) => return Self::Authn(*error),
            Err(error) => error,
        };
        let first: &(dyn StdError + 'static) = &*error;
        let all = || iter::successors(Some(first), |&error| error.source());
        let mut message = error.to_string();
        for cause in all().skip(1).map(ToString::to_string) {
            // Some errors contain the text of their source.
            if !message.contains(&cause) {
                message = format!("{message}: {cause}");
            }
        }
        let known = all().find_map(|error| error.downcast_ref::<Error>());
        let code = known.map_or(Code::Other, code_of);
        Self::new(code, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(&'static str, Option<BoxError>);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl StdError for Outer {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            self.1.as_deref().map(|source| source as _)
        }
    }

    #[test]
    fn an_error_of_a_handler_gets_its_exit_code_and_its_causes() {
        let network = || Error::network("no answer");
        let within = |text, source: Option<BoxError>| -> BoxError { Outer(text, source).into() };
        for (error, code, text) in [
            (network().into(), Code::Provider, "no answer"),
            (within("a", Some(network().into())), Code::Provider, "a: no answer"),
            (
                within("no answer, again", Some(network().into())),
                Code::Provider,
                "no answer, again",
            ),
            (within("a", Some(within("b", None))), Code::Other, "a: b"),
            ("a".into(), Code::Other, "a"),
            (Ended(Failure::Silent(Code::Interrupted)).into(), Code::Interrupted, ""),
            (Ended(Failure::new(Code::Usage, "a")).into(), Code::Usage, "a"),
        ] {
            let (found, message) = match Failure::from(error) {
                Failure::Authn(error) => (code_of(&error), error.message().to_owned()),
                Failure::Message { code, message, .. } => (code, message),
                Failure::Silent(code) => (code, String::new()),
            };
            assert_eq!((found, &*message), (code, text));
        }
    }
}
