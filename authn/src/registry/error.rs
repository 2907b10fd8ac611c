//! What the registry says when a name is not there, or is there twice.

use super::{Entry, Registry};
use crate::{Error, diagnostic::nearest};

pub(super) fn unknown(registry: &Registry, name: &str) -> String {
    let name = &name.escape_debug().to_string();
    let names: Vec<&str> = registry.entries.keys().copied().collect();
    let near = nearest(name, names.iter().copied())
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    let linked = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    format!(
        "no provider `{name}` is linked into this program{near} (linked: {linked}). \
         A provider of another crate must be named once so that the linker keeps it: \
         add the crate to Cargo.toml and `use its_crate as _;` to main.rs"
    )
}

pub(super) fn duplicate(one: &Entry, other: &Entry) -> Error {
    let mut places = [one.location(), other.location()];
    places.sort_unstable_by_key(|place| (place.package, place.file, place.line));
    let [first, second] = places;
    Error::configuration(format!(
        "two providers are named `{}`: {} in {first}, and {} in {second}. \
         Rename one, or leave one of the crates out",
        one.name(),
        first.package,
        second.package,
    ))
}
