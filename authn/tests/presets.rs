//! Presets: what is known of a service, below everything that is configured.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{collections::BTreeMap, fs, path::PathBuf};

use authn::{
    Context, Credentials, Environment, Loader, Registry, Result, SecretString, Token,
    TokenProvider, Url, View,
    config::{Config, LayerName, Problem, ProblemCode, Setting, SourceState},
};
use tempfile::TempDir;

/// Asks a service for tokens.
#[authn::token_provider("asking")]
struct Asking {
    /// Address of the service.
    url: Url,
    /// User.
    user: Option<String>,
    /// Words.
    #[default(vec!["default".to_owned()])]
    words: Vec<String>,
    /// Labels.
    #[default(BTreeMap::new())]
    labels: BTreeMap<String, String>,
    /// Key.
    _key: Option<SecretString>,
    /// Another provider.
    #[provider]
    inner: Option<Credentials>,
    /// Other providers.
    #[provider]
    others: Option<Vec<Credentials>>,
}

impl TokenProvider for Asking {
    async fn token(&self, _: &Context) -> Result<Token> {
        let _ = (&self.user, &self.words, &self.labels, &self._key, &self.inner, &self.others);
        Token::new(self.url.as_str())
    }
}

authn::preset!(
    "service",
    r#"
title = "The service"
provider = "asking"
source = "https://docs.service.test/login"
checked = "2026-01-31"

[options]
url = "https://service.test/"
words = ["preset"]
labels = { a = "preset", b = "preset" }
header_prefix = "Service"
"#
);
authn::preset!(
    "needing",
    "title = ''\nprovider = 'asking'\nsource = 'https://docs.needing.test'\n\
     needs = ['user or words', 'key', 'labels.tenant']\n[options]\nurl = 'https://needing.test/'"
);
authn::preset!(
    "needing_more",
    "title = ''\nprovider = 'asking'\nsource = ''\nneeds = ['usr']\n[options]\nurl = 'https://a.test'"
);
authn::preset!("wrong_type", "title = ''\nprovider = 'asking'\nsource = ''\n[options]\nurl = 5");
authn::preset!(
    "unknown_key",
    "title = ''\nprovider = 'asking'\nsource = ''\n[options]\nurl = 'https://a.test'\nwrods = 'x'"
);
authn::preset!(
    "secret",
    "title = ''\nprovider = 'asking'\nsource = ''\n[options]\nurl = 'https://a.test'\n\
     key = { file = '/run/key' }\ninner.asking.preset = 'service'"
);
authn::preset!("invalid", "title = ");
authn::preset!("no_head", "titel = 'x'\nprovider = 1\nneeds = 'x'\nurl = 'https://a.test'");

const NAMED: &str = "[credentials]\ndomain = 'a.test'\n[credentials.asking]\npreset = 'service'\n";

fn loader(text: &str) -> Loader {
    Loader::new().environment(Environment::empty()).defaults(text)
}

fn setting(config: &Config, key: &str) -> Setting {
    let mut settings = config.settings().into_iter();
    settings.find(|setting| setting.key == key).unwrap_or_else(|| panic!("{key} is listed"))
}

/// The value and the provenance of a key.
fn shown(config: &Config, key: &str) -> (String, String) {
    let setting = setting(config, key);
    (setting.shown().to_string(), setting.provenance.to_string())
}

fn fine(config: &Config) -> &Config {
    assert!(config.problems().is_empty(), "{:?}", config.problems());
    config
}

/// The code, key and provenance of each problem.
fn problems(config: &Config) -> Vec<(ProblemCode, String, String)> {
    let of = |problem: &Problem| {
        let provenance = problem.provenance().map(ToString::to_string);
        let key = problem.key().unwrap_or_default().to_owned();
        (problem.code(), key, provenance.unwrap_or_default())
    };
    config.problems().iter().map(of).collect()
}

/// A user's folder.
struct Scene {
    root: TempDir,
}

impl Scene {
    fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn environment(&self) -> Environment {
        let root = self.root.path();
        Environment::empty()
            .user_directory(root.join("config"))
            .system_directory(root.join("system"))
            .state_directory(root.join("state"))
            .working_directory(root.join("work"))
    }

