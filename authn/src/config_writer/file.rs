//! The file that is changed: as it was read, and how it is replaced.

use std::{
    fs::{self, File},
    io,
    path::{self, Path, PathBuf},
};

use zeroize::Zeroizing;

use super::difference::{Change, changes};
use crate::{
    Error, Result,
    diagnostic::{SourceText, limit_help, reason},
    input_file::{self, Refusal, Rules},
    private_file,
};

/// The start of the name of a new file, until it replaces the other one.
const PREFIX: &str = ".authn-new-";

/// A configuration file as it was read, or its absence.
pub(super) struct Original {
    path: PathBuf,
    /// The file itself, if the path is a symbolic link.
    target: PathBuf,
    text: Zeroizing<String>,
    /// The text with the ends of lines that the editor of TOML keeps.
    editable: Zeroizing<String>,
    exists: bool,
}

impl Original {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let target = if path.symlink_metadata().is_ok() {
            fs::canonicalize(path).map_err(|error| refused(&Refusal::unopened(path, &error)))?
        } else {
            path::absolute(path).unwrap_or_else(|_| path.to_owned())
        };
        let read = input_file::read_text(&target, Rules::Configuration);
        let (text, exists) = match read {
            Ok(text) => (text, true),
            Err(refusal) if refusal.is_absence() => (Zeroizing::new(String::new()), false),
            Err(refusal) => return Err(refused(&refusal)),
        };
        let editable = Zeroizing::new(text.replace("\r\n", "\n"));
        Ok(Self { path: path.to_owned(), target, text, editable, exists })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn text(&self) -> &Zeroizing<String> {
        &self.text
    }

    pub(super) fn editable(&self) -> &str {
        &self.editable
    }

    /// Returns the text of a changed document with the ends of lines of this file.
    pub(super) fn restored(&self, text: &Zeroizing<String>) -> Zeroizing<String> {
        if **text == *self.editable {
            return self.text.clone();
        }
        if !self.text.contains("\r\n") {
            return text.clone();
        }
        let [old, new] = [&self.editable, text].map(|text| text.lines().collect::<Vec<_>>());
        let mut originals = self.text.split_inclusive('\n');
        let mut added = new.iter();
        let mut restored = Zeroizing::new(String::new());
        for change in changes(&old, &new) {
            let original = if change == Change::Added { None } else { originals.next() };
            let line = if change == Change::Removed { None } else { added.next() };
            match (original.filter(|original| original.ends_with('\n')), line) {
                (Some(original), Some(_)) => restored.push_str(original),
                (None, Some(line)) => restored.extend([line, "\r\n"]),
                (_, None) => {}
            }
        }
        restored
    }

    pub(super) fn not_toml(&self, at: usize) -> Error {
        let place = SourceText::new(self.path.clone(), self.editable.clone()).provenance(at);
        Error::configuration(format!("{place} is not valid TOML, so the file is not changed"))
            .with_help("fix it with `config edit`, or by hand")
    }

    /// Replaces the file by one with this text, if it is still what was read.
    pub(super) fn replace(&self, text: &str) -> Result<()> {
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
        // Other writers lock the file that they replace, too, so between the comparison and the change there is none.
        let file = File::open(&self.target).map_err(|error| failed(&error))?;
        // On a file system without locks, the comparison remains.
        if matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)) {
            return Err(self.changed());
        }
        let now = input_file::read(&self.target, Rules::Configuration);
        let now = now.map_err(|refusal| refused(&refusal))?;
        if !private_file::is_at(&file, &self.target) || *now.bytes != *self.text.as_bytes() {
            return Err(self.changed());
        }
        private_file::replace_like(&file, &self.target, PREFIX, text.as_bytes())
            .map_err(|error| failed(&error))
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

fn refused(refusal: &Refusal) -> Error {
    Error::configuration(&*refusal.fault).with_help(refusal.help.clone())
}
