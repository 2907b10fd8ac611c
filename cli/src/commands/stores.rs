//! `stores`: the token stores and their sessions.

use std::io;

use authn::{
    View,
    config::{Config, KnownStore, Problem, Setting, Severity},
};
use clap::ValueHint;
use serde::Serialize;

use super::known_store;
use crate::{
    app::App,
    exit::{Code, Failure},
    output,
    style::{Table, or_dash},
    waiting,
};

/// The store that needs no configuration.
const MEMORY: &str = "memory";
const FILE: &str = "file";

/// The arguments of `stores`.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("stores.txt"))]
pub(crate) struct Arguments {
    /// List the sessions of this store, and where each is
    #[arg(value_hint = ValueHint::Other)]
    name: Option<String>,

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
    sessions: Option<Vec<Session>>,
    /// The reason why the sessions are unknown, if that is a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// One session, as in the JSON.
#[derive(Serialize)]
struct Session {
    name: String,
    /// Null if it has no place of its own.
    place: Option<String>,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let config = app.loader().read();
    check(&config, app)?;
    if let Some(name) = &arguments.name {
        let store = waiting::query(one(app, &config, name)?)?;
        return Ok(if arguments.json { output::json(&store) } else { print_one(app, store) }?);
    }
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

fn print_one(app: &App, store: Store) -> io::Result<()> {
    let mut table = Table::new(&["SESSION", "LOCATION"]);
    for session in store.sessions.into_iter().flatten() {
        table.row([session.name, or_dash(session.place)]);
    }
    app.output.table(&table)
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
    let mut stores = vec![memory()];
    for store in config.stores() {
        stores.push(match read(&store).await {
            // The store may not exist on this machine at all, such as a keyring on a server.
            Err(error) if !is_named(config, store.name()) => Store {
                name: store.name().to_owned(),
                place: store.place(),
                sessions: None,
                error: Some(error.to_string()),
            },
            read => read?,
        });
    }
    Ok(stores)
}

/// Returns the store with a name.
fn one(
    app: &App,
    config: &Config,
    name: &str,
) -> Result<impl Future<Output = authn::Result<Store>>, Failure> {
    let store = known_store(config, Some(name));
    if store.is_none() && name != MEMORY {
        let message = format!("this program has no token store `{name}`");
        let help = format!("`{}` lists the stores", app.command_line("stores"));
        return Err(Failure::new(Code::Configuration, message).with_help(help));
    }
    Ok(async move {
        match store {
            Some(store) => read(&store).await,
            None => Ok(memory()),
        }
    })
}

fn memory() -> Store {
    Store { name: MEMORY.to_owned(), place: None, sessions: None, error: None }
}

async fn read(store: &KnownStore) -> authn::Result<Store> {
    let sessions = store.sessions().await?;
    let sessions = sessions
        .iter()
        .map(|key| Session { name: key.to_string(), place: store.place_of(key) })
        .collect();
    let (name, place) = (store.name().to_owned(), store.place());
    Ok(Store { name, place, sessions: Some(sessions), error: None })
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
