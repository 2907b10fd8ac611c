//! The record of what was written for a tool, so that exactly this can be removed again.
//!
//! It is `<state>/<app>/setup/TOOL.json`, of mode 0600. It contains no text of the user's files, and so no secret.

use std::path::{Path, PathBuf};

use authn::StateFile;
use serde::{Deserialize, Serialize};

use super::edit::Step;
use crate::{
    app::App,
    exit::{Code, Failure},
    style::visible,
};

const VERSION: u32 = 1;

/// What was written for one tool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    version: u32,
    pub(super) files: Vec<FileRecord>,
    pub(super) links: Vec<Link>,
    /// The folders that were created, the outermost first.
    pub(super) folders: Vec<PathBuf>,
}

/// What was written into one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct FileRecord {
    pub(super) path: PathBuf,
    /// Whether there was no file before.
    pub(super) is_new: bool,
    pub(super) steps: Vec<Step>,
}

/// A name of this program, by which a tool calls it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Link {
    pub(super) path: PathBuf,
    pub(super) target: PathBuf,
}

impl Record {
    /// Reads the record of a tool; it is empty if there is none.
    pub(super) fn read(app: &App, tool: &str) -> Result<Self, Failure> {
        let file = file(app, tool)?;
        let Some(text) = file.read()? else { return Ok(Self::default()) };
        let record = serde_json::from_str::<Self>(&text).ok();
        record.filter(|record| record.version == VERSION).ok_or_else(|| {
            let path = visible(&file.path().display().to_string());
            let message = format!("{path}, the record of the setup of {tool}, can't be read");
            Failure::new(Code::Other, message).with_help(
                "use the version of this program that wrote it, or delete it and remove the lines by hand",
            )
        })
    }

    /// Writes the record, or removes it if it is empty.
    pub(super) fn write(&self, app: &App, tool: &str) -> Result<(), Failure> {
        let file = file(app, tool)?;
        if self.is_empty() {
            return Ok(file.remove()?);
        }
        let record = Self { version: VERSION, ..self.clone() };
        let text = serde_json::to_string_pretty(&record).map_err(std::io::Error::from)?;
        Ok(file.write(&format!("{text}\n"))?)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.links.is_empty()
    }

    /// Adds what another run has written.
    pub(super) fn extend(&mut self, later: Self) {
        for file in later.files {
            match self.files.iter_mut().find(|there| there.path == file.path) {
                Some(there) => there.steps.extend(file.steps),
                None => self.files.push(file),
            }
        }
        self.links.extend(later.links);
        self.folders.extend(later.folders);
    }

    /// Returns whether a path is of a file or a link that was written.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.files.iter().any(|file| file.path == path)
            || self.links.iter().any(|link| link.path == path)
    }
}

fn file(app: &App, tool: &str) -> authn::Result<StateFile> {
    app.loader().state_file("setup", &format!("{tool}.json"))
}
