//! `stores`: the places where tokens can be kept.

use authn::config::{Config, Problem, Severity};
use serde::Serialize;

use super::waiting;
use crate::{
    exit::{Code, Failure},
    output,
    session::Session,
    table::Table,
};

/// The one that a program has without its configuration.
const MEMORY: &str = "memory";

/// What `stores` takes.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
A cached provider's option `store` chooses one by its name. `memory` ends with each program, so nobody else \
can count what is in it.

On a terminal the columns are aligned under headings; otherwise the rows are printed alone, with a tab \
between STORE, SESSIONS and PLACE; `-` is for what is not known. The JSON has the names of the sessions.")]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One store, as JSON has it.
#[derive(Serialize)]
struct Shown {
    name: String,
    place: Option<String>,
    /// Null where nobody can know.
    sessions: Option<Vec<String>>,
}

pub(super) fn run(session: &Session, arguments: &Arguments) -> Result<(), Failure> {
    let config = session.loader().read();
    check(&config, session)?;
    let stores = waiting::look(list(&config))?;
    if arguments.json {
        return output::json(&stores);
    }
    let mut table = Table::new(&["STORE", "SESSIONS", "PLACE"]);
    let none = || "-".to_owned();
    for store in stores {
        let count = store.sessions.map_or_else(none, |sessions| sessions.len().to_string());
        table.row([store.name, count, store.place.unwrap_or_else(none)]);
    }
    session.output.table(&table)
}

/// What is wrong with the stores is told; what is wrong elsewhere is no matter.
fn check(config: &Config, session: &Session) -> Result<(), Failure> {
    let is_here = |problem: &&Problem| {
        let key = problem.key().unwrap_or_default();
        problem.severity() == Severity::Error && (key == "stores" || key.starts_with("stores."))
    };
    let problems: Vec<&Problem> = config.problems().iter().filter(is_here).collect();
    if problems.is_empty() {
        return Ok(());
    }
    for problem in problems {
        session.output.problem(problem);
    }
    Err(Failure::new(Code::Configuration, "the configuration of the stores is wrong"))
}

async fn list(config: &Config) -> authn::Result<Vec<Shown>> {
    let memory = Shown { name: MEMORY.to_owned(), place: None, sessions: None };
    let mut stores = vec![memory];
    for store in config.stores() {
        let sessions = store.sessions().await?;
        stores.push(Shown {
            name: store.name().to_owned(),
            place: store.place(),
            sessions: Some(sessions.iter().map(ToString::to_string).collect()),
        });
    }
    Ok(stores)
}
