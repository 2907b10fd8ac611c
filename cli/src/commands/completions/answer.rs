//! Answers the script of a shell.

use std::{env, ffi::OsString, process::ExitCode};

use clap::{Arg, Command};
use clap_complete::{engine::ArgValueCompleter, env::Shells};

use super::{
    VARIABLE,
    values::{Line, Wanted},
};
use crate::{output, program::Program};

/// The global flags whose values the configuration has.
const FLAGS: [(&str, Wanted); 2] = [("profile", Wanted::Profile), ("set", Wanted::Assignment)];

/// The other arguments whose values the configuration or the registry has, each with its command.
const ARGUMENTS: [(&str, &str, Wanted); 7] = [
    ("config show", "key", Wanted::Setting),
    ("config set", "key", Wanted::Key),
    ("config set", "value", Wanted::Value),
    ("config unset", "key", Wanted::InFile),
    ("config init", "provider", Wanted::Provider),
    ("options", "name", Wanted::Table),
    ("providers", "name", Wanted::Provider),
];

/// Prints the words that fit, if a script asks for them.
pub(crate) fn answer(program: &Program, define: impl FnOnce() -> Command) -> Option<ExitCode> {
    let shell = env::var(VARIABLE).ok()?;
    let shells = Shells::builtins();
    let shell = shells.completer(&shell)?;
    let words: Vec<OsString> = env::args_os().skip_while(|word| word != "--").skip(1).collect();
    if words.is_empty() {
        return None;
    }
    let line = Line::new(program, &words);
    let mut command = with_values(define(), "", &line);
    let mut proposed = Vec::new();
    let folder = env::current_dir().ok();
    let written = shell
        .write_complete(&mut command, words, folder.as_deref(), &mut proposed)
        .and_then(|()| output::data(proposed));
    // Nothing else can be said: a shell would show an error in the middle of the line.
    Some(if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Adds to the arguments of a command, and of those below it, what their values can be.
fn with_values(command: Command, path: &str, line: &Line) -> Command {
    let with_value = |argument: Arg| {
        let id = argument.get_id().as_str();
        let flag = FLAGS.iter().find(|(flag, _)| *flag == id).map(|(_, wanted)| *wanted);
        let own = ARGUMENTS.iter().find(|(command, name, _)| (*command, *name) == (path, id));
        let Some(wanted) = own.map(|(.., wanted)| *wanted).or(flag) else { return argument };
        let line = line.clone();
        argument.add(ArgValueCompleter::new(move |typed: &std::ffi::OsStr| {
            line.proposed(wanted, &typed.to_string_lossy())
        }))
    };
    let command = command.mut_args(with_value);
    command.mut_subcommands(|below| {
        let path = format!("{path} {}", below.get_name());
        with_values(below, path.trim_start(), line)
    })
}
