//! Trust in a project's file, which the user grants: a record in the user's folder for state.
//!
//! `<state>/<app>/trust/HASH.json`, where `HASH` is the SHA-256 of the file's place. A record counts for the
//! file at that place alone, for what it leads to if it is a symbolic link, and for its every byte. So one
//! changed byte ends the trust, and neither a link that is put there nor a copy elsewhere inherits it. A
//! record that others can write, or that somebody else owns, does not count.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    Environment, Error, ErrorKind, Result,
    diagnostic::{Problem, ProblemCode, Provenance},
    private_file::{self, Rules},
    store::hex,
};

/// A record is the user's own, and nobody else puts it there.
const RULES: Rules = Rules { follows_links: false, trusts_platform: false };
/// Largest record that is read.
const MAX_SIZE: u64 = 64 * 1024;
const VERSION: u32 = 1;

/// Where a project's file stands, and where its record does.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The canonical path of its folder, and its name.
    path: PathBuf,
    /// The canonical path of what is there: another one for a symbolic link. `None` if nothing is.
    target: Option<PathBuf>,
    /// The path of its record; `None` if the user has no folder for state.
    record: Option<PathBuf>,
}

/// Whether a file is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TrustState {
    /// As it is.
    Trusted,
    /// It was, and has changed since.
    Changed,
    /// It never was, or no more.
    Unknown,
}

/// What is kept of a file that is trusted.
#[derive(Serialize, Deserialize)]
struct Record {
    version: u32,
    path: String,
    target: String,
    sha256: String,
}

impl Place {
    /// Gives the place of a path, whether anything is there or not. `None` if its folder can't be told.
    pub(super) fn of(path: &Path, app: &str, environment: &Environment) -> Option<Self> {
        let path = fs::canonicalize(path.parent()?).ok()?.join(path.file_name()?);
        let target = fs::canonicalize(&path).ok();
        let name = format!("{}.json", hex(&Sha256::digest(path.as_os_str().as_encoded_bytes())));
        let record = environment.state().map(|state| state.join(app).join("trust").join(name));
        Some(Self { path, target, record })
    }

    /// Gives what a symbolic link at this place leads to.
    pub(super) fn link_target(&self) -> Option<&Path> {
        self.target.as_deref().filter(|target| *target != self.path)
    }

