//! The user's trust in a project's file: a record in the user's state directory.
//!
//! The record is `<state>/<app>/trust/HASH.json`, where `HASH` is the SHA-256 of the file's path. It applies only to the
//! file at that path, to the target if the file is a symbolic link, and to these exact bytes. So one changed byte ends the
//! trust, and neither a link in place of the file nor a copy elsewhere inherits it. A record that other users can write,
//! or that another user owns, is ignored.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    Environment, Error, ErrorKind, Result,
    diagnostic::{Problem, ProblemCode, Provenance, limit_help, reason},
    input_file::{self, Refusal, Rules},
    private_file,
    store::hex,
};

const VERSION: u32 = 1;

/// The path of a project's file, and the path of its record.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The path of the file: its canonical folder and its name.
    path: PathBuf,
    /// The canonical path of the file, which differs for a symbolic link; `None` if there is no file.
    target: Option<PathBuf>,
    /// The path of the record; `None` if the user has no state directory.
    record: Option<PathBuf>,
}

/// Whether a project's file is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TrustState {
    /// The user trusts these bytes.
    Trusted,
    /// The file has changed since the user trusted it.
    Changed,
    /// The user has not trusted the file, or has revoked the trust.
    Unknown,
}

/// The record of a trusted file.
#[derive(Serialize, Deserialize)]
struct Record {
    version: u32,
    path: String,
    target: String,
    sha256: String,
}

impl Place {
    /// Returns the place of a path, whether there is a file or not; `None` if its folder can't be resolved.
    pub(super) fn of(path: &Path, app: &str, environment: &Environment) -> Option<Self> {
        let path = fs::canonicalize(path.parent()?).ok()?.join(path.file_name()?);
        let target = fs::canonicalize(&path).ok();
        let name = format!("{}.json", hex(&Sha256::digest(path.as_os_str().as_encoded_bytes())));
        let record = environment.state().map(|state| state.join(app).join("trust").join(name));
        Some(Self { path, target, record })
    }

    /// Returns whether the user has trusted this file, also if its contents have changed since.
    pub(super) fn is_recorded(&self) -> bool {
        match (self.read(), self.texts()) {
            (Ok(Some(record)), Some((path, target))) => {
                record.path == path && record.target == target
            }
            _ => false,
        }
    }

    /// Returns the target of a symbolic link at this place.
    pub(super) fn link_target(&self) -> Option<&Path> {
        self.target.as_deref().filter(|target| *target != self.path)
    }

    /// Returns whether the file is trusted with these contents. A record that is ignored is a problem.
    pub(super) fn trust_state(&self, contents: &[u8], problems: &mut Vec<Problem>) -> TrustState {
        let record = self.read().unwrap_or_else(|problem| {
            problems.push(*problem);
            None
        });
        match (record, self.texts()) {
            (Some(record), Some((path, target))) if record.path == path => {
                let is_same = record.target == target && record.sha256 == digest(contents);
                if is_same { TrustState::Trusted } else { TrustState::Changed }
            }
            _ => TrustState::Unknown,
        }
    }

    /// Records that these contents of the file are trusted.
    pub(super) fn trust(&self, contents: &[u8]) -> Result<()> {
        let Some(path) = &self.record else {
            return Err(failed("there is no state directory for the record of trust")
                .with_help("set HOME or XDG_STATE_HOME"));
        };
        let Some((place, target)) = self.texts() else {
            return Err(Error::configuration(format!(
                "{} can't be trusted, because its path is not UTF-8 or there is no file",
                self.path.display()
            ))
            .with_help("rename its folders"));
        };
        let record = Record {
            version: VERSION,
            path: place.to_owned(),
            target: target.to_owned(),
            sha256: digest(contents),
        };
        let fail = |error: &io::Error| {
            failed(format!("can't write {} ({})", path.display(), reason(error)))
                .with_help(limit_help(error).unwrap_or("check the folder and the disk"))
        };
        let mut text = serde_json::to_vec_pretty(&record).map_err(|error| fail(&error.into()))?;
        text.push(b'\n');
        private_file::make_folder(folder(path))
            .map_err(|refusal| failed(refusal.fault).with_help(refusal.help))?;
        private_file::replace(path, ".new-", &text).map_err(|error| fail(&error))
    }

    /// Removes the record, and returns whether there was one.
    pub(super) fn revoke(&self) -> Result<bool> {
        let Some(path) = &self.record else { return Ok(false) };
        let removed = fs::remove_file(path).and_then(|()| private_file::sync_folder(folder(path)));
        match removed {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => {
                Err(failed(format!("can't remove {} ({})", path.display(), reason(&error)))
                    .with_help("remove it by hand"))
            }
        }
    }

