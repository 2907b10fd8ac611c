//! `doctor`: checks everything that tokens depend on, and shows how to fix problems.
//!
//! A [`Snapshot`] is taken once; each check of the list below examines it.

mod checks;
mod finding;
mod snapshot;
mod system;

use clap::builder::styling::Style;

use self::{
    finding::{Finding, State},
    snapshot::{Reach, Snapshot},
};
use super::active;
use crate::{
    app::App,
    exit::{Code, Failure},
    output::{self, Output},
    style::{self, Table, counted, hanging, home, plain, tilde},
};

/// The arguments of `doctor`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Checks the active profile, or that of `--profile`. Without `--token` it changes nothing. It contacts the server \
that issues the tokens, the proxy if that server can't be reached, and the server of the store if it has one. With `--offline` it contacts none of them. It compares the server's metadata with what the \
configuration needs, and without `--token` it sends no secret of the configuration. With `workload_identity`, it exchanges the token of this machine's identity, and shows what the identity says of \
itself.

`--token` requests a new token, too, even if a valid one is stored. If the server rotates refresh tokens, the new one is stored \
in the place of the one that was used, or is lost with `store = \"memory\"`. You are never asked to log in. Whether an API accepts the token is not tried.

On a terminal, each finding has a line, and its fix has the next one. Otherwise, each row is a line of tab-separated \
columns: STATE (`ok`, `warning`, `problem`, or `skipped` for what was not tried), CHECK, FINDING and HELP (`-` for none).

The exit code is 0 if there is no problem, even if there are warnings. Otherwise it is 3 if the configuration is \
invalid, 5 if the server fails, and 1 for anything else, in this order.")]
pub(crate) struct Arguments {
    /// Make no network requests
    #[arg(long)]
    offline: bool,

    /// Also request a new token, which uses the stored session
    #[arg(long, conflicts_with = "offline")]
    token: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A function that checks one thing.
type Check = fn(&Snapshot) -> Vec<Finding>;

/// The checks, in order of dependency.
const CHECKS: [(&str, Check); 17] = [
    ("version", checks::version),
    ("files", checks::files),
    ("configuration", checks::configuration),
    ("provider", checks::provider),
    ("origins", checks::origins),
    ("references", checks::references),
    ("permissions", checks::permissions),
    ("store", checks::store),
    ("authorities", system::authorities),
    ("proxy", system::proxy),
    ("session", checks::session),
    ("login", system::login),
    ("server", system::server),
    ("metadata", system::metadata),
    ("identity", system::identity),
    ("clock", system::clock),
    ("token", system::token),
];

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let reach = match (arguments.offline, arguments.token) {
        (true, _) => Reach::Offline,
        (false, false) => Reach::Server,
        (false, true) => Reach::Token,
    };
    let mut snapshot = Snapshot::take(app.loader().read(), app.program.own_version(), reach)?;
    snapshot.with_token = app.command_line("doctor --token");
    let findings = findings(&snapshot);
    let output = &app.output;
    if arguments.json {
        output::json(&findings)?;
    } else if output.is_terminal() {
        output::data(page(&findings, output))?;
    } else {
        output.table(&table(&findings))?;
    }
    conclude(&findings, &active(&snapshot.config), output)
}

fn findings(snapshot: &Snapshot) -> Vec<Finding> {
    let of = |(check, look): (&'static str, Check)| {
        look(snapshot).into_iter().map(move |finding| Finding { check, ..finding })
    };
    CHECKS.into_iter().flat_map(of).collect()
}

fn table(findings: &[Finding]) -> Table {
    let mut table = Table::new(&["STATE", "CHECK", "FINDING", "HELP"]);
    for Finding { check, state, message, help, .. } in findings {
        let help = help.clone().unwrap_or_else(|| "-".to_owned());
        table.row([state.name().to_owned(), (*check).to_owned(), message.clone(), help]);
    }
    table
}

fn page(findings: &[Finding], output: &Output) -> String {
    let (columns, home) = (output.columns().unwrap_or(usize::MAX), home());
    let shown = |text: &str| tilde(&plain(text), home.as_deref());
    let check_width = findings.iter().map(|finding| finding.check.len()).max().unwrap_or(0);
    let line = |Finding { check, state, message, help, .. }: &Finding| {
        let name = state.name();
        let space = " ".repeat("problem".len() - name.len());
        let name = output.styled(name, style(*state));
        let label = format!("{name}{space}  {check:check_width$}  ");
        let line = hanging(&label, &shown(message), columns) + "\n";
        let indent = " ".repeat("problem".len() + check_width + 4);
        match help {
            Some(help) => {
                let label = format!("{indent}{} ", output.styled("help:", style::HELP));
                line + &hanging(&label, &shown(help), columns) + "\n"
            }
            None => line,
        }
    };
    findings.iter().map(line).collect()
}

fn style(state: State) -> Style {
    match state {
        State::Ok => style::OK,
        State::Skipped => style::FAINT,
        State::Warning => style::WARNING,
        State::Problem => style::ERROR,
    }
}

/// Reports the number of problems and warnings, and returns the exit code.
fn conclude(findings: &[Finding], active: &str, output: &Output) -> Result<(), Failure> {
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    let (problems, warnings) = (count(State::Problem), count(State::Warning));
    let counts = counted([(problems, "problem"), (warnings, "warning")]);
    match (problems, warnings) {
        (0, 0) => output::message(&format!("no problems found ({active})")),
        (0, _) => output.warning(&format!("{counts} ({active})"), None),
        _ => output.error(&format!("{counts} ({active})"), None),
    }
    if problems == 0 {
        return Ok(());
    }
    // After the summary, which is the message of the object.
    findings.iter().filter_map(Finding::noted).for_each(|note| output.found(note));
    Err(Failure::Silent(worst(findings)))
}

/// Returns the code of the worst problem. An invalid configuration may be the cause of the others.
fn worst(findings: &[Finding]) -> Code {
    let problems = findings.iter().filter(|finding| finding.state == State::Problem);
    let codes: Vec<Code> = problems.map(|finding| finding.code).collect();
    let order = [Code::Configuration, Code::Provider, Code::LoginRequired];
    order.into_iter().find(|code| codes.contains(code)).unwrap_or(Code::Other)
}

#[cfg(test)]
mod tests;
