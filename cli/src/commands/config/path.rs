//! `config path`: the sources of the configuration, and the state of each.

use std::path::Path;

use authn::config::{LayerName, ProblemCode, SourceState};
use serde::Serialize;

use crate::{
    app::App,
    exit::Failure,
    output,
    style::{Table, home, short},
};

/// The problems that explain why a project's file has no effect.
const TRUST: [ProblemCode; 2] = [ProblemCode::UntrustedProject, ProblemCode::TrustRecord];

const ABSENT: &str = "absent";

/// The arguments of `config path`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
On a terminal, the output is a table with headings. Otherwise, each row is a line of tab-separated columns: \
LAYER, STATE and LOCATION. The state is `read`, `absent` or `failed`. For a project's file it can also be \
`trusted`, `withheld` if you have not trusted it, or `changed` if it has changed since you trusted it.")]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A source of the configuration, as in the JSON.
#[derive(Serialize)]
struct Source {
    #[serde(skip)]
    layer: LayerName,
    name: &'static str,
    state: &'static str,
    path: Option<String>,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let config = app.loader().read();
    let sources = config.sources().iter().map(|source| Source {
        layer: source.name,
        name: source.name.as_str(),
        state: state(source.state),
        path: source.path.as_ref().map(|path| path.display().to_string()),
    });
    if arguments.json {
        return Ok(output::json(&sources.collect::<Vec<_>>())?);
    }
    app.output.problems(config.problems().iter().filter(|problem| TRUST.contains(&problem.code())));
    let mut table = Table::new(&["LAYER", "STATE", "LOCATION"]);
    let home = home().filter(|_| app.output.is_terminal());
    for Source { layer, name, state, path } in sources {
        let path = path.map(|path| short(Path::new(&path), home.as_deref()));
        let location = path.unwrap_or_else(|| match layer {
            LayerName::Environment => app.variable("…"),
            _ => "--set".to_owned(),
        });
        table.row_if(state == ABSENT, [name.to_owned(), state.to_owned(), location]);
    }
    Ok(app.output.table(&table)?)
}

fn state(state: SourceState) -> &'static str {
    match state {
        SourceState::Read => "read",
        SourceState::Absent => ABSENT,
        SourceState::Trusted => "trusted",
        SourceState::Withheld => "withheld",
        SourceState::Changed => "changed",
        SourceState::Failed => "failed",
        _ => "other",
    }
}
