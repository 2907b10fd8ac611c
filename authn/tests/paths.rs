//! Paths in a configuration: which folder each is relative to, whatever layer it is in and whatever type its option has.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use authn::{
    Context, Environment, Loader, Options, Result, SecretString, Token, TokenProvider, TokenSet,
    config::Config,
};
use serde::Deserialize;
use tempfile::TempDir;

/// Returns all its paths as a token.
#[authn::token_provider("paths")]
struct Paths {
    /// A path.
    one: Option<PathBuf>,
    /// A boxed path.
    boxed: Option<Box<Path>>,
    /// A list of paths.
    #[default(Vec::new())]
    list: Vec<PathBuf>,
    /// Paths by name.
    #[default(BTreeMap::new())]
    map: BTreeMap<String, PathBuf>,
    /// A path in a value of another crate's type.
    foreign: Option<Foreign>,
    /// A path in a table of options.
    nested: Nested,
    /// A text that looks like a path.
    text: Option<String>,
    /// The contents of a file.
    _secret: Option<SecretString>,
}

#[derive(Debug, Deserialize)]
struct Foreign {
    path: PathBuf,
}

/// A table.
#[derive(Options)]
struct Nested {
    /// A path.
    path: Option<PathBuf>,
}

impl authn::Show for Foreign {
    fn show(&self) -> authn::View {
        self.path.show()
    }
}

impl TokenProvider for Paths {
    async fn token(&self, _: &Context) -> Result<Token> {
        let paths = self.one.iter().map(PathBuf::as_path);
        let paths =
            paths.chain(self.boxed.as_deref()).chain(self.list.iter().map(PathBuf::as_path));
        let paths = paths.chain(self.map.values().map(PathBuf::as_path));
        let paths = paths.chain(self.foreign.as_ref().map(|foreign| foreign.path.as_path()));
        let paths = paths.chain(self.nested.path.as_deref());
        let texts = paths.map(|path| path.display().to_string()).chain(self.text.clone());
        let secret = self._secret.iter().map(|secret| secret.expose().to_owned());
        Token::new(texts.chain(secret).collect::<Vec<_>>().join(";"))
    }
}

/// A user with a home and a working folder, which is a repository of others.
struct Scene(TempDir);

