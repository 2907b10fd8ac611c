//! The subcommands, one a file.

mod config;
mod header;
mod login;
mod logout;
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
    /// Show, check and start the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// List the providers that this program is linked with, or one's options
    Providers(providers::Arguments),
    /// Print a valid token
    Token(token::Arguments),
    /// Print the headers that authorise a request, one a line, as `curl -H @-` reads them
    Header(header::Arguments),
    /// Log in as a person, and keep the session
    Login(login::Arguments),
    /// Show what is kept of the session: for whom, for how long, where; nothing is asked of a server
    Status(status::Arguments),
    /// Forget what is kept of the session
    Logout(logout::Arguments),
    /// List the places where tokens can be kept, and how many sessions are there
    Stores(stores::Arguments),
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
    }
}

/// Names what a configuration has chosen.
fn in_force(config: &Config) -> String {
    let [profile, provider] =
        [config.profile(), config.provider()].map(|name| plain(name.unwrap_or("none")));
    format!("profile: {profile}, provider: {provider}")
}
