//! Runs another program in place of this process.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::Path,
    process::Command,
};

use authn::diagnostic::reason;

use crate::{
    exit::{Code, Failure},
    style::visible,
};

/// Replaces this process by a program, with one more variable in its environment. Where that is not possible, such as on
/// Windows, the program runs and this process ends with its exit code. Returns only if the program can't be started.
pub(crate) fn replaced_by(
    program: impl AsRef<Path>,
    arguments: &[OsString],
    variable: Option<(&OsStr, &OsStr)>,
) -> Result<(), Failure> {
    let program = program.as_ref();
    let mut command = Command::new(program);
    command.args(arguments).envs(variable);
    let error = run(command);
    let name = visible(&program.display().to_string());
    if error.kind() == io::ErrorKind::NotFound {
        return Err(Failure::new(Code::NotFound, format!("there is no program {name}"))
            .with_help("check its name, and that it is in a folder on PATH"));
    }
    Err(Failure::new(Code::NotExecutable, format!("{name} can't be started ({})", reason(&error)))
        .with_help("check that it is a program, and its permissions"))
}

#[cfg(unix)]
fn run(mut command: Command) -> io::Error {
    use std::os::unix::process::CommandExt as _;
    command.exec()
}

#[cfg(not(unix))]
fn run(mut command: Command) -> io::Error {
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}
