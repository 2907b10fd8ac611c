//! References: a secret that stands elsewhere, in a variable or a file, and is resolved at each exchange,
//! so that a rotated one is taken up.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use zeroize::Zeroizing;

use super::Environment;
use crate::{Error, Result};

/// The keys of a reference.
pub(crate) const KINDS: [&str; 2] = ["env", "file"];

/// Largest file that a secret is read from.
const LARGEST: u64 = 1024 * 1024;

/// A secret that stands elsewhere, with what it was last resolved to.
#[derive(Clone)]
pub(crate) struct Reference(Arc<Inner>);

struct Inner {
    target: Target,
    /// The key and place of the option, for errors.
    place: String,
    value: Mutex<Arc<secrecy::SecretString>>,
}

#[derive(Clone)]
pub(crate) enum Target {
    /// A variable's value does not change while a program runs.
    Variable {
        name: String,
        value: Option<Arc<secrecy::SecretString>>,
    },
    File(PathBuf),
}

pub(crate) fn is_kind(key: &str) -> bool {
    KINDS.contains(&key)
}

impl Target {
    pub(crate) fn variable(name: &str, environment: &Environment) -> Self {
        let value = environment.get(name).map(|value| Arc::new(value.into()));
        Self::Variable { name: name.to_owned(), value }
    }

    fn resolve(&self) -> Result<Arc<secrecy::SecretString>> {
        match self {
            Self::Variable { value: Some(value), .. } => Ok(Arc::clone(value)),
            Self::Variable { name, value: None } => Err(Error::configuration(format!(
                "the environment variable {name} is not set: set it, or refer to another"
            ))),
            Self::File(path) => read(path),
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Variable { name, .. } => write!(f, "env {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
        }
    }
}

impl Reference {
    /// Makes a reference and resolves it for the first time.
    pub(crate) fn new(target: Target, place: String) -> Result<Self> {
        let value = Mutex::new(target.resolve()?);
        Ok(Self(Arc::new(Inner { target, place, value })))
    }

    /// Tells whether it can resolve to something else the next time.
    pub(crate) fn can_change(&self) -> bool {
        matches!(self.0.target, Target::File(_))
    }

    /// Gives what it was last resolved to.
    pub(crate) fn value(&self) -> Arc<secrecy::SecretString> {
        Arc::clone(&self.0.value.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Resolves it anew.
    pub(crate) fn resolve(&self) -> Result<()> {
        let value = self.0.target.resolve().map_err(|error| error.at(&self.0.place))?;
        *self.0.value.lock().unwrap_or_else(PoisonError::into_inner) = value;
        Ok(())
    }
}

/// Reads a secret from a file; line breaks at its end are not part of it.
pub(crate) fn read(path: &Path) -> Result<Arc<secrecy::SecretString>> {
    let shown = path.display();
    let fail = |what: &str, way_out: &str| {
        Error::configuration(format!("the secret file {shown} {what}: {way_out}"))
    };
    let file = File::open(path).map_err(|error| {
        fail(&format!("can't be read ({})", error.kind()), "check its path and permissions")
    })?;
    let metadata =
        file.metadata().map_err(|_| fail("can't be examined", "check its file system"))?;
    if !metadata.is_file() {
        return Err(fail("is not a regular file", "name the file that holds the secret"));
    }
    check_access(path, &file, &metadata)?;
    let mut text = Zeroizing::new(String::new());
    let read = file.take(LARGEST + 1).read_to_string(&mut text);
    read.map_err(|_| fail("is not UTF-8 text", "save it as text"))?;
    if text.len() as u64 > LARGEST {
        return Err(fail("is larger than 1 MiB", "name the file that holds the secret"));
    }
    Ok(Arc::new(text.trim_end_matches(['\r', '\n']).into()))
}

/// Refuses a file that others can read or that somebody else owns. On a read-only mount, where a platform
/// puts a container's secrets, the mode is the platform's and nobody could mend it.
#[cfg(unix)]
fn check_access(path: &Path, file: &File, metadata: &std::fs::Metadata) -> Result<()> {
    use std::os::unix::fs::MetadataExt;

    use rustix::fs::{StatVfsMountFlags, fstatvfs};

    let shown = path.display();
    let user = rustix::process::geteuid().as_raw();
    if metadata.uid() != user && metadata.uid() != 0 {
        return Err(Error::configuration(format!(
            "the secret file {shown} belongs to another user: `chown {user} {shown}`"
        )));
    }
    let read_only =
        fstatvfs(file).is_ok_and(|mount| mount.f_flag.contains(StatVfsMountFlags::RDONLY));
    if metadata.mode() & 0o077 != 0 && !read_only {
        return Err(Error::configuration(format!(
            "the secret file {shown} can be read by other users: `chmod 600 {shown}`"
        )));
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
fn check_access(_: &Path, _: &File, _: &std::fs::Metadata) -> Result<()> {
    Ok(())
}
