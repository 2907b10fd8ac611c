//! The JSON Schema of a whole file, by a validator of others: it accepts what authn reads, and refuses what authn refuses
//! because of its form.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use authn::{
    Environment, Loader, Registry,
    config::Problem,
    reference::{describe, json_schema},
};
use authn_providers as _;
use authn_tests::{command::Sandbox, document::Document, tools::program::of_python};
use serde_json::{Value, json};
use syn::visit_mut::VisitMut;

/// The codes of problems that a value has by itself, whatever the other sources set.
const OF_FORM: [&str; 6] = [
    "bad-reference",
    "one-provider",
    "unknown-key",
    "unknown-provider",
    "unknown-store",
    "wrong-type",
];

/// Validates texts by the schema of this program. Returns for each why it is refused.
fn validate(texts: &[String]) -> Vec<Option<String>> {
    let schema = json_schema(&Registry::linked().expect("the linked providers"));
    let asked = json!({ "schema": schema, "texts": texts }).to_string();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/rig/tools/validate.py");
    let sandbox = Sandbox::new();
    let outcome = sandbox.run_with_input(of_python("python"), &[script], asked.as_bytes());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    serde_json::from_str(&outcome.stdout).expect("an answer for each text")
}

/// Returns the problems that a text has in each of its profiles and with each of its providers, which no other source
/// completes.
fn problems(text: &str) -> Vec<Problem> {
    let environment = Environment::empty().state_directory("/home/alice/.local/state");
    let loader = Loader::new().environment(environment).defaults(text).explaining();
    let profiles = loader.clone().read().profiles().to_vec();
    let parsed: toml_edit::DocumentMut = text.parse().expect("a text of TOML");
    let names = |table: &toml_edit::Item| -> Vec<String> {
        let credentials = table.get("credentials").and_then(toml_edit::Item::as_table_like);
        let names = credentials.into_iter().flat_map(|table| table.iter());
        let options = ["domain", "scheme", "origins", "provider"];
        let tables = names.filter(|(name, _)| !options.contains(name));
        tables.map(|(name, _)| name.to_owned()).collect()
    };
    let mut all = loader.clone().without_profile().read().problems().to_vec();
    let tables =
        std::iter::once((None, names(parsed.as_item()))).chain(profiles.iter().map(|profile| {
            let table = parsed.get("profile").and_then(|profiles| profiles.get(profile));
            (Some(profile), table.map(names).unwrap_or_default())
        }));
    for (profile, names) in tables {
        let loader = match profile {
            Some(profile) => loader.clone().profile(profile),
            None => loader.clone().without_profile(),
        };
        all.extend(loader.clone().read().problems().iter().cloned());
        for name in names {
            let chosen = format!("[credentials]\nprovider = {}", json!(name));
            all.extend(loader.clone().overrides(&chosen).read().problems().iter().cloned());
        }
    }
    all
}

/// Returns whether a problem is in a list, which no other source adds to.
fn is_in_list(problem: &Problem) -> bool {
    problem.key().unwrap_or_default().split('.').any(|part| part.parse::<usize>().is_ok())
}

/// Collects the texts in the code of tests.
struct Texts<'a>(&'a mut BTreeSet<String>);

impl VisitMut for Texts<'_> {
    fn visit_lit_str_mut(&mut self, text: &mut syn::LitStr) {
        self.0.insert(text.value());
    }

    fn visit_macro_mut(&mut self, one: &mut syn::Macro) {
        for token in one.tokens.clone() {
            tokens(token, self.0);
        }
    }
}

fn tokens(token: proc_macro2::TokenTree, texts: &mut BTreeSet<String>) {
    match token {
        proc_macro2::TokenTree::Group(group) => {
            group.stream().into_iter().for_each(|token| tokens(token, texts));
        }
        proc_macro2::TokenTree::Literal(literal) => {
            if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                texts.insert(text.value());
            }
        }
        _ => {}
    }
}

/// Returns the configurations in the README, the guides, the presets of configurations and the code of tests.
fn configurations() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut texts = BTreeSet::new();
    let mut documents = vec!["README.md".to_owned()];
    for file in files(&root.join("docs"), "md") {
        documents.push(format!("docs/{}", file.file_name().expect("a file").display()));
    }
    for document in documents {
        texts.extend(Document::read(&document).blocks("toml").into_iter().map(str::to_owned));
    }
    for folder in
        ["authn/tests", "cli/tests", "cli/src", "providers/src", "providers/tests", "tests/tests"]
    {
        for file in files(&root.join(folder), "toml") {
            texts.insert(fs::read_to_string(file).expect("a configuration"));
        }
        for file in files(&root.join(folder), "rs") {
            let code = fs::read_to_string(&file).expect("code");
            let mut code = syn::parse_file(&code).expect("code of Rust");
            Texts(&mut texts).visit_file_mut(&mut code);
        }
    }
    texts.into_iter().filter(|text| is_configuration(text)).collect()
}

