//! Which references to secrets there are: `env`, `file`, and each linked store that holds secrets.

use super::Registry;

/// The kinds of references that every program knows, each with what a target looks like.
const BUILT_IN: [(&str, &str); 2] = [("env", "NAME"), ("file", "path")];

/// Stores of other crates that programs may not be linked with, and how to get them.
const OPTIONAL_STORES: [(&str, &str); 1] = [("keyring", "feature `keyring` of authn-providers")];

impl Registry {
    /// Returns the kinds of references that this program can resolve, each with what a target looks like:
    /// `env` with `NAME` for `{ env = "NAME" }`.
    pub fn references(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let vaults = self.stores().filter_map(|entry| Some((entry.name(), entry.target()?)));
        BUILT_IN.into_iter().chain(vaults)
    }

    /// Returns the kinds alone.
    pub(crate) fn reference_kinds(&self) -> impl Iterator<Item = &'static str> {
        self.references().map(|(kind, _)| kind)
    }

    /// Returns whether a key is a kind of reference, also one that this program can't resolve: what stands
    /// there is a place all the same, and no secret.
    pub(crate) fn is_reference(&self, key: &str) -> bool {
        self.reference_kinds().any(|kind| kind == key) || how_to_get(key).is_some()
    }
}

/// Says how a program gets a store that it is not linked with, where that is known.
pub(crate) fn how_to_get(name: &str) -> Option<String> {
    let (name, feature) = OPTIONAL_STORES.into_iter().find(|(elsewhere, _)| *elsewhere == name)?;
    Some(format!(
        "`{name}` comes with the {feature}: turn it on in Cargo.toml, and `use authn_providers as _;` in main.rs"
    ))
}
