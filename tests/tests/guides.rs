//! The guides in `docs`, checked against the code.
//!
//! Their blocks that show a terminal are copies of snapshots. After a change of those, update them with
//! `UPDATE_README=1 cargo test -p authn-tests --test guides`. The Rust in them is compiled as the documentation of
//! this package; see `tests/src/lib.rs`.

use std::{env, fs, path::Path};

use authn::{Environment, Loader};
use authn_providers as _;
use authn_tests::command::{Sandbox, binary};
use authn_tests::document::{Document, difference};
use corp_compliance as _;

const GUIDES: [&str; 20] = [
    "docs/chain.md",
    "docs/clients.md",
    "docs/coming-from.md",
    "docs/configuration.md",
    "docs/exec.md",
    "docs/fleet.md",
    "docs/h2o-cloud.md",
    "docs/login.md",
    "docs/machines.md",
    "docs/metrics.md",
    "docs/oauth1.md",
    "docs/project-files.md",
    "docs/recipes.md",
    "docs/servers.md",
    "docs/services.md",
    "docs/stores.md",
    "docs/testing.md",
    "docs/token-exchange.md",
    "docs/tools.md",
    "docs/troubleshooting.md",
];

/// The options that a guide leaves out when it shows only a few.
const REST: [(&str, &str); 3] = [
    ("domain = ", "[credentials]\ndomain = 'api.example.com'"),
    ("_url = ", "[credentials.oauth]\nissuer_url = 'https://idp.example.com'"),
    ("client_id = ", "[credentials.oauth]\nclient_id = 'things-reader'"),
];

/// The tables of the other providers that guides show.
const OTHERS: [(&str, &str); 10] = [
    ("azure_managed_identity", "[credentials.azure_managed_identity]"),
    ("chain", "[[credentials.chain.providers]]"),
    ("file_token", "[credentials.file_token]"),
    ("gcp_metadata", "[credentials.gcp_metadata]"),
    ("github_actions", "[credentials.github_actions]"),
    ("gitlab", "[credentials.gitlab]"),
    ("exec", "[credentials.exec]"),
    ("h2o_cloud", "[credentials.h2o_cloud]"),
    ("oauth1", "[credentials.oauth1]"),
    ("workload_identity", "[credentials.workload_identity"),
];

#[test]
fn every_guide_is_tested() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs");
    let files = fs::read_dir(folder).expect("there are guides");
    let mut names: Vec<String> = files
        .map(|file| format!("docs/{}", file.expect("a guide").file_name().display()))
        .collect();
    names.sort();
    assert_eq!(names, GUIDES);
}

#[test]
fn terminals_match_the_snapshots() {
    let may_write =
        ["UPDATE_README", "UPDATE_SNAPSHOTS"].map(env::var_os).iter().any(Option::is_some);
    let mut shown = 0;
    for guide in GUIDES.map(Document::read) {
        let (current, count) = guide.with_current_snapshots();
        shown += count;
        if current == guide.text() {
            continue;
        }
        assert!(
            may_write,
            "{} shows another terminal than the snapshots:\n{}\
             update it with `UPDATE_README=1 cargo test -p authn-tests --test guides`",
            guide.path(),
            difference(guide.text(), &current)
        );
        guide.write(&current);
    }
    assert!(shown >= 8, "the guides show terminals of both widths, and {shown} were found");
}

#[test]
fn their_configurations_are_right() {
    let mut count = 0;
    for guide in GUIDES.map(Document::read) {
        // A manifest is no configuration, and neither is a preset.
        let texts = guide.blocks("toml").into_iter();
        for text in texts.filter(|text| !text.contains("dependencies]") && !is_preset(text)) {
            let name = guide.path();
            let environment = Environment::empty().state_directory("/home/alice/.local/state");
            let mut loader = Loader::new().environment(environment);
            let other =
                OTHERS.iter().find(|(_, table)| text.contains(table)).map(|(name, _)| *name);
            let is_left_out = |option: &str| match option {
                // A preset may have the server.
                "_url = " => !text.contains(option) && !text.contains("preset = "),
                // The client is registered.
                "client_id = " => !text.contains(option) && !text.contains("client_registration"),
                _ => !text.contains(option),
            };
            for (_, rest) in REST.iter().filter(|(option, _)| is_left_out(option)) {
                if other.is_none() || !rest.contains("oauth") {
                    loader = loader.defaults(rest);
                }
            }
            let config = loader.defaults(text).read();
            // This machine does not have the guide's secrets.
            let wrong: Vec<_> = config
                .problems()
                .iter()
                .filter(|problem| problem.code().as_str() != "unresolved-reference")
                .collect();
            assert!(wrong.is_empty(), "{name}:\n{text}\n{wrong:?}");
            assert_eq!(config.provider(), Some(other.unwrap_or("oauth")), "{name}:\n{text}");
            count += 1;
        }
    }
    assert!(count >= 6, "the guides have configurations, and {count} were found");
}

