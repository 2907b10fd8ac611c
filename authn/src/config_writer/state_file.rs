//! `StateFile`: a record in the user's state directory, for the user alone.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::{
    Error, ErrorKind, Loader, Result,
    diagnostic::{limit_help, reason},
    input_file::{self, Refusal, Rules},
    private_file,
};

/// A record in the state directory of an application, in a file of mode 0600.
#[doc(hidden)]
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
}

impl StateFile {
    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the record; `None` if there is none. One that other users can access is an error.
    pub fn read(&self) -> Result<Option<Zeroizing<String>>> {
        let folder = self.folder();
        if !private_file::check_folder(folder).map_err(|refusal| refused(&refusal))? {
            return Ok(None);
        }
        match input_file::read_text(&self.path, Rules::Session) {
            Ok(text) => Ok(Some(text)),
            Err(refusal) if refusal.is_absence() => Ok(None),
            Err(refusal) => Err(refused(&refusal)),
        }
    }

    /// Replaces the record, whole or not at all.
    pub fn write(&self, text: &str) -> Result<()> {
        private_file::make_folder(self.folder()).map_err(|refusal| refused(&refusal))?;
        private_file::replace(&self.path, ".new-", text.as_bytes())
            .map_err(|error| self.unwritten(&error))
    }

    /// Removes the record, and its folder if it is empty then.
    pub fn remove(&self) -> Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.unwritten(&error)),
            _ => {
                let _ = fs::remove_dir(self.folder());
                Ok(())
            }
        }
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    fn unwritten(&self, error: &io::Error) -> Error {
        let message = format!("can't write {} ({})", self.path.display(), reason(error));
        Error::new(ErrorKind::Store, message)
            .with_help(limit_help(error).unwrap_or("check the folder and the disk"))
    }
}

fn refused(refusal: &Refusal) -> Error {
    Error::new(ErrorKind::Store, &*refusal.fault).with_help(refusal.help.clone())
}

impl Loader {
    /// Returns a record in a folder of the application's state directory.
    ///
    /// Fails with [`Store`](crate::ErrorKind::Store) if there is no such directory.
    #[doc(hidden)]
    pub fn state_file(&self, folder: &str, name: &str) -> Result<StateFile> {
        let environment = self.surroundings();
        let state = environment.state().ok_or_else(|| {
            Error::new(ErrorKind::Store, "there is no state directory")
                .with_help("set HOME or XDG_STATE_HOME")
        })?;
        Ok(StateFile { path: state.join(self.app_name()).join(folder).join(name) })
    }
}