    fn loader(&self) -> Loader {
        Loader::new().environment(self.environment())
    }
}

#[test]
fn it_fills_in_what_nothing_else_sets() {
    let config = loader(NAMED).read();
    fine(&config);
    for (key, value) in [
        ("url", "\"https://service.test/\""),
        ("words", "[\"preset\"]"),
        ("labels.a", "\"preset\""),
        ("header_prefix", "\"Service\""),
    ] {
        let key = format!("credentials.asking.{key}");
        assert_eq!(shown(&config, &key), (value.to_owned(), "preset service".to_owned()), "{key}");
    }
    assert_eq!(shown(&config, "credentials.asking.preset").1, "defaults:4:10");
    let header = shown(&config, "credentials.asking.header");
    assert_eq!(header, ("\"authorization\"".to_owned(), "default".to_owned()));
    let credentials = authn::blocking::Credentials::from(config.credentials().unwrap());
    assert_eq!(credentials.token().unwrap().secret(), "https://service.test/");
}

#[test]
fn every_layer_overrides_it() {
    let scene = Scene::new();
    let url = |text: &str| format!("[credentials.asking]\nurl = 'https://{text}.test/'\n");
    scene.write("system/authn/config.toml", &url("system"));
    let user = scene.write("config/authn/config.toml", &url("user"));
    let variable = "AUTHN_CREDENTIALS__ASKING__URL";
    let empty = Environment::empty;
    let loader = || Loader::new().defaults(NAMED);
    let only_system = empty().system_directory(scene.root.path().join("system"));
    for (layered, expected) in [
        (loader().environment(empty()).defaults(&url("defaults")), "defaults"),
        (loader().environment(only_system), "system"),
        (loader().environment(scene.environment()), "user"),
        (loader().environment(empty()).file(user), "user"),
        (
            loader().environment(empty().variable(variable, "https://environment.test/")),
            "environment",
        ),
        (loader().environment(empty()).set("credentials.asking.url=https://flag.test/"), "flag"),
        (loader().environment(empty()).overrides(&url("overrides")), "overrides"),
    ] {
        let config = layered.read();
        let setting = setting(fine(&config), "credentials.asking.url");
        assert_eq!(setting.shown().to_string(), format!("\"https://{expected}.test/\""));
        let lowest = setting.overrides.last().map(|lowest| lowest.provenance.to_string());
        assert_eq!(lowest.as_deref(), Some("preset service"), "{expected}");
    }
    let labels = format!("{NAMED}labels = {{ b = 'own' }}\nwords = ['own']\n");
    let config = loader().environment(empty()).defaults(&labels).read();
    assert_eq!(shown(fine(&config), "credentials.asking.labels.a").0, "\"preset\"");
    assert_eq!(shown(&config, "credentials.asking.labels.b").0, "\"own\"");
    assert_eq!(shown(&config, "credentials.asking.words").0, "[\"own\"]");
}

#[test]
fn the_highest_layer_that_names_one_chooses_it() {
    let other = "[profile.other.credentials.asking]\npreset = 'secret'\n";
    let text = format!("{NAMED}{other}");
    let base = loader(&text).read();
    assert_eq!(shown(fine(&base), "credentials.asking.url").1, "preset service");
    let config = loader(&text).profile("other").read();
    assert!(
        problems(&config).iter().any(|(.., at)| at == "preset secret"),
        "{:?}",
        problems(&config)
    );
    let named = "AUTHN_CREDENTIALS__ASKING__PRESET";
    let environment = Environment::empty().variable(named, "service");
    let config = loader(&text).profile("other").environment(environment).read();
    assert_eq!(shown(fine(&config), "credentials.asking.url").1, "preset service");
    let config = loader(&text).profile("other").set("credentials.asking.preset=service").read();
    assert_eq!(
        shown(fine(&config), "credentials.asking.preset").1,
        "flag --set credentials.asking.preset"
    );
}

