//! The provenance of a value, as text for a table.

use std::path::{Path, PathBuf};

use authn::config::{Config, Provenance, Setting, SourceState};

use crate::{
    output::Output,
    style::{home, short, visible},
};

/// Writes provenances as text: for people the home as `~`, and an overridden file as its name alone.
pub(in crate::commands) struct Places {
    home: Option<PathBuf>,
    /// The files that were found.
    files: Vec<PathBuf>,
}

impl Places {
    pub(in crate::commands) fn new(config: &Config, output: &Output) -> Self {
        let found = config.sources().iter().filter(|source| source.state != SourceState::Absent);
        let home = home().filter(|_| output.is_terminal());
        Self { home, files: found.filter_map(|source| source.path.clone()).collect() }
    }

    /// Returns the provenance of a setting, its reference, and with `with_overrides` the provenances that it
    /// overrides.
    pub(in crate::commands) fn of(&self, setting: &Setting, with_overrides: bool) -> String {
        let mut text = self.full(&setting.provenance, setting.profile.as_deref());
        if let Some(reference) = &setting.reference {
            text = format!("{text}, from {reference}");
        }
        if with_overrides && !setting.overrides.is_empty() {
            let overridden: Vec<String> = setting
                .overrides
                .iter()
                .map(|overridden| self.brief(&overridden.provenance))
                .collect();
            text = format!("{text} (overrides {})", overridden.join(", "));
        }
        text
    }

    /// Returns the full text of a provenance, with the profile whose table it is in.
    pub(in crate::commands) fn full(
        &self,
        provenance: &Provenance,
        profile: Option<&str>,
    ) -> String {
        let place = self.provenance(provenance);
        // The name of a variable or a flag contains the profile.
        match (provenance, profile) {
            (Provenance::File { .. }, Some(profile)) => {
                format!("{place} [profile.{}]", visible(profile))
            }
            _ => place,
        }
    }

    /// Returns the full text of a provenance.
    pub(in crate::commands) fn provenance(&self, provenance: &Provenance) -> String {
        match provenance {
            Provenance::File { path, line, column } => {
                format!("{}:{line}:{column}", short(path, self.home.as_deref()))
            }
            other => other.to_string(),
        }
    }

    /// Returns a short text of a provenance: the file's name alone if it is unique.
    fn brief(&self, provenance: &Provenance) -> String {
        match provenance {
            Provenance::File { path, line, column } if self.has_unique_name(path) => {
                let name = path.file_name().unwrap_or_default();
                format!("{}:{line}:{column}", name.display())
            }
            Provenance::Environment { name } => format!("env {name}"),
            other => self.provenance(other),
        }
    }

    fn has_unique_name(&self, path: &Path) -> bool {
        let has_same_name = |file: &&PathBuf| file.file_name() == path.file_name();
        path.file_name().is_some() && self.files.iter().filter(has_same_name).count() == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(files: &[&str]) -> Places {
        Places { home: Some("/home/ann".into()), files: files.iter().map(PathBuf::from).collect() }
    }

    fn at(path: &str) -> Provenance {
        Provenance::File { path: path.into(), line: 2, column: 10 }
    }

    #[test]
    fn home_is_a_tilde_and_a_similar_path_is_not() {
        let places = places(&[]);
        assert_eq!(places.provenance(&at("/home/ann/.config/x.toml")), "~/.config/x.toml:2:10");
        assert_eq!(places.provenance(&at("/home/anna/x.toml")), "/home/anna/x.toml:2:10");
        assert_eq!(places.provenance(&Provenance::Default), "default");
    }

    #[test]
    fn an_overridden_file_is_its_name_unless_two_files_have_it() {
        let user = "/home/ann/.config/authn/config.toml";
        assert_eq!(places(&[user]).brief(&at(user)), "config.toml:2:10");
        let both = places(&[user, "/etc/authn/config.toml"]);
        assert_eq!(both.brief(&at(user)), "~/.config/authn/config.toml:2:10");
        assert_eq!(both.brief(&at("/etc/authn/config.toml")), "/etc/authn/config.toml:2:10");
    }
}
