//! References: secrets in an environment variable, a file or a linked store. They are resolved before each exchange, so
//! that a rotated secret is used.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use super::SecretSource;
use crate::{
    Environment, Error, Result,
    input_file::{self, Rules},
    runtime::aside,
};

/// A secret that is stored elsewhere, with the text that it was last resolved to.
#[derive(Clone)]
pub(crate) struct Reference(Arc<Inner>);

struct Inner {
    target: Target,
    /// The key and the location of the option, for errors.
    place: String,
    value: Mutex<Arc<secrecy::SecretString>>,
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
}

impl Target {
    pub(crate) fn variable(name: &str, environment: &Environment) -> Self {
        let value = environment.get(name).map(|value| Arc::new(value.into()));
        Self::Variable { name: name.to_owned(), value }
    }

    fn resolve(&self) -> Result<Arc<secrecy::SecretString>> {
        match self {
            Self::Variable { value: Some(value), .. } => Ok(Arc::clone(value)),
            Self::Variable { name, value: None } => Err(unset(name)),
            Self::File(path) => read(path),
            Self::Stored { target, source, .. } => {
                Ok(Arc::new((&*source.secret(target)?.expose()).into()))
            }
        }
    }

    /// Returns the error of a target that is known to be absent. The secret is not read.
    pub(crate) fn absence(&self) -> Option<Error> {
        match self {
            Self::Variable { name, value: None } => Some(unset(name)),
            Self::File(path) if path.try_exists().is_ok_and(|exists| !exists) => {
                let message = format!("the secret file {} does not exist", path.display());
                Some(Error::configuration(message).with_help("check the path").as_absence())
            }
            _ => None,
        }
    }

    /// Resolves the target without blocking the thread of other exchanges. A file can be on a disk that does not answer.
    async fn resolve_aside(&self) -> Result<Arc<secrecy::SecretString>> {
        if matches!(self, Self::Variable { .. }) {
            return self.resolve();
        }
        let target = self.clone();
        aside(move || target.resolve()).await
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Variable { name, .. } => write!(f, "env {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Stored { kind, target, .. } => write!(f, "{kind} {target}"),
        }
    }
}

impl Reference {
    /// Creates a reference and resolves it for the first time.
    pub(crate) fn new(target: Target, place: String) -> Result<Self> {
        let value = Mutex::new(target.resolve()?);
        Ok(Self(Arc::new(Inner { target, place, value })))
    }

    /// Creates a reference to what is absent. Its text is empty until it is resolved.
    pub(crate) fn absent(target: Target, place: String) -> Self {
        let value = Mutex::new(Arc::new(secrecy::SecretString::default()));
        Self(Arc::new(Inner { target, place, value }))
    }

    /// Returns whether it can resolve to another text the next time.
    pub(crate) fn can_change(&self) -> bool {
        !matches!(self.0.target, Target::Variable { .. })
    }

    /// Returns the text that it was last resolved to.
    pub(crate) fn value(&self) -> Arc<secrecy::SecretString> {
        Arc::clone(&self.0.value.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Resolves it again.
    pub(crate) async fn resolve(&self) -> Result<()> {
        let resolved = self.0.target.resolve_aside().await;
        let value = resolved.map_err(|error| error.at(&self.0.place))?;
        *self.0.value.lock().unwrap_or_else(PoisonError::into_inner) = value;
        Ok(())
    }
}

fn unset(name: &str) -> Error {
    let message = format!("the environment variable {name} is not set");
    Error::configuration(message).with_help("set it, or refer to another").as_absence()
}

/// Reads a secret from a file, without the line breaks at its end.
pub(crate) fn read(path: &Path) -> Result<Arc<secrecy::SecretString>> {
    let text = input_file::read_text(path, Rules::Secret).map_err(|refusal| {
        let message = format!("the secret file {}", refusal.fault);
        let is_absent = refusal.is_absence();
        let error = Error::configuration(message).with_help(refusal.help);
        if is_absent { error.as_absence() } else { error }
    })?;
    Ok(Arc::new(text.trim_end_matches(['\r', '\n']).into()))
}
