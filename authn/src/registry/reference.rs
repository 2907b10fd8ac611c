//! The kinds of references to secrets: `env`, `file`, `command`, and each linked store that can hold secrets.

use super::Registry;

/// The kinds of references that every program can resolve, each with the form of its target.
const BUILT_IN: [(&str, &str); 3] =
    [("env", "NAME"), ("file", "path"), ("command", "[\"program\", \"argument\"]")];

/// Stores that a program need not be linked with, each with whether it can hold secrets. A feature of that name of
/// `authn-providers` adds it.
const OPTIONAL_STORES: [(&str, bool); 2] = [("keyring", true), ("redis", false)];

impl Registry {
    /// Returns the kinds of references that this program can resolve, each with the form of its target: `env` with
    /// `NAME` for `{ env = "NAME" }`.
    ///
    /// ```
    /// let registry = authn::Registry::builder().build()?;
    /// assert!(registry.references().any(|(kind, target)| (kind, target) == ("env", "NAME")));
    /// # Ok::<(), authn::Error>(())
    /// ```
    pub fn references(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let vaults = self.stores().filter_map(|entry| Some((entry.name(), entry.target()?)));
        BUILT_IN.into_iter().chain(vaults)
    }

    /// Returns the kinds without the forms of their targets.
    pub(crate) fn reference_kinds(&self) -> impl Iterator<Item = &'static str> {
        self.references().map(|(kind, _)| kind)
    }

    /// Returns whether a key is a kind of reference, also a kind that this program can't resolve. The target is the place
    /// of a secret in both cases, and not a secret.
    pub(crate) fn is_reference(&self, key: &str) -> bool {
        self.reference_kinds().any(|kind| kind == key) || OPTIONAL_STORES.contains(&(key, true))
    }
}

/// Returns how to link a store that this program is not linked with, if that is known.
pub(crate) fn how_to_get(name: &str) -> Option<String> {
    let (name, _) = OPTIONAL_STORES.into_iter().find(|(elsewhere, _)| *elsewhere == name)?;
    Some(format!(
        "for `{name}`, turn on the feature `{name}` of authn-providers in Cargo.toml and write `use authn_providers as _;` in main.rs"
    ))
}
