//! The public names of each library, as a list in its folder, `public-api.txt`.
//!
//! The list is made from the sources, so that it depends on no version of the compiler. After an intended change, write
//! it anew with `UPDATE_PUBLIC_API=1 cargo test -p authn-tests --test public_api`, and read the difference.
//!
//! A macro of the crate itself is not expanded. Its call is listed instead, so that a change of it is noticed too.

mod examples;
mod list;
mod names;
mod text;
#[path = "../house/tree.rs"]
#[expect(dead_code, reason = "the order of the modules needs more of it")]
mod tree;

use std::{collections::BTreeSet, env};

use authn_tests::document::{Document, difference};

use crate::{examples::Examples, list::list, tree::Tree};

/// Crates whose types may be in a public signature. Another one would tie our version to its version.
const FOREIGN: [&str; 9] =
    ["authn", "clap", "figment", "http", "reqwest", "serde", "serde_json", "std", "url"];
/// Crates whose traits a public type implements, without the trait's name in a signature of ours.
const TOWER: [&str; 2] = ["tower_layer", "tower_service"];

#[test]
fn authn_has_the_listed_names() {
    is_listed("authn");
}

#[test]
fn the_providers_have_the_listed_names() {
    is_listed("providers");
}

#[test]
fn the_command_line_has_the_listed_names() {
    is_listed("cli");
}

#[test]
fn signatures_have_no_type_of_another_crate_but_those_that_are_allowed() {
    for folder in ["authn", "providers", "cli"] {
        let listed = list(&tree(folder));
        let allowed: BTreeSet<&str> = FOREIGN.into_iter().chain(TOWER).collect();
        let found = listed.foreign.iter().filter(|(name, _)| !allowed.contains(&***name));
        let found: Vec<String> = found.map(|(name, line)| format!("{name}: {line}")).collect();
        assert!(found.is_empty(), "{folder} shows types of other crates:\n{}", found.join("\n"));
    }
}

#[test]
fn each_name_is_in_an_example() {
    let examples = Examples::read();
    let lists = ["authn", "providers", "cli"].map(|folder| list(&tree(folder)).text());
    let missing: Vec<&str> = lists.iter().flat_map(|list| examples.missing(list)).collect();
    assert!(
        missing.is_empty(),
        "{} public names are in no example:\n{}",
        missing.len(),
        missing.join("\n")
    );
}

fn tree(folder: &str) -> Tree {
    let name = match folder {
        "authn" => "authn",
        "cli" => "authn_cli",
        _ => "authn_providers",
    };
    Tree::read(&format!("{folder}/src"), name)
}

fn is_listed(folder: &str) {
    let path = format!("{folder}/public-api.txt");
    let expected = list(&tree(folder)).text();
    if env::var_os("UPDATE_PUBLIC_API").is_some() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        std::fs::write(root.join(&path), &expected).expect("the list can be written");
        return;
    }
    let listed = Document::read(&path);
    assert!(
        listed.text() == expected,
        "the public names of {folder} have changed (- listed, + in the code):\n\n{}\n\
         A change of a public name is for CHANGELOG.md. If it is intended, write the list anew:\n\
         UPDATE_PUBLIC_API=1 cargo test -p authn-tests --test public_api\n",
        difference(listed.text(), &expected)
    );
}
