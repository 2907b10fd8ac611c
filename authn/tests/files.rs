//! The files that a configuration is read from, and those that it names: what kind they are, who can write them, and
//! where a link leads.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use authn::{
    Context, Environment, Loader, Result, SecretString, Token, TokenProvider,
    config::{Config, Severity, SourceState},
};
use tempfile::TempDir;

/// Returns its secret as a token.
#[authn::token_provider("kept")]
struct Kept {
    /// The secret.
    #[shorthand]
    _token: SecretString,
}

impl TokenProvider for Kept {
    async fn token(&self, _: &Context) -> Result<Token> {
        Token::new(&*self._token.expose())
    }
}

/// A user who works in a repository of others.
struct Scene(TempDir);

const OWN: &str = "[credentials]\ndomain = 'a.test'\nkept = 'own'\n[profile.p.credentials]\n";

impl Scene {
    fn new() -> Self {
        let scene = Self(tempfile::tempdir().unwrap());
        for folder in ["etc/authn", "home/authn", "state", "repository/.git", "repository/below"] {
            fs::create_dir_all(scene.path(folder)).unwrap();
        }
        scene
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(path)
    }

    fn write(&self, path: &str, contents: impl AsRef<[u8]>, mode: u32) -> PathBuf {
        let path = self.path(path);
        fs::write(&path, contents).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn loader(&self) -> Loader {
        let environment = Environment::empty()
            .system_directory(self.path("etc"))
            .user_directory(self.path("home"))
            .state_directory(self.path("state"))
            .working_directory(self.path("repository/below"));
        Loader::new().environment(environment).defaults(OWN)
    }

    fn read(&self) -> Config {
        self.loader().read()
    }
}

fn problems(config: &Config) -> Vec<(Severity, &str, String)> {
    let all = config.problems().iter();
    all.map(|problem| {
        (problem.severity(), problem.code().as_str(), problem.help().unwrap_or_default().to_owned())
    })
    .collect()
}

fn project_state(config: &Config) -> SourceState {
    let sources = config.sources().iter();
    sources
        .filter(|source| source.name.as_str() == "project")
        .map(|source| source.state)
        .next()
        .unwrap()
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

const FILES: [(&str, &str); 4] = [
    ("etc/authn/config.toml", "system"),
    ("home/authn/config.toml", "user"),
    ("elsewhere.toml", "file"),
    ("repository/.authn.toml", "project"),
];

/// Loads with a file at one of [`FILES`].
fn load(scene: &Scene, name: &str) -> Config {
    let loader = scene.loader();
    match name {
        "file" => loader.file(scene.path("elsewhere.toml")).read(),
        _ => loader.read(),
    }
}

#[test]
fn a_configuration_that_every_user_can_write_is_refused() {
    let scene = Scene::new();
    for (file, name) in FILES {
        let path = scene.write(file, "[credentials]\nkept = 'theirs'\n", 0o646);
        let config = load(&scene, name);
        let [(severity, code, help)] = &problems(&config)[..] else { panic!("{config:?}") };
        assert_eq!((*code, help), ("unsafe-file", &format!("`chmod o-w {}`", path.display())));
        // A project's file can't stop a user, so it is only left out.
        let expected = if name == "project" { Severity::Warning } else { Severity::Error };
        assert_eq!(*severity, expected, "{name}");
        let source = config.sources().iter().find(|source| source.name.as_str() == name).unwrap();
        assert_eq!(source.state, SourceState::Failed);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let config = load(&scene, name);
        assert!(problems(&config).iter().all(|(_, code, _)| *code != "unsafe-file"), "{name}");
        fs::remove_file(path).unwrap();
    }
}

/// The owner of a file can only be changed by root, which tests usually are in a container.
#[test]
fn a_configuration_of_another_user_is_refused_and_one_of_a_group_is_a_warning() {
    let scene = Scene::new();
    for (file, name) in FILES {
        let path = scene.write(file, "[credentials]\nkept = 'theirs'\n", 0o664);
        if chown(&path, None, Some(12345)).is_err() {
            println!("not tested: this needs root");
            return;
        }
        let is_found = |config: &Config, severity, help: &str| {
            let expected = (severity, "unsafe-file", help.to_owned());
            assert!(problems(config).contains(&expected), "{name}: {config:?}");
        };
        let config = load(&scene, name);
        is_found(&config, Severity::Warning, &format!("`chmod g-w {}`", path.display()));
        assert!(config.credentials().is_ok(), "{name}");
        chown(&path, Some(12345), Some(0)).unwrap();
        let config = load(&scene, name);
        let refused = if name == "project" { Severity::Warning } else { Severity::Error };
        // Root must not take another user's file over.
        let help = "run the program as the owner, or give root a `HOME` of its own, such as with `sudo -H`";
        is_found(&config, refused, help);
        assert_eq!(config.credentials().is_ok(), name == "project");
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let scene = Scene::new();
    for (file, name) in FILES {
        let path = scene.path(file);
        for target in ["pipe", "/dev/zero", "/proc/self/pagemap", "folder"] {
            match target {
                "pipe" => pipe(&path),
                "folder" => fs::create_dir(&path).unwrap(),
                _ => symlink(target, &path).unwrap(),
            }
            let config = load(&scene, name);
            let [(_, code, _)] = &problems(&config)[..] else { panic!("{name} {config:?}") };
            let expected = match (name, target) {
                ("project", "/dev/zero" | "/proc/self/pagemap") => "untrusted-project",
                (_, "/proc/self/pagemap") => "unreadable",
                _ => "not-a-file",
            };
            assert_eq!(*code, expected, "{name} {target}");
            assert_eq!(config.credentials().is_ok(), name == "project");
            if name == "project" && target != "folder" {
                // To show it and to trust it, the file is opened, with the same limits.
                assert!(scene.loader().project().unwrap().trust().is_err(), "{target}");
            }
            let removed =
                if target == "folder" { fs::remove_dir(&path) } else { fs::remove_file(&path) };
            removed.unwrap();
        }
    }
}

#[test]
fn an_untrusted_link_does_not_lead_out_of_the_repository() {
    let scene = Scene::new();
    scene.write("outside.toml", "default_profile = 'p'\n", 0o600);
    scene.write("repository/inside.toml", "default_profile = 'p'\n", 0o600);
    let link = scene.path("repository/below/.authn.toml");
    symlink(scene.path("repository"), scene.path("repository/round")).unwrap();
    symlink(scene.path("outside.toml"), scene.path("repository/hop.toml")).unwrap();
    for (target, leads_out) in [
        ("../inside.toml", false),
        ("../round/inside.toml", false),
        ("../../outside.toml", true),
        ("../hop.toml", true),
        ("../../repository/inside.toml", false),
    ] {
        symlink(target, &link).unwrap();
        let config = scene.read();
        assert_eq!(config.profile(), (!leads_out).then_some("p"), "{target}");
        assert_eq!(project_state(&config), SourceState::Withheld);
        let withheld = problems(&config);
        assert_eq!(withheld.len(), usize::from(leads_out), "{target}: {withheld:?}");
        if leads_out {
            assert_eq!(withheld[0].1, "untrusted-project");
            assert!(withheld[0].2.ends_with("`authn config trust`"), "{withheld:?}");
            // A user who has seen where it leads can trust it.
            scene.loader().project().unwrap().trust().unwrap();
            let config = scene.read();
            assert_eq!((config.profile(), problems(&config).len()), (Some("p"), 0));
            scene.loader().revoke_trust().unwrap();
        }
        fs::remove_file(&link).unwrap();
    }
}

#[test]
fn a_byte_order_mark_is_dropped() {
    let scene = Scene::new();
    let secret = scene.write("secret", "\u{feff}s3cr3t\r\n", 0o600);
    let text = format!("\u{feff}[credentials.kept]\ntoken.file = '{}'\nx = 1", secret.display());
    scene.write("home/authn/config.toml", text, 0o600);
    let config = scene.read();
    let [problem] = config.problems() else { panic!("{config:?}") };
    let place = problem.provenance().unwrap().to_string();
    assert!(place.ends_with("config.toml:3:5"), "{place}");
    let text = format!("\u{feff}[credentials]\nkept.file = '{}'\n", secret.display());
    scene.write("home/authn/config.toml", text, 0o600);
    let credentials = authn::blocking::Credentials::from(scene.read().credentials().unwrap());
    assert_eq!(credentials.token().unwrap().secret(), "s3cr3t");
}

#[cfg(feature = "reqwest")]
mod authorities {
    use super::*;

    /// Two certificates in PEM.
    const BUNDLE: &str = include_str!("files/authorities.pem");

    fn problem(contents: Option<&str>) -> Option<(String, String)> {
        let scene = Scene::new();
        scene.write("home/authn/config.toml", "[http]\nca_file = 'ca.pem'\n", 0o600);
        if let Some(contents) = contents {
            scene.write("home/authn/ca.pem", contents, 0o644);
        }
        let config = scene.read();
        assert_eq!(config.credentials().is_ok(), config.problems().is_empty());
        let problem = config.problems().first()?;
        assert_eq!(problem.key(), Some("http.ca_file"));
        let place = problem.provenance().unwrap().to_string();
        assert!(place.ends_with("authn/config.toml:2:11"), "{place}");
        Some((problem.message().to_owned(), problem.help().unwrap_or_default().to_owned()))
    }

    #[test]
    fn a_bundle_is_read_whole_or_is_an_error() {
        assert_eq!(problem(Some(BUNDLE)), None);
        let mark = format!("\u{feff}{BUNDLE}");
        let windows = BUNDLE.replace('\n', "\r\n");
        let comment = format!("# Größe\n{BUNDLE}");
        for fine in [&mark, &windows, &comment] {
            assert_eq!(problem(Some(fine)), None);
        }
        let joined = BUNDLE.replacen("-----\n-----BEGIN", "----------BEGIN", 1);
        let cut = &BUNDLE[..BUNDLE.len() - 40];
        let trusted = format!("{BUNDLE}{}", BUNDLE.replace(" CERTIFICATE", " TRUSTED CERTIFICATE"));
        for (contents, expected) in [
            (None, "can't be read"),
            (Some(""), "contains no certificate"),
            (Some("nonsense"), "contains no certificate"),
            (Some(&joined), "contains 2 certificates, but only 1 can be read"),
            (Some(&trusted), "contains 4 certificates, but only 2 can be read"),
            (Some(cut), "is not a PEM file"),
        ] {
            let (message, help) = problem(contents).expect(expected);
            assert!(message.contains(expected), "{message}");
            assert!(!help.is_empty());
        }
    }

    #[test]
    fn what_is_no_file_of_authorities_is_refused_at_once() {
        let scene = Scene::new();
        pipe(&scene.path("pipe"));
        let every = scene.write("every.pem", BUNDLE, 0o666);
        for (path, expected) in [
            (scene.path("pipe"), "is not a regular file"),
            ("/dev/zero".into(), "is not a regular file"),
            (scene.path("repository"), "is a folder"),
            (every, "is writable by every user"),
        ] {
            let set = format!("http.ca_file={}", path.display());
            let config = scene.loader().set(&set).read();
            assert!(config.problems()[0].message().ends_with(expected), "{config:?}");
        }
    }
}
