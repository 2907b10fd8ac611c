//! `Process`: runs a command that prints a secret, and contains it.
//!
//! - [`surroundings`]: the environment that a command gets, and where its program is found
//! - [`group`]: the processes of a command, which end together
//! - [`pipes`]: what it prints, up to a limit
//!
//! A command is a program with its arguments, never a text for a shell. Whatever it prints can be a secret, so nothing of
//! it is in an error or a log.

mod group;
mod pipes;
mod surroundings;
#[cfg(test)]
mod tests;

use std::{
    ffi::OsString,
    fmt, io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    slice,
    time::Duration,
};

use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use crate::{Error, Result, diagnostic::reason, runtime::aside, time::Clock};
pub use group::kill_all;
use group::{Group, Signal};
use pipes::Pipes;
pub use surroundings::Surroundings;

/// The most that a command may print to its output, and to its standard error, in bytes.
pub const LONGEST_OUTPUT: usize = 1024 * 1024;

/// How long a command may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(2);

/// How many commands may call each other, and the variable that counts them: a command may call this program, and that the
/// command again.
const MOST_CALLS: u32 = 5;
const CALLS: &str = "AUTHN_CALLS";

/// Returns the program of a command as it may be shown. Its arguments may be secrets, and so may a program with blanks,
/// which is a whole command line by mistake.
pub(crate) fn shown_program(program: &str) -> Option<&str> {
    (!program.is_empty() && !program.contains(char::is_whitespace)).then_some(program)
}

/// Returns a command as it may be shown: `pass (2 arguments)`.
pub(crate) fn shown<S: AsRef<str>>(command: &[S]) -> String {
    let (program, arguments) =
        command.split_first().map_or(("", 0), |(program, rest)| (program.as_ref(), rest.len()));
    let program = shown_program(program).unwrap_or("***");
    match arguments {
        0 => program.to_owned(),
        1 => format!("{program} (1 argument)"),
        several => format!("{program} ({several} arguments)"),
    }
}

/// A command that will run.
#[must_use]
pub struct Process {
    program: String,
    arguments: Vec<String>,
    surroundings: Surroundings,
    variables: Vec<(String, Zeroizing<String>)>,
    input: Option<Zeroizing<Vec<u8>>>,
    directory: Option<PathBuf>,
    limit: Duration,
    is_interactive: bool,
}

/// What a command has printed, and how it ended.
pub struct Finished {
    output: Zeroizing<Vec<u8>>,
    status: ExitStatus,
}

impl Process {
    /// Creates a command from its program and its arguments. It may take 30 seconds.
    pub fn new(command: &[String], surroundings: &Surroundings) -> Self {
        let (program, arguments) = match command.split_first() {
            Some((program, arguments)) => (program.clone(), arguments.to_vec()),
            None => (String::new(), Vec::new()),
        };
        Self {
            program,
            arguments,
            surroundings: surroundings.clone(),
            variables: Vec::new(),
            input: None,
            directory: None,
            limit: Duration::from_secs(30),
            is_interactive: false,
        }
    }

    /// Fails if a command can't be one, whatever is installed.
    pub fn check(command: &[String]) -> Result<()> {
        let problem = match command.first().map(String::as_str) {
            None | Some("") => {
                ("the command is empty", "write a list of a program and its arguments")
            }
            _ if command.iter().any(|word| word.contains('\0')) => {
                ("the command has a NUL character", "remove it")
            }
            Some(program) if !is_name(program) && !is_absolute(program) => (
                "the command's program is a relative path, which depends on the working folder",
                "write an absolute path, or the name of a program in a folder of `PATH`",
            ),
            Some(_) => return Ok(()),
        };
        let (message, help) = problem;
        Err(Error::configuration(message).with_help(help))
    }

    /// Sets a variable of its environment.
    pub fn variable(mut self, name: &str, value: Zeroizing<String>) -> Self {
        self.variables.retain(|(other, _)| other != name);
        self.variables.push((name.to_owned(), value));
        self
    }

    /// Sets the text that it can read. Without one, its input is empty.
    pub fn input(self, text: Zeroizing<Vec<u8>>) -> Self {
        Self { input: Some(text), ..self }
    }

    /// Sets its working folder. Without one, it is the program's.
    pub fn directory(self, path: &Path) -> Self {
        Self { directory: Some(path.to_owned()), ..self }
    }

    /// Sets how long it may take.
    pub fn limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Lends it the terminal: its input and its standard error are the program's. It then stays in the program's process
    /// group, because another group can't read the terminal. Where [no user is there](Surroundings::has_user), it gets none.
    pub fn interactive(self, is_interactive: bool) -> Self {
        Self { is_interactive: is_interactive && self.surroundings.has_user(), ..self }
    }

