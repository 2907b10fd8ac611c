//! Trust in a project's file: which settings are used before and after it, and how it ends.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{fs, path::PathBuf};

use authn::{
    Context, Environment, ErrorKind, Loader, Result, SecretString, Token, TokenProvider, View,
    config::{Class, Config, Project, Setting, SourceState},
};
use tempfile::TempDir;

/// Returns the token in its configuration.
#[authn::token_provider("kept")]
struct Kept {
    /// Token.
    #[shorthand]
    _token: SecretString,
    /// Number of tries.
    #[default(3)]
    tries: u8,
    /// Address of nothing.
    url: Option<authn::Url>,
}

impl TokenProvider for Kept {
    async fn token(&self, _: &Context) -> Result<Token> {
        let _ = (self.tries, &self.url);
        Token::new(&*self._token.expose())
    }
}

const OWN: &str = "[credentials]\ndomain = 'own.test'\nkept = 'own'\n";
const PROJECT: &str = "[credentials]\ndomain = 'project.test'\nkept = 'theirs'\n";

/// A repository, and a user who works below its root.
struct Scene {
    root: TempDir,
}

impl Scene {
    fn new() -> Self {
        let scene = Self { root: tempfile::tempdir().unwrap() };
        for folder in ["repository/.git", "repository/deep/below"] {
            fs::create_dir_all(scene.path(folder)).unwrap();
        }
        scene
    }

    fn with(project: &str) -> Self {
        let scene = Self::new();
        scene.write(project);
        scene
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(path)
    }

    fn file(&self) -> PathBuf {
        self.path("repository/.authn.toml")
    }

    fn write(&self, text: &str) {
        fs::write(self.file(), text).unwrap();
    }

    fn loader(&self) -> Loader {
        self.loader_in("repository/deep/below")
    }

    fn loader_in(&self, folder: &str) -> Loader {
        let environment = Environment::empty()
            .working_directory(self.path(folder))
            .state_directory(self.path("state"));
        Loader::new().environment(environment).defaults(OWN)
    }

    fn project(&self) -> Project {
        self.loader().project().unwrap()
    }

    fn read(&self) -> Config {
        self.loader().read()
    }

    /// What the project's source is found to be.
    fn state(&self) -> SourceState {
        let config = self.read();
        let state =
            config.sources().iter().find(|source| source.name.as_str() == "project").unwrap().state;
        assert_eq!(state, self.project().state());
        state
    }
}

fn domain(config: &Config) -> String {
    let settings = config.settings();
    let mut all = settings.iter().filter(|setting| setting.key == "credentials.domain");
    all.find(|setting| !setting.is_withheld).unwrap().value.as_ref().unwrap().to_string()
}

fn codes(config: &Config) -> Vec<&str> {
    config.problems().iter().map(|problem| problem.code().as_str()).collect()
}

#[test]
fn a_trusted_file_is_used_until_one_byte_changes() {
    let scene = Scene::with(PROJECT);
    assert_eq!(scene.state(), SourceState::Withheld);
    assert_eq!(domain(&scene.read()), "\"own.test\"");

    scene.project().trust().unwrap();
    assert_eq!(scene.state(), SourceState::Trusted);
    let config = scene.read();
    assert_eq!((domain(&config), codes(&config)), ("\"project.test\"".to_owned(), vec![]));
    assert!(config.settings().iter().all(|setting| !setting.is_withheld));

    scene.write(&format!("{PROJECT} "));
    assert_eq!(scene.state(), SourceState::Changed);
    assert_eq!(domain(&scene.read()), "\"own.test\"");
    // The very file that was trusted is trusted still.
    scene.write(PROJECT);
    assert_eq!(scene.state(), SourceState::Trusted);

    assert_eq!(scene.loader().revoke_trust().unwrap(), [scene.file()]);
    assert_eq!(scene.state(), SourceState::Withheld);
    assert!(scene.loader().revoke_trust().unwrap().is_empty());
}

