//! Who can read the configuration files that hold secrets. The files that are referred to are refused when
//! they are read, and the store's are its own matter.

use std::{collections::BTreeSet, path::Path};

use authn::config::{Class, Origin};

use super::{
    finding::{Finding, word},
    patient::Patient,
};

const CHECK: &str = "permissions";

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let secrets = patient.settings.iter().filter(|setting| {
        setting.class == Class::Secret && setting.is_set && setting.reference.is_none()
    });
    let files: BTreeSet<&Path> = secrets
        .filter_map(|setting| match &setting.origin {
            Origin::File { path, .. } => Some(path.as_path()),
            _ => None,
        })
        .collect();
    files.into_iter().map(finding).collect()
}

fn finding(path: &Path) -> Finding {
    let shown = path.display();
    if is_open(path) {
        return Finding::warning(
            CHECK,
            format!("{shown} holds a secret, and other users can read it"),
        )
        .mended_by(format!("`chmod 600 {}`", word(path)));
    }
    Finding::ok(CHECK, format!("{shown} holds a secret, and is for its owner alone"))
}

#[cfg(unix)]
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    path.metadata().is_ok_and(|metadata| metadata.mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open(_: &Path) -> bool {
    false
}