impl Scene {
    fn new() -> Self {
        let scene = Self(tempfile::tempdir().unwrap());
        for folder in ["home/.config/authn", "home/state", "repository/.git", "elsewhere"] {
            fs::create_dir_all(scene.path(folder)).unwrap();
        }
        scene
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.path(path), text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(self.path(path), fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    fn environment(&self) -> Environment {
        Environment::empty()
            .home(self.path("home"))
            .user_directory(self.path("home/.config"))
            .state_directory(self.path("home/state"))
            .working_directory(self.path("repository"))
    }

    fn loader(&self) -> Loader {
        Loader::new()
            .environment(self.environment())
            .defaults("[credentials]\ndomain = 'a.test'\n[credentials.paths]")
    }
}

/// Returns the paths that the provider was given, from `base` where they are below it.
fn paths(loader: Loader, base: &Path) -> Vec<String> {
    let credentials = authn::blocking::Credentials::from(loader.load().unwrap());
    let token = credentials.token().unwrap();
    let short = |path: &str| path.replacen(&format!("{}/", base.display()), "…", 1);
    token.secret().split(';').map(short).collect()
}

fn place_of_store(config: &Config) -> Option<String> {
    config.stores().iter().find(|store| store.name() == "file").unwrap().place()
}

/// Returns the codes of the problems, and their texts.
fn problems(config: &Config) -> Vec<(&str, String)> {
    let all = config.problems().iter();
    all.map(|problem| (problem.code().as_str(), problem.to_string())).collect()
}

const OPTIONS: &str = "\
[credentials.paths]
one = 'a'
boxed = 'b/../b'
list = ['c', '~/c', '/c']
map.key = 'd'
foreign.path = 'e'
nested.path = 'f'
text = 'g'
secret.file = 'h'
[stores.file]
directory = 'sessions'
";
const EXPECTED: [&str; 9] = ["…a", "…b/../b", "…c", "…c", "/c", "…d", "…e", "…f", "g"];

#[test]
fn a_path_in_a_file_is_relative_to_the_files_folder() {
    let scene = Scene::new();
    scene.write("repository/h", "not this one");
    for (file, folder) in [
        ("home/.config/authn/config.toml", "home/.config/authn"),
        ("repository/.authn.toml", "repository"),
        ("elsewhere/named.toml", "elsewhere"),
    ] {
        scene.write(file, OPTIONS);
        scene.write(&format!("{folder}/h"), folder);
        let mut loader = scene.loader();
        match file {
            "repository/.authn.toml" => loader.project().unwrap().trust().unwrap(),
            "elsewhere/named.toml" => loader = loader.file(scene.path(file)),
            _ => {}
        }
        let base = scene.path(folder);
        let config = loader.clone().read();
        assert_eq!(place_of_store(&config), Some(base.join("sessions").display().to_string()));
        let found = paths(loader, &base);
        let home = scene.path("home/c").display().to_string();
        let is_expected = |(found, expected): (&String, &str)| *found == expected || *found == home;
        assert!(found.iter().zip(EXPECTED).all(is_expected), "{found:?}");
        assert_eq!(found.last().map(String::as_str), Some(folder));
        fs::remove_file(scene.path(file)).unwrap();
    }
}

#[test]
fn a_path_in_a_flag_is_relative_to_the_working_folder() {
    let scene = Scene::new();
    scene.write("repository/h", "secret");
    let loader = scene
        .loader()
        .set("credentials.paths.one=a")
        .set("credentials.paths.list=['b', '~/c']")
        .set("credentials.paths.nested={ path = 'd' }")
        .set("credentials.paths.secret.file=h")
        .set("stores.file.directory=sessions");
    let place = scene.path("repository/sessions").display().to_string();
    assert_eq!(place_of_store(&loader.clone().read()), Some(place));
    let home = scene.path("home/c").display().to_string();
    assert_eq!(paths(loader, &scene.path("repository")), ["…a", "…b", &home, "…d", "secret"]);
}

#[test]
fn a_path_in_a_variable_is_absolute_or_starts_at_the_home() {
    const KEYS: [&str; 8] = [
        "CREDENTIALS__PATHS__ONE",
        "CREDENTIALS__PATHS__BOXED",
        "CREDENTIALS__PATHS__LIST",
        "CREDENTIALS__PATHS__MAP__KEY",
        "CREDENTIALS__PATHS__FOREIGN__PATH",
        "CREDENTIALS__PATHS__NESTED__PATH",
        "CREDENTIALS__PATHS__SECRET__FILE",
        "STORES__FILE__DIRECTORY",
    ];
    let scene = Scene::new();
    for folder in ["repository", "home"] {
        scene.write(&format!("{folder}/x"), "secret");
    }
    let load = |key: &str, value: &str| {
        let environment = scene.environment().variable(format!("AUTHN_{key}"), value);
        scene.loader().environment(environment).read()
    };
    for key in KEYS {
        for relative in ["x", "./x", "../x", "~x", ""] {
            let config = load(key, relative);
            // An empty list has no path.
            if relative.is_empty() && key.ends_with("LIST") {
                continue;
            }
            let found = problems(&config);
            let [(code, text)] = &found[..] else { panic!("{key}={relative}: {found:?}") };
            assert!(*code == "relative-path" || relative.is_empty(), "{text}");
            assert!(text.contains(&format!("env AUTHN_{key}")), "{text}");
            assert!(config.credentials().is_err());
        }
        for path in ["~/x", &scene.path("home/x").display().to_string()] {
            assert!(problems(&load(key, path)).is_empty(), "{key}={path}");
        }
    }
    let config = load("STORES__FILE__DIRECTORY", "~/x");
    assert_eq!(place_of_store(&config), Some(scene.path("home/x").display().to_string()));
}

#[test]
fn a_layer_without_a_folder_has_no_relative_path() {
    let scene = Scene::new();
    for options in ["one = 'a'", "list = ['a']", "nested.path = 'a'", "secret.file = 'a'"] {
        let text = format!("[credentials.paths]\n{options}");
        let config = scene.loader().defaults(&text).read();
        assert_eq!(problems(&config)[0].0, "relative-path", "{options}");
    }
    // A home that is not known is no folder either.
    let environment = Environment::empty().variable("AUTHN_CREDENTIALS__PATHS__ONE", "~/a");
    let config = scene.loader().environment(environment).read();
    assert!(problems(&config)[0].1.contains("no home folder"), "{config:?}");
}

/// Fetches its path as a token.
#[authn::token_provider("reader", cached)]
struct Reader {
    /// A path.
    path: PathBuf,
}

impl authn::TokenSource for Reader {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        Ok(Token::new(self.path.display().to_string())?.into())
    }
}

#[test]
fn the_same_relative_path_in_two_files_is_not_the_same_session() {
    let scene = Scene::new();
    let text = "[credentials]\nreader = { path = 'x', store = 'file' }\n";
    for folder in ["repository", "elsewhere"] {
        scene.write(&format!("{folder}/named.toml"), text);
        let base = scene.path(folder);
        let loader = Loader::new()
            .environment(scene.environment())
            .defaults("[credentials]\ndomain = 'a.test'")
            .file(base.join("named.toml"));
        assert_eq!(paths(loader, &base), ["…x"]);
    }
}

#[cfg(feature = "reqwest")]
#[test]
fn no_working_folder_supplies_a_trust_anchor() {
    let scene = Scene::new();
    for folder in ["repository", "home/.config/authn"] {
        scene.write(&format!("{folder}/ca.pem"), folder);
    }
    scene.write("home/.config/authn/config.toml", "[http]\nca_file = 'ca.pem'\n");
    let config = scene.loader().read();
    let [(code, text)] = &problems(&config)[..] else { panic!("{config:?}") };
    assert_eq!(*code, "invalid-value");
    let own = scene.path("home/.config/authn/ca.pem").display().to_string();
    assert!(text.contains(&format!("{own} contains no certificate")), "{text}");
    let environment = scene.environment().variable("AUTHN_HTTP__CA_FILE", "ca.pem");
    let config = scene.loader().environment(environment).read();
    assert_eq!(problems(&config)[0].0, "relative-path");
}