/// Returns whether a block is the file of a preset.
fn is_preset(text: &str) -> bool {
    text.contains("\n[options]\n")
}

#[test]
fn their_presets_are_right() {
    let mut count = 0;
    for guide in GUIDES.map(Document::read) {
        for text in guide.blocks("toml").into_iter().filter(|text| is_preset(text)) {
            let folder = tempfile::tempdir().expect("a folder");
            let presets = folder.path().join("authn/presets");
            fs::create_dir_all(&presets).expect("a folder");
            fs::write(presets.join("github.toml"), text).expect("a file");
            let environment = Environment::empty()
                .user_directory(folder.path())
                .state_directory("/home/alice/.local/state");
            let named = "[credentials]\ndomain = 'api.example.com'\n[credentials.oauth]\n\
                         preset = 'github'\nclient_id = 'things-reader'";
            let config = Loader::new().environment(environment).defaults(named).read();
            assert!(config.problems().is_empty(), "{}:\n{:?}", guide.path(), config.problems());
            count += 1;
        }
    }
    assert_eq!(count, 1, "a guide has a preset");
}

#[test]
fn each_service_of_the_guide_has_a_preset() {
    let guide = Document::read("docs/services.md");
    let presets = Loader::new().environment(Environment::empty()).presets().expect("presets");
    let named =
        guide.text().split("\npreset = \"").skip(1).filter_map(|rest| rest.split('"').next());
    let named: Vec<&str> = named.collect();
    assert!(named.len() >= 8, "{named:?}");
    for name in named {
        let preset = presets.iter().find(|preset| preset.name == name).expect(name);
        let block = guide
            .blocks("toml")
            .into_iter()
            .find(|text| text.contains(&format!("preset = \"{name}\"")));
        for need in &preset.needs {
            let sets =
                |option: &str| block.is_some_and(|text| text.contains(&format!("\n{option} = ")));
            let is_set = need.split(" or ").any(sets);
            assert!(is_set, "the example of {name} sets `{need}`");
        }
    }
}

#[test]
fn their_commands_exist() {
    let sandbox = Sandbox::new();
    let mut count = 0;
    for guide in GUIDES.map(Document::read) {
        for command in guide.commands() {
            let arguments = [command.as_slice(), &["--help"]].concat();
            let outcome = sandbox.run(binary("authn"), &arguments);
            assert_eq!(outcome.code, 0, "{}: {command:?}\n{}", guide.path(), outcome.stderr);
            count += 1;
        }
    }
    assert!(count >= 20, "the guides have commands, and {count} were found");
}

#[test]
fn links_lead_to_what_is_there() {
    for guide in GUIDES.map(Document::read) {
        let broken = guide.broken_links();
        assert!(broken.is_empty(), "{} links to {broken:?}, which is not there", guide.path());
    }
}

/// `troubleshooting.md` names errors by their own words, so that they are found.
#[test]
fn the_errors_that_are_explained_exist() {
    let sources = ["authn", "cli", "providers"].map(|folder| {
        let folder = format!("{}/../{folder}/src", env!("CARGO_MANIFEST_DIR"));
        source(folder.as_ref())
    });
    let guide = Document::read("docs/troubleshooting.md");
    let quoted = guide.text().split("**`").skip(1).map(|rest| rest.split("`**").next());
    let quoted: Vec<&str> = quoted.map(Option::unwrap_or_default).collect();
    assert!(quoted.len() >= 20, "the guide explains errors, and {quoted:?} were found");
    for error in quoted {
        assert!(sources.iter().any(|source| source.contains(error)), "nothing says {error:?}");
    }
}

/// All code of a folder, with texts that go over several lines in one.
fn source(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).expect("code") {
        let path = entry.expect("code").path();
        if path.is_dir() {
            all += &source(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("code");
            let mut parts = text.split("\\\n");
            all += parts.next().unwrap_or_default();
            parts.for_each(|part| all += part.trim_start());
        }
    }
    all
}
