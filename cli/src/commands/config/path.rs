//! `config path`: the places that a configuration is looked for in, and what was found there.

use authn::config::{Problem, Source, SourceState};
use serde::Serialize;

use crate::{exit::Failure, output, session::Session, table::Table};

/// The problems that say why a project's file does not count.
const TRUST: [&str; 2] = ["untrusted-project", "trust-record"];

/// What `config path` takes.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
On a terminal the columns are aligned under headings; otherwise the rows are printed alone, with a tab \
between LAYER, STATE and PLACE. A state is `read`, `absent` or `failed`; of a project's file also `trusted`, \
`withheld` because you have not trusted it, or `changed` since you did.")]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One place, as JSON has it.
#[derive(Serialize)]
struct Place<'a> {
    name: &'a str,
    state: &'static str,
    path: Option<String>,
}

pub(super) fn run(session: &Session, arguments: &Arguments) -> Result<(), Failure> {
    let config = session.loader().read();
    let path = |source: &Source| source.path.as_ref().map(|path| path.display().to_string());
    if arguments.json {
        let places: Vec<Place<'_>> = config
            .sources()
            .iter()
            .map(|source| Place {
                name: source.name,
                state: state(source.state),
                path: path(source),
            })
            .collect();
        return output::json(&places);
    }
    let of_trust = |problem: &&Problem| TRUST.contains(&problem.code());
    for problem in config.problems().iter().filter(of_trust) {
        session.output.problem(problem);
    }
    let mut table = Table::new(&["LAYER", "STATE", "PLACE"]);
    for source in config.sources() {
        let place = path(source).unwrap_or_else(|| match source.name {
            "environment" => session.variable("…"),
            _ => "--set".to_owned(),
        });
        let cells = [source.name.to_owned(), state(source.state).to_owned(), place];
        if source.state == SourceState::Absent {
            table.faint_row(cells);
        } else {
            table.row(cells);
        }
    }
    session.output.table(&table)
}

fn state(state: SourceState) -> &'static str {
    match state {
        SourceState::Read => "read",
        SourceState::Absent => "absent",
        SourceState::Trusted => "trusted",
        SourceState::Withheld => "withheld",
        SourceState::Changed => "changed",
        SourceState::Failed => "failed",
        _ => "other",
    }
}
