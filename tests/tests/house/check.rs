//! What a crate does against its order.

use std::{collections::BTreeSet, fmt};

use quote::ToTokens as _;

use crate::{
    names::Names,
    order::Order,
    paths::{Written, written},
    tree::Tree,
};

/// A use of a module that is not allowed there, with help.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    file: String,
    line: usize,
    text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.text)
    }
}

/// Returns everything in a crate that is against its order.
pub(crate) fn violations(order: &Order, tree: &Tree) -> BTreeSet<Violation> {
    let names = Names::of(tree);
    let mut found = BTreeSet::new();
    for module in &tree.modules {
        let mut report = |line, text| {
            found.insert(Violation { file: module.file.clone(), line, text });
        };
        let user = module.top();
        let Some(rank) = order.rank(user) else {
            if module.path.len() == 1 {
                report(1, not_listed(user));
            }
            continue;
        };
        for path in module.items.iter().flat_map(|item| written(item.to_token_stream())) {
            let Some(absolute) = names.absolute(&module.path, &path.names) else {
                continue;
            };
            let [first, ..] = &*absolute else {
                continue;
            };
            if first == "*" {
                report(path.line, everything(user, &path));
                continue;
            }
            let Some(owners) = names.owners(&absolute) else {
                report(path.line, unknown(user, &path));
                continue;
            };
            for target in owners.iter().filter(|target| *target != user) {
                match order.rank(target) {
                    Some(place) if place < rank => {}
                    Some(place) if place == rank => report(path.line, beside(user, target, &path)),
                    Some(_) => report(path.line, after(user, target, &path, &order.before(rank))),
                    // Said of that module itself.
                    None => {}
                }
            }
        }
    }
    found
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.names.join("::"))
    }
}

fn after(user: &str, target: &str, path: &Written, before: &[&str]) -> String {
    let allowed = match before {
        [] => "nothing of this crate".to_owned(),
        before => format!("only: {}", before.join(", ")),
    };
    format!(
        "`{user}` uses `{target}` (`{path}`), which stands after it\n  rule: a module uses only what stands before \
         it. `{user}` may use {allowed}\n  help: move what `{user}` needs down, from `{target}` to `{user}` or to a \
         module before it, or let `{target}` pass it to `{user}` as an argument or behind a trait"
    )
}

fn beside(user: &str, target: &str, path: &Written) -> String {
    format!(
        "`{user}` uses `{target}` (`{path}`), which stands beside it\n  rule: of modules between two arrows, none uses \
         another\n  help: move what both need to a module before them, or let a module after them bring the two \
         together"
    )
}

fn everything(user: &str, path: &Written) -> String {
    format!(
        "`{user}` uses everything at the crate's root (`{path}`)\n  rule: a module uses only what stands before \
         it\n  help: name what it needs"
    )
}

fn unknown(user: &str, path: &Written) -> String {
    format!(
        "`{user}` uses `{path}`, and no module is known to define it\n  rule: a module uses only what stands before \
         it\n  help: write the path of the module that defines it"
    )
}

fn not_listed(module: &str) -> String {
    format!(
        "`{module}` has no place in the order\n  rule: every module at a crate's root has one\n  help: add it to the \
         order in CONTRIBUTING.md, before everything that uses it"
    )
}
