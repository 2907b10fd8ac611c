//! Tests of `ConfigWriter` by the files that it writes and the configurations that are read back.

use std::{collections::BTreeMap, fs, path::PathBuf};

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::*;
use crate::{
    Context, Environment, ErrorKind, Loader, Registry, SecretString, Token, TokenProvider, View,
    config::{Config, Setting},
};

/// Has options of several types.
#[crate::token_provider("written")]
struct Written {
    /// A text.
    text: Option<String>,
    /// A list.
    list: Option<Vec<String>>,
    /// A number.
    number: Option<i64>,
    /// A map.
    map: Option<BTreeMap<String, String>>,
    /// A secret.
    _password: Option<SecretString>,
    /// Secrets.
    _passwords: Option<BTreeMap<String, SecretString>>,
}

impl TokenProvider for Written {
    async fn token(&self, _: &Context) -> Result<Token> {
        Token::new("t")
    }
}

struct Place {
    folder: TempDir,
}

impl Place {
    fn new(text: &str) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(place.path(), text).unwrap();
        place
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    fn loader(&self) -> Loader {
        let registry = Registry::builder().register::<Written>().build().unwrap();
        Loader::new().environment(Environment::empty()).registry(registry).file(self.path())
    }

    fn writer(&self) -> ConfigWriter {
        self.loader().writer().unwrap()
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

fn shown(config: &Config, key: &str) -> Option<View> {
    config.settings().iter().find(|one| one.key == key && one.is_set).map(Setting::shown)
}

const TEXT: &str = "\
# My own file.
default_profile = 'work'   # as always

[credentials]
domain=\"a.test\"
# written = { text = \"out\" }

[profile.work]
credentials.domain = 'b.test' # of work
credentials.written = { text = 'old', number=1 }

[profile.\"two words\".credentials]
    domain = 'c.test'

# The end.
";

#[test]
fn values_are_set_and_removed_and_nothing_else_changes() {
    for (key, value, from, to) in [
        ("default_profile", json!("home"), "'work'", "\"home\""),
        ("credentials.domain", json!("d.test"), "\"a.test\"", "\"d.test\""),
        ("profile.work.credentials.written.text", json!("new"), "text = 'old'", "text = \"new\""),
        (
            "profile.work.credentials.written.list",
            json!(["a", "b"]),
            "number=1 }",
            "number=1 , list = [\"a\", \"b\"] }",
        ),
        ("profile.\"two words\".credentials.domain", json!("e.test"), "'c.test'", "\"e.test\""),
        (
            "profile.new.credentials.written",
            json!({ "text": "x", "password": { "env": "P" } }),
            "# The end.\n",
            "# The end.\n\n[profile.new.credentials.written]\npassword = { env = \"P\" }\ntext = \"x\"\n",
        ),
        ("http.timeout", json!("5s"), "# The end.\n", "# The end.\n\n[http]\ntimeout = \"5s\"\n"),
    ] {
        let place = Place::new(TEXT);
        let mut writer = place.writer();
        writer.set(key, &value).unwrap();
        assert!(writer.contains(key).unwrap());
        assert!(writer.is_changed());
        writer.write().unwrap();
        assert_eq!(place.text(), TEXT.replacen(from, to, 1), "{key}");
    }
    let place = Place::new(TEXT);
    let mut writer = place.writer();
    for (key, was_there) in [
        ("profile.work.credentials.written", true),
        ("profile.work.credentials.written", false),
        ("profile.'two words'", true),
        ("credentials.bogus.more", false),
    ] {
        assert_eq!(writer.remove(key).unwrap(), was_there, "{key}");
    }
    writer.write().unwrap();
    let expected = TEXT
        .replace("credentials.written = { text = 'old', number=1 }\n", "")
        .replace("\n[profile.\"two words\".credentials]\n    domain = 'c.test'\n", "");
    assert_eq!(place.text(), expected);
}

#[test]
fn what_can_not_be_written_is_refused_and_changes_nothing() {
    let place = Place::new(&format!("{TEXT}[credentials.written]\ntext = 5\n"));
    let before = place.text();
    let mut writer = place.writer();
    for (key, value, said) in [
        ("credentials.written.password", json!("s3cr3t"), "is a secret"),
        ("credentials.written.password", json!({ "env": "P", "file": "f" }), "is a secret"),
        ("credentials.written.password", json!({ "text": "s3cr3t" }), "is a secret"),
        ("credentials.written.passwords", json!({ "a": "s3cr3t" }), "is a secret"),
        ("credentials.written.passwords.a", json!("s3cr3t"), "is a secret"),
        ("credentials.written.text", json!("https://u:s3cr3t@a.test"), "is a secret"),
        ("credentials.written.map", json!({ "token": "s3cr3t" }), "is a secret"),
        ("credentials.written.text", json!(null), "can't have such a value"),
        ("credentials.written", json!("s3cr3t"), "can't have such a value"),
        ("credentials.writen.text", json!("s3cr3t"), "no option `credentials.writen.text`"),
        ("profile.work.credentials.domian", json!("s3cr3t"), "no option `profile.work"),
        ("profile.work", json!({ "s3cr3t": 1 }), "no option `profile.work.s3cr3t`"),
        ("profile", json!("s3cr3t"), "can't have such a value"),
        ("default_profile.more", json!("s3cr3t"), "is not a table"),
        ("a b", json!(1), "not valid TOML"),
    ] {
        let error = writer.set(key, &value).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.message().contains(said), "{key}: {error}");
        assert!(!error.message().contains("s3cr3t") || key == "profile.work", "{error}");
        assert!(error.help().is_some());
    }
    assert!(!writer.is_changed());
    writer.write().unwrap();
    assert_eq!(place.text(), before);
}

#[test]
fn a_file_that_is_not_toml_is_refused_with_its_line() {
    let place = Place::new("[credentials]\ndomain = s3cr3t\n");
    let error = place.loader().writer().unwrap_err().to_string();
    assert!(error.contains("config.toml:2:10 is not valid TOML"), "{error}");
    assert!(!error.contains("s3cr3t"), "{error}");
}

#[test]
fn the_difference_shows_the_changes_and_no_secret() {
    let place = Place::new(&format!(
        "{TEXT}\n[credentials.written]\npassword = 's3cr3t' # s3cr3t\npasswords.x = \"\"\"\ns3cr3t\n\"\"\"\nbogus = 's3cr3t'\n"
    ));
    let mut writer = place.writer();
    assert_eq!(writer.difference(), "");
    writer.set("credentials.written.password", json!({ "file": "/run/p" })).unwrap();
    writer.set("credentials.domain", "d.test").unwrap();
    let difference = writer.difference();
    assert!(!difference.contains("s3cr3t"), "{difference}");
    for line in [
        "-domain=\"a.test\"\n+domain=\"d.test\"\n",
        "@@\n",
        "-password = *** # …\n+password = { file = \"/run/p\" } # …\n",
        " passwords.x = ***\n",
    ] {
        assert!(difference.contains(line), "{line}\n{difference}");
    }
}

#[test]
fn a_new_file_is_private_and_its_folder_too() {
    let place = Place::new("");
    let path = place.folder.path().join("a/b/config.toml");
    let mut writer = place.loader().file(&path).writer().unwrap();
    writer.set("credentials.domain", "a.test").unwrap();
    writer.write().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "[credentials]\ndomain = \"a.test\"\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for (path, mode) in [(path.as_path(), 0o600), (path.parent().unwrap(), 0o700)] {
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, mode);
        }
    }
}

