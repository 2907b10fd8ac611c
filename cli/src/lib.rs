//! The command line of authn, as a library.
//!
//! The program `authn` is one call of [`main`]. A program with your own providers is the same call, and one
//! line for each of your crates, so that the linker keeps it:
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
//! This library links the providers of `authn-providers`, so such a program has them too. The feature `keyring`,
//! which is on by default, links the store for the system's keyring.
//!
//! # Exit codes
//!
//! | code | meaning |
//! |---|---|
//! | 0 | success |
//! | 1 | other error, such as a file that can't be written |
//! | 2 | invalid command line |
//! | 3 | invalid configuration, or one that does not apply to this request |
//! | 4 | login required |
//! | 5 | provider or network error |
//! | 130 | interrupted, or cancelled by the user |
//! | 129, 131, 143 | ended by SIGHUP, SIGQUIT or SIGTERM |
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
mod signal_mask;
mod style;

use app::App;
use output::Output;
pub use prompt::TerminalPrompt;

/// Runs the command line of authn with the arguments of this process, and returns its exit code.
pub fn main() -> ExitCode {
    main_for("authn")
}

/// Runs the command line for another application's configuration: `main_for("fdt")` reads files named
/// `fdt` and variables that start with `FDT_`, like [`authn::Loader::app`]. The flag `--app` chooses another one.
///
/// ```no_run
/// use std::process::ExitCode;
///
/// fn main() -> ExitCode {
///     authn_cli::main_for("fdt")
/// }
/// ```
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
