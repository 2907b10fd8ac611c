//! The search for a secret in all that a tool has written.

use std::{
    fs,
    path::{Path, PathBuf},
};

use authn::conformance::Canary;

/// Returns the files below a folder that contain a secret, without those below `kept`.
pub fn of(canary: &Canary, folder: &Path, kept: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder that can be read") {
            let entry = entry.expect("an entry that can be read");
            // A link may lead out of the folder.
            let kind = entry.file_type().expect("the kind of an entry");
            let path = entry.path();
            if path == kept {
                continue;
            }
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file()
                && canary.find_in(&fs::read(&path).expect("a file that can be read")).is_some()
            {
                found.push(path);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_wherever_it_may_not_be() {
        let folder = tempfile::tempdir().expect("a folder");
        let canary = Canary::new();
        let [kept, other] = ["kept", "other"].map(|name| folder.path().join(name).join("in"));
        for folder in [&kept, &other] {
            fs::create_dir_all(folder).expect("a folder");
            fs::write(folder.join("file"), format!("a {}", canary.as_str())).expect("a file");
            fs::write(folder.join("harmless"), "a").expect("a file");
        }
        assert_eq!(of(&canary, folder.path(), &kept), [other.join("file")]);
    }
}