#[test]
#[cfg(unix)]
fn the_mode_stays_and_a_link_stays() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let place = Place::new(TEXT);
    let link = place.folder.path().join("link.toml");
    symlink("config.toml", &link).unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o644)).unwrap();
    let set = |path: &std::path::Path| {
        let mut writer = place.loader().file(path).writer()?;
        writer.set("credentials.domain", "d.test")?;
        writer.write()
    };
    set(&link).unwrap();
    assert!(link.is_symlink());
    assert!(place.text().contains("d.test"));
    assert_eq!(place.path().metadata().unwrap().permissions().mode() & 0o777, 0o644);
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o666)).unwrap();
    assert!(set(&place.path()).unwrap_err().message().contains("writable by every user"));
    fs::remove_file(place.path()).unwrap();
    assert!(set(&link).unwrap_err().message().contains("can't be read"));
    assert_eq!(place.names(), ["link.toml"]);
}

#[test]
fn a_file_that_changed_meanwhile_is_not_replaced() {
    for (first, exists) in [(TEXT, true), ("", false)] {
        let place = Place::new(first);
        if !exists {
            fs::remove_file(place.path()).unwrap();
        }
        let [mut one, mut two] = [place.writer(), place.writer()];
        one.set("credentials.domain", "one.test").unwrap();
        two.set("credentials.domain", "two.test").unwrap();
        one.write().unwrap();
        let error = two.write().unwrap_err();
        assert!(error.message().contains("another program has changed"), "{error}");
        assert!(place.text().contains("one.test") && !place.text().contains("two.test"));
        let mut three = place.writer();
        three.set("credentials.domain", "three.test").unwrap();
        let locked = fs::File::open(place.path()).unwrap();
        locked.lock().unwrap();
        assert!(three.write().unwrap_err().message().contains("another program"));
        assert_eq!(place.names(), ["config.toml"]);
    }
}

