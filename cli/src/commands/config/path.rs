//! `config path`: the places that a configuration is looked for in, and what was found there.

use authn::config::{Source, SourceState};
use serde::Serialize;

use crate::{exit::Failure, output, session::Session, table::Table};

/// What `config path` takes.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
On a terminal the columns are aligned under headings; otherwise the rows are printed alone, with a tab \
between LAYER, STATE (`read`, `absent`, `withheld`, `failed`) and PLACE.")]
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
        SourceState::Withheld => "withheld",
        SourceState::Failed => "failed",
        _ => "other",
    }
}
