//! A file of text that is changed: as it was read, and how it is replaced or removed.

use std::{
    fmt,
    fs::{self, File},
    io,
    path::{self, Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::{
    Error, Result,
    diagnostic::{SourceText, limit_help, quoted, reason},
    input_file::{self, BYTE_ORDER_MARK, Refusal, Rules},
    private_file,
};

/// The start of the name of a new file, until it replaces the other one.
const PREFIX: &str = ".authn-new-";

/// A file of text as it was read, or its absence: a configuration of authn or of another program.
#[doc(hidden)]
pub struct TextFile {
    path: PathBuf,
    /// The file itself, if the path is a symbolic link.
    target: PathBuf,
    text: Zeroizing<String>,
    /// Whether the file starts with a byte order mark, which is not part of the text.
    has_mark: bool,
    exists: bool,
}

impl TextFile {
    /// Reads a file, which need not exist.
    ///
    /// Fails with [`Configuration`](crate::ErrorKind::Configuration) if the file can't be read, or is unsafe to read.
    pub fn read(path: &Path) -> Result<Self> {
        let target = if path.symlink_metadata().is_ok() {
            fs::canonicalize(path).map_err(|error| refused(&Refusal::unopened(path, &error)))?
        } else {
            path::absolute(path).unwrap_or_else(|_| path.to_owned())
        };
        let read = input_file::read_marked_text(&target, Rules::Configuration);
        let (text, has_mark, exists) = match read {
            Ok((text, has_mark)) => (text, has_mark, true),
            Err(refusal) if refusal.is_absence() => (Zeroizing::default(), false, false),
            Err(refusal) => return Err(refused(&refusal)),
        };
        Ok(Self { path: path.to_owned(), target, text, has_mark, exists })
    }

    /// Returns the path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of the file itself, if the path is a symbolic link.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Returns the text, without a byte order mark; it is empty if there is no file.
    pub fn text(&self) -> &Zeroizing<String> {
        &self.text
    }

    /// Returns whether there was a file.
    pub fn exists(&self) -> bool {
        self.exists
    }

    /// Fails if other users can read the file.
    pub(super) fn check_private(&self) -> Result<()> {
        #[cfg(unix)]
        if self.exists {
            use std::os::unix::fs::PermissionsExt as _;

            let metadata = fs::metadata(&self.target).map_err(|error| self.unwritten(&error))?;
            if metadata.permissions().mode() & 0o077 != 0 {
                let path = self.path.display();
                return Err(Error::configuration(format!(
                    "other users can read {path}, so no secret is written there"
                ))
                .with_help(format!(
                    "run `chmod 600 {}`, or refer to the secret",
                    quoted(&path.to_string())
                )));
            }
        }
        Ok(())
    }

    pub(super) fn not_toml(&self, at: usize) -> Error {
        let place =
            SourceText::new(self.path.clone(), Zeroizing::new(self.text.replace("\r\n", "\n")))
                .provenance(at);
        Error::configuration(format!("{place} is not valid TOML, so the file is not changed"))
            .with_help("fix it with `config edit`, or by hand")
    }

    /// Replaces the file by one with this text, if it is still what was read. A new one has the mode 0600.
    ///
    /// Fails with [`Configuration`](crate::ErrorKind::Configuration) if another program has changed the file meanwhile, or
    /// if it can't be written.
    pub fn replace(&self, text: &str) -> Result<()> {
        let failed = |error: &io::Error| self.unwritten(error);
        if !self.exists {
            let folder = self.target.parent().unwrap_or(&self.target);
            if !folder.is_dir() {
                private_file::make_folder(folder).map_err(|refusal| refused(&refusal))?;
            }
            return match private_file::create(&self.target, PREFIX, text.as_bytes()) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(self.changed()),
                result => result.map_err(|error| failed(&error)),
            };
        }
        let file = self.locked()?;
        let mark = if self.has_mark { BYTE_ORDER_MARK } else { &[] };
        let bytes = Zeroizing::new([mark, text.as_bytes()].concat());
        private_file::replace_like(&file, &self.target, PREFIX, &bytes)
            .map_err(|error| failed(&error))
    }

    /// Removes the file, if it is still what was read.
    ///
    /// Fails like [`replace`](Self::replace).
    pub fn remove(&self) -> Result<()> {
        let _file = self.locked()?;
        fs::remove_file(&self.target).map_err(|error| self.unwritten(&error))
    }

    /// Returns the file under a lock, if it is still what was read. Other writers lock the file that they replace, too, so
    /// between the comparison and the change there is none.
    fn locked(&self) -> Result<File> {
        let file = File::open(&self.target).map_err(|error| self.unwritten(&error))?;
        // On a file system without locks, the comparison remains.
        if matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)) {
            return Err(self.changed());
        }
        let now = input_file::read(&self.target, Rules::Configuration);
        let now = now.map_err(|refusal| refused(&refusal))?;
        let is_same = *now.bytes == *self.text.as_bytes() && now.has_mark == self.has_mark;
        if !is_same || !private_file::is_at(&file, &self.target) {
            return Err(self.changed());
        }
        Ok(file)
    }

    fn changed(&self) -> Error {
        let path = self.path.display();
        Error::configuration(format!("another program has changed {path} meanwhile"))
            .with_help("run the command again")
    }

    fn unwritten(&self, error: &io::Error) -> Error {
        let path = self.path.display();
        Error::configuration(format!("can't write {path} ({})", reason(error)))
            .with_help(limit_help(error).unwrap_or("check the folder and the disk"))
    }
}

impl fmt::Debug for TextFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text may contain a secret.
        f.debug_struct("TextFile").field("path", &self.path).finish_non_exhaustive()
    }
}

fn refused(refusal: &Refusal) -> Error {
    Error::configuration(&*refusal.fault).with_help(refusal.help.clone())
}
