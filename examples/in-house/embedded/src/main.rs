//! A program with its own command line, which contains the commands of authn below `auth`.
//!
//! ```text
//! corp-tool greet
//! corp-tool auth status
//! corp-tool completions bash
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for a terminal")]

use std::{io, process::ExitCode};

use authn_cli::{
    Cli,
    clap::{Arg, Command, value_parser},
};
use clap_complete::{Shell, generate};
use corp_sts as _;
use tokio::task::spawn_blocking;

#[tokio::main]
async fn main() -> ExitCode {
    let auth = Cli::new().app("corp").about("Manage logins and tokens").embedded("auth");
    let shell = Arg::new("shell").required(true).value_parser(value_parser!(Shell));
    let mut program = Command::new("corp-tool")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .subcommand(Command::new("greet").about("Say hello"))
        .subcommand(Command::new("completions").about("Print a completion script").arg(shell))
        .subcommand(auth.commands());
    match program.clone().get_matches().remove_subcommand() {
        // The commands block, so they are not run on a thread of the other tasks.
        Some((name, matches)) if name == "auth" => {
            spawn_blocking(move || auth.run_matches(&matches)).await.unwrap_or_else(|error| {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            })
        }
        Some((name, matches)) if name == "completions" => {
            let shell = matches.get_one::<Shell>("shell").expect("it is required");
            generate(*shell, &mut program, "corp-tool", &mut io::stdout());
            ExitCode::SUCCESS
        }
        _ => {
            println!("hello");
            ExitCode::SUCCESS
        }
    }
}