    /// Returns the path and its target as a record contains them; `None` if one is not UTF-8.
    fn texts(&self) -> Option<(&str, &str)> {
        Some((self.path.to_str()?, self.target.as_ref()?.to_str()?))
    }

    fn read(&self) -> Result<Option<Record>, Box<Problem>> {
        let Some(path) = &self.record else { return Ok(None) };
        let ignored = |why: String, help: String| {
            let message = format!("the record of trust is ignored, because {why}");
            let problem = Problem::warning(ProblemCode::TrustRecord, message);
            Box::new(problem.with_provenance(Provenance::file(&self.path)).with_help(help))
        };
        let refused = |refusal: Refusal| {
            let help = format!("{}, or remove it and trust the file again", refusal.help);
            ignored(refusal.fault, help)
        };
        if !private_file::check_folder(folder(path)).map_err(refused)? {
            return Ok(None);
        }
        let text = match input_file::read(path, Rules::Session) {
            Ok(contents) => contents.bytes,
            Err(refusal) if refusal.is_absence() => return Ok(None),
            Err(refusal) => return Err(refused(refusal)),
        };
        let record = serde_json::from_slice::<Record>(&text).ok();
        let record = record.filter(|record| record.version == VERSION);
        let unread = || {
            let why = format!("{} can't be read by this version", path.display());
            ignored(why, "remove it and trust the file again".to_owned())
        };
        record.map(Some).ok_or_else(unread)
    }
}

fn folder(record: &Path) -> &Path {
    record.parent().unwrap_or(record)
}

fn digest(contents: &[u8]) -> String {
    hex(&Sha256::digest(contents))
}

