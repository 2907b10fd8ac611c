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
//! [`Cli`] adds names, stores, defaults and subcommands of your own, or embeds the commands in your command line.
//!
//! This library links the providers of `authn-providers`, so such a program has them too. The feature `keyring`,
//! which is on by default, links the store for the system's keyring. The features `redis` and `spiffe` add the store and the
//! provider of that name.
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
//! | 126, 127 | the program of `exec` can't be run, or is not found |
//! | 130 | interrupted, or cancelled by the user |
//! | 129, 131, 143 | ended by SIGHUP, SIGQUIT or SIGTERM |
//!
//! Data goes to standard output and everything else to standard error. With `--json`, a failure is one JSON object there:
//! `kind`, `code`, `server_code`, `message`, `help`, `exit`, and `problems` if anything else was found. `code` is that of the
//! first problem of the configuration, such as `unknown-key`, or else the kind with hyphens, such as `login-required`.
//! `server_code` is what a server answered, such as `invalid_client`, or null.

use std::process::ExitCode;

pub use ::clap;
use authn_providers as _;

mod app;
mod args;
mod ask;
mod cli;
mod commands;
mod exit;
#[doc(hidden)]
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod launch;
mod log;
mod names;
mod output;
mod own;
mod program;
mod prompt;
mod protocols;
mod report;
mod signal_mask;
mod style;
mod waiting;

pub use cli::Cli;
pub use own::{BoxError, Run};
pub use prompt::TerminalPrompt;

/// Runs the command line of authn with the arguments of this process, and returns its exit code.
pub fn main() -> ExitCode {
    Cli::new().version(env!("CARGO_PKG_VERSION")).run()
}
