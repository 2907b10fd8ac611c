//! `stores`: the token stores and their sessions.

use authn::{
    View,
    config::{Config, Problem, Setting, Severity},
};
use serde::Serialize;

use super::waiting;
use crate::{
    app::App,
    exit::{Code, Failure},
    output,
    style::{Table, or_dash},
};

/// The store that needs no configuration.
const MEMORY: &str = "memory";
const FILE: &str = "file";

/// The arguments of `stores`.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("stores.txt"))]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One store, as in the JSON.
#[derive(Serialize)]
struct Store {
    name: String,
    place: Option<String>,
    /// Null if unknown.
    sessions: Option<Vec<String>>,
    /// The reason why the sessions are unknown, if that is a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let config = app.loader().read();
    check(&config, app)?;
    let stores = waiting::query(list(&config))?;
    if arguments.json {
        return Ok(output::json(&stores)?);
    }
    let mut table = Table::new(&["STORE", "SESSIONS", "LOCATION"]);
    for store in stores {
        let count = store.sessions.map(|sessions| sessions.len().to_string());
        table.row([store.name, or_dash(count), or_dash(store.place)]);
    }
    Ok(app.output.table(&table)?)
}

/// Reports the errors in the stores' options. Errors elsewhere are ignored.
fn check(config: &Config, app: &App) -> Result<(), Failure> {
    let is_here = |problem: &&Problem| {
        let key = problem.key().unwrap_or_default();
        problem.severity() == Severity::Error && (key == "stores" || key.starts_with("stores."))
    };
    let mut problems = config.problems().iter().filter(is_here).peekable();
    if problems.peek().is_none() {
        return Ok(());
    }
    app.output.problems(problems);
    Err(Failure::new(Code::Configuration, "the configuration of the stores is invalid"))
}

async fn list(config: &Config) -> authn::Result<Vec<Store>> {
    let memory = Store { name: MEMORY.to_owned(), place: None, sessions: None, error: None };
    let mut stores = vec![memory];
    for store in config.stores() {
        let (sessions, error) = match store.sessions().await {
            Ok(sessions) => (Some(sessions.iter().map(ToString::to_string).collect()), None),
            // The store may not exist on this machine at all, such as a keyring on a server.
            Err(error) if !is_named(config, store.name()) => (None, Some(error.to_string())),
            Err(error) => return Err(error),
        };
        stores.push(Store { name: store.name().to_owned(), place: store.place(), sessions, error });
    }
    Ok(stores)
}

/// Returns whether the configuration names a store. The store for files always exists.
fn is_named(config: &Config, name: &str) -> bool {
    let options = format!("stores.{name}.");
    let is_about = |Setting { key, value, .. }: &Setting| {
        let is_choice = key.rsplit('.').next() == Some("store");
        key.starts_with(&options) || is_choice && *value == Some(View::text(name))
    };
    name == FILE || config.settings().iter().any(is_about)
}
