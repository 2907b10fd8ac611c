//! Layers that a program adds: whatever is a provider of figment.

#![cfg(feature = "figment")]

use std::{fmt, fs};

use authn::{
    Context, Environment, Loader, Result, SecretString, Token, View,
    config::{Class, Config, Provenance, Setting},
};
use figment::{
    Error, Metadata, Profile, Provider,
    providers::{Format as _, Json, Serialized},
    value::{Dict, Map},
};

/// Returns its secret as a token.
#[authn::token_provider("mirror")]
struct Mirror {
    /// The secret.
    #[shorthand]
    _secret: SecretString,
    /// A plain option.
    #[default(7)]
    size: u64,
    /// Several plain ones.
    #[default(Vec::new())]
    names: Vec<String>,
}

impl authn::TokenProvider for Mirror {
    async fn token(&self, _: &Context) -> Result<Token> {
        let _ = (self.size, &self.names);
        Token::new(&*self._secret.expose())
    }
}

const CANARY: &str = "c4n4ry-s3cr3t";

fn loader(environment: Environment) -> Loader {
    Loader::new().environment(environment)
}

fn json(text: &str) -> Loader {
    loader(Environment::empty()).layer(Json::string(text))
}

fn setting(config: &Config, key: &str) -> Setting {
    let settings = config.settings();
    settings.into_iter().find(|setting| setting.key == key).expect("it is listed")
}

/// Everything that is said of a configuration.
fn said(config: &Config) -> String {
    let problems = config.problems().iter();
    let rendered: String = problems.map(|problem| problem.render(false)).collect();
    format!("{config:?}{:?}{:?}{rendered}", config.settings(), config.problems())
}

