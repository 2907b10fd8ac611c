//! `config check`: all problems of the configuration at once, and whether a token can be obtained.

use authn::config::{Config, Problem, Severity};
use serde::Serialize;

use super::{document::ProblemEntry, live};
use crate::{
    app::App,
    commands::{active, profiles},
    exit::{Code, Failure},
    output,
    style::counted,
};

/// The arguments of `config check`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Prints all errors and warnings to standard error, each with its place and a fix. Without `--network`, it contacts no server. `doctor` does, and \
compares the server's metadata with what the configuration needs. A secret in a project's file, or in a file that \
other users can read, is a warning.

The exit code is 3 if there is an error, and 0 if there are only warnings; with `--strict`, it is 3 for them, too.

With `--json`, standard output is a list with an object for each profile: {\"profile\", \"provider\", \"errors\", \
\"warnings\", \"problems\"}.

With `--network`, a new token is requested if there is no error, even if a valid one is stored. Each step is \
reported. You are never asked to log in. The exit code is 4 if a login is required, and 5 if the provider or the \
network fails.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Arguments {
    /// Also request a new token
    #[arg(long, conflicts_with_all = ["all_profiles", "json"])]
    network: bool,

    /// Exit with code 3 for warnings, too
    #[arg(long)]
    strict: bool,

    /// Check each profile, and what is outside of profiles if it can be used by itself
    #[arg(long)]
    all_profiles: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was found in one profile.
struct Checked {
    config: Config,
    problems: Vec<Problem>,
}

/// The same as in the JSON.
#[derive(Serialize)]
struct Entry {
    profile: Option<String>,
    provider: Option<String>,
    errors: usize,
    warnings: usize,
    problems: Vec<ProblemEntry>,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let all = if arguments.all_profiles {
        profiles::all(&app.without_profile()).into_iter().map(|profile| profile.config).collect()
    } else {
        vec![app.loader().read()]
    };
    let all: Vec<Checked> = all.into_iter().map(Checked::of).collect();
    if arguments.json {
        output::json(&all.iter().map(Entry::of).collect::<Vec<_>>())?;
    } else {
        report(app, &all, arguments.network);
    }
    let has = |severity| all.iter().any(|checked| checked.count(severity) > 0);
    let has_errors = has(Severity::Error);
    if let ([checked], true) = (all.as_slice(), arguments.network && !has_errors) {
        live::run(app, &checked.config)?;
    }
    if has_errors || (arguments.strict && has(Severity::Warning)) {
        let message = if has_errors {
            "the configuration is not valid"
        } else {
            "the configuration has warnings"
        };
        return Err(if arguments.json {
            // In the report of the failure.
            let mut reported = Vec::new();
            for one in &all {
                app.output.problems(one.new_problems(&mut reported));
            }
            Failure::new(Code::Configuration, message)
        } else {
            Failure::Silent(Code::Configuration)
        });
    }
    Ok(())
}

/// Writes the problems and a summary of each profile. A problem that profiles share is written once.
fn report(app: &App, all: &[Checked], asks_server: bool) {
    let tried = if asks_server { "" } else { "; no server was asked" };
    let mut reported = Vec::new();
    for checked in all {
        app.output.problems(checked.new_problems(&mut reported));
        let active = active(&checked.config);
        let (errors, warnings) = (checked.count(Severity::Error), checked.count(Severity::Warning));
        let counts = counted([(errors, "error"), (warnings, "warning")]);
        let summary = format!("the configuration has {counts} ({active})");
        match (errors, warnings) {
            (0, 0) => output::message(&format!("the configuration is valid ({active}){tried}")),
            (0, _) => app.output.warning(&summary, None),
            _ => app.output.error(&summary, None),
        }
    }
}

impl Checked {
    fn of(config: Config) -> Self {
        let problems = config.problems().iter().cloned().chain(config.exposed_secrets()).collect();
        Self { config, problems }
    }

    /// Returns the problems that were not reported yet: profiles usually share them.
    fn new_problems(&self, reported: &mut Vec<String>) -> Vec<&Problem> {
        let mut new = Vec::new();
        for problem in &self.problems {
            let text = problem.to_string();
            if !reported.contains(&text) {
                reported.push(text);
                new.push(problem);
            }
        }
        new
    }

    fn count(&self, severity: Severity) -> usize {
        self.problems.iter().filter(|problem| problem.severity() == severity).count()
    }
}

impl Entry {
    fn of(checked: &Checked) -> Self {
        Self {
            profile: checked.config.profile().map(str::to_owned),
            provider: checked.config.provider().map(str::to_owned),
            errors: checked.count(Severity::Error),
            warnings: checked.count(Severity::Warning),
            problems: checked.problems.iter().map(ProblemEntry::of).collect(),
        }
    }
}
