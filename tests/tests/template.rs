//! The template of a provider's crate: filled in as `cargo generate` does it, built, tested and used.
//!
//! `cargo generate` puts nothing in place of a name that it does not know. Here that is an error.

#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use authn_tests::command::{Outcome, Sandbox, binary};

const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The keys of a question, in `cargo-generate.toml`.
const QUESTION: [&str; 3] = ["prompt", "regex", "type"];

/// What a user answers. Another crate of this workspace has none of these names.
const ANSWERS: [(&str, &str); 3] = [
    ("project-name", "template-tokens"),
    ("provider", "template_sts"),
    ("program", "template-cli"),
];

#[test]
fn a_crate_of_it_passes_its_tests_and_has_its_names() {
    let crate_ = Crate::new("built", &ANSWERS);
    crate_.cargo(&["test"]).success();

    let sandbox = Sandbox::new();
    let run = |arguments: &[&str]| sandbox.run(program(), arguments);
    assert_eq!(run(&["--version"]).success(), "template-cli 0.1.0\n");
    let options = run(&["providers", "template_sts"]).success();
    for part in ["TEMPLATE_CLI_CREDENTIALS__TEMPLATE_STS__KEY", "Key of this machine."] {
        assert!(options.contains(part), "{part} is missing in\n{options}");
    }
    let template = run(&["config", "init", "template_sts"]).success();
    for part in ["`template-cli config show`", "[credentials.template_sts]"] {
        assert!(template.contains(part), "{part} is missing in\n{template}");
    }
    crate_.try_its_readme(&sandbox);
}

#[test]
fn its_code_is_formatted() {
    for provider in ["sts", "a_provider_with_one_of_the_longest_names"] {
        let crate_ = Crate::new("formatted", &[ANSWERS[0], ("provider", provider), ANSWERS[2]]);
        crate_.cargo(&["fmt", "--check"]).success();
    }
}

#[test]
fn other_names_are_put_everywhere() {
    let answers = [("project-name", "h2o-2nd"), ("provider", "h2o_2nd_x"), ("program", "h2o-x2")];
    let files = Crate::new("renamed", &answers).files();
    for (file, part) in [
        ("Cargo.toml", "name = \"h2o-2nd\""),
        ("Cargo.toml", "name = \"h2o-x2\""),
        ("src/lib.rs", "#[authn::token_provider(\"h2o_2nd_x\", cached)]\npub struct H2o2ndX {"),
        ("src/main.rs", "use h2o_2nd as _;"),
        ("src/main.rs", "Cli::new().app(\"h2o-x2\")"),
        ("tests/provider.rs", "use h2o_2nd::H2o2ndX;"),
        ("README.md", "[credentials.h2o_2nd_x]"),
    ] {
        assert!(files[file].contains(part), "{part} is missing in {file}:\n{}", files[file]);
    }
    for (file, text) in files {
        for left in ["{{", "{%", ".liquid", "project-name", "upper_camel_case"] {
            assert!(!text.contains(left), "{left} is left in {file}:\n{text}");
        }
    }
}

#[test]
fn every_answer_is_used() {
    let template = Template::read();
    let mut used = BTreeSet::new();
    for text in template.files.values() {
        for expression in text.split("{{").skip(1) {
            used.insert(expression.split(['}', '|']).next().unwrap().trim());
        }
    }
    let names: BTreeSet<&str> = template.names.iter().map(String::as_str).collect();
    assert_eq!(used, names);
}