/// Returns whether a text is TOML, and has a section of a configuration.
fn is_configuration(text: &str) -> bool {
    let Ok(document) = text.parse::<toml_edit::DocumentMut>() else { return false };
    let sections = ["credentials", "http", "stores", "profile"];
    document.iter().any(|(key, item)| sections.contains(&key) && item.is_table_like())
        // The texts of a format macro are not whole.
        && !text.contains("{}")
        && !text.contains("dependencies]")
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|own| own == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn the_schema_agrees_with_what_reads_the_file() {
    let texts = configurations();
    let mut counts = [0, 0];
    let mut differ = Vec::new();
    for (text, refused) in texts.iter().zip(validate(&texts)) {
        let problems = problems(text);
        let of_form: Vec<&Problem> = problems
            .iter()
            .filter(|problem| OF_FORM.contains(&problem.code().as_str()))
            // Another source can add it.
            .filter(|problem| !problem.message().ends_with("found 0") || is_in_list(problem))
            .collect();
        // A table in a list is complete.
        let lacks = problems
            .iter()
            .any(|problem| problem.code().as_str() == "missing-key" && is_in_list(problem));
        counts[usize::from(refused.is_some())] += 1;
        if refused.is_some() && lacks {
            continue;
        }
        if refused.is_some() == of_form.is_empty() {
            differ.push(format!("{text}\nthe schema: {refused:?}\nauthn: {of_form:?}\n"));
        }
    }
    assert!(differ.is_empty(), "{} of {}:\n{}", differ.len(), texts.len(), differ.join("\n---\n"));
    assert!(counts[0] > 100 && counts[1] > 20, "accepted, refused: {counts:?}");
}

#[test]
fn broken_configurations_are_refused() {
    let oauth = |line: &str| format!("[credentials.oauth]\n{line}");
    let texts = [
        "bogus = 1".to_owned(),
        "default_profile = 1".to_owned(),
        "[bogus]".to_owned(),
        "[credentials]\ndomian = 'a.test'".to_owned(),
        "[credentials]\norigins = 5".to_owned(),
        "[credentials.oath]".to_owned(),
        oauth("issuer_url = 5"),
        oauth("issuer_url = 'idp'"),
        oauth("client_secret = { vault = 'x' }"),
        oauth("client_secret = { env = 'A', file = '/b' }"),
        oauth("client_secret = { command = 'pass' }"),
        oauth("client_secret = 5"),
        oauth("grant_type = 'client_credential'"),
        oauth("redirect_port = 80808"),
        oauth("redirect_port = 'x'"),
        oauth("parameters = 'a'"),
        "[http]\ntimeout = '5 parsecs'".to_owned(),
        "[http]\ntimeout = -1".to_owned(),
        "[http]\nproxy = 1".to_owned(),
        "[stores.bogus]".to_owned(),
        "[stores.file]\nfolder = 'x'".to_owned(),
        "[profile.a.credentials.oauth]\nclient = 'x'".to_owned(),
        "profile.a = 1".to_owned(),
        "[credentials.chain]\nproviders = [{ oath = {} }]".to_owned(),
        "[credentials.chain]\nproviders = [{ bearer = 'a', jwt = 'b' }]".to_owned(),
        "[credentials.cached.oauth]\nclient = 'x'".to_owned(),
        "[[credentials.api_key.for]]\nheaders = { a = 'b' }".to_owned(),
    ];
    for (text, refused) in texts.iter().zip(validate(&texts)) {
        let refused = refused.unwrap_or_else(|| panic!("it is accepted: {text}"));
        assert!(!refused.starts_with("not TOML"), "{text}: {refused}");
    }
}

#[test]
fn the_schema_has_every_option_and_no_other() {
    let registry = Registry::linked().expect("the linked providers");
    let schema = json_schema(&registry);
    for table in describe(&registry) {
        let definition = match table.key.as_str() {
            "" => &schema,
            "profile" => &schema["$defs"]["profile"],
            key => match key.strip_prefix("stores.") {
                Some(name) => &schema["$defs"]["stores"]["properties"][name],
                None => &schema["$defs"][key],
            },
        };
        let object =
            if definition["anyOf"].is_array() { &definition["anyOf"][0] } else { definition };
        let properties = object["properties"].as_object().expect(&table.key);
        for (path, field) in table.options.iter().filter(|(path, _)| !path.contains(['.', '['])) {
            assert_eq!(properties[path]["description"], Value::from(field.doc()), "{path}");
        }
        let is_option = |name: &&String| table.options.iter().any(|(path, _)| path == *name);
        let others = properties.keys().filter(|name| !is_option(name));
        for other in others {
            let is_table = registry.get(other).is_some()
                || ["credentials", "http", "stores", "profile"].contains(&other.as_str())
                || table.key == "stores";
            assert!(is_table, "{}: {other}", table.key);
        }
    }
}
