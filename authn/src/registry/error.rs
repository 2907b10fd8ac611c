//! The problems of a name that no entry has, or that two entries have.

use super::Registry;
use crate::diagnostic::{Location, Problem, ProblemCode, nearest, shortened};

/// How a program links a crate.
pub(super) const HOW_TO_LINK: &str =
    "add the crate to Cargo.toml and `use its_crate as _;` to main.rs";

pub(super) fn unknown(registry: &Registry, name: &str) -> Problem {
    let name = &shortened(name).escape_debug().to_string();
    let names: Vec<&str> = registry.providers.keys().copied().collect();
    let near = nearest(name, names.iter().copied())
        .map_or_else(String::new, |near| format!("did you mean `{near}`? "));
    let linked = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let message = format!("this program has no provider `{name}`");
    // The linker drops a crate that the program never names.
    let help = format!(
        "{near}the providers of this program: {linked}; in a program of your own, {HOW_TO_LINK}"
    );
    Problem::error(ProblemCode::UnknownProvider, message).with_help(help)
}

/// Whether two entries with the same name are providers, stores or presets.
#[derive(Clone, Copy)]
pub(super) struct EntryKind {
    code: ProblemCode,
    plural: &'static str,
}

pub(super) const PROVIDERS: EntryKind =
    EntryKind { code: ProblemCode::DuplicateProvider, plural: "providers" };
pub(super) const STORES: EntryKind =
    EntryKind { code: ProblemCode::DuplicateStore, plural: "token stores" };
pub(super) const PRESETS: EntryKind =
    EntryKind { code: ProblemCode::DuplicatePreset, plural: "presets" };

pub(super) fn duplicate(kind: EntryKind, name: &str, one: Location, other: Location) -> Problem {
    let mut places = [one, other];
    places.sort_unstable_by_key(|place| (place.package, place.file, place.line));
    let [first, second] = places;
    let message = format!(
        "two {} are named `{name}`: {} in {first}, and {} in {second}",
        kind.plural, first.package, second.package,
    );
    Problem::error(kind.code, message).with_help("rename one, or remove one of the crates")
}