#[test]
fn settings_without_effect_are_a_warning_with_help() {
    let scene = Scene::with(PROJECT);
    let warning = |config: &Config| {
        assert_eq!(codes(config), ["untrusted-project"]);
        assert!(config.credentials().is_ok(), "it does not stop the user");
        config.problems()[0].to_string()
    };
    let text = warning(&scene.read());
    assert!(text.starts_with(&format!("{}:1:1: ", scene.file().display())), "{text}");
    assert!(text.contains("you have not trusted it"), "{text}");
    assert!(text.ends_with("; review and trust it with `authn config trust`"), "{text}");
    scene.project().trust().unwrap();
    scene.write("[profile.a.http]\nproxy = 'http://evil.test'");
    let text = warning(&scene.read());
    assert!(text.contains("it has changed since it was trusted"), "{text}");
    // A choice of a profile is all that it may make, so nothing is without effect.
    scene.write("default_profile = 'a'");
    let config = scene.loader().defaults("[profile.a]").read();
    assert_eq!((config.profile(), codes(&config)), (Some("a"), vec![]));

    fs::rename(scene.file(), scene.path("repository/.fdt.toml")).unwrap();
    fs::write(scene.path("repository/.fdt.toml"), PROJECT).unwrap();
    let environment = Environment::empty().working_directory(scene.path("repository"));
    let config = Loader::app("fdt").environment(environment).defaults(OWN).read();
    assert!(warning(&config).contains("`authn --app fdt config trust`"));
}

#[test]
fn a_missing_setting_may_be_in_a_withheld_file() {
    let scene = Scene::with(&format!("{PROJECT}[profile.mine]\n"));
    let help = |loader: Loader, code: &str| {
        let config = loader.read();
        let problem =
            config.problems().iter().find(|problem| problem.code().as_str() == code).unwrap();
        problem.help().unwrap().to_owned()
    };
    let empty = || {
        Loader::new().environment(Environment::empty().working_directory(scene.path("repository")))
    };
    for (loader, code) in [
        (empty(), "no-credentials"),
        (empty().defaults("[credentials]\ndomain = 'own.test'"), "no-provider"),
        (scene.loader().profile("mine"), "unknown-profile"),
    ] {
        let help = help(loader, code);
        assert!(help.contains("withheld: review and trust it with `authn config trust`"), "{help}");
    }
    assert!(!help(scene.loader().profile("x"), "unknown-profile").contains("withheld"));
}

#[test]
fn a_choice_that_a_project_cannot_make_leaves_the_users_own() {
    let own = "default_profile = 'mine'\n[profile.mine.credentials]\nkept = 'own'\n";
    for choice in ["'s3cr3t'", "7", "{ s3cr3t = 's3cr3t' }", "['s3cr3t']", "'theirs'"] {
        let scene = Scene::with(&format!("default_profile = {choice}\n[profile.theirs]\n"));
        let loader = || scene.loader().defaults(own);
        let config = loader().read();
        assert_eq!(config.profile(), Some("mine"), "{choice}");
        assert!(
            config.credentials().is_ok(),
            "{choice} does not stop the user: {:?}",
            config.problems()
        );
        let code = "untrusted-profile";
        let said: Vec<_> =
            config.problems().iter().filter(|problem| problem.code().as_str() == code).collect();
        let [problem] = said.as_slice() else { panic!("{choice}: {:?}", config.problems()) };
        assert!(problem.to_string().contains(".authn.toml:1:19: "), "{problem}");
        let is_withheld = problem.help().unwrap().contains("`authn config trust`");
        assert_eq!(is_withheld, choice == "'theirs'", "{problem}");
        for config in [config, loader().profile("mine").read(), loader().without_profile().read()] {
            let shown = format!("{:?}{:?}", config.settings(), config.problems());
            assert!(!shown.contains("s3cr3t"), "{shown}");
        }
        // One that a flag overrides is no matter.
        assert!(!codes(&loader().profile("mine").read()).contains(&code));
    }
}

