//! Removes what was written for a tool, and nothing else.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use authn::TextFile;

use super::{
    files,
    record::{Link, Record},
};
use crate::{exit::Failure, style::visible};

/// What an undo removes.
pub(super) struct Undo<'r> {
    record: &'r Record,
    /// The records of other tools, which may use the same names.
    others: &'r [Record],
}

/// What an undo has left, because it is no longer what was written.
#[derive(Debug, Default)]
pub(super) struct Left(pub(super) Vec<PathBuf>);

impl<'r> Undo<'r> {
    pub(super) fn of(record: &'r Record, others: &'r [Record]) -> Self {
        Self { record, others }
    }

    /// Returns what is removed, by file.
    pub(super) fn difference(&self) -> String {
        let mut shown = String::new();
        for file in &self.record.files {
            let _ = writeln!(shown, "{}", visible(&file.path.display().to_string()));
            for step in &file.steps {
                shown.push_str(&step.shown_undone());
            }
        }
        for link in self.own_links() {
            let _ = writeln!(shown, "{} (link)", visible(&link.path.display().to_string()));
        }
        shown
    }

    /// Removes everything that is still what was written.
    pub(super) fn carry_out(&self) -> Result<Left, Failure> {
        let mut left = Left::default();
        let mut changes = Vec::new();
        for file in &self.record.files {
            let now = TextFile::read(&file.path)?;
            let mut text = now.text().to_string();
            let mut is_left = false;
            for step in file.steps.iter().rev() {
                match step.undo(&text) {
                    Some(without) => text = without,
                    None => is_left |= !step.is_absent(&text),
                }
            }
            // The lines below it have been changed.
            let notes = file.steps.iter().filter_map(|step| step.entry.note());
            if is_left || notes.into_iter().any(|note| text.contains(note)) {
                left.0.push(file.path.clone());
            }
            if **now.text() != *text {
                files::check_is_writable(&now)?;
                changes.push((now, text, file.is_new));
            }
        }
        for (file, text, is_new) in changes {
            if is_new && matches!(text.trim(), "" | "{}") {
                file.remove()?;
            } else {
                file.replace(&text)?;
            }
        }
        for link in self.own_links() {
            if !link.remove() && link.path.symlink_metadata().is_ok() {
                left.0.push(link.path.clone());
            }
        }
        // One that is not empty stays.
        self.record.folders.iter().rev().for_each(|folder| drop(fs::remove_dir(folder)));
        left.0.dedup();
        Ok(left)
    }

    fn own_links(&self) -> impl Iterator<Item = &Link> {
        self.record.links.iter().filter(|link| !self.is_shared(&link.path))
    }

    fn is_shared(&self, path: &Path) -> bool {
        self.others.iter().any(|record| record.has(path))
    }
}
