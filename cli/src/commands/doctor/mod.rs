//! `doctor`: looks at everything that tokens depend on, and says what mends what is wrong. One check a file.

mod authorities;
mod clock;
mod configuration;
mod files;
mod finding;
mod login;
mod origins;
mod patient;
mod permissions;
mod provider;
mod proxy;
mod references;
mod server;
mod session;
mod store;
mod version;

use clap::builder::styling::{AnsiColor, Style};

use self::{
    finding::{Finding, State},
    patient::Patient,
};
use super::in_force;
use crate::{
    exit::{Code, Failure},
    output::{self, Output, plain},
    session::Session,
    table::Table,
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
type Check = fn(&Patient) -> Vec<Finding>;

/// What is looked at, in this order: what something depends on comes first.
const CHECKS: [Check; 14] = [
    version::look,
    files::look,
    configuration::look,
    provider::look,
    origins::look,
    references::look,
    permissions::look,
    store::look,
    authorities::look,
    proxy::look,
    session::look,
    login::look,
    server::look,
    clock::look,
];

pub(super) fn run(session: &Session, arguments: &Arguments) -> Result<(), Failure> {
    let patient = Patient::examine(session.loader().read(), arguments.offline)?;
    let findings: Vec<Finding> = CHECKS.iter().flat_map(|look| look(&patient)).collect();
    let output = &session.output;
    if arguments.json {
        output::json(&findings)?;
    } else if output.is_terminal() {
        output::data(page(&findings, output))?;
    } else {
        output.table(&table(&findings))?;
    }
    conclude(&findings, &in_force(&patient.config), output)
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
    let colour = match state {
        State::Ok => AnsiColor::Green,
        State::Warning => AnsiColor::Yellow,
        State::Problem => AnsiColor::Red,
    };
    colour.on_default().bold()
}

/// Says how it stands as a whole, and gives the exit code.
fn conclude(findings: &[Finding], in_force: &str, output: &Output) -> Result<(), Failure> {
    let count = |state, word: &str| {
        let count = findings.iter().filter(|finding| finding.state == state).count();
        let plural = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!("{count} {word}{plural}"))
    };
    let (problems, warnings) = (count(State::Problem, "problem"), count(State::Warning, "warning"));
    let has_problems = problems.is_some();
    let counts: Vec<String> = problems.into_iter().chain(warnings).collect();
    let summary = format!("{} ({in_force})", counts.join(" and "));
    if !has_problems {
        if counts.is_empty() {
            output::tell(&format!("nothing is wrong ({in_force})"));
        } else {
            output.warning(&summary);
        }
        return Ok(());
    }
    output.error(&summary, None);
    Err(Failure::Silent(worst(findings)))
}

/// Gives the code of the worst problem: what is wrong with the configuration may be why the rest fails.
fn worst(findings: &[Finding]) -> Code {
    let problems = findings.iter().filter(|finding| finding.state == State::Problem);
    let codes: Vec<Code> = problems.map(|finding| finding.code).collect();
    let order = [Code::Configuration, Code::Provider, Code::LoginRequired];
    order.into_iter().find(|code| codes.contains(code)).unwrap_or(Code::Other)
}

#[cfg(test)]
mod tests;
