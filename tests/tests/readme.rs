//! The documents at the root of the repository, checked against the code. The guides have `guides.rs`.
//!
//! The README's table of providers is generated from their schema. After a change, update it with
//! `UPDATE_README=1 cargo test -p authn-tests --test readme`. The README's Rust is compiled as the documentation of
//! this package; see `tests/src/lib.rs`.

use authn::config::Problem;
use authn::options::{Field, Kind};
use authn::{
    Context, Entry, Environment, Error, Loader, Provider, Registry, Result, Token, TokenSet,
};
use authn_providers as _;
use authn_tests::command::{Sandbox, binary};
use authn_tests::document::{Document, difference};

const START: &str = "<!-- providers -->\n";
const END: &str = "<!-- /providers -->";

/// The documents whose links are followed.
const DOCUMENTS: [&str; 4] = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];

#[test]
fn the_table_of_providers_is_current() {
    let readme = Document::read("README.md");
    let (before, rest) = readme.text().split_once(START).expect("the README has the table's start");
    let (found, after) = rest.split_once(END).expect("the README has the table's end");
    let expected = table();
    if found == expected {
        return;
    }
    if std::env::var_os("UPDATE_README").is_some() {
        readme.write(&format!("{before}{START}{expected}{END}{after}"));
        return;
    }
    panic!(
        "the README's table of providers is stale:\n{}\
         update it with `UPDATE_README=1 cargo test -p authn-tests --test readme`",
        difference(found, &expected)
    );
}

#[test]
fn its_configurations_are_right() {
    let readme = Document::read("README.md");
    let mut configurations = readme.blocks("toml");
    configurations.retain(|block| block.contains("[credentials"));
    assert_eq!(configurations.len(), 4, "this test and the README have come apart");
    for text in configurations {
        // The in-house provider isn't linked here, and this machine has not the README's secrets.
        let is_expected = |problem: &Problem| match problem.code().as_str() {
            "unresolved-reference" => true,
            "unknown-provider" | "no-origins" => text.contains("corp_sts"),
            _ => false,
        };
        let environment = Environment::empty().state_directory("/home/alice/.local/state");
        let config = Loader::new().environment(environment).defaults(text).read();
        let wrong: Vec<_> =
            config.problems().iter().filter(|problem| !is_expected(problem)).collect();
        assert!(wrong.is_empty(), "{text}\n{wrong:?}");
        assert!(config.provider().is_some(), "{text}");
    }
}

#[test]
fn its_commands_exist() {
    let readme = Document::read("README.md");
    let sandbox = Sandbox::new();
    let commands = readme.commands();
    for command in &commands {
        // What follows is of another program.
        let own = command.split(|word| *word == "--").next().unwrap_or_default();
        let arguments = [own, &["--help"]].concat();
        sandbox.run(binary("authn"), &arguments).success();
    }
    assert_eq!(commands.len(), 25, "the README has the command line in 25 lines");
}

#[test]
fn links_lead_to_what_is_there() {
    for path in DOCUMENTS {
        let broken = Document::read(path).broken_links();
        assert!(broken.is_empty(), "{path} links to {broken:?}, which is not there");
    }
}

/// Checks that a link with the name of a test leads to the file with that test.
#[test]
fn the_tests_that_security_names_exist() {
    let security = Document::read("SECURITY.md");
    let is_test = |name: &str| {
        name.contains('_')
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let mut count = 0;
    for (before, after) in security.text().split("](").zip(security.text().split("](").skip(1)) {
        let name = before.rsplit('[').next().unwrap_or_default();
        let path = after.split(')').next().unwrap_or_default();
        if is_test(name) {
            let code = Document::read(path);
            assert!(code.text().contains(&format!("fn {name}(")), "{path} has no test {name}");
            count += 1;
        }
    }
    assert!(count >= 40, "SECURITY.md names tests, and {count} were found");
}

/// The table: a row for each built-in provider, by name; then what the framework adds to them.
fn table() -> String {
    let registry = Registry::linked().expect("the built-in providers have names of their own");
    let built_in = registry.iter().filter(|entry| entry.location().package == "authn-providers");
    let mut lines =
        vec!["| provider | what it is for | main options |".to_owned(), "|---|---|---|".to_owned()];
    lines.extend(built_in.map(row));
    let placing: Vec<&Field> = Placing::ENTRY.fields().collect();
    let is_for_both = |field: &&Field| placing.iter().any(|other| other.key() == field.key());
    let fetching = Fetching::ENTRY.fields().filter(|field| !is_for_both(field));
    // Some providers place what they add themselves.
    let (of_all, of_tokens): (Vec<&Field>, Vec<&Field>) = placing.iter().partition(|field| {
        let entries = registry.iter().filter(|entry| entry.location().package == "authn-providers");
        entries.into_iter().all(|entry| entry.field(field.key()).is_some())
    });
    lines.push(format!(
        "\nEvery provider that fetches tokens also has {}.\n\
         Every provider that puts its token where you want it also has {}.\n\
         Every provider has {}.",
        keys(fetching),
        keys(of_tokens.into_iter()),
        keys(of_all.into_iter()),
    ));
    lines.join("\n") + "\n"
}

fn row(entry: &Entry) -> String {
    let options: Vec<String> = own_options(entry).map(option).collect();
    let cells = [format!("`{}`", entry.name()), entry.summary(), options.join(", ")];
    format!("| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))
}

/// A provider's options without those that the framework adds.
fn own_options(entry: &Entry) -> impl Iterator<Item = &'static Field> {
    let is_added = |field: &&Field| {
        Fetching::ENTRY.field(field.key()).is_some_and(|added| added.doc() == field.doc())
    };
    entry.fields().filter(move |field| !is_added(field))
}

fn keys<'f>(fields: impl Iterator<Item = &'f Field>) -> String {
    let mut keys: Vec<String> = fields.map(|field| format!("`{}`", field.key())).collect();
    let last = keys.pop().expect("the framework adds options");
    if keys.is_empty() { last } else { format!("{} and {last}", keys.join(", ")) }
}

fn option(field: &Field) -> String {
    let key = format!("`{}`", field.key());
    let key = if field.kind() == Kind::Secret { format!("*{key}*") } else { key };
    if field.is_required() { format!("**{key}**") } else { key }
}

/// Has all the options that the framework adds, and no other.
#[authn::token_provider("fetching", cached)]
struct Fetching {}

impl authn::TokenSource for Fetching {
    async fn request_token(
        &self,
        _context: &Context,
        _last: Option<&TokenSet>,
    ) -> Result<TokenSet> {
        Err(Error::no_token())
    }
}

/// Has the options that the framework adds to what is not cached, and no other.
#[authn::token_provider("placing")]
struct Placing {}

impl authn::TokenProvider for Placing {
    async fn token(&self, _context: &Context) -> Result<Token> {
        Err(Error::no_token())
    }
}
