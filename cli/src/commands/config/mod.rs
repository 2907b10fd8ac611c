//! `config`: what is configured, from where, and what is wrong with it.

mod check;
mod claims;
mod document;
mod edit;
mod editor;
mod init;
mod live;
mod path;
mod place;
mod show;
mod trust;

use authn::config::Setting;
use clap::Subcommand;

use crate::{app::App, exit::Failure};

/// What is to be done with the configuration.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Show what is in force and from where, without secrets
    Show(show::Arguments),
    /// Report everything that is wrong, warnings too; exit code 3 if anything is
    Check(check::Arguments),
    /// List the places that are looked at, low to high
    Path(path::Arguments),
    /// Print a configuration to start from, or write it to the user's file
    Init(init::Arguments),
    /// Open your file in your editor, and check it afterwards
    Edit(edit::Arguments),
    /// Show what the project's file would set, and trust it if you agree
    Trust(trust::Arguments),
}

/// Does it.
pub(super) fn run(app: &App, command: Command) -> Result<(), Failure> {
    match command {
        Command::Show(arguments) => show::run(app, &arguments),
        Command::Check(arguments) => check::run(app, &arguments),
        Command::Path(arguments) => path::run(app, &arguments),
        Command::Init(arguments) => init::run(app, &arguments),
        Command::Edit(arguments) => edit::run(app, &arguments),
        Command::Trust(arguments) => trust::run(app, &arguments),
    }
}

/// Returns a value as a table shows it: a text in quotes, whatever can't be shown in brackets.
fn shown(setting: &Setting) -> String {
    if setting.is_withheld { "(withheld)".to_owned() } else { setting.shown().to_string() }
}
