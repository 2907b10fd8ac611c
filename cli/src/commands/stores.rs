//! `stores`: the token stores and their sessions.

use std::{collections::BTreeMap, io, path::Path};

use authn::{
    View,
    config::{Config, KnownStore, Problem, Setting, Severity},
    private::sorted,
    store::{KnownLease, KnownSession},
};
use clap::ValueHint;
use serde::Serialize;

use super::{known_store, profiles};
use crate::{
    app::App,
    exit::{Code, Failure},
    output,
    style::{
        Table, home, or_dash, short,
        time::{left, rfc_3339, words},
    },
    waiting,
};

/// The store that keeps nothing after the program ends.
const MEMORY: &str = "memory";
/// The store that is there without configuration.
pub(super) const FILE: &str = "file";

/// The arguments of `stores`.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("stores.txt"))]
pub(crate) struct Arguments {
    /// List only the sessions of this store
    #[arg(value_hint = ValueHint::Other)]
    name: Option<String>,

    /// Encrypt the sessions that are not encrypted with the current key of their store
    #[arg(long)]
    encrypt: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A store whose sessions were encrypted, as in the JSON.
#[derive(Serialize)]
struct EncryptedStore {
    name: String,
    place: Option<String>,
    /// How many documents were not encrypted with the current key before.
    encrypted: usize,
}

/// One store, as in the JSON.
#[derive(Default, Serialize)]
struct Store {
    name: String,
    place: Option<String>,
    /// Null if unknown.
    sessions: Option<Vec<Session>>,
    /// What the store's server says of itself, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    server: BTreeMap<&'static str, String>,
    /// Who renews a session at present.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    leases: Vec<Lease>,
    /// The reason why the sessions are unknown, if that is a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// One lease, as in the JSON.
#[derive(Serialize)]
pub(super) struct Lease {
    /// The name of the session.
    name: String,
    holder: String,
    since: Option<String>,
    /// Seconds.
    ends_in: f64,
}

/// One session, as in the JSON.
#[derive(Serialize)]
struct Session {
    id: String,
    name: String,
    /// Null if it has no place of its own.
    place: Option<String>,
    profile: Option<String>,
    /// Null, like the next four, if it is unknown.
    provider: Option<String>,
    server: Option<String>,
    client: Option<String>,
    user: Option<String>,
    expires_at: Option<String>,
    has_refresh_token: bool,
    /// Null if it is not encrypted.
    key_id: Option<String>,
    /// The text of the column EXPIRES.
    #[serde(skip)]
    expires: Option<String>,
}

impl Store {
    /// Returns the IDs of its sessions; `None` if there are none, or if they are unknown.
    fn ids(&self) -> Option<String> {
        let ids: Vec<&str> = self.sessions.iter().flatten().map(|session| &*session.id).collect();
        (!ids.is_empty()).then(|| ids.join(","))
    }
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let config = app.loader().read();
    check(&config, app)?;
    if arguments.encrypt {
        return encrypt(app, &config, arguments);
    }
    if let Some(name) = &arguments.name {
        let store = waiting::query(one(app, &config, name)?)?;
        if arguments.json {
            return Ok(output::json(&store)?);
        }
        return Ok(print_sessions(app, &[store], &["STORE", "CLIENT", "LOCATION"])?);
    }
    let stores = waiting::query(list(app, &config))?;
    if arguments.json {
        return Ok(output::json(&stores)?);
    }
    // On a terminal, the table of sessions has the IDs.
    let mut table = Table::new(&["STORE", "SESSIONS", "LOCATION", "IDS"]).hiding(&["IDS"]);
    for store in &stores {
        let count = store.sessions.as_ref().map(|sessions| sessions.len().to_string());
        let place = place(app, store.place.as_deref());
        table.row([store.name.clone(), or_dash(count), place, or_dash(store.ids())]);
    }
    app.output.table(&table)?;
    if app.output.is_terminal() {
        print_sessions(app, &stores, &["CLIENT", "LOCATION"])?;
    }
    Ok(())
}

/// Encrypts the sessions of one store, or of all that have a key.
fn encrypt(app: &App, config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    let stores: Vec<KnownStore> = match arguments.name.as_deref() {
        Some(MEMORY) => Vec::new(),
        Some(name) => vec![known_store(config, Some(name)).ok_or_else(|| missing(app, name))?],
        None => all(app).into_iter().filter(KnownStore::encrypts).collect(),
    };
    if stores.is_empty() {
        let failure = Failure::new(Code::Configuration, "no store has an encryption key");
        let help =
            "set `stores.file.encryption_key`, such as to what `openssl rand -base64 32` prints";
        return Err(failure.with_help(help));
    }
    let (mut done, mut first) = (Vec::new(), None);
    for store in stores {
        match waiting::query(store.encrypt()) {
            Ok(encrypted) => done.push(EncryptedStore {
                name: store.name().to_owned(),
                place: store.place(),
                encrypted,
            }),
            // The other stores don't depend on it.
            Err(failure @ Failure::Authn(_)) => {
                let code = failure.report(&app.output);
                first = first.or(Some(code));
            }
            Err(failure) => return Err(failure),
        }
    }
    if arguments.json {
        output::json(&done)?;
    } else if !done.is_empty() {
        let mut table = Table::new(&["STORE", "ENCRYPTED", "LOCATION"]);
        for store in done {
            let place = place(app, store.place.as_deref());
            table.row([store.name, store.encrypted.to_string(), place]);
        }
        app.output.table(&table)?;
    }
    first.map_or(Ok(()), |code| Err(Failure::Silent(code)))
}

/// Prints a table of sessions, after an empty line if it is the second one.
fn print_sessions(app: &App, stores: &[Store], hidden: &'static [&'static str]) -> io::Result<()> {
    let headings =
        &["ID", "STORE", "PROFILE", "PROVIDER", "USER", "EXPIRES", "SERVER", "CLIENT", "LOCATION"];
    let mut table = Table::new(headings).giving_way("SERVER").hiding(hidden);
    for store in stores {
        for session in store.sessions.iter().flatten() {
            table.row([
                session.id.clone(),
                store.name.clone(),
                or_dash(session.profile.clone()),
                or_dash(session.provider.clone()),
                or_dash(session.user.clone()),
                or_dash(session.expires.clone()),
                or_dash(session.server.clone()),
                or_dash(session.client.clone()),
                place(app, session.place.as_deref()),
            ]);
        }
    }
    if table.is_empty() {
        return Ok(());
    }
    if stores.len() > 1 {
        output::line("")?;
    }
    app.output.table(&table)
}

/// Returns a place as a cell: for people with the home folder as `~`.
fn place(app: &App, place: Option<&str>) -> String {
    let home = home().filter(|_| app.output.is_terminal());
    or_dash(place.map(|place| short(Path::new(place), home.as_deref())))
}

/// Reports the errors in the stores' options. Errors elsewhere are ignored.
pub(super) fn check(config: &Config, app: &App) -> Result<(), Failure> {
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

async fn list(app: &App, config: &Config) -> authn::Result<Vec<Store>> {
    let mut stores = vec![memory()];
    for store in all(app) {
        stores.push(match read(&store).await {
            // The store may not exist on this machine at all, such as a keyring on a server.
            Err(error) if !is_named(config, store.name()) => Store {
                name: store.name().to_owned(),
                place: store.place(),
                error: Some(error.to_string()),
                ..Store::default()
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
        return Err(missing(app, name));
    }
    Ok(async move {
        match store {
            Some(store) => read(&store).await,
            None => Ok(memory()),
        }
    })
}

fn missing(app: &App, name: &str) -> Failure {
    let message = format!("this program has no token store `{name}`");
    let help = format!("`{}` lists the stores", app.command_line("stores"));
    Failure::new(Code::Configuration, message).with_help(help)
}

fn memory() -> Store {
    Store { name: MEMORY.to_owned(), ..Store::default() }
}

/// Returns the stores of all profiles: each may have its own options. The first ones are those of the active profile.
pub(super) fn all(app: &App) -> Vec<KnownStore> {
    let mut all = app.loader().read().stores();
    for store in profiles::all(app).iter().flat_map(|profile| profile.config.stores()) {
        let is_same =
            |known: &KnownStore| (known.name(), known.place()) == (store.name(), store.place());
        if !all.iter().any(is_same) {
            all.push(store);
        }
    }
    all
}

async fn read(store: &KnownStore) -> authn::Result<Store> {
    let sessions = store.sessions().await?.iter().map(|known| session(store, known)).collect();
    let (name, place) = (store.name().to_owned(), store.place());
    let examination = store.examination().await?;
    let server = sorted(examination.facts().iter().cloned());
    let leases = examination.leases().iter().map(lease).collect();
    Ok(Store { name, place, sessions: Some(sessions), server, leases, error: None })
}

pub(super) fn lease(known: &KnownLease) -> Lease {
    Lease {
        name: known.key.to_string(),
        holder: known.holder.clone(),
        since: known.since.and_then(rfc_3339),
        ends_in: known.ends_in.as_secs_f64(),
    }
}

fn session(store: &KnownStore, known: &KnownSession) -> Session {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let expires = |at| match left(at) {
        left if left.is_zero() => "expired".to_owned(),
        left => format!("in {}", words(left)),
    };
    Session {
        id: known.id(),
        name: known.key().to_string(),
        place: store.place_of(known.key()),
        profile: owned(known.profile()),
        provider: owned(Some(known.provider()).filter(|name| !name.is_empty())),
        server: owned(known.server()),
        client: owned(known.client()),
        user: owned(known.user()),
        expires_at: known.expires_at().and_then(rfc_3339),
        has_refresh_token: known.has_refresh_token(),
        key_id: owned(known.key_id()),
        expires: known.expires_at().map(expires),
    }
}

/// Returns whether the configuration names a store. The store for files always exists.
pub(super) fn is_named(config: &Config, name: &str) -> bool {
    let options = format!("stores.{name}.");
    let is_about = |Setting { key, value, .. }: &Setting| {
        let is_choice = key.rsplit('.').next() == Some("store");
        key.starts_with(&options) || is_choice && *value == Some(View::text(name))
    };
    name == FILE || config.settings().iter().any(is_about)
}
