//! `config`: the values of the configuration, their origins and their problems.

mod check;
pub(super) mod claims;
pub(super) mod document;
mod edit;
mod editor;
mod init;
mod live;
mod path;
pub(super) mod place;
mod schema;
mod set;
mod show;
mod trust;

use authn::config::Setting;
use clap::Subcommand;

use crate::{app::App, exit::Failure};

/// The subcommand of `config` to run.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Show each value and its origin, without secrets
    Show(show::Arguments),
    /// Report all errors and warnings; exit with code 3 if there is an error
    Check(check::Arguments),
    /// List the sources of the configuration, from lowest to highest precedence
    Path(path::Arguments),
    /// Print a commented configuration for a provider, or write it to your file
    Init(init::Arguments),
    /// Open your file in your editor, and check it afterwards
    Edit(edit::Arguments),
    /// Set an option in your file
    Set(set::Arguments),
    /// Remove an option or a table from your file
    Unset(set::UnsetArguments),
    /// Print the JSON Schema of a configuration file, for editors
    Schema(schema::Arguments),
    /// Show what the project's file would set, and ask whether to trust it
    Trust(trust::Arguments),
}

/// Runs the subcommand.
pub(super) fn run(app: &App, command: Command) -> Result<(), Failure> {
    match command {
        Command::Show(arguments) => show::run(app, &arguments),
        Command::Check(arguments) => check::run(app, &arguments),
        Command::Path(arguments) => path::run(app, &arguments),
        Command::Init(arguments) => init::run(app, &arguments),
        Command::Edit(arguments) => edit::run(app, &arguments),
        Command::Set(arguments) => set::run(app, &arguments),
        Command::Unset(arguments) => set::unset(app, &arguments),
        Command::Schema(_) => schema::run(app),
        Command::Trust(arguments) => trust::run(app, &arguments),
    }
}

/// Returns a value for a table: a text in quotes, or in brackets the reason why it is not shown.
pub(super) fn shown(setting: &Setting) -> String {
    match &setting.unresolved {
        _ if setting.is_withheld => "(withheld)".to_owned(),
        Some(why) => format!("(unresolved: {why})"),
        None => setting.shown().to_string(),
    }
}