#[test]
fn a_profile_overrides_the_preset_of_the_base() {
    let text = format!("{NAMED}[profile.p.credentials.asking]\nurl = 'https://profile.test/'\n");
    let config = loader(&text).profile("p").read();
    assert_eq!(shown(fine(&config), "credentials.asking.url").0, "\"https://profile.test/\"");
    assert_eq!(shown(&config, "credentials.asking.words").1, "preset service");
}

#[test]
fn nested_tables_have_presets_of_their_own() {
    let text = "[credentials]\ndomain = 'a.test'\n[credentials.asking]\nurl = 'https://outer.test'\n\
        inner.asking.preset = 'service'\n\
        [[credentials.asking.others]]\nasking = { url = 'https://first.test' }\n\
        [[credentials.asking.others]]\nasking = { preset = 'service', words = ['own'] }\n";
    let config = loader(text).read();
    fine(&config);
    let url = |key: &str| shown(&config, &format!("credentials.asking.{key}.asking.url"));
    assert_eq!(url("inner").1, "preset service");
    assert_eq!(url("others.0").0, "\"https://first.test\"");
    assert_eq!(
        url("others.1"),
        ("\"https://service.test/\"".to_owned(), "preset service".to_owned())
    );
    let words = setting(&config, "credentials.asking.others.1.asking.words");
    assert_eq!(words.shown(), View::List(vec![View::text("own")]));
    assert!(shown(&config, "credentials.asking.url").1.starts_with("defaults:"));
}

#[test]
fn the_table_of_another_provider_is_not_read() {
    let text = "[credentials]\ndomain = 'a.test'\nprovider = 'asking'\n[credentials.asking]\n\
                url = 'https://a.test'\n[credentials.bystander]\npreset = 'nothing'\n";
    fine(&loader(text).read());
}

/// Is never chosen.
#[authn::token_provider("bystander")]
struct Bystander {}

impl TokenProvider for Bystander {
    async fn token(&self, _: &Context) -> Result<Token> {
        Token::new("t")
    }
}

#[test]
fn a_name_that_no_preset_has_is_an_error() {
    let config = loader(&NAMED.replace("'service'", "'servce'")).read();
    let unknown = config.problems().first().unwrap();
    assert_eq!(unknown.code(), ProblemCode::UnknownPreset);
    assert_eq!(unknown.key(), Some("credentials.asking.preset"));
    assert_eq!(unknown.provenance().unwrap().to_string(), "defaults:4:10");
    let help = unknown.help().unwrap();
    assert!(help.starts_with("did you mean `service`? the presets are"), "{help}");
    assert!(help.contains("secret, service, unknown_key"), "{help}");
    assert!(!format!("{unknown}").contains("servce"), "a value may be a misplaced secret");
    for name in ["", "../service", "Service", "a/b"] {
        let text = NAMED.replace("'service'", &format!("'{name}'"));
        let codes = problems(&loader(&text).read());
        assert_eq!(codes[0].0, ProblemCode::UnknownPreset, "{name:?}");
    }
    let config = loader(&NAMED.replace("'service'", "5")).read();
    let at = (
        ProblemCode::WrongType,
        "credentials.asking.preset".to_owned(),
        "defaults:4:10".to_owned(),
    );
    assert!(problems(&config).contains(&at), "{:?}", problems(&config));
}

#[test]
fn a_preset_of_another_provider_is_an_error() {
    let config = loader("[credentials]\ndomain = 'a.test'\nbystander.preset = 'service'").read();
    let problem = config.problems().first().unwrap();
    let message = "this preset is one of the provider `asking`, and not of `bystander`";
    assert_eq!((problem.code(), problem.message()), (ProblemCode::InvalidValue, message));
    assert_eq!(problem.key(), Some("credentials.bystander.preset"));
}