#[test]
fn problems_of_an_untrusted_file_show_neither_keys_nor_lines() {
    for text in [
        "s3cr3t = 's3cr3t",
        "[profile]\ns3cr3t = 1\ns3cr3t2 = 2",
        "s3cr3t\n",
        "[s3cr3t]\ns3cr3t = 1",
    ] {
        let scene = Scene::with(text);
        let config = scene.read();
        assert!(config.credentials().is_ok(), "it does not stop the user");
        let settings = format!("{:?}", config.settings());
        assert!(!settings.contains("s3cr3t"), "{settings}");
        let [problem] = config.problems() else { panic!("{:?}", config.problems()) };
        let shown = format!("{problem} {}", problem.render(false));
        assert!(shown.contains(".authn.toml:"), "{shown}");
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
}

#[test]
fn nothing_inside_the_file_grants_trust() {
    for line in [
        "trust = true",
        "trusted = true",
        "[trust]\nproject = true\nsha256 = '*'",
        "[project]\ntrusted = true",
        "[profile.trust]",
        "[credentials.trust]\nall = true",
    ] {
        let scene = Scene::with(&format!("{line}\n{PROJECT}"));
        assert_eq!(scene.state(), SourceState::Withheld, "{line}");
        assert_eq!(domain(&scene.read()), "\"own.test\"", "{line}");
    }
    let scene = Scene::with(&format!("stores.file.directory = 'state'\n{PROJECT}"));
    assert_eq!(scene.state(), SourceState::Withheld);
}

#[test]
fn a_file_that_is_named_is_trusted_and_not_withheld_at_once() {
    let scene = Scene::with(PROJECT);
    let named = |path: &str| {
        let environment = Environment::empty()
            .home(scene.path("repository"))
            .working_directory(scene.path("repository/deep"))
            .variable("AUTHN_CONFIG", path);
        Loader::new().environment(environment).defaults(OWN).read()
    };
    let file = scene.file();
    let deep = scene.path("repository/deep/../.authn.toml");
    for path in [file.to_str().unwrap(), deep.to_str().unwrap(), "~/.authn.toml"] {
        let config = named(path);
        assert!(codes(&config).is_empty(), "{path} {:?}", config.problems());
        assert_eq!(domain(&config), "\"project.test\"", "{path}");
        assert!(config.sources().iter().all(|source| source.name.as_str() != "project"), "{path}");
    }
    // Another file leaves the project's withheld.
    let other = scene.path("other.toml");
    fs::write(&other, "").unwrap();
    let config = named(other.to_str().unwrap());
    assert_eq!(
        (domain(&config), codes(&config)),
        ("\"own.test\"".into(), vec!["untrusted-project"])
    );

    // By a relative path a variable would name whatever each folder has.
    for path in ["../.authn.toml", ".authn.toml", "~x/.authn.toml"] {
        let config = named(path);
        assert_eq!(codes(&config), ["untrusted-project", "relative-path"], "{path}");
        assert_eq!(domain(&config), "\"own.test\"", "{path}");
        let error = config.credentials().unwrap_err().to_string();
        assert!(error.contains("env AUTHN_CONFIG") && error.contains("`--config FILE`"), "{error}");
    }
}

#[test]
fn only_the_bytes_that_were_shown_are_trusted() {
    let scene = Scene::with(PROJECT);
    let shown = scene.project();
    scene.write(&PROJECT.replace("project", "evil"));
    shown.trust().unwrap();
    assert_eq!(scene.state(), SourceState::Changed);
    assert_eq!(domain(&scene.read()), "\"own.test\"");
}

#[test]
fn a_file_that_cannot_be_read_cannot_be_trusted() {
    for text in [&b"[credentials\n"[..], b"domain = '\xff'"] {
        let scene = Scene::new();
        fs::write(scene.file(), text).unwrap();
        let project = scene.project();
        assert_eq!(project.state(), SourceState::Failed);
        assert_eq!(project.problems().len(), 1);
        let error = project.trust().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        assert!(!scene.path("state").exists());
        assert!(scene.read().credentials().is_ok(), "it does not stop the user");
    }
}

#[test]
fn trust_is_of_one_application_and_one_clone() {
    let scene = Scene::with(PROJECT);
    scene.project().trust().unwrap();
    fs::create_dir(scene.path("clone")).unwrap();
    fs::copy(scene.file(), scene.path("clone/.authn.toml")).unwrap();
    let copy = scene.loader_in("clone").project().unwrap();
    assert_eq!(copy.state(), SourceState::Withheld);
    fs::copy(scene.file(), scene.path("repository/.fdt.toml")).unwrap();
    let environment = || {
        Environment::empty()
            .working_directory(scene.path("repository"))
            .state_directory(scene.path("state"))
    };
    let other = Loader::app("fdt").environment(environment()).project().unwrap();
    assert_eq!(other.state(), SourceState::Withheld);
    other.trust().unwrap();
    assert_eq!(fs::read_dir(scene.path("state/fdt/trust")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(scene.path("state/authn/trust")).unwrap().count(), 1);
}

#[test]
fn trust_in_a_file_that_is_gone_can_be_revoked() {
    let scene = Scene::with(PROJECT);
    scene.project().trust().unwrap();
    let near = scene.path("repository/deep/.authn.toml");
    fs::write(&near, PROJECT).unwrap();
    scene.project().trust().unwrap();
    fs::remove_file(&near).unwrap();
    assert_eq!(scene.loader().revoke_trust().unwrap(), [near.clone(), scene.file()]);
    fs::write(&near, PROJECT).unwrap();
    assert_eq!(scene.state(), SourceState::Withheld);

    scene.project().trust().unwrap();
    fs::remove_file(&near).unwrap();
    fs::remove_file(scene.file()).unwrap();
    assert!(scene.loader().project().is_none());
    assert_eq!(scene.loader().revoke_trust().unwrap(), [near]);
}

#[test]
fn the_searched_paths_can_be_listed() {
    let scene = Scene::with(PROJECT);
    let candidates = ["repository/deep/below", "repository/deep", "repository"]
        .map(|folder| scene.path(folder).join(".authn.toml"));
    assert_eq!(scene.loader().project_candidates(), candidates);
    assert!(scene.loader().without_project().project().is_none());
    let outside = scene.loader_in("state");
    assert_eq!(outside.project_candidates(), [scene.path("state/.authn.toml")]);
}

#[test]
fn all_its_settings_are_shown_without_secrets() {
    let scene = Scene::with(
        "default_profile = 'a'\n[credentials]\ndomain = 'evil.test'\n[credentials.kept]\n\
         url = 'https://u:s3cr3t@evil.test/?k=s3cr3t'\ntoken = { file = '/nowhere/at/all' }\n\
         tries = 's3cr3t'\n[credentials.unknown]\nx = 's3cr3t'\n\
         [profile.a.credentials]\nkept = 's3cr3t'\n[profile.b]\nhttp.proxy = 'http://evil.test'\n",
    );
    let project = scene.project();
    assert!(project.problems().is_empty(), "nothing was resolved");
    let line = |setting: &Setting| {
        let place = setting.provenance.to_string();
        let place = place.rsplit_once(".authn.toml:").unwrap().1.to_owned();
        let value = setting.value.as_ref().map_or("-".to_owned(), View::to_string);
        let reference = setting.reference.clone().unwrap_or_default();
        format!("{place} {} {value} {reference}", setting.key)
    };
    let shown: Vec<String> = project.settings().iter().map(line).collect();
    assert_eq!(
        shown,
        [
            "1:19 default_profile \"a\" ",
            "3:10 credentials.domain \"evil.test\" ",
            "5:7 credentials.kept.url \"https://***@evil.test/?k=***\" ",
            "6:9 credentials.kept.token - file /nowhere/at/all",
            "7:9 credentials.kept.tries (hidden) ",
            "9:5 credentials.unknown.x - ",
            "11:8 profile.a.credentials.kept.token - ",
            "13:14 profile.b.http.proxy \"http://evil.test\" ",
        ]
    );
    let debugged = format!("{project:?}{:?}", project.settings());
    assert!(!debugged.contains("s3cr3t"), "{debugged}");
}

#[test]
fn unknown_values_are_hidden_and_a_provider_without_options_is_listed() {
    let scene = Scene::with(
        "[credentials.kept]\n[profile.a.credentials.kept]\ntoken = { teleport = 's3cr3t' }\n",
    );
    let project = scene.project();
    let shown: Vec<_> = project
        .settings()
        .iter()
        .map(|setting| (&*setting.key, setting.class, setting.value.clone()))
        .collect();
    assert_eq!(
        shown,
        [
            ("credentials.kept", Class::Plain, Some(View::Table(Vec::new()))),
            ("profile.a.credentials.kept.token", Class::Unknown, None),
        ]
    );
}

#[cfg(unix)]
#[test]
fn a_link_is_read_as_the_file_that_it_leads_to() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let scene = Scene::new();
    for (path, text) in
        [("real.toml", "[credentials.kept]\ntoken.file = 'secret'"), ("secret", "x")]
    {
        fs::write(scene.path(path), text).unwrap();
    }
    fs::set_permissions(scene.path("secret"), fs::Permissions::from_mode(0o600)).unwrap();
    symlink("../real.toml", scene.file()).unwrap();
    let project = scene.project();
    assert_eq!(project.path(), scene.path("real.toml"));
    project.trust().unwrap();
    let config = scene.read();
    assert!(codes(&config).is_empty(), "{:?}", config.problems());
    // Another end with the same bytes is another file.
    fs::copy(scene.path("real.toml"), scene.path("repository/copy.toml")).unwrap();
    fs::remove_file(scene.file()).unwrap();
    symlink("copy.toml", scene.file()).unwrap();
    assert_eq!(scene.state(), SourceState::Changed);
    // Also one that is gone can be revoked.
    fs::remove_file(scene.path("repository/copy.toml")).unwrap();
    assert_eq!(scene.loader().revoke_trust().unwrap(), [scene.file()]);
}
