//! The subcommands, one a file.

mod completions;
mod config;
mod doctor;
mod header;
mod login;
mod logout;
mod man;
mod profiles;
mod providers;
mod status;
mod stores;
mod token;
mod waiting;

use authn::{
    Entry, View,
    config::{Config, KnownStore, Setting},
};
use clap::Subcommand;

use crate::{app::App, exit::Failure, style::plain};

/// What is to be done.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Show, check, start, edit and trust the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// List the providers of this program, or the options of one
    Providers(providers::Arguments),
    /// Print a valid token
    Token(token::Arguments),
    /// Print the headers that authorise a request, for `curl -H @-`
    Header(header::Arguments),
    /// Log in as a person, and keep the session
    Login(login::Arguments),
    /// Show what is kept of each session: for whom, for how long, where
    Status(status::Arguments),
    /// Forget what is kept of the session
    Logout(logout::Arguments),
    /// List where tokens can be kept, and how many sessions are there
    Stores(stores::Arguments),
    /// Look for what is wrong, and say what mends it
    Doctor(doctor::Arguments),
    /// Print what a shell completes command lines by
    Completions(completions::Arguments),
    /// Print the manual's page, or write one for each command
    Man(man::Arguments),
}

/// Does it. `definition` is that of the command line, which is made only where it is needed.
pub(crate) fn run(
    app: &App,
    command: Command,
    definition: fn(&str) -> clap::Command,
) -> Result<(), Failure> {
    match command {
        Command::Config(command) => config::run(app, command),
        Command::Providers(arguments) => providers::run(app, &arguments),
        Command::Token(arguments) => token::run(app, &arguments),
        Command::Header(arguments) => header::run(app, &arguments),
        Command::Login(arguments) => login::run(app, &arguments),
        Command::Status(arguments) => status::run(app, &arguments),
        Command::Logout(arguments) => logout::run(app, &arguments),
        Command::Stores(arguments) => stores::run(app, &arguments),
        Command::Doctor(arguments) => doctor::run(app, &arguments),
        Command::Completions(arguments) => completions::run(app, &arguments, definition(&app.name)),
        Command::Man(arguments) => man::run(app, &arguments, definition(&app.name)),
    }
}

/// Names the active profile and provider.
fn active(config: &Config) -> String {
    let [profile, provider] =
        [config.profile(), config.provider()].map(|name| plain(name.unwrap_or("none")));
    format!("profile: {profile}, provider: {provider}")
}

/// Returns what is known of the active provider.
fn entry(config: &Config) -> Option<&Entry> {
    config.registry().get(config.provider()?)
}

/// Returns the store of a name.
fn known_store(config: &Config, name: Option<&str>) -> Option<KnownStore> {
    config.stores().into_iter().find(|known| Some(known.name()) == name)
}

/// Returns the text that an option has. What is withheld has no effect.
fn text<'s>(settings: &'s [Setting], key: &str) -> Option<&'s str> {
    let setting = settings.iter().find(|setting| setting.key == key && !setting.is_withheld)?;
    match &setting.value {
        Some(View::Text(text)) => Some(text),
        _ => None,
    }
}