#[test]
fn a_placeholder_that_is_not_known_is_refused() {
    let values = BTreeMap::from([("provider".to_owned(), "corp_sts".to_owned())]);
    let fill = |text: &str| fill(text, &values);
    assert_eq!(fill("{ {{provider}} } }}").as_deref(), Ok("{ corp_sts } }}"));
    assert_eq!(fill("<{{ provider | upper_camel_case }}>").as_deref(), Ok("<CorpSts>"));
    for wrong in [
        "{{program}}",
        "{{Provider}}",
        "{{}}",
        "{{provider",
        "{{provider}",
        "{{provider | upcase}}",
        "{{provider | upper_camel_case | upcase}}",
        "{{{provider}}}",
        "{% if provider %}",
        "{{provider}} {%- raw -%}",
    ] {
        assert!(fill(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn cargo_generate_makes_the_same_crate() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(cargo());
    command.current_dir(folder.path()).args(["generate", "--silent", "--vcs", "none"]);
    command.args(["--path", &format!("{WORKSPACE}/templates/provider")]);
    let authn = format!("authn={}", workspace());
    command.args(["--name", ANSWERS[0].1, "--define", &authn]);
    for (name, value) in &ANSWERS[1..] {
        command.args(["--define", &format!("{name}={value}")]);
    }
    let outcome = Outcome::of(command.output().unwrap());
    if outcome.stderr.contains("no such command") {
        eprintln!("skipped: cargo-generate is not installed");
        return;
    }
    outcome.success();
    let generated = texts(&folder.path().join(ANSWERS[0].1));
    assert_eq!(generated, Crate::new("compared", &ANSWERS).files());
}

/// The template, as it is in the repository.
struct Template {
    /// The names of the answers, with those that are `cargo generate`'s own.
    names: BTreeSet<String>,
    /// The text of each file, by its path.
    files: BTreeMap<String, String>,
}

impl Template {
    fn read() -> Self {
        let mut files = texts(&Path::new(WORKSPACE).join("templates/provider"));
        let settings = files.remove("cargo-generate.toml").unwrap();
        let settings: toml_edit::DocumentMut = settings.parse().unwrap();
        let sections: Vec<&str> = settings.iter().map(|(section, _)| section).collect();
        assert_eq!(sections, ["template", "placeholders"]);
        let mut names = BTreeSet::from(["project-name", "crate_name"].map(str::to_owned));
        for (name, question) in settings["placeholders"].as_table().unwrap() {
            let mut keys: Vec<&str> =
                question.as_table().unwrap().iter().map(|(key, _)| key).collect();
            keys.sort_unstable();
            assert_eq!(keys, QUESTION, "{name}");
            assert_eq!(question["type"].as_str(), Some("string"), "{name}");
            assert!(names.insert(name.to_owned()), "{name} is cargo-generate's own");
        }
        Self { names, files }
    }
}

/// A crate that was made of the template.
struct Crate {
    folder: PathBuf,
}

impl Crate {
    /// Makes a crate for a test. Its folder is always the same one, so that what is built of it replaces what was built
    /// before.
    fn new(test: &str, answers: &[(&str, &str)]) -> Self {
        let template = Template::read();
        let mut values: BTreeMap<String, String> =
            answers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        values.insert("crate_name".to_owned(), values["project-name"].replace('-', "_"));
        values.insert("authn".to_owned(), workspace());
        assert!(values.keys().eq(&template.names), "the template asks for {:?}", template.names);

        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("template").join(test);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        for (path, text) in &template.files {
            let fill = |text| fill(text, &values).unwrap_or_else(|error| panic!("{path}: {error}"));
            let filled = folder.join(fill(path.strip_suffix(".liquid").unwrap_or(path)));
            fs::create_dir_all(filled.parent().unwrap()).unwrap();
            fs::write(filled, fill(text)).unwrap();
        }
        Self { folder }
    }

    fn files(&self) -> BTreeMap<String, String> {
        texts(&self.folder)
    }

    /// Runs cargo as a user does, but with the versions, the profile and the target folder of this workspace. So it needs
    /// no network, and builds little.
    fn cargo(&self, arguments: &[&str]) -> Outcome {
        let manifest = fs::read_to_string(format!("{WORKSPACE}/Cargo.toml")).unwrap();
        let profiles = manifest.find("[profile.").expect("the profiles are at the end");
        let settings = self.folder.join(".cargo");
        fs::create_dir_all(&settings).unwrap();
        fs::write(settings.join("config.toml"), &manifest[profiles..]).unwrap();
        fs::copy(format!("{WORKSPACE}/Cargo.lock"), self.folder.join("Cargo.lock")).unwrap();

        let mut command = Command::new(cargo());
        command.args(arguments).current_dir(&self.folder);
        command.env("CARGO_NET_OFFLINE", "true").env("CARGO_TARGET_DIR", target());
        Outcome::of(command.output().unwrap())
    }

    /// Writes the configuration of its README, and runs the commands there that need no server.
    fn try_its_readme(&self, sandbox: &Sandbox) {
        let readme = &self.files()["README.md"];
        let block = |language: &str| {
            let (_, rest) = readme.split_once(&format!("```{language}\n[credentials]")).unwrap();
            format!("[credentials]{}", rest.split("```").next().unwrap())
        };
        let key = sandbox.file("machine-key", "abc");
        #[cfg(unix)]
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let key = key.display().to_string();
        let configuration = block("toml").replace("/run/secrets/machine-key", &key);
        sandbox.file(sandbox.config().join("template-cli/config.toml"), configuration);

        let lines = readme.lines().filter_map(|line| line.strip_prefix("template-cli "));
        let commands: Vec<&str> =
            lines.map(|line| line.split('#').next().unwrap().trim()).collect();
        assert!(commands.contains(&"config check") && commands.contains(&"token"), "{commands:?}");
        for command in commands.into_iter().filter(|command| *command != "token") {
            let arguments: Vec<&str> = command.split_whitespace().collect();
            sandbox.run(program(), &arguments).success();
        }
    }
}

/// Puts the values in place of `{{name}}` and `{{name | upper_camel_case}}`, and knows no more of liquid.
fn fill(text: &str, values: &BTreeMap<String, String>) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (expression, after) = after.split_once("}}").ok_or("a `{{` is not closed")?;
        let mut words = expression.split('|').map(str::trim);
        let value = words.next().and_then(|name| values.get(name));
        let value = value.ok_or_else(|| format!("`{expression}` is not defined"))?;
        filled += before;
        match words.collect::<Vec<_>>()[..] {
            [] => filled += value,
            ["upper_camel_case"] => filled.extend(value.split('_').map(capitalized)),
            _ => return Err(format!("`{expression}` has an unknown filter")),
        }
        rest = after;
    }
    filled += rest;
    if text.contains("{%") {
        return Err("it has tags of liquid".to_owned());
    }
    Ok(filled)
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

/// Returns the text of each file below a folder, by its path there.
fn texts(folder: &Path) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let parts = path.strip_prefix(folder).unwrap().iter();
            let name: Vec<_> = parts.map(|part| part.to_str().unwrap()).collect();
            let text =
                fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name:?}: {error}"));
            texts.insert(name.join("/"), text);
        }
    }
    texts
}

/// Returns the path of this checkout, as a user writes it.
fn workspace() -> String {
    fs::canonicalize(WORKSPACE).unwrap().to_str().unwrap().to_owned()
}

/// Returns the workspace's folder `target`.
fn target() -> PathBuf {
    binary("authn").ancestors().nth(2).unwrap().to_owned()
}

/// Returns the command line of the crate, which `cargo test` has built.
fn program() -> PathBuf {
    target().join("debug").join(format!("template-cli{}", env::consts::EXE_SUFFIX))
}

fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
