//! Secrets that are written into configuration files which others can read.

use std::{collections::BTreeMap, path::Path};

use super::{
    Config, LayerName,
    layers::merge::Part,
    visibility::{Class, Visibility},
};
use crate::{
    diagnostic::{Problem, ProblemCode, Provenance},
    input_file::{self, Reason, Rules},
    options::{Item, Key},
};

const HELP: &str = "write where the secret is: `{ env = \"NAME\" }` or `{ file = \"PATH\" }`";

/// Returns a warning for each secret in a project's file, or in a file that other users can read. Profiles that are not
/// active count, too.
pub(super) fn warnings(config: &Config) -> Vec<Problem> {
    let mut faults = BTreeMap::new();
    let mut warnings = Vec::new();
    for part in &config.parts {
        for (key, item) in secrets(config, part) {
            let Provenance::File { path, .. } = &item.provenance else { continue };
            let fault = if part.name == LayerName::Project {
                Some((
                    "it is in a project's file, which others can get".to_owned(),
                    HELP.to_owned(),
                ))
            } else {
                faults.entry(path.clone()).or_insert_with(|| readers(path)).clone()
            };
            let Some((why, help)) = fault else { continue };
            let message = format!("the secret itself is written here: {why}");
            let problem = Problem::warning(ProblemCode::LiteralSecret, message)
                .with_key(key)
                .with_provenance(item.provenance.clone());
            warnings.push(problem.with_help(help));
        }
    }
    warnings
}

/// Returns the literal secrets in a part.
fn secrets<'c>(config: &'c Config, part: &'c Part) -> Vec<(Key, &'c Item)> {
    let is_file = matches!(
        part.name,
        LayerName::System | LayerName::User | LayerName::Project | LayerName::File
    );
    let top = Visibility::top(&config.registry);
    let (mut key, mut entries) = (Key::default(), Some(&part.values));
    if let Some(profile) = &part.profile {
        key = Key::new(&["profile", profile]);
        if part.inactive {
            entries = part.values.get("profile").and_then(Item::as_table);
        }
    }
    let mut found = Vec::new();
    for (name, item, visibility) in
        entries.filter(|_| is_file).into_iter().flat_map(|entries| top.within(entries))
    {
        collect(&mut found, &key.child(&name), item, visibility);
    }
    found
}

fn collect<'c>(
    found: &mut Vec<(Key, &'c Item)>,
    key: &Key,
    item: &'c Item,
    visibility: Visibility<'_>,
) {
    if visibility.class() == Class::Secret {
        if item.as_text().is_some_and(|text| !text.is_empty()) {
            found.push((key.clone(), item));
        }
        // A table is a reference, or a map of secrets.
        if visibility.is_whole() {
            return;
        }
    }
    for (name, item, below) in visibility.below(item) {
        collect(found, &key.child(&name), item, below);
    }
}

/// Returns why others can read a file, and how to change that; `None` if they can't.
fn readers(path: &Path) -> Option<(String, String)> {
    let refusal = input_file::open(path, Rules::Secretive).err()?;
    let is_open = refusal.reason == Reason::Access;
    is_open
        .then(|| (format!("the file {}", refusal.clause), format!("{}, or {HELP}", refusal.help)))
}
