//! The order of the modules, as CONTRIBUTING.md has it, checked against the sources.
//!
//! Each root module of a crate uses only earlier modules. There is no list of exceptions. Left out are unit
//! tests, which test through what stands later, documentation, and code that a macro makes.

mod cases;
mod check;
mod lines;
mod names;
mod order;
mod paths;
mod places;
mod tree;

use authn_tests::document::Document;

use crate::{check::violations, order::Order, tree::Tree};

#[test]
fn authn_keeps_its_order() {
    keeps_its_order("authn/src", "authn");
}

#[test]
fn the_command_line_keeps_its_order() {
    keeps_its_order("cli/src", "authn_cli");
}

#[test]
fn the_providers_keep_their_order() {
    keeps_its_order("providers/src", "authn_providers");
}

fn keeps_its_order(folder: &str, name: &str) {
    let document = Document::read("CONTRIBUTING.md");
    let blocks = document.blocks("order");
    let [block] = blocks[..] else { panic!("CONTRIBUTING.md has one block `order`") };
    let found = violations(&Order::read(block, folder), &Tree::read(folder, name));
    let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{} against the order:\n\n{}\n", found.len(), shown.join("\n"));
}
