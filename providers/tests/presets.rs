//! The presets of services: each is complete, and every value of it is an option.

#![cfg(feature = "oauth")]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{collections::BTreeSet, fs};

use authn::{
    Environment, Loader, Url,
    config::{Preset, Problem},
};
use authn_providers as _;
use toml_edit::{DocumentMut, Item, Table};

/// What a user sets: a value for each option that a preset needs.
const SAMPLES: [(&str, &str); 12] = [
    ("client_id", "'sample'"),
    ("client_secret", "'sample'"),
    ("scope", "['sample']"),
    ("audience", "'https://api.example.com'"),
    ("issuer_url", "'https://idp.example.com/'"),
    ("keycloak_url", "'https://idp.example.com'"),
    ("realm", "'sample'"),
    ("redirect_uri", "'http://127.0.0.1:8888/callback'"),
    ("assertion", "{ jwt = 'sample' }"),
    ("subject", "{ jwt = 'sample' }"),
    ("parameters", "'sample'"),
    ("resource", "'https://api.example.com'"),
];

fn loader() -> Loader {
    Loader::new().environment(Environment::empty().state_directory("/home/alice/.local/state"))
}

fn presets() -> Vec<Preset> {
    loader().presets().unwrap()
}

/// The file of a preset.
fn file(preset: &Preset) -> DocumentMut {
    let path = format!("{}/presets/{}.toml", env!("CARGO_MANIFEST_DIR"), preset.name);
    fs::read_to_string(path).unwrap().parse().unwrap()
}

/// A configuration with a preset and what it needs.
fn configuration(preset: &Preset) -> String {
    let mut text = format!(
        "[credentials]\ndomain = 'api.example.com'\n[credentials.{}]\npreset = '{}'\n",
        preset.provider, preset.name
    );
    for need in &preset.needs {
        let need = need.split(" or ").next().unwrap();
        let option = need.split('.').next().unwrap();
        let sample = SAMPLES.iter().find(|(name, _)| *name == option);
        let (_, value) = sample.unwrap_or_else(|| panic!("`{option}` has a sample"));
        text += need;
        text += " = ";
        text += value;
        text += "\n";
    }
    text
}

/// The keys of all values of a table that are no tables themselves.
fn keys(table: &Table) -> Vec<String> {
    let mut keys = Vec::new();
    for (key, item) in table {
        match item.as_table_like() {
            Some(below) => keys.extend(below.iter().map(|(name, _)| format!("{key}.{name}"))),
            None => keys.push(key.to_owned()),
        }
    }
    keys
}

#[test]
fn each_file_is_a_preset_with_its_source() {
    let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/presets")).unwrap();
    let files: BTreeSet<String> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let names: BTreeSet<String> =
        presets().iter().map(|preset| format!("{}.toml", preset.name)).collect();
    assert_eq!(files, names);
    for preset in presets() {
        let Preset { name, title, source, checked, .. } = &preset;
        assert!(!title.is_empty() && !title.ends_with('.'), "{name}: {title:?}");
        assert_eq!(Url::parse(source).unwrap().scheme(), "https", "{name}");
        let date: Vec<&str> = checked.as_deref().unwrap().split('-').collect();
        let lengths: Vec<usize> = date.iter().map(|part| part.len()).collect();
        assert_eq!(lengths, [4, 2, 2], "{name}");
        assert!(date.iter().all(|part| part.parse::<u32>().is_ok()), "{name}");
        let options = file(&preset);
        let options = options["options"].as_table().unwrap();
        let mut needs = preset.needs.iter().flat_map(|need| need.split(" or "));
        let twice = needs.find(|need| options.contains_key(need));
        assert_eq!(twice, None, "{name} sets what it says that users must set");
    }
}

#[test]
fn each_is_valid_with_what_it_needs() {
    let mut wrong = Vec::new();
    for preset in presets() {
        let config = loader().defaults(&configuration(&preset)).read();
        let problems = config.problems().iter().map(Problem::to_string);
        wrong.extend(problems.map(|problem| format!("{}: {problem}", preset.name)));
        let document = file(&preset);
        let options = document["options"].as_table().unwrap();
        for key in keys(options) {
            let key = format!("credentials.{}.{key}", preset.provider);
            let settings = config.settings();
            let setting = settings.iter().find(|setting| setting.key == key);
            let provenance = setting.map(|setting| setting.provenance.to_string());
            let expected = format!("preset {}", preset.name);
            assert_eq!(provenance.as_ref(), Some(&expected), "{}: {key}", preset.name);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One problem says so, and no other one follows from it.
#[test]
fn without_what_it_needs_a_preset_is_not_enough() {
    for mut preset in presets() {
        let needs = preset.needs.clone();
        for need in &needs {
            preset.needs = needs.iter().filter(|other| *other != need).cloned().collect();
            let config = loader().defaults(&configuration(&preset)).read();
            let expected = format!(
                "the preset `{}` needs `{}`, which",
                preset.name,
                need.replace(" or ", "` or `")
            );
            let problems: Vec<_> = config.problems().iter().map(Problem::to_string).collect();
            let [problem] = problems.as_slice() else { panic!("{expected}: {problems:?}") };
            assert!(problem.contains(&expected), "{problem}");
            assert!(config.credentials().is_err(), "{expected}");
        }
    }
}

#[test]
fn all_addresses_are_https() {
    for preset in presets() {
        let document = file(&preset);
        for (key, item) in document["options"].as_table().unwrap() {
            let text = item.as_str().unwrap_or_default();
            let is_address = key.ends_with("_url") && matches!(item, Item::Value(_));
            assert!(!is_address || text.starts_with("https://"), "{}: {key}", preset.name);
        }
    }
}