#[test]
fn mistakes_in_a_preset_name_it_and_the_key() {
    let at = |code, key: &str, name: &str| (code, key.to_owned(), format!("preset {name}"));
    let named = |name: &str| problems(&loader(&NAMED.replace("service", name)).read());
    let url = "credentials.asking.url";
    assert_eq!(named("wrong_type"), [at(ProblemCode::WrongType, url, "wrong_type")]);
    let words = "credentials.asking.wrods";
    assert_eq!(named("unknown_key"), [at(ProblemCode::UnknownKey, words, "unknown_key")]);
    let secrets = named("secret");
    for key in ["key", "inner.asking.preset"] {
        let key = format!("credentials.asking.{key}");
        assert!(secrets.contains(&at(ProblemCode::Invalid, &key, "secret")), "{secrets:?}");
    }
    assert!(named("invalid").contains(&at(ProblemCode::Syntax, "", "invalid")));
    let head = named("no_head");
    for (code, key) in [
        (ProblemCode::UnknownKey, "titel"),
        (ProblemCode::UnknownKey, "url"),
        (ProblemCode::MissingKey, "title"),
        (ProblemCode::WrongType, "provider"),
        (ProblemCode::MissingKey, "source"),
        (ProblemCode::WrongType, "needs"),
    ] {
        assert!(head.contains(&at(code, key, "no_head")), "{key}: {head:?}");
    }
}

/// One problem lists all of it, wherever the rest is set, and nothing else is reported because of it.
#[test]
fn what_a_preset_needs_must_be_set() {
    let named = NAMED.replace("service", "needing");
    for (more, unset) in [
        ("", "`user` or `words`, `key` and `labels.tenant`"),
        ("words = ['a']\n", "`key` and `labels.tenant`"),
        ("user = ''\nkey = 'k'\n", "`user` or `words` and `labels.tenant`"),
        ("user = 'u'\nkey = { env = 'KEY' }\nlabels = { other = 'x' }\n", "`labels.tenant`"),
    ] {
        let environment = Environment::empty().variable("KEY", "s3cr3t");
        let config = loader(&format!("{named}{more}")).environment(environment).read();
        let [problem] = config.problems() else { panic!("{more}: {:?}", config.problems()) };
        let message = format!("the preset `needing` needs {unset}, which the configuration lacks");
        assert_eq!(problem.message(), message);
        assert_eq!(
            (problem.code(), problem.key()),
            (ProblemCode::MissingKey, Some("credentials.asking.preset"))
        );
        assert!(problem.help().unwrap().contains("https://docs.needing.test"), "{problem}");
        assert!(config.credentials().is_err());
    }
    let all = "user = 'u'\nkey = 'k'\nlabels = { tenant = 'x' }\n";
    fine(&loader(&format!("{named}{all}")).read());
    // Another layer sets it.
    let set =
        ["user=u", "key.env=KEY", "labels.tenant=x"].map(|set| format!("credentials.asking.{set}"));
    let environment = Environment::empty().variable("KEY", "s3cr3t");
    let loader_of = |named| loader(named).environment(environment.clone());
    fine(&set.iter().fold(loader_of(&named), |loader, set| loader.set(set)).read());

    let config = loader(&NAMED.replace("service", "needing_more")).read();
    let [problem] = config.problems() else { panic!("{:?}", config.problems()) };
    assert_eq!(problem.message(), "the preset needs `usr`, which is not an option of `asking`");
    assert_eq!(problem.provenance().unwrap().to_string(), "preset needing_more");
}

#[test]
fn the_builder_in_code_takes_linked_presets() {
    let credentials = Asking::builder().preset("service").user("ann").build().unwrap();
    let token = authn::blocking::Credentials::from(credentials).token().unwrap();
    assert_eq!(token.secret(), "https://service.test/");
    let error = Asking::builder().preset("servce").build().unwrap_err();
    let problem = &error.problems()[0];
    assert_eq!(problem.code(), ProblemCode::UnknownPreset);
    assert!(problem.help().unwrap().starts_with("did you mean `service`?"), "{problem}");

    // A registry by hand has them too.
    let registry = Registry::builder().register::<Asking>().build().unwrap();
    fine(&loader(NAMED).registry(registry).read());
}

const OWN: &str = "title = 'Own'\nprovider = 'asking'\nsource = 'https://own.test/docs'\n\n\
                   [options]\nurl = 'https://own.test/'\n";