fn failed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Store, message)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use super::*;

    const CONTENTS: &[u8] = b"[credentials]\ndomain = 'a.test'\n";

    struct Scene {
        _root: tempfile::TempDir,
        folder: PathBuf,
        environment: Environment,
    }

    impl Scene {
        fn new() -> Self {
            let root = tempfile::tempdir().expect("a folder");
            // The folder for temporary files may be a link, such as on macOS.
            let folder = fs::canonicalize(root.path()).expect("a path");
            let environment = Environment::empty().state_directory(folder.join("state"));
            let scene = Self { _root: root, folder, environment };
            scene.write("clone/.authn.toml");
            scene
        }

        fn path(&self, path: &str) -> PathBuf {
            self.folder.join(path)
        }

        fn write(&self, path: &str) {
            let path = self.path(path);
            fs::create_dir_all(folder(&path)).expect("made");
            fs::write(path, CONTENTS).expect("written");
        }

        fn place(&self, path: &str) -> Place {
            Place::of(&self.path(path), "authn", &self.environment).expect("a place")
        }

        /// Returns whether a file with the usual contents is trusted, and the problem of its record.
        fn trust_state(&self, path: &str) -> (TrustState, String) {
            let mut problems = Vec::new();
            let trust_state = self.place(path).trust_state(CONTENTS, &mut problems);
            (trust_state, problems.iter().map(ToString::to_string).collect())
        }

        fn trusted(&self) -> PathBuf {
            let place = self.place("clone/.authn.toml");
            place.trust(CONTENTS).expect("trusted");
            assert_eq!(self.trust_state("clone/.authn.toml"), (TrustState::Trusted, String::new()));
            place.record.expect("a record")
        }
    }

    #[test]
    fn trust_applies_to_one_path_and_every_byte() {
        let scene = Scene::new();
        assert_eq!(scene.trust_state("clone/.authn.toml").0, TrustState::Unknown);
        let record = scene.trusted();
        let place = scene.place("clone/.authn.toml");
        for index in 0..CONTENTS.len() {
            let mut changed = CONTENTS.to_vec();
            changed[index] ^= 1;
            assert_eq!(
                place.trust_state(&changed, &mut Vec::new()),
                TrustState::Changed,
                "{index}"
            );
        }
        scene.write("copy/.authn.toml");
        assert_eq!(scene.trust_state("copy/.authn.toml").0, TrustState::Unknown);
        fs::rename(scene.path("clone"), scene.path("moved")).expect("moved");
        assert_eq!(scene.trust_state("moved/.authn.toml").0, TrustState::Unknown);
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o7777;
        assert_eq!((mode(&record), mode(folder(&record))), (0o600, 0o700));
        let kept: Vec<_> = fs::read_dir(folder(&record)).expect("listed").collect();
        assert_eq!(kept.len(), 1, "one file a place, and nothing beside it");
    }

    #[test]
    fn a_link_inherits_no_trust_from_its_path_or_its_target() {
        let scene = Scene::new();
        scene.trusted();
        fs::create_dir(scene.path("hostile")).expect("made");
        let trusted = scene.path("clone/.authn.toml");
        symlink(&trusted, scene.path("hostile/.authn.toml")).expect("linked");
        assert_eq!(scene.trust_state("hostile/.authn.toml").0, TrustState::Unknown);
        // The same bytes at another target, which a hostile commit may put there.
        scene.write("clone/other.toml");
        fs::remove_file(&trusted).expect("removed");
        symlink("other.toml", &trusted).expect("linked");
        assert_eq!(scene.trust_state("clone/.authn.toml").0, TrustState::Changed);
        assert_eq!(
            scene.place("clone/.authn.toml").link_target(),
            Some(&*scene.path("clone/other.toml"))
        );
        scene.trusted();
    }

    #[test]
    fn a_linked_folder_is_the_folder_itself() {
        let scene = Scene::new();
        scene.trusted();
        symlink(scene.path("clone"), scene.path("link")).expect("linked");
        assert_eq!(scene.trust_state("link/.authn.toml").0, TrustState::Trusted);
    }

    #[test]
    fn a_record_with_the_name_of_another_is_ignored() {
        let scene = Scene::new();
        let record = scene.trusted();
        scene.write("copy/.authn.toml");
        let name = scene.place("copy/.authn.toml").record.expect("a record");
        fs::copy(record, name).expect("copied");
        assert_eq!(scene.trust_state("copy/.authn.toml"), (TrustState::Unknown, String::new()));
    }

    #[test]
    fn a_record_that_other_users_can_write_is_ignored() {
        let scene = Scene::new();
        let record = scene.trusted();
        let refused = |what: &str| {
            let (trust_state, said) = scene.trust_state("clone/.authn.toml");
            assert_eq!(trust_state, TrustState::Unknown, "{what}");
            assert!(said.contains("(trust-record)") && said.contains(what), "{said}");
        };
        let set = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
        };
        set(&record, 0o620);
        refused("`chmod 600 ");
        set(&record, 0o600);
        set(folder(&record), 0o770);
        refused("`chmod go-w ");
        let error = scene.place("clone/.authn.toml").trust(CONTENTS).expect_err("refused");
        assert!(error.to_string().contains("`chmod go-w "), "{error}");
        set(folder(&record), 0o700);
        fs::rename(&record, folder(&record).join("x")).expect("renamed");
        symlink("x", &record).expect("linked");
        refused("symbolic link");
        // Trusting again replaces whatever is there.
        scene.trusted();
        fs::write(&record, "{}").expect("written");
        refused("can't be read by this version");
        scene.trusted();
    }

    #[test]
    fn a_record_of_another_user_is_ignored() {
        let scene = Scene::new();
        let record = scene.trusted();
        if chown(&record, Some(12345), None).is_err() {
            println!("skipped: only root can give a file away");
            return;
        }
        let (trust_state, said) = scene.trust_state("clone/.authn.toml");
        assert_eq!(trust_state, TrustState::Unknown);
        assert!(said.contains("belongs to another user"), "{said}");
    }

    #[test]
    fn trust_can_be_revoked_after_the_file_is_removed() {
        let scene = Scene::new();
        scene.trusted();
        fs::remove_file(scene.path("clone/.authn.toml")).expect("removed");
        assert!(scene.place("clone/.authn.toml").revoke().expect("revoked"));
        assert!(!scene.place("clone/.authn.toml").revoke().expect("nothing to revoke"));
        scene.write("clone/.authn.toml");
        assert_eq!(scene.trust_state("clone/.authn.toml").0, TrustState::Unknown);
    }

    #[test]
    fn without_a_state_directory_nothing_is_trusted() {
        let scene = Scene::new();
        let place = Place::of(&scene.path("clone/.authn.toml"), "authn", &Environment::empty());
        let place = place.expect("a place");
        assert!(place.trust(CONTENTS).expect_err("nowhere").to_string().contains("XDG_STATE_HOME"));
        assert_eq!(place.trust_state(CONTENTS, &mut Vec::new()), TrustState::Unknown);
        assert!(!place.revoke().expect("nothing"));
    }
}
