//! References: secrets in an environment variable, a file or a linked store, or printed by a command. They are resolved
//! before each exchange, so that a rotated secret is used.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::SecretSource;
use crate::{
    Environment, Error, ErrorKind, Result,
    input_file::{self, Rules},
    process::{self, Process, Surroundings},
    runtime::{aside, in_background},
    time::Clock,
};

/// A secret that is stored elsewhere, with the text that it was last resolved to.
#[derive(Clone)]
pub(crate) struct Reference(Arc<Inner>);

struct Inner {
    target: Target,
    /// The key and the location of the option, for errors.
    place: String,
    /// `None` before a command has run.
    value: Mutex<Option<Arc<secrecy::SecretString>>>,
}

#[derive(Clone)]
pub(crate) enum Target {
    /// Its value does not change while a program runs.
    Variable {
        name: String,
        value: Option<Arc<secrecy::SecretString>>,
    },
    File(PathBuf),
    Stored {
        kind: String,
        target: String,
        source: Arc<dyn SecretSource>,
    },
    /// It runs only when the secret is needed, and never while a configuration is read.
    Command {
        command: Vec<String>,
        surroundings: Surroundings,
    },
}

impl Target {
    pub(crate) fn variable(name: &str, environment: &Environment) -> Self {
        let value = environment.text(name).map(|value| Arc::new(without_end(value).into()));
        Self::Variable { name: name.to_owned(), value }
    }

    /// Returns the secret. An empty one is an error, because nothing can be done with it.
    fn resolve(&self) -> Result<Arc<secrecy::SecretString>> {
        let secret = match self {
            Self::Variable { value: Some(value), .. } => Arc::clone(value),
            Self::Variable { name, value: None } => return Err(unset(name)),
            Self::File(path) => read(path)?,
            Self::Stored { target, source, .. } => {
                Arc::new((&*source.secret(target)?.expose()).into())
            }
            Self::Command { .. } => {
                return Err(Error::internal("a command was not run in the background")
                    .with_help("report it"));
            }
        };
        // What a source looks for outside of its options may not be there.
        let may_be_empty = matches!(self, Self::Stored { kind, .. } if kind.is_empty());
        if secret.expose_secret().is_empty() && !may_be_empty {
            return Err(self.empty());
        }
        Ok(secret)
    }

    fn empty(&self) -> Error {
        match self {
            // A job without the secret often has the variable all the same.
            Self::Variable { name, .. } => {
                Error::configuration(format!("the environment variable {name} is empty"))
                    .with_help("set it to the secret, or refer to another")
                    .as_absence()
            }
            Self::File(path) => {
                Error::configuration(format!("the secret file {} is empty", path.display()))
                    .with_help("write the secret into it, or refer to another")
            }
            _ => Error::configuration(format!("the secret of {self} is empty"))
                .with_help("store the secret there, or refer to another"),
        }
    }

    /// Returns the error of a target that is known to be absent. The secret is not read.
    pub(crate) fn absence(&self) -> Option<Error> {
        match self {
            Self::Variable { name, value: None } => Some(unset(name)),
            Self::Variable { value: Some(value), .. } if value.expose_secret().is_empty() => {
                Some(self.empty())
            }
            Self::File(path) if path.try_exists().is_ok_and(|exists| !exists) => {
                let message = format!("the secret file {} does not exist", path.display());
                Some(Error::configuration(message).with_help("check the path").as_absence())
            }
            _ => None,
        }
    }

    /// Resolves the target without blocking the thread of other exchanges. A file can be on a disk that does not answer.
    async fn resolve_aside(&self) -> Result<Arc<secrecy::SecretString>> {
        match self {
            Self::Variable { .. } => self.resolve(),
            Self::Command { command, surroundings } => {
                let process = Process::new(command, surroundings);
                in_background(printed(process)).await
            }
            Self::File(_) | Self::Stored { .. } => {
                let target = self.clone();
                aside(move || target.resolve()).await
            }
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Variable { name, .. } if is_variable(name) => write!(f, "env {name}"),
            Self::Variable { .. } => f.write_str("env ***"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Stored { kind, target, .. } => write!(f, "{kind} {target}"),
            Self::Command { command, .. } => write!(f, "command {}", process::shown(command)),
        }
    }
}

impl Reference {
    /// Creates a reference and resolves it for the first time, unless a command has to run for that.
    pub(crate) fn new(target: Target, place: String) -> Result<Self> {
        let is_command = matches!(target, Target::Command { .. });
        let value = if is_command { None } else { Some(target.resolve()?) };
        Ok(Self(Arc::new(Inner { target, place, value: Mutex::new(value) })))
    }

