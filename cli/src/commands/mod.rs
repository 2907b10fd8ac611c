//! The subcommands, one a file.

mod config;
mod header;
mod providers;
mod token;
mod waiting;

use clap::Subcommand;

use crate::{exit::Failure, session::Session};

/// What is to be done.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Show, check and start the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// List the providers that this program is linked with, or one's options
    Providers(providers::Arguments),
    /// Print a valid token
    Token,
    /// Print the headers that authorise a request, one a line, as `curl -H @-` reads them
    Header(header::Arguments),
}

/// Does it.
pub(crate) fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::Config(command) => config::run(session, command),
        Command::Providers(arguments) => providers::run(session, &arguments),
        Command::Token => token::run(session),
        Command::Header(arguments) => header::run(session, &arguments),
    }
}
