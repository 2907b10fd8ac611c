//! The names by which tools call this program: a link such as `docker-credential-authn` is the command of the protocol.

use std::{
    env::consts::EXE_SUFFIX,
    ffi::{OsStr, OsString},
    path::Path,
};

/// The starts of names, and the commands that they stand for.
const STARTS: [(&str, &str); 5] = [
    ("bazel-credential-", "bazel-credential"),
    ("cargo-credential-", "cargo-credential"),
    ("docker-credential-", "docker-credential"),
    ("git-credential-", "git-credential"),
    ("terraform-credentials-", "terraform-credentials"),
];

/// The name of a program of Python.
const KEYRING: &str = "keyring";

/// Returns the arguments with the command that the program's name stands for.
pub(crate) fn with_command(mut arguments: Vec<OsString>, own: &str) -> Vec<OsString> {
    let name = arguments.first().and_then(|first| name(first));
    let Some(command) = name.and_then(|name| command(name, own)) else { return arguments };
    // The options of Python's keyring are not those of this program.
    let end_of_options = (command == KEYRING).then_some("--");
    arguments.splice(1..1, [command].into_iter().chain(end_of_options).map(Into::into));
    arguments
}

/// Returns whether a program's path has the name of a protocol.
pub(crate) fn is_of_protocol(path: &OsStr, own: &str) -> bool {
    name(path).is_some_and(|name| command(name, own).is_some())
}

/// Returns the command that a name stands for, unless it is the program's own name.
fn command(name: &str, own: &str) -> Option<&'static str> {
    if name == own {
        return None;
    }
    if name == KEYRING {
        return Some(KEYRING);
    }
    let stands =
        |(start, _): &&(&str, &str)| name.strip_prefix(start).is_some_and(|rest| !rest.is_empty());
    STARTS.iter().find(stands).map(|(_, command)| *command)
}

/// Returns the name of a program without its folder and suffix.
pub(crate) fn name(path: &OsStr) -> Option<&str> {
    let name = Path::new(path).file_name()?.to_str()?;
    Some(name.strip_suffix(EXE_SUFFIX).unwrap_or(name))
}