#[test]
fn its_values_are_used_and_shown_with_their_provenance() {
    let text = r#"{ "credentials": { "domain": "api.test", "mirror": {
        "secret": "c4n4ry-s3cr3t", "size": 18446744073709551615, "names": ["a", null, "b"] } } }"#;
    let loader = json(text);
    let config = loader.clone().read();
    assert!(config.problems().is_empty(), "{:?}", config.problems());
    let domain = setting(&config, "credentials.domain");
    assert_eq!(domain.value, Some(View::Text("api.test".to_owned())));
    assert_eq!(domain.provenance.to_string(), "JSON source string: default.credentials.domain");
    let names = setting(&config, "credentials.mirror.names");
    assert_eq!(names.value.map(|names| names.to_string()).as_deref(), Some(r#"["a", "b"]"#));
    let credentials = loader.load().expect("credentials");
    assert!(format!("{credentials:?}").contains("18446744073709551615"), "{credentials:?}");
    let token = authn::blocking::Credentials::from(credentials).token().expect("a token");
    assert_eq!(token.secret(), CANARY);
}

#[test]
fn secrets_and_unknown_keys_in_it_are_hidden() {
    for text in [
        r#"{ "credentials": { "domain": "api.test", "mirror": { "secret": "c4n4ry-s3cr3t" } } }"#,
        r#"{ "credentials": { "domain": "api.test", "mirror": "c4n4ry-s3cr3t" } }"#,
        r#"{ "credentials": { "mirror": { "secret": "x", "bogus": "c4n4ry-s3cr3t" } } }"#,
        r#"{ "credentials": { "mirror": { "secret": "x", "bogus": { "c": ["c4n4ry-s3cr3t"] } } } }"#,
        r#"{ "credentials": { "mirror": { "secret": "x", "size": "c4n4ry-s3cr3t" } } }"#,
        r#"{ "bogus": "c4n4ry-s3cr3t", "credentials": { "mirror": "x" } }"#,
        r#"{ "credentials": { "nothing": { "key": "c4n4ry-s3cr3t" } } }"#,
        // The provider's own error quotes what it found.
        r#""c4n4ry-s3cr3t""#,
        r#"{ "credentials": c4n4ry-s3cr3t"#,
    ] {
        let loader = json(text);
        assert!(!format!("{loader:?}").contains(CANARY), "{text}");
        let config = loader.clone().read();
        assert!(!said(&config).contains(CANARY), "{text}: {}", said(&config));
        let error = loader.load().err().map(|error| format!("{error}{error:?}"));
        assert!(!error.unwrap_or_default().contains(CANARY), "{text}");
    }
    let config = json(r#"{ "credentials": { "mirror": { "secret": "c4n4ry-s3cr3t" } } }"#).read();
    let secret = setting(&config, "credentials.mirror.secret");
    assert_eq!((secret.class, secret.is_set, secret.value), (Class::Secret, true, None));
    let config = json(r#"{ "credentials": { "mirror": { "secret": "x", "bogus": 1 } } }"#).read();
    let bogus = setting(&config, "credentials.mirror.bogus");
    assert_eq!((bogus.class, bogus.value), (Class::Unknown, None));
    assert!(
        said(&config).contains("there is no option `bogus` in `credentials.mirror` (unknown-key)"),
        "{}",
        said(&config)
    );
}

#[test]
fn the_environment_wins_over_it_and_it_wins_over_files_in_the_order_of_the_calls() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("named.toml");
    let text =
        "[credentials]\ndomain = 'file.test'\n[credentials.mirror]\nsecret = 'file'\nsize = 1";
    fs::write(&file, text).expect("written");
    let layered = |environment| {
        loader(environment)
            .layer(Json::string(r#"{ "credentials": { "domain": "one.test", "origins": ["*"] } }"#))
            .layer(Json::string(
                r#"{ "credentials": { "domain": "two.test", "mirror": { "size": 2 } } }"#,
            ))
            .file(&file)
    };
    let config = layered(Environment::empty()).read();
    let domain = setting(&config, "credentials.domain");
    assert_eq!(domain.value, Some(View::Text("two.test".to_owned())));
    assert_eq!(domain.overrides.len(), 2);
    assert!(setting(&config, "credentials.origins").is_set);
    let size = setting(&config, "credentials.mirror.size");
    assert_eq!(size.value, Some(View::Integer(2)));
    let below: Vec<_> = size.overrides.iter().map(|below| &below.provenance).collect();
    assert!(matches!(&*below, [Provenance::File { line: 5, column: 8, .. }]), "{size:?}");
    assert!(matches!(
        setting(&config, "credentials.mirror.secret").provenance,
        Provenance::File { line: 4, .. }
    ));

    let environment = Environment::empty()
        .variable("AUTHN_CREDENTIALS__DOMAIN", "env.test")
        .variable("AUTHN_CREDENTIALS__MIRROR__SIZE", "3");
    let config = layered(environment).set("credentials.mirror.size=4").read();
    assert_eq!(
        setting(&config, "credentials.domain").value,
        Some(View::Text("env.test".to_owned()))
    );
    assert_eq!(setting(&config, "credentials.mirror.size").value, Some(View::Integer(4)));
}

#[test]
fn its_profiles_are_profiles_and_default_and_global_are_the_base() {
    let profiles = |profile: &str| {
        let dict = |text: &str| Json::string(text).data().expect("data").remove(&Profile::Default);
        let of = |text: &str| dict(text).expect("the default profile");
        Profiles(Map::from([
            (Profile::Default, of(r#"{ "credentials": { "domain": "a.test", "mirror": "x" } }"#)),
            (Profile::Global, of(r#"{ "credentials": { "mirror": { "size": 9 } } }"#)),
            (
                Profile::from("prod"),
                of(r#"{ "credentials": { "domain": "prod.test" }, "profile": { "ignored": {} } }"#),
            ),
        ]))
        .loader(profile)
    };
    let config = profiles("").without_profile().read();
    assert_eq!(config.profiles(), ["prod"]);
    assert_eq!(setting(&config, "credentials.domain").value, Some(View::Text("a.test".to_owned())));
    assert_eq!(setting(&config, "credentials.mirror.size").value, Some(View::Integer(9)));
    let config = profiles("prod").read();
    let domain = setting(&config, "credentials.domain");
    assert_eq!(domain.value, Some(View::Text("prod.test".to_owned())));
    assert_eq!(domain.provenance.to_string(), "a company's source: key prod/credentials/domain");
    // What `[profile.NAME]` is in a file it is here.
    let text = r#"{ "profile": { "dev": { "credentials": { "domain": "dev.test" } } } }"#;
    let config = json(text).profile("dev").read();
    assert_eq!(
        setting(&config, "credentials.domain").value,
        Some(View::Text("dev.test".to_owned()))
    );
}

#[test]
fn a_reference_in_it_is_relative_to_its_file_or_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("secret");
    fs::write(&secret, "from-a-file\n").expect("written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("set");
    }
    let text = r#"{ "credentials": { "domain": "a.test", "mirror": { "file": "secret" } } }"#;
    let file = folder.path().join("layer.json");
    fs::write(&file, text).expect("written");
    let credentials = loader(Environment::empty()).layer(Json::file(&file)).load().expect("loaded");
    let token = authn::blocking::Credentials::from(credentials).token().expect("a token");
    assert_eq!(token.secret(), "from-a-file");

    let config = json(text).read();
    let error = config.credentials().expect_err("refused").to_string();
    assert!(error.contains("credentials.mirror.secret: a relative path"), "{error}");
    let absolute = text.replace("\"secret\"", &format!("{:?}", secret.display().to_string()));
    assert!(json(&absolute).load().is_ok());
}

#[test]
fn a_provider_that_fails_is_named_and_its_error_is_not_repeated() {
    let config = json("{ nonsense").read();
    let problem = &config.problems()[0];
    assert_eq!(problem.code().as_str(), "layer");
    assert_eq!(
        problem.provenance().map(ToString::to_string).as_deref(),
        Some("JSON source string")
    );
    assert!(config.credentials().is_err());
    assert!(config.sources().iter().any(|source| source.name.as_str() == "layer"));
}

#[test]
fn a_struct_of_the_program_can_be_a_layer() {
    let config = loader(Environment::empty())
        .layer(Serialized::default("credentials.mirror.secret", CANARY))
        .layer(Serialized::default("credentials.domain", "api.test"))
        .read();
    assert!(config.credentials().is_ok(), "{:?}", config.problems());
    assert!(!said(&config).contains(CANARY));
    let place = setting(&config, "credentials.domain").provenance.to_string();
    assert!(place.contains("layers.rs:") && place.contains("credentials.domain"), "{place}");
}

#[test]
fn each_value_of_a_figment_has_the_provenance_of_its_provider() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("team.json");
    fs::write(&file, r#"{ "credentials": { "mirror": { "secret": "x", "size": 2 } } }"#)
        .expect("written");
    let figment = figment::Figment::new()
        .merge(Json::string(
            r#"{ "credentials": { "domain": "api.test", "mirror": { "size": 1 } } }"#,
        ))
        .merge(Json::file(&file));
    let config = loader(Environment::empty()).layer(figment).read();
    let provenance = |key: &str| setting(&config, key).provenance.to_string();
    assert_eq!(provenance("credentials.domain"), "JSON source string: default.credentials.domain");
    for key in ["credentials.mirror.secret", "credentials.mirror.size"] {
        let Provenance::Layer { place, file: Some(path) } = setting(&config, key).provenance else {
            panic!("{}", provenance(key));
        };
        assert_eq!(path, file);
        assert!(place.starts_with("JSON file ") && place.ends_with(key), "{place}");
    }
}

/// A source with profiles and with keys of its own.
struct Profiles(Map<Profile, Dict>);

impl Profiles {
    fn loader(self, profile: &str) -> Loader {
        let loader = loader(Environment::empty()).layer(self);
        if profile.is_empty() { loader } else { loader.profile(profile) }
    }
}

impl Provider for Profiles {
    fn metadata(&self) -> Metadata {
        Metadata::named("a company's source").interpolater(|profile: &Profile, keys: &[&str]| {
            struct Key<'a>(&'a Profile, &'a [&'a str]);
            impl fmt::Display for Key<'_> {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, "key {}/{}", self.0, self.1.join("/"))
                }
            }
            Key(profile, keys).to_string()
        })
    }

    fn data(&self) -> std::result::Result<Map<Profile, Dict>, Error> {
        Ok(self.0.clone())
    }
}
