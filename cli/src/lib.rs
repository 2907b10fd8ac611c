//! The command line of authn, as a library.
//!
//! The program `authn` is one call of [`main`]. A program with providers of your own is the same call and
//! one line for each of your crates, which keeps the linker from leaving it out:
//!
//! ```no_run
//! # mod corp {}
//! use corp as _;
//!
//! fn main() -> std::process::ExitCode {
//!     authn_cli::main()
//! }
//! ```
//!
//! The providers of `authn-providers` are linked by this library, so that such a program has them too. So is
//! the system's keyring, by the feature `keyring`, which is on by default.
//!
//! # Exit codes
//!
//! | code | meaning |
//! |---|---|
//! | 0 | it is done |
//! | 1 | something else failed, as writing a file |
//! | 2 | the command line is wrong |
//! | 3 | the configuration is wrong, or not for this request |
//! | 4 | the user must log in |
//! | 5 | the provider failed, or the network |
//! | 130 | interrupted |
//!
//! Data goes to standard output and everything else to standard error.

use std::{env, process::ExitCode};

use authn_providers as _;

mod app;
mod args;
mod ask;
mod commands;
mod exit;
mod log;
mod output;
mod prompt;
mod style;

use app::App;
use output::Output;
pub use prompt::TerminalPrompt;

/// Runs the command line of authn with the arguments of this process, and returns its exit code.
pub fn main() -> ExitCode {
    main_for("authn")
}

/// Runs the command line for another application's configuration: `main_for("fdt")` reads files named
/// `fdt` and variables that begin with `FDT_`, as [`authn::Loader::app`] does. `--app` chooses yet another.
pub fn main_for(app: &str) -> ExitCode {
    let arguments: Vec<_> = env::args_os().collect();
    let (global, command) = match args::parse(app, &arguments) {
        Ok(parsed) => parsed,
        Err(error) => {
            return exit::usage(&error, &Output::new(args::colour(&arguments))).into();
        }
    };
    let app = App::new(app, global);
    log::start(&app);
    match commands::run(&app, command, args::command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(&app.output).into(),
    }
}
