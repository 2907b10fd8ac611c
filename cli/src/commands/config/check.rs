//! `config check`: all problems of the configuration at once, and whether a token can be obtained.

use authn::config::Severity;

use super::live;
use crate::{
    app::App,
    commands::active,
    exit::{Code, Failure},
    output,
    style::counted,
};

/// The arguments of `config check`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Prints all errors and warnings to standard error, each with its place and a fix.

With `--network`, and if there is no error, a new token is then requested, even if a valid one is stored, and \
each step is reported. You are never asked to log in: the exit code is 4 if a login is required, and 5 if the \
provider or the network fails.")]
pub(crate) struct Arguments {
    /// Also request a new token
    #[arg(long)]
    network: bool,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let config = app.loader().read();
    let output = &app.output;
    output.problems(config.problems());
    let count = |severity| {
        config.problems().iter().filter(|problem| problem.severity() == severity).count()
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let counts = counted([(errors, "error"), (warnings, "warning")]);
    let summary = format!("the configuration has {counts} ({})", active(&config));
    match (errors, warnings) {
        (0, 0) => output::message(&format!("the configuration is valid ({})", active(&config))),
        (0, _) => output.warning(&summary, None),
        _ => output.error(&summary, None),
    }
    if arguments.network && errors == 0 {
        live::run(app, &config)?;
    }
    if counts.is_empty() { Ok(()) } else { Err(Failure::Silent(Code::Configuration)) }
}
