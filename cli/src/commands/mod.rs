//! The subcommands, one a file.

mod completions;
mod config;
mod doctor;
mod explain;
mod header;
mod login;
mod logout;
mod man;
mod profiles;
mod providers;
mod setup;
mod signals;
mod status;
mod stores;
mod token;
pub(crate) mod waiting;

use authn::{
    Entry, View,
    config::{Config, KnownStore, Setting},
};
use clap::Subcommand;

use crate::{app::App, exit::Failure, style::plain};

/// The command to run.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Show, check, create, edit and trust configuration files
    #[command(subcommand)]
    Config(config::Command),
    /// List the linked providers, or describe the options of one
    Providers(providers::Arguments),
    /// Print a valid token
    Token(token::Arguments),
    /// Print the headers that authorise a request, for `curl -H @-`
    Header(header::Arguments),
    /// Show what would be added to a request and why, and send nothing
    Explain(explain::Arguments),
    /// Log in as a user, and store the session
    Login(login::Arguments),
    /// Show the session of each profile, without the network
    Status(status::Arguments),
    /// Delete the stored session
    Logout(logout::Arguments),
    /// List the token stores, and count their sessions
    Stores(stores::Arguments),
    /// Find problems, and show how to fix them
    Doctor(doctor::Arguments),
    /// Make git, kubectl, cargo and other tools use these tokens
    Setup(setup::Arguments),
    /// Print a completion script for a shell
    Completions(completions::Arguments),
    /// Print the man page, or write one for each command
    Man(man::Arguments),
}

/// The commands about the whole program. An embedding program has its own.
pub(crate) const OF_PROGRAM: [&str; 3] = ["completions", "man", "setup"];

/// Runs a command. `definition` builds the definition of the command line, for the commands that need it.
pub(crate) fn run(
    app: &App,
    command: Command,
    definition: impl FnOnce() -> clap::Command,
) -> Result<(), Failure> {
    match command {
        Command::Config(command) => config::run(app, command),
        Command::Providers(arguments) => providers::run(app, &arguments),
        Command::Token(arguments) => token::run(app, &arguments),
        Command::Header(arguments) => header::run(app, &arguments),
        Command::Explain(arguments) => explain::run(app, &arguments),
        Command::Login(arguments) => login::run(app, &arguments),
        Command::Status(arguments) => status::run(app, &arguments),
        Command::Logout(arguments) => logout::run(app, &arguments),
        Command::Stores(arguments) => stores::run(app, &arguments),
        Command::Doctor(arguments) => doctor::run(app, &arguments),
        Command::Setup(arguments) => setup::run(app, &arguments),
        Command::Completions(arguments) => completions::run(app, &arguments, definition()),
        Command::Man(arguments) => man::run(app, &arguments, definition()),
    }
}

/// Returns the names of the active profile and provider.
fn active(config: &Config) -> String {
    let [profile, provider] =
        [config.profile(), config.provider()].map(|name| plain(name.unwrap_or("none")));
    format!("profile: {profile}, provider: {provider}")
}

/// Returns the registry's entry of the active provider.
fn entry(config: &Config) -> Option<&Entry> {
    config.registry().get(config.provider()?)
}

/// Returns the store with a name.
fn known_store(config: &Config, name: Option<&str>) -> Option<KnownStore> {
    config.stores().into_iter().find(|known| Some(known.name()) == name)
}

/// Returns the text of an option. A withheld value has no effect, so it is skipped.
fn text<'s>(settings: &'s [Setting], key: &str) -> Option<&'s str> {
    let setting = settings.iter().find(|setting| setting.key == key && !setting.is_withheld)?;
    match &setting.value {
        Some(View::Text(text)) => Some(text),
        _ => None,
    }
}
