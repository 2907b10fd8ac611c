//! Tables of another program in the same file are left alone.

use std::fs;

use authn::{
    Context, Environment, Loader, Result, SecretString, Token, TokenProvider,
    config::{Config, ProblemCode},
};

/// Returns the configured token.
#[authn::token_provider("beside")]
struct Beside {
    /// Token.
    #[shorthand]
    _token: SecretString,
}

impl TokenProvider for Beside {
    async fn token(&self, _: &Context) -> Result<Token> {
        Token::new(&*self._token.expose())
    }
}

const FILE: &str = "
[credentials]
domain = 'api.example.com'
beside = 'abc'

[config]
cache_dir = '/tmp'
key = 's3cr3t'

[profile.dev.config]
cache_dir = '/dev'
[profile.dev.credentials]
domain = 'dev.example.com'
";

fn codes(config: &Config) -> Vec<ProblemCode> {
    config.problems().iter().map(authn::config::Problem::code).collect()
}

fn loader(environment: Environment) -> Loader {
    Loader::new().environment(environment).defaults(FILE)
}

#[test]
fn a_table_that_is_left_alone_is_neither_an_error_nor_shown() {
    let variables = || {
        Environment::empty()
            .variable("AUTHN_CONFIG__CACHE_DIR", "/tmp")
            .variable("AUTHN_S3__KEY", "k")
    };
    for profile in [None, Some("dev")] {
        let loader = loader(variables());
        let loader = profile.map_or(loader.clone(), |profile| loader.profile(profile));
        let without = loader.clone().read();
        assert!(codes(&without).contains(&ProblemCode::UnknownKey), "{:?}", without.problems());
        assert!(codes(&without).contains(&ProblemCode::UnknownVariable));
        let config = loader.ignore_tables(["config", "s3"]).read();
        assert_eq!(config.problems().len(), 0, "{:?}", config.problems());
        let keys: Vec<String> = config.settings().into_iter().map(|setting| setting.key).collect();
        assert!(keys.iter().all(|key| !key.contains("cache_dir")), "{keys:?}");
        assert!(!format!("{config:?} {:?}", config.settings()).contains("s3cr3t"));
        let host = config.credentials().unwrap().host();
        assert_eq!(
            host.as_deref(),
            Some(if profile.is_some() { "dev.example.com" } else { "api.example.com" })
        );
    }
}

#[test]
fn a_table_of_authn_is_never_left_alone() {
    for name in ["credentials", "http", "stores", "profile", "default_profile"] {
        let config = loader(Environment::empty()).ignore_tables(["config", name]).read();
        let [problem] = config.problems() else { panic!("{name}: {:?}", config.problems()) };
        assert_eq!((problem.code(), problem.key()), (ProblemCode::IgnoredTable, Some(name)));
        assert!(config.credentials().is_err());
        assert!(config.settings().iter().any(|setting| setting.key == "credentials.domain"));
    }
}

#[test]
fn a_projects_file_with_such_tables_alone_needs_no_trust() {
    let folder = tempfile::tempdir().unwrap();
    let environment = Environment::empty()
        .working_directory(folder.path())
        .state_directory(folder.path().join("state"));
    fs::write(folder.path().join(".authn.toml"), "[config]\ncache_dir = '/tmp'\n").unwrap();
    let withheld = |loader: Loader| codes(&loader.read()).contains(&ProblemCode::UntrustedProject);
    assert!(withheld(loader(environment.clone()).ignore_tables(["other"])));
    let loader = loader(environment).ignore_tables(["config"]);
    assert!(!withheld(loader.clone()));
    let project = loader.project().unwrap();
    assert_eq!((project.settings().len(), project.problems().len()), (0, 0));
}