    /// Returns whether its text is known.
    pub(crate) fn is_resolved(&self) -> bool {
        self.0.value.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Returns whether another reference has the same command; `None` if neither has a command.
    pub(crate) fn is_same_command(&self, other: &Self) -> Option<bool> {
        match (&self.0.target, &other.0.target) {
            (Target::Command { command, .. }, Target::Command { command: other, .. }) => {
                Some(command == other)
            }
            (Target::Command { .. }, _) | (_, Target::Command { .. }) => Some(false),
            _ => None,
        }
    }

    /// Creates a reference to what is absent. Its text is empty until it is resolved.
    pub(crate) fn absent(target: Target, place: String) -> Self {
        let value = Mutex::new(Some(Arc::new(secrecy::SecretString::default())));
        Self(Arc::new(Inner { target, place, value }))
    }

    /// Returns whether it can resolve to another text the next time.
    pub(crate) fn can_change(&self) -> bool {
        !matches!(self.0.target, Target::Variable { .. })
    }

    /// Returns the text that it was last resolved to; an empty one before a command has run.
    pub(crate) fn value(&self) -> Arc<secrecy::SecretString> {
        let value = self.0.value.lock().unwrap_or_else(PoisonError::into_inner);
        value.as_ref().map_or_else(|| Arc::new("".into()), Arc::clone)
    }

    /// Resolves it again.
    pub(crate) async fn resolve(&self) -> Result<()> {
        let resolved = self.0.target.resolve_aside().await;
        let value = resolved.map_err(|error| error.at(&self.0.place))?;
        *self.0.value.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        Ok(())
    }
}

fn unset(name: &str) -> Error {
    if !is_variable(name) {
        return Error::configuration("what `env` names is not an environment variable")
            .with_help("write the name of a variable there, such as `{ env = \"CLIENT_SECRET\" }`, and not the secret")
            .as_absence();
    }
    let message = format!("the environment variable {name} is not set");
    Error::configuration(message).with_help("set it, or refer to another").as_absence()
}

/// Returns whether a text can be the name of a variable (POSIX.1-2017, 8.1). Another one can be the secret itself.
pub(crate) fn is_variable(name: &str) -> bool {
    let is_in_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.starts_with(|first: char| first.is_ascii_digit()) && name.bytes().all(is_in_name)
}

/// Runs a command that prints a secret, and returns that without the line breaks at its end.
async fn printed(process: Process) -> Result<Arc<secrecy::SecretString>> {
    let finished = process.run(&Clock::system()).await.map_err(|error| match error.kind() {
        // The secret is configured, so that there is something to say.
        ErrorKind::NotApplicable => {
            let help = error.help().unwrap_or_default().to_owned();
            Error::configuration(error.message()).with_help(help)
        }
        _ => error,
    })?;
    if !finished.has_succeeded() {
        return Err(finished.failure());
    }
    let printed = |what| {
        Error::configuration(format!("the command printed {what}"))
            .with_help("run it yourself; it should print the secret and nothing else")
    };
    let text = str::from_utf8(finished.output()).map_err(|_| printed("no UTF-8 text"))?;
    match without_end(text) {
        "" => Err(printed("nothing")),
        text => Ok(Arc::new(text.into())),
    }
}

/// Reads a secret from a file, without the line breaks at its end.
pub(crate) fn read(path: &Path) -> Result<Arc<secrecy::SecretString>> {
    let text = input_file::read_text(path, Rules::Secret).map_err(|refusal| {
        let message = format!("the secret file {}", refusal.fault);
        let is_absent = refusal.is_absence();
        let error = Error::configuration(message).with_help(refusal.help);
        if is_absent { error.as_absence() } else { error }
    })?;
    input_file::warn_of_folder(path);
    Ok(Arc::new(without_end(&text).into()))
}

/// Returns a key in PEM with its line breaks. A variable and a form of a web page often have each as the two characters `\\n`,
/// which PEM has nowhere.
#[doc(hidden)]
pub fn pem(text: &str) -> Zeroizing<String> {
    // One buffer, which never grows and leaves no copy behind.
    let mut pem = Zeroizing::new(String::with_capacity(text.len()));
    for (index, line) in text.split("\\n").enumerate() {
        pem.push_str(if index == 0 { "" } else { "\n" });
        pem.push_str(line.strip_suffix("\\r").unwrap_or(line));
    }
    pem
}

/// Returns the text of a secret without the line breaks at its end.
pub(crate) fn without_end(text: &str) -> &str {
    text.trim_end_matches(['\r', '\n'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_that_are_written_out_are_those_of_pem() {
        const KEY: &str = "-----BEGIN X-----\nAA/+\nBB==\n-----END X-----\n";
        for text in [KEY.to_owned(), KEY.replace('\n', "\\n"), KEY.replace('\n', "\\r\\n")] {
            assert_eq!(*pem(&text), KEY, "{text}");
        }
    }

    #[test]
    fn line_breaks_at_the_end_are_no_part_of_a_secret() {
        for (text, secret) in [
            ("a", "a"),
            ("a\n", "a"),
            ("a\r\n\n", "a"),
            (" a \n", " a "),
            ("\na", "\na"),
            ("\n", ""),
        ] {
            assert_eq!(without_end(text), secret, "{text:?}");
            let environment = Environment::empty().variable("X", text);
            let target = Target::variable("X", &environment);
            match target.resolve() {
                Ok(found) => assert_eq!(found.expose_secret(), secret, "{text:?}"),
                Err(error) => {
                    assert_eq!(error.message(), "the environment variable X is empty", "{text:?}");
                    assert!(secret.is_empty() && error.is_not_applicable(), "{error}");
                }
            }
        }
    }

    /// A source whose secrets are all empty.
    struct Empty;

    impl SecretSource for Empty {
        fn secret(&self, _: &str) -> Result<crate::SecretString> {
            Ok("".into())
        }
    }

    #[test]
    fn an_empty_secret_names_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        std::fs::write(&path, "\n").expect("a file");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(&path, mode).expect("a mode");
        }
        let stored = Target::Stored {
            kind: "keyring".to_owned(),
            target: "a/b".to_owned(),
            source: Arc::new(Empty),
        };
        let file = format!("the secret file {} is empty", path.display());
        for (target, expected) in
            [(Target::File(path), &*file), (stored, "the secret of keyring a/b is empty")]
        {
            let error = target.resolve().expect_err("an empty secret");
            assert_eq!(error.message(), expected);
            assert!(error.help().is_some() && !error.is_not_applicable(), "{error}");
        }
        let found = crate::SecretString::found("a.b", Empty).expect("no secret is configured");
        assert!(found.is_empty());
    }
}