    /// Tells whether these contents of the file are trusted. A record that does not count is a problem.
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
            return Err(failed(
                "there is no folder to keep the record of trust in: set HOME or XDG_STATE_HOME",
            ));
        };
        let Some((place, target)) = self.texts() else {
            return Err(Error::configuration(format!(
                "{} can't be trusted: its path is not UTF-8, or nothing is there",
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
            let shown = path.display();
            failed(format!("can't write {shown} ({}); check the folder and the disk", error.kind()))
        };
        let mut text = serde_json::to_vec_pretty(&record).map_err(|error| fail(&error.into()))?;
        text.push(b'\n');
        private_file::make_folder(folder(path)).map_err(|refusal| failed(refusal.to_string()))?;
        private_file::replace(path, ".new-", &text).map_err(|error| fail(&error))
    }

    /// Removes the record, and tells whether there was one.
    pub(super) fn revoke(&self) -> Result<bool> {
        let Some(path) = &self.record else { return Ok(false) };
        let removed = fs::remove_file(path).and_then(|()| private_file::sync_folder(folder(path)));
        match removed {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed(format!(
                "can't remove {} ({}); remove it by hand",
                path.display(),
                error.kind()
            ))),
        }
    }

    /// The place and its target as a record has them; a path that is not UTF-8 is in none.
    fn texts(&self) -> Option<(&str, &str)> {
        Some((self.path.to_str()?, self.target.as_ref()?.to_str()?))
    }

    fn read(&self) -> Result<Option<Record>, Box<Problem>> {
        let Some(path) = &self.record else { return Ok(None) };
        let refused = |what: String| {
            let message = format!("the record of trust does not count: {what}");
            let problem = Problem::warning(ProblemCode::TrustRecord, message);
            let help = "mend or remove it, then trust the file anew";
            Box::new(problem.with_provenance(Provenance::file(&self.path)).with_help(help))
        };
        if !private_file::check_folder(folder(path))
            .map_err(|refusal| refused(refusal.to_string()))?
        {
            return Ok(None);
        }
        let file = match private_file::open(path, RULES) {
            Ok(file) => file,
            Err(refusal) if refusal.is_absence() => return Ok(None),
            Err(refusal) => return Err(refused(refusal.to_string())),
        };
        let mut text = Vec::new();
        let record = file
            .take(MAX_SIZE)
            .read_to_end(&mut text)
            .ok()
            .and_then(|_| serde_json::from_slice::<Record>(&text).ok())
            .filter(|record| record.version == VERSION);
        let unread = || refused(format!("{} can't be read by this version", path.display()));
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
            // Where the folder for temporary files is a link, as on macOS.
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

        /// The standing of a file with the contents of all, and what is said of its record.
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
    fn trust_is_in_one_place_and_every_byte() {
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
    fn a_link_has_the_trust_of_neither_end() {
        let scene = Scene::new();
        scene.trusted();
        fs::create_dir(scene.path("hostile")).expect("made");
        let trusted = scene.path("clone/.authn.toml");
        symlink(&trusted, scene.path("hostile/.authn.toml")).expect("linked");
        assert_eq!(scene.trust_state("hostile/.authn.toml").0, TrustState::Unknown);
        // The same bytes at another end, as a hostile commit may put it there.
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
    fn a_folder_that_is_a_link_is_the_folder_itself() {
        let scene = Scene::new();
        scene.trusted();
        symlink(scene.path("clone"), scene.path("link")).expect("linked");
        assert_eq!(scene.trust_state("link/.authn.toml").0, TrustState::Trusted);
    }

    #[test]
    fn a_record_under_the_name_of_another_does_not_count() {
        let scene = Scene::new();
        let record = scene.trusted();
        scene.write("copy/.authn.toml");
        let name = scene.place("copy/.authn.toml").record.expect("a record");
        fs::copy(record, name).expect("copied");
        assert_eq!(scene.trust_state("copy/.authn.toml"), (TrustState::Unknown, String::new()));
    }

    #[test]
    fn a_record_that_others_could_have_written_does_not_count() {
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
        refused("`chmod 700 ");
        let error = scene.place("clone/.authn.toml").trust(CONTENTS).expect_err("refused");
        assert!(error.to_string().contains("`chmod 700 "), "{error}");
        set(folder(&record), 0o700);
        fs::rename(&record, folder(&record).join("x")).expect("renamed");
        symlink("x", &record).expect("linked");
        refused("symbolic link");
        // Trusting anew replaces whatever is there.
        scene.trusted();
        fs::write(&record, "{}").expect("written");
        refused("can't be read by this version");
        scene.trusted();
    }

    #[test]
    fn a_record_of_somebody_else_does_not_count() {
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
    fn what_is_revoked_is_gone_also_if_the_file_is() {
        let scene = Scene::new();
        scene.trusted();
        fs::remove_file(scene.path("clone/.authn.toml")).expect("removed");
        assert!(scene.place("clone/.authn.toml").revoke().expect("revoked"));
        assert!(!scene.place("clone/.authn.toml").revoke().expect("nothing to revoke"));
        scene.write("clone/.authn.toml");
        assert_eq!(scene.trust_state("clone/.authn.toml").0, TrustState::Unknown);
    }

    #[test]
    fn without_a_folder_for_state_nothing_is_trusted() {
        let scene = Scene::new();
        let place = Place::of(&scene.path("clone/.authn.toml"), "authn", &Environment::empty());
        let place = place.expect("a place");
        assert!(place.trust(CONTENTS).expect_err("nowhere").to_string().contains("XDG_STATE_HOME"));
        assert_eq!(place.trust_state(CONTENTS, &mut Vec::new()), TrustState::Unknown);
        assert!(!place.revoke().expect("nothing"));
    }
}
