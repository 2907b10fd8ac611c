//! `config check`: everything that is wrong, at once; and whether a token can be had.

use authn::config::Severity;

use super::live;
use crate::{
    app::App,
    commands::active,
    exit::{Code, Failure},
    output,
    style::counted,
};

/// What `config check` takes.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Everything that is wrong is said at once, on standard error, each with its place and its way out.

With `--network`, and unless the configuration can't be used, a new token is then asked for, also if one is \
kept, and what happens is said step by step. Nobody is asked to log in: where somebody must, the exit code \
is 4; where the provider or the network fails, it is 5.")]
pub(crate) struct Arguments {
    /// Get a token too
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
        (0, 0) => output::tell(&format!("the configuration is fine ({})", active(&config))),
        (0, _) => output.warning(&summary),
        _ => output.error(&summary, None),
    }
    if arguments.network && errors == 0 {
        live::run(&config)?;
    }
    if counts.is_empty() { Ok(()) } else { Err(Failure::Silent(Code::Configuration)) }
}