fn key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "credentials.domain",
        "credentials.written.text",
        "credentials.written.list",
        "credentials.written.number",
        "credentials.written.map",
    ])
}

fn value(key: &str) -> BoxedStrategy<Json> {
    // A text that is a URL may be shown in another form.
    let text = || "[a-z \"'#=\\[\\]{}\n\t\\\\äß]{1,12}";
    match key {
        "credentials.written.list" => {
            prop::collection::vec(text(), 0..4).prop_map(|list| json!(list)).boxed()
        }
        "credentials.written.number" => any::<i64>().prop_map(|number| json!(number)).boxed(),
        "credentials.written.map" => prop::collection::btree_map("[xyz]{1,3}", text(), 1..3)
            .prop_map(|map| json!(map))
            .boxed(),
        "credentials.domain" => "[a-z]{1,9}\\.test".prop_map(|text| json!(text)).boxed(),
        _ => text().prop_map(|text| json!(text)).boxed(),
    }
}

fn view(value: &Json) -> View {
    match value {
        Json::String(text) => View::text(text),
        Json::Number(number) => View::Integer(number.as_i64().unwrap()),
        Json::Array(items) => View::List(items.iter().map(view).collect()),
        Json::Object(entries) => {
            View::Table(entries.iter().map(|(key, value)| (key.clone(), view(value))).collect())
        }
        _ => View::NotSet,
    }
}

/// Parts of a file, each of which is complete.
fn parts() -> impl Strategy<Value = Vec<&'static str>> {
    let all = vec![
        "# a comment\n",
        "\n",
        "[credentials]\n# inside\ndomain = 'a.test' # after\n",
        "[credentials.written]\ntext   =   '''x\ny''' # more\n\n\n",
        "[profile.one]\ncredentials = { domain = 'b.test', written = { text = 'z' } }\n",
        "[profile.two]\ncredentials.domain = 'c.test'\n# written.text = 'no'\n",
        "[http]\ntimeout = '5s'#x\n",
        "[profile.'th ree'.credentials.written]\n  list = [\n  'a', # b\n  ]\n",
    ];
    Just(all)
        .prop_shuffle()
        .prop_flat_map(|all| (0..all.len()).prop_map(move |most| all[..most].to_vec()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn what_is_set_is_read_back_and_all_other_lines_stay(
        (key, value) in key().prop_flat_map(|key| (Just(key), value(key))),
        profile in prop::sample::select(vec![None, Some("one"), Some("two"), Some("th ree"), Some("new")]),
        parts in parts(),
        crlf in any::<bool>(),
    ) {
        let text: String = parts.concat();
        let text = if crlf { text.replace('\n', "\r\n") } else { text };
        let place = Place::new(&text);
        let full = profile.map_or(key.to_owned(), |name| format!("profile.'{name}'.{key}"));
        let mut writer = place.writer();
        writer.set(&full, &value).unwrap();
        let edited = place.loader().edited(&writer);
        writer.write().unwrap();
        for loader in [place.loader(), edited] {
            let loader = match profile {
                Some(name) => loader.profile(name),
                None => loader.without_profile(),
            };
            let config = loader.set("credentials.provider=written").read();
            // The parts of a map are settings of their own.
            let parts = match &value {
                Json::Object(entries) => {
                    entries.iter().map(|(part, value)| (format!("{key}.{part}"), value)).collect()
                }
                value => vec![(key.to_owned(), value)],
            };
            for (key, value) in parts {
                prop_assert_eq!(shown(&config, &key), Some(view(value)), "{}", place.text());
            }
        }
        let after = place.text();
        let lines: Vec<_> = after.split_inclusive('\n').collect();
        let mut at = 0;
        let is_missing = |line: &&str| match lines[at..].iter().position(|one| one == line) {
            Some(found) => {
                at += found + 1;
                false
            }
            None => true,
        };
        let missing: Vec<_> = text.split_inclusive('\n').filter(is_missing).collect();
        // Only lines of the old value.
        let of_value = missing.iter().all(|line| ["=", "y'''", "'a', # b", "]"].iter().any(|part| line.contains(part)));
        prop_assert!(of_value && missing.len() <= 3, "{missing:?}\n{after}");
        let mut again = place.writer();
        again.set(&full, &value).unwrap();
        prop_assert!(!again.is_changed());
        prop_assert_eq!(crlf && !text.is_empty(), after.contains("\r\n"));
    }
}

#[test]
fn a_byte_order_mark_stays() {
    let place = Place::new("\u{feff}default_profile = \"a\"\n");
    let mut writer = place.writer();
    writer.set("default_profile", "b").unwrap();
    writer.write().unwrap();
    assert_eq!(fs::read_to_string(place.path()).unwrap(), "\u{feff}default_profile = \"b\"\n");
}
