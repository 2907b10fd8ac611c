//! `config check`: everything that is wrong, at once; and whether a token can be had.

use authn::config::{Config, Severity};

use super::live;
use crate::{
    commands::in_force,
    exit::{Code, Failure},
    output,
    session::Session,
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

pub(super) fn run(session: &Session, arguments: &Arguments) -> Result<(), Failure> {
    let config = session.loader().read();
    let output = &session.output;
    for problem in config.problems() {
        output.problem(problem);
    }
    let has_errors = config.problems().iter().any(|problem| problem.severity() == Severity::Error);
    let counts = counts(&config);
    match &counts {
        None => output::tell(&format!("the configuration is fine ({})", in_force(&config))),
        Some(counts) => {
            let summary = format!("the configuration has {counts} ({})", in_force(&config));
            if has_errors {
                output.error(&summary, None);
            } else {
                output.warning(&summary);
            }
        }
    }
    if arguments.network && !has_errors {
        live::run(&config)?;
    }
    counts.map_or(Ok(()), |_| Err(Failure::Silent(Code::Configuration)))
}

/// Counts the problems in words; `None` if there are none.
fn counts(config: &Config) -> Option<String> {
    let of = |severity, word: &str| {
        let same = config.problems().iter().filter(|problem| problem.severity() == severity);
        match same.count() {
            0 => None,
            1 => Some(format!("1 {word}")),
            count => Some(format!("{count} {word}s")),
        }
    };
    let counts = [of(Severity::Error, "error"), of(Severity::Warning, "warning")];
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    (!counts.is_empty()).then(|| counts.join(" and "))
}