#[test]
fn the_users_own_replaces_a_linked_one_as_a_whole() {
    let scene = Scene::new();
    let path = scene.write("config/authn/presets/service.toml", OWN);
    let config = scene.loader().defaults(NAMED).read();
    let place = format!("{}:6:7", path.display());
    let url = shown(fine(&config), "credentials.asking.url");
    assert_eq!(url, ("\"https://own.test/\"".to_owned(), place));
    assert_eq!(shown(&config, "credentials.asking.words").1, "default");
    let source = &config.sources()[0];
    assert_eq!((source.name, source.state), (LayerName::Preset, SourceState::Read));
    assert_eq!(source.path, Some(path));

    // Each application has its own, and what is built in code reads none.
    let other = Loader::app("other").environment(scene.environment()).defaults(NAMED).read();
    assert_eq!(shown(fine(&other), "credentials.asking.url").1, "preset service");
    let credentials = Asking::builder().preset("service").credentials();
    let credentials = credentials.environment(scene.environment()).build().unwrap();
    let token = authn::blocking::Credentials::from(credentials).token().unwrap();
    assert_eq!(token.secret(), "https://service.test/");
}

#[test]
fn only_the_users_folder_has_presets() {
    let scene = Scene::new();
    for folder in ["system/authn", "work", "work/authn", "work/.authn", "state/authn"] {
        scene.write(&format!("{folder}/presets/mine.toml"), OWN);
    }
    let config = scene.loader().defaults(&NAMED.replace("service", "mine")).read();
    assert_eq!(problems(&config)[0].0, ProblemCode::UnknownPreset);
}

#[test]
fn mistakes_in_a_file_are_reported_with_their_lines() {
    let scene = Scene::new();
    let place = |line: &str| {
        format!("{}:{line}", scene.root.path().join("config/authn/presets/service.toml").display())
    };
    for (text, code, key, line) in [
        (
            OWN.replace("'https://own.test/'", "5"),
            ProblemCode::WrongType,
            "credentials.asking.url",
            "6:7",
        ),
        (OWN.replace("url", "ulr"), ProblemCode::UnknownKey, "credentials.asking.ulr", "6:7"),
        (format!("{OWN}key = 's3cr3t'"), ProblemCode::Invalid, "credentials.asking.key", "7:7"),
        (OWN.replace("title", "titel"), ProblemCode::UnknownKey, "titel", "1:9"),
        (OWN.replace("title", "[title"), ProblemCode::Syntax, "", "1:7"),
    ] {
        scene.write("config/authn/presets/service.toml", &text);
        let config = scene.loader().defaults(NAMED).read();
        let expected = (code, key.to_owned(), place(line));
        assert!(problems(&config).contains(&expected), "{expected:?}: {:?}", problems(&config));
        for problem in config.problems() {
            assert!(!problem.render(false).contains("s3cr3t"), "{}", problem.render(false));
        }
    }
    let error = scene.loader().presets().unwrap_err();
    assert!(error.problems().iter().any(|problem| problem.code() == ProblemCode::Syntax));
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_write_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let scene = Scene::new();
    let path = scene.write("config/authn/presets/service.toml", OWN);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let config = scene.loader().defaults(NAMED).read();
    assert_eq!(problems(&config)[0].0, ProblemCode::UnsafeFile, "{:?}", problems(&config));
    assert!(config.credentials().is_err());
    assert_eq!(config.sources()[0].state, SourceState::Failed);
}

#[test]
fn all_presets_are_listed() {
    let scene = Scene::new();
    scene.write("config/authn/presets/mine.toml", &OWN.replace("asking", "bystander"));
    scene.write("config/authn/presets/notes.txt", "no preset");
    let registry = || Registry::builder().register::<Bystander>();
    let presets = scene.loader().registry(registry().build().unwrap()).presets();
    // Two of the linked ones are broken.
    let error = presets.unwrap_err();
    assert_eq!(error.problems().len(), 7, "{error}");
    for name in ["invalid", "no_head"] {
        scene.write(&format!("config/authn/presets/{name}.toml"), OWN);
    }
    let presets = scene.loader().registry(registry().build().unwrap()).presets().unwrap();
    let names: Vec<&str> = presets.iter().map(|preset| &*preset.name).collect();
    assert_eq!(names, ["mine"], "those of other providers are left out");
    let presets = scene.loader().presets().unwrap();
    let service = presets.iter().find(|preset| preset.name == "service").unwrap();
    assert_eq!((&*service.title, &*service.provider), ("The service", "asking"));
    assert_eq!(service.source, "https://docs.service.test/login");
    assert_eq!(service.checked.as_deref(), Some("2026-01-31"));
    assert!(service.needs.is_empty());
    let needing = presets.iter().find(|preset| preset.name == "needing").unwrap();
    assert_eq!(needing.needs, ["user or words", "key", "labels.tenant"]);
    assert_eq!(service.provenance.to_string(), "preset service");
}