    /// Runs it until its first process ends. What it has started is ended then, or as soon as the future is dropped.
    ///
    /// It must be polled on the background thread.
    pub async fn run(self, clock: &Clock) -> Result<Finished> {
        let limit = self.limit;
        // Looking for a program and starting it can wait for a disk.
        let mut running = aside(move || self.start()).await?;
        if let Some(finished) = clock.within(limit, running.finish()).await {
            return finished;
        }
        running.end(clock).await;
        Err(Error::network(format!("the command took longer than {limit:?}, and was ended"))
            .with_help("run it yourself to see what it waits for, or allow it more time"))
    }

    fn start(self) -> Result<Running> {
        Self::check(slice::from_ref(&self.program))?;
        let program = self.surroundings.find(&self.program)?;
        let calls = self.surroundings.calls();
        if calls >= MOST_CALLS {
            return Err(Error::configuration("the command calls this program again and again")
                .with_help(
                    "use a command that does not ask this program for the same credentials",
                ));
        }
        let mut command = Command::new(program);
        command.args(&self.arguments).env_clear().envs(self.surroundings.variables());
        command.env(CALLS, (calls + 1).to_string());
        command.envs(self.variables.iter().map(|(name, value)| (name, OsString::from(&**value))));
        if let Some(directory) = &self.directory {
            // The system would say the same of a program that does not exist.
            if !directory.is_dir() {
                return Err(Error::configuration("the command's working folder does not exist")
                    .with_help("create it, or name another"));
            }
            command.current_dir(directory);
        }
        let input = match (self.is_interactive, &self.input) {
            (_, Some(_)) => Stdio::piped(),
            (true, None) => Stdio::inherit(),
            (false, None) => Stdio::null(),
        };
        let errors = if self.is_interactive { Stdio::inherit() } else { Stdio::piped() };
        command.stdin(input).stdout(Stdio::piped()).stderr(errors).kill_on_drop(true);
        let has_group = !self.is_interactive;
        #[cfg(unix)]
        if has_group {
            command.process_group(0);
        }
        let mut child = command.spawn().map_err(|error| unstarted(&error))?;
        let group = Group::of(child.id(), has_group);
        let pipes = Pipes::of(&mut child, self.input.unwrap_or_default());
        Ok(Running { group, child, pipes })
    }
}

/// Returns whether a program is looked up in the folders of `PATH`.
fn is_name(program: &str) -> bool {
    !program.contains(std::path::is_separator)
}

fn is_absolute(program: &str) -> bool {
    Path::new(program).is_absolute() || program.starts_with("~/")
}

fn unstarted(error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::NotFound {
        return absent();
    }
    Error::configuration(format!("the command can't be started ({})", reason(error)))
        .with_help("check that the program can be executed")
}

/// Returns the error of a program that this machine does not have.
fn absent() -> Error {
    Error::not_applicable("the command's program is not installed on this machine")
        .with_help("install it, or write the absolute path of the program")
}

/// A command that was started. Dropping it kills all its processes.
struct Running {
    // Dropped first: as long as the child was not waited for, no other process can have its number.
    group: Group,
    child: Child,
    pipes: Pipes,
}

impl Running {
    async fn finish(&mut self) -> Result<Finished> {
        let status = self.pipes.copy_until(self.child.wait()).await?;
        self.group.first_ended();
        let status = status.map_err(|error| {
            let message = format!("the command can't be waited for ({})", reason(&error));
            Error::internal(message).with_help("report it")
        })?;
        let output = self.pipes.rest().await?;
        Ok(Finished { output, status })
    }

    /// Asks all processes of the command to end, and kills those that don't.
    async fn end(self, clock: &Clock) {
        // Whatever it still prints is dropped, so that it does not wait for a reader.
        let Self { mut group, mut child, pipes: _ } = self;
        group.signal(Signal::Terminate);
        if clock.within(GRACE, child.wait()).await.is_some() {
            group.first_ended();
        }
        // Those that are left are killed now.
    }
}

impl Finished {
    /// Returns what it has printed to its standard output.
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// Returns whether it has succeeded, by its exit status.
    pub fn has_succeeded(&self) -> bool {
        self.status.success()
    }

    /// Returns the error of a command that has failed.
    pub fn failure(&self) -> Error {
        Error::refused(format!("the command failed ({})", self.status))
            .with_help("run it yourself to see its message, which is not shown here because it may hold secrets")
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Process(..)")
    }
}

impl fmt::Debug for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Finished(..)")
    }
}
