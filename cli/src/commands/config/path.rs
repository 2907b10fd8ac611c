//! `config path`: the places that a configuration is looked for in, and what was found there.

use authn::config::{LayerName, ProblemCode, SourceState};
use serde::Serialize;

use crate::{app::App, exit::Failure, output, style::Table};

/// The problems that say why a project's file does not count.
const TRUST: [ProblemCode; 2] = [ProblemCode::UntrustedProject, ProblemCode::TrustRecord];

const ABSENT: &str = "absent";

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
struct Place {
    #[serde(skip)]
    layer: LayerName,
    name: &'static str,
    state: &'static str,
    path: Option<String>,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let config = app.loader().read();
    let places = config.sources().iter().map(|source| Place {
        layer: source.name,
        name: source.name.as_str(),
        state: state(source.state),
        path: source.path.as_ref().map(|path| path.display().to_string()),
    });
    if arguments.json {
        return Ok(output::json(&places.collect::<Vec<_>>())?);
    }
    app.output.problems(config.problems().iter().filter(|problem| TRUST.contains(&problem.code())));
    let mut table = Table::new(&["LAYER", "STATE", "PLACE"]);
    for Place { layer, name, state, path } in places {
        let place = path.unwrap_or_else(|| match layer {
            LayerName::Environment => app.variable("…"),
            _ => "--set".to_owned(),
        });
        table.row_if(state == ABSENT, [name.to_owned(), state.to_owned(), place]);
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
