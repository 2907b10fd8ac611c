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

use authn::config::Config;
use clap::Subcommand;

use crate::{exit::Failure, output::plain, session::Session};

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

/// Does it.
pub(crate) fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::Config(command) => config::run(session, command),
        Command::Providers(arguments) => providers::run(session, &arguments),
        Command::Token(arguments) => token::run(session, &arguments),
        Command::Header(arguments) => header::run(session, &arguments),
        Command::Login(arguments) => login::run(session, &arguments),
        Command::Status(arguments) => status::run(session, &arguments),
        Command::Logout(arguments) => logout::run(session, &arguments),
        Command::Stores(arguments) => stores::run(session, &arguments),
        Command::Doctor(arguments) => doctor::run(session, &arguments),
        Command::Completions(arguments) => completions::run(session, &arguments),
        Command::Man(arguments) => man::run(session, &arguments),
    }
}

/// Names what a configuration has chosen.
fn in_force(config: &Config) -> String {
    let [profile, provider] =
        [config.profile(), config.provider()].map(|name| plain(name.unwrap_or("none")));
    format!("profile: {profile}, provider: {provider}")
}
