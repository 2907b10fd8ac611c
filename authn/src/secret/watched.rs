//! `Watched`: the text of a file of a secret, and whether the file is still the one that was read.

use std::{fmt, path::Path};

use super::SecretString;
use crate::{
    Error, Result,
    input_file::{self, Rules, Version},
    runtime::aside,
};

/// What was read from a file of a secret.
#[doc(hidden)]
#[derive(Clone)]
pub struct Watched {
    text: SecretString,
    version: Version,
}

impl Watched {
    /// Reads the file without blocking the thread. The rules are those of [`SecretString::read_file`], and white space
    /// around the text is removed.
    ///
    /// An absent file is [not applicable](Error::not_applicable). `what` is the file in errors, such as `the token file`.
    pub async fn read(path: &Path, what: &'static str) -> Result<Self> {
        let path = path.to_owned();
        aside(move || Self::read_here(&path, what)).await
    }

    fn read_here(path: &Path, what: &str) -> Result<Self> {
        let (text, version) =
            input_file::read_text_version(path, Rules::Secret).map_err(|refusal| {
                if refusal.is_absence() {
                    return absent(path, what);
                }
                let message = format!("{what} {}", refusal.fault);
                Error::configuration(message).with_help(refusal.help)
            })?;
        input_file::warn_of_folder(path);
        match text.trim() {
            "" => {
                let message = format!("{what} {} is empty", path.display());
                Err(Error::configuration(message).with_help("check what writes it"))
            }
            text => Ok(Self { text: text.into(), version }),
        }
    }

    /// Returns the error of a file that is known to be absent. It is not opened.
    pub fn absence(path: &Path, what: &str) -> Option<Error> {
        path.try_exists().is_ok_and(|exists| !exists).then(|| absent(path, what))
    }

    /// Returns the text.
    pub fn text(&self) -> &SecretString {
        &self.text
    }

    /// Returns whether another file can be at the path, or the file was changed. As long as it is absent, it is not replaced.
    pub fn is_replaced(&self, path: &Path) -> bool {
        self.version.is_replaced(path)
    }
}

fn absent(path: &Path, what: &str) -> Error {
    Error::not_applicable(format!("{what} {} does not exist", path.display()))
        .with_help("check the path, and whether this machine has it")
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watched(..)")
    }
}
