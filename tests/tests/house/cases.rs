//! The test of the order itself, on small crates.

use std::collections::BTreeMap;

use crate::{check::violations, order::Order, tree::Tree};

/// What is found in a crate of `time | diagnostic → error → store | http → config → lib` with this file in it.
fn found(path: &str, text: &str) -> Vec<String> {
    let mut files = BTreeMap::from(
        [
            (
                "lib",
                "extern crate self as authn; \
                 pub mod config; mod diagnostic; mod error; pub mod http; pub mod store; mod time; \
                 pub use config::{Loader as Configuration, *}; pub use error::{Error, Result}; pub use time as clock; \
                 pub use url::Url; use store::Location; pub fn load() -> Result<()> { config::load() }",
            ),
            ("config/mod", "mod layers; pub use self::layers::Layer; pub struct Loader; pub fn load() {}"),
            ("config/layers", "pub struct Layer; use super::Loader; use crate::store::Location;"),
            ("diagnostic", "pub struct Problem;"),
            ("error", "use crate::diagnostic::Problem; pub struct Error; pub type Result<T> = T;"),
            ("http", "pub struct Client; #[macro_export] macro_rules! get { () => {} }"),
            ("store", "mod file; pub struct Location;"),
            ("store/file", "use super::Location; use crate::{Error, Url, clock::Clock};"),
            ("time", "pub struct Clock;"),
        ]
        .map(|(path, text)| (format!("authn/src/{path}.rs"), text.to_owned())),
    );
    files.insert(format!("authn/src/{path}.rs"), text.to_owned());
    let block = "authn/src\n    time | diagnostic → error\n    → store | http → config → lib\n";
    let found =
        violations(&Order::read(block, "authn/src"), &Tree::of("authn/src", "authn", &files));
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn a_use_of_a_later_module_is_refused_with_the_rule_and_help() {
    assert_eq!(
        found("store/file", "\nuse crate::config;\nuse crate::error;"),
        [
            "authn/src/store/file.rs:2: `store` uses `config` (`crate::config`), which stands after it\n  rule: a module \
         uses only what stands before it. `store` may use only: time, diagnostic, error\n  help: move what `store` \
         needs down, from `config` to `store` or to a module before it, or let `config` pass it to `store` as an \
         argument or behind a trait"
        ]
    );
}

#[test]
fn a_use_of_a_module_of_the_same_rank_is_refused_in_both_directions() {
    for (user, used) in [("store", "http"), ("http", "store"), ("time", "diagnostic")] {
        let text =
            format!("pub struct Location; pub struct Clock; fn f() {{ crate::{used}::f() }}");
        let found = found(user, &text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(&format!("`{user}` uses `{used}`")), "{found:?}");
        assert!(found[0].contains("stands beside it"), "{found:?}");
    }
}

#[test]
fn every_way_to_write_a_path_is_followed() {
    for text in [
        "use crate::config::Loader;",
        "use crate::config as other;",
        "use crate::{error::Error, config::{self, Loader}};",
        "use crate::{{config::Loader}};",
        "use super::super::config::Loader;",
        "use super::super::{config::*};",
        "use self::super::super::config;",
        "use authn::config::Loader;",
        "use ::authn::config::Loader;",
        "fn f() { crate::config::load() }",
        "fn f() { use crate::config::load; load() }",
        "fn f(x: &crate::config::Loader) {}",
        "impl Into<crate::config::Loader> for X {}",
        "#[serde(with = crate::config::loader)] struct X;",
        "struct X { #[default(super::super::config::load())] x: u8 }",
        "fn f() { format!(\"{}\", crate::config::load()) }",
        "macro_rules! m { () => { $crate::config::load() } }",
        "pub mod inner { use super::super::super::config::load; }",
        "use crate as root; fn f() { root::config::load() }",
        "use super::super as up; use up::config::Loader;",
        "fn f() { use crate as root; root::config::load() }",
        // What the root re-exports, by its name there.
        "use crate::Configuration;",
        "use crate::Layer;",
        "fn f() -> authn::Layer { super::super::Layer }",
        "use crate::{Error, Layer as L};",
        "use authn::*; type X = authn::Configuration;",
    ] {
        let found = found("store/file", text);
        assert!(found.iter().any(|one| one.contains("uses `config`")), "{text}: {found:?}");
    }
    for (text, used) in [
        ("fn f() { crate::load() }", "uses `lib`"),
        ("crate::get!();", "uses `http`"),
        ("use crate::*;", "uses everything"),
        ("use super::super::*;", "uses everything"),
        ("use crate::Nothing;", "no module is known to define it"),
    ] {
        let found = found("store/file", text);
        assert!(found.iter().any(|one| one.contains(used)), "{text}: {found:?}");
    }
}

#[test]
fn earlier_modules_and_tests_may_be_used() {
    for text in [
        "use crate::{Error, Result, Url, clock::Clock, error, time::{self, Clock as C}};",
        "use super::{super::error::Error, Location}; use authn::diagnostic::Problem;",
        "use crate::store::Location; pub(in crate::store) fn f(x: crate::Location) { self::f(x) }",
        "use config::Loader; use http::Request; fn f() { config::load() }",
        "/// See [`crate::config`].\nfn f() { let x = \"crate::config::load()\"; }",
        "#[cfg(test)] use crate::config::Loader;",
        "#[cfg(test)] mod tests { use crate::config::Loader; }",
        "#[cfg(test)] mod without_a_file;",
        "#[cfg(all(test, unix))] fn f() { crate::config::load() }",
        "impl X { #[cfg(test)] fn f() { crate::config::load() } }",
        "struct X { #[cfg(test)] x: crate::config::Loader, y: u8 }",
        "fn f() { #[cfg(test)] crate::config::load(); }",
        "fn f() { match 1 { #[cfg(test)] 1 => crate::config::load(), _ => {} } }",
        "#![cfg(test)] use crate::config::Loader;",
    ] {
        assert_eq!(found("store/file", text), [""; 0], "{text}");
    }
    assert_ne!(found("store/file", "#[cfg(any(test, unix))] use crate::config::Loader;"), [""; 0]);
}

#[test]
fn a_module_that_is_not_listed_is_refused() {
    let text =
        "mod other { use crate::config::Loader; } mod config {} mod error { pub struct Error; }";
    let [one] = &found("lib", text)[..] else { panic!("one") };
    assert!(one.starts_with("authn/src/lib.rs:1: `other` has no place in the order"), "{one}");
}