#[test]
fn a_project_names_a_preset_once_it_is_trusted_and_shows_what_it_brings() {
    let scene = Scene::new();
    fs::create_dir_all(scene.root.path().join("work/.git")).unwrap();
    let text = format!(
        "{NAMED}words = ['project']\n\n[profile.x.credentials.asking]\npreset = 'nothing'\n"
    );
    scene.write("work/.authn.toml", &text);
    let config = scene.loader().defaults("[credentials.asking]\nurl = 'https://own.test/'").read();
    assert!(
        config.settings().iter().all(|setting| setting.provenance.to_string() != "preset service")
    );

    let project = scene.loader().project().unwrap();
    let settings = project.settings();
    let of = |key: &str| settings.iter().find(|setting| setting.key == key).unwrap();
    let url = of("credentials.asking.url");
    assert_eq!(url.shown().to_string(), "\"https://service.test/\"");
    assert_eq!(url.provenance.to_string(), "preset service");
    assert_eq!(of("credentials.asking.words").shown(), View::List(vec![View::text("project")]));
    let last = settings.last().unwrap().provenance.to_string();
    assert_eq!(last, "preset service", "the lines of the file come first");
    let codes: Vec<_> = project.problems().iter().map(Problem::code).collect();
    assert_eq!(codes, [ProblemCode::UnknownPreset]);

    project.trust().unwrap();
    let config = scene.loader().read();
    assert_eq!(shown(fine(&config), "credentials.asking.url").1, "preset service");
}

#[test]
fn it_does_not_change_which_session_is_used() {
    let stored = |text: &str| {
        let text = format!("[credentials]\ndomain = 'a.test'\n[credentials.keeping]\n{text}");
        let scene = Scene::new();
        let credentials = scene.loader().defaults(&text).load().unwrap();
        authn::blocking::Credentials::from(credentials).token().unwrap();
        let mut names = files(&scene.root.path().join("state/authn"));
        names.sort();
        names
    };
    let typed = stored("url = 'https://keeping.test/'");
    assert!(!typed.is_empty(), "a session is stored");
    assert_eq!(stored("preset = 'keeping'"), typed);
    assert_ne!(stored("url = 'https://other.test/'"), typed);
    let nested = "url = 'https://a.test'\n[credentials.keeping.inner.asking]\n";
    let typed = stored(&format!(
        "{nested}url = 'https://service.test/'\nwords = ['preset']\n\
         labels = {{ a = 'preset', b = 'preset' }}\nheader_prefix = 'Service'"
    ));
    assert_eq!(stored(&format!("{nested}preset = 'service'")), typed);
}

fn files(folder: &std::path::Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        if entry.path().is_dir() {
            all.extend(files(&entry.path()));
        } else {
            all.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    all
}

/// Keeps a secret.
#[authn::token_provider("keeping", kept)]
struct Keeping {
    /// Address of the service.
    url: Url,
    /// Another provider.
    #[provider]
    inner: Option<Credentials>,
}

impl TokenProvider for Keeping {
    async fn token(&self, context: &Context) -> Result<Token> {
        let _ = &self.inner;
        let url = self.url.to_string();
        let made = || async move { Ok(SecretString::from(url)) };
        Token::new(&*context.kept().get_or_try_init("key", made).await?.expose())
    }
}

authn::preset!(
    "keeping",
    "title = ''\nprovider = 'keeping'\nsource = ''\n[options]\nurl = 'https://keeping.test/'"
);
