//! A plan of what is written for a tool: compared with what is there, shown, and carried out whole or not at all.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use authn::TextFile;

use super::{
    context,
    edit::{Entry, Step},
    files,
    record::{FileRecord, Link, Record},
    undo::Undo,
};
use crate::{app::App, exit::Failure, style::visible};

/// What a tool needs.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) entries: Vec<(PathBuf, Entry)>,
    /// Scripts, which are files of their own that can be run.
    pub(super) scripts: Vec<PathBuf>,
    pub(super) links: Vec<Link>,
    /// What is left for the user to do.
    pub(super) notes: Vec<String>,
}

/// What is missing, and so is written.
pub(super) struct Changes {
    files: Vec<(TextFile, String)>,
    scripts: Vec<PathBuf>,
    links: Vec<Link>,
    /// What is recorded, also of names that another tool's setup has made.
    record: Record,
}

impl Plan {
    pub(super) fn entry(&mut self, path: &Path, entry: Entry) {
        self.entries.push((path.to_owned(), entry));
    }

    /// Compares the plan with what is there. Nothing is written.
    pub(super) fn changes(self, own: &Record, others: &[Record]) -> Result<Changes, Failure> {
        let is_shared = |path: &Path| others.iter().any(|record| record.has(path));
        let mut changes = Changes {
            files: Vec::new(),
            scripts: self.scripts,
            links: Vec::new(),
            record: Record::default(),
        };
        for (path, entry) in self.entries {
            changes.add(&path, entry).map_err(|failure| match failure {
                Err(failure) => failure,
                Ok(conflict) => context::conflict(&path, &conflict),
            })?;
        }
        for link in self.links {
            let is_there = link.is_there()?;
            if !is_there {
                changes.links.push(link.clone());
            }
            // What the user has made is not recorded, and so stays.
            let is_new = !own.links.contains(&link);
            if is_new && (!is_there || is_shared(&link.path)) {
                changes.record.links.push(link);
            }
        }
        changes.record.files.retain(|file| !file.steps.is_empty());
        changes.files.retain(|(file, text)| **file.text() != *text);
        changes.check()?;
        changes.record.folders = changes.missing_folders();
        Ok(changes)
    }
}

impl Changes {
    /// Adds an entry to a file. The failure is a conflict in it, or that it can't be read.
    fn add(
        &mut self,
        path: &Path,
        entry: Entry,
    ) -> Result<(), Result<super::edit::Conflict, Failure>> {
        let there = self.files.iter().position(|(file, _)| file.path() == path);
        let index = there.map_or_else(|| self.open(path).map_err(|error| Err(error.into())), Ok)?;
        let (_, text) = &mut self.files[index];
        if let Some((step, after)) = Step::of(entry, text).map_err(Ok)? {
            self.record.files[index].steps.push(step);
            *text = after;
        }
        Ok(())
    }

    /// Opens a file, and returns its index.
    fn open(&mut self, path: &Path) -> authn::Result<usize> {
        let file = TextFile::read(path)?;
        let is_new = !file.exists();
        let text = file.text().to_string();
        self.files.push((file, text));
        self.record.files.push(FileRecord { path: path.to_owned(), is_new, steps: Vec::new() });
        Ok(self.files.len() - 1)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.links.is_empty() && self.record.is_empty()
    }

    /// Fails if one of the files can't be written, before any is.
    fn check(&self) -> Result<(), Failure> {
        self.files.iter().try_for_each(|(file, _)| files::check_is_writable(file))
    }

    fn missing_folders(&self) -> Vec<PathBuf> {
        let files = self.files.iter().map(|(file, _)| file.target());
        let paths = files.chain(self.links.iter().map(|link| &*link.path));
        let mut missing: Vec<PathBuf> = paths
            .flat_map(|path| path.ancestors().skip(1).take_while(|folder| !folder.exists()))
            .map(Path::to_owned)
            .collect();
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// Returns what is written, by file: the added lines with `+`, and what they replace with `-`. No other line of a file
    /// is shown, because it may contain a secret.
    pub(super) fn difference(&self) -> String {
        let mut shown = String::new();
        for (file, _) in &self.files {
            let record = self.record.files.iter().find(|record| record.path == file.path());
            let is_new = if file.exists() { "" } else { " (new)" };
            let _ = writeln!(shown, "{}{is_new}", visible(&file.path().display().to_string()));
            let mut last = None;
            for step in record.into_iter().flat_map(|record| &record.steps) {
                let line = file.exists().then(|| step.line(file.text()));
                if let Some(line) = line.filter(|_| line != last) {
                    let _ = writeln!(shown, "@@ line {line} @@");
                }
                last = line;
                shown.push_str(&step.shown());
            }
        }
        for link in &self.links {
            let [path, target] =
                [&link.path, &link.target].map(|path| visible(&path.display().to_string()));
            let _ = writeln!(shown, "{path} -> {target}");
        }
        shown
    }

    /// Writes everything, or leaves everything as it was.
    pub(super) fn write(self, app: &App, tool: &str, others: &[Record]) -> Result<(), Failure> {
        let before = Record::read(app, tool)?;
        let mut record = before.clone();
        record.extend(self.record.clone());
        // If this program ends in between, an undo finds what was written.
        record.write(app, tool)?;
        let written = self.write_all();
        if let Err(failure) = written {
            Undo::of(&self.record, others).carry_out().and_then(|_| before.write(app, tool)).ok();
            return Err(failure);
        }
        Ok(())
    }

    fn write_all(&self) -> Result<(), Failure> {
        for (file, text) in &self.files {
            file.replace(text)?;
            if self.scripts.iter().any(|script| script == file.path()) {
                files::make_executable(file.path())?;
            }
        }
        self.links.iter().try_for_each(Link::create)
    }
}
