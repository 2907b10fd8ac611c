//! How much a provider's author has to read: the methods of the two traits, and how many are required.
//!
//! A method that the documentation hides is not counted.

use std::{fs, path::Path};

use syn::{Attribute, Item, ItemTrait, Meta, TraitItem};

#[test]
fn a_provider_that_answers_itself_has_one_required_method_of_ten() {
    check("TokenProvider", 10, "token");
}

#[test]
fn a_source_of_tokens_has_one_required_method_of_seven() {
    check("TokenSource", 7, "request_token");
}

/// Checks that a trait has so many methods at most, of which one is required.
fn check(name: &str, most: usize, required: &str) {
    let found = find(name);
    let methods = found.items.iter().filter_map(|item| match item {
        TraitItem::Fn(item) if !is_hidden(&item.attrs) => Some(item),
        _ => None,
    });
    let (mut visible, mut needed) = (Vec::new(), Vec::new());
    for method in methods {
        visible.push(method.sig.ident.to_string());
        if method.default.is_none() {
            needed.push(method.sig.ident.to_string());
        }
    }
    assert_eq!(needed, [required], "`{name}` has one required method");
    assert!(
        visible.len() <= most,
        "`{name}` has {} visible methods and may have {most}: {}\n\
         move what few providers need to a trait of its own",
        visible.len(),
        visible.join(", ")
    );
}

/// Returns the trait of a name in `authn/src/provider`.
fn find(name: &str) -> ItemTrait {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../authn/src/provider");
    for entry in fs::read_dir(&folder).expect("the folder is there") {
        let path = entry.expect("a file").path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a file of Rust is text");
        let file = syn::parse_file(&text);
        let file = file.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for item in file.items {
            if let Item::Trait(item) = item
                && item.ident == name
            {
                return item;
            }
        }
    }
    panic!("{} has no trait {name}", folder.display());
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|one| match &one.meta {
        Meta::List(list) => list.path.is_ident("doc") && list.tokens.to_string() == "hidden",
        _ => false,
    })
}
