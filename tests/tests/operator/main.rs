//! What an operator sees of the authorization server: the story that a log tells, and what `doctor` finds.
//!
//! `stories` and `doctor` have a file for each case: how the server answers, and what is printed. To add a case, add a
//! file. With `UPDATE_SNAPSHOTS=1`, what is printed is written to the files: look at what changed.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[cfg(target_os = "linux")]
mod doctor;
mod normal;
mod server;
mod stories;

use std::{env, fs, path::Path};

use authn_tests::command::Sandbox;
use serde::de::DeserializeOwned;

/// Returns the cases of a folder by their names.
fn cases<T: DeserializeOwned>(folder: &str) -> Vec<(String, T)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/operator").join(folder);
    let mut cases = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let case = toml_edit::de::from_str(&fs::read_to_string(&path).unwrap());
        let case = case.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        cases.push((path.file_stem().unwrap().to_str().unwrap().to_owned(), case));
    }
    cases.sort_by(|(one, _), (other, _)| one.cmp(other));
    cases
}

/// Writes what is printed to the file of a case, if that is wanted. Returns whether it is.
fn update(folder: &str, name: &str, key: &str, printed: impl Into<toml_edit::Value>) -> bool {
    let is_wanted = env::var_os("UPDATE_SNAPSHOTS").is_some_and(|value| value == "1");
    if is_wanted {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/operator").join(folder);
        let path = folder.join(format!("{name}.toml"));
        let mut case: toml_edit::DocumentMut = fs::read_to_string(&path).unwrap().parse().unwrap();
        case[key] = toml_edit::value(printed);
        fs::write(path, case.to_string()).unwrap();
    }
    is_wanted
}

/// Creates a sandbox whose user has this configuration, for the server at an address.
fn sandbox(configuration: &str, address: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let path = sandbox.config().join("authn/config.toml");
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, configuration.replace("SERVER", address)).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    sandbox
}
