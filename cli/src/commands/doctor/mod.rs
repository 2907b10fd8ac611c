//! `doctor`: looks at everything that tokens depend on, and says what helps.
//!
//! A [`Snapshot`](snapshot::Snapshot) is taken once; each check of the list below looks at it.

mod checks;
mod finding;
mod snapshot;
mod surroundings;

use clap::builder::styling::Style;

use self::{
    finding::{Finding, State},
    snapshot::Snapshot,
};
use super::active;
use crate::{
    app::App,
    exit::{Code, Failure},
    output::{self, Output},
    style::{self, Table, counted, plain},
};

/// What `doctor` takes.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
It looks at the profile in force, or at that of `--profile`. It changes nothing, and asks nobody but the \
server that tokens come from, without any secret.

On a terminal each finding has a line, and what mends it the next one. Otherwise the rows are printed alone, \
with a tab between STATE (`ok`, `warning`, `problem`), CHECK, FINDING and what mends it, or `-`.

The exit code is 0 if there is no problem; warnings are none. Else it is 3 if the configuration is wrong, 5 \
if the server fails, and 1 for anything else, in this order.")]
pub(crate) struct Arguments {
    /// Leave the network alone
    #[arg(long)]
    offline: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Looks at one thing.
type Check = fn(&Snapshot) -> Vec<Finding>;

/// What is looked at, in this order: what something depends on comes first.
const CHECKS: [(&str, Check); 14] = [
    ("version", checks::version),
    ("files", checks::files),
    ("configuration", checks::configuration),
    ("provider", checks::provider),
    ("origins", checks::origins),
    ("references", checks::references),
    ("permissions", checks::permissions),
    ("store", checks::store),
    ("authorities", surroundings::authorities),
    ("proxy", surroundings::proxy),
    ("session", checks::session),
    ("login", surroundings::login),
    ("server", surroundings::server),
    ("clock", surroundings::clock),
];

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let snapshot = Snapshot::take(app.loader().read(), arguments.offline)?;
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
    let mut table = Table::new(&["STATE", "CHECK", "FINDING", "WAY OUT"]);
    for Finding { check, state, message, help, .. } in findings {
        let help = help.clone().unwrap_or_else(|| "-".to_owned());
        table.row([state.name().to_owned(), (*check).to_owned(), message.clone(), help]);
    }
    table
}

fn page(findings: &[Finding], output: &Output) -> String {
    let check_width = findings.iter().map(|finding| finding.check.len()).max().unwrap_or(0);
    let line = |Finding { check, state, message, help, .. }: &Finding| {
        let name = state.name();
        let space = " ".repeat("problem".len() - name.len());
        let name = output.styled(name, style(*state));
        let line = format!("{name}{space}  {check:check_width$}  {}\n", plain(message));
        let indent = " ".repeat("problem".len() + check_width + 4);
        match help {
            Some(help) => line + &format!("{indent}-> {}\n", plain(help)),
            None => line,
        }
    };
    findings.iter().map(line).collect()
}

fn style(state: State) -> Style {
    match state {
        State::Ok => style::OK,
        State::Warning => style::WARNING,
        State::Problem => style::ERROR,
    }
}

/// Says how it stands as a whole, and returns the exit code.
fn conclude(findings: &[Finding], active: &str, output: &Output) -> Result<(), Failure> {
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    let (problems, warnings) = (count(State::Problem), count(State::Warning));
    let counts = counted([(problems, "problem"), (warnings, "warning")]);
    match (problems, warnings) {
        (0, 0) => output::tell(&format!("nothing is wrong ({active})")),
        (0, _) => output.warning(&format!("{counts} ({active})")),
        _ => output.error(&format!("{counts} ({active})"), None),
    }
    if problems == 0 { Ok(()) } else { Err(Failure::Silent(worst(findings))) }
}

/// Returns the code of the worst problem: what is wrong with the configuration may be why the rest fails.
fn worst(findings: &[Finding]) -> Code {
    let problems = findings.iter().filter(|finding| finding.state == State::Problem);
    let codes: Vec<Code> = problems.map(|finding| finding.code).collect();
    let order = [Code::Configuration, Code::Provider, Code::LoginRequired];
    order.into_iter().find(|code| codes.contains(code)).unwrap_or(Code::Other)
}

#[cfg(test)]
mod tests;
