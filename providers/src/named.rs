//! `Named`: an implementation of a trait that the configuration chooses by its name. A crate registers it at link time.

use std::fmt;

use authn::{Error, Location, Result, diagnostic::nearest};

/// An implementation of a trait, with its name and where it is registered. `T` is the trait, as `dyn Trait`.
#[derive(Clone, Copy)]
pub struct Named<T: ?Sized + 'static> {
    name: &'static str,
    value: &'static T,
    location: Location,
}

/// Shows the name only.
impl<T: ?Sized + 'static> fmt::Debug for Named<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Named").field(&self.name).finish()
    }
}

impl<T: ?Sized + 'static> Named<T> {
    /// Creates an entry. The macro of the trait does so with [`named!`](crate::named).
    pub const fn new(name: &'static str, value: &'static T, location: Location) -> Self {
        Self { name, value, location }
    }

    /// Returns the name.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the implementation.
    pub(crate) fn value(&self) -> &'static T {
        self.value
    }
}

/// Returns the names of entries, sorted, each once.
pub(crate) fn names<T: ?Sized + 'static>(
    entries: impl Iterator<Item = &'static Named<T>>,
) -> Vec<&'static str> {
    let mut names: Vec<_> = entries.map(Named::name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What the entries of a trait are, for messages.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) singular: &'static str,
    pub(crate) plural: &'static str,
}

impl Kind {
    /// Returns the implementation with this name, which is compared byte for byte.
    ///
    /// It is an error if there is none, or if two entries have this name.
    pub(crate) fn find<T: ?Sized>(
        self,
        name: &str,
        entries: impl Iterator<Item = &'static Named<T>> + Clone,
    ) -> Result<&'static T> {
        // The order of linked entries has no meaning.
        let place = |entry: &&Named<T>| {
            let Location { package, file, line, .. } = entry.location;
            (package, file, line)
        };
        let of_name = || entries.clone().filter(|entry| entry.name == name);
        let Some(found) = of_name().min_by_key(place) else {
            return Err(self.unknown(name, &names(entries)));
        };
        // A static library may be linked twice, which is the same entry twice.
        match of_name().filter(|other| other.location != found.location).min_by_key(place) {
            Some(other) => Err(self.duplicate(found, other)),
            None => Ok(found.value),
        }
    }

    fn duplicate<T: ?Sized>(self, one: &Named<T>, other: &Named<T>) -> Error {
        let place = |entry: &Named<T>| format!("{} in {}", entry.location.package, entry.location);
        Error::configuration(format!(
            "two {} are named `{}`: {}, and {}",
            self.plural,
            one.name,
            place(one),
            place(other)
        ))
        .with_help("rename one, or remove one of the crates")
    }

    fn unknown(self, name: &str, known: &[&str]) -> Error {
        let near = nearest(name, known.iter().copied());
        let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
        Error::configuration(format!("no {} has this name", self.singular)).with_help(format!(
            "{near}known {}: {}; for one of another crate, add the crate to Cargo.toml and `use its_crate as _;` to \
             main.rs",
            self.plural,
            known.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METHODS: Kind = Kind { singular: "method", plural: "methods" };

    const fn entry(name: &'static str, value: &'static str, line: u32) -> Named<str> {
        let location =
            Location { package: "corp", module: "corp", file: "lib.rs", line, column: 1 };
        Named::new(name, value, location)
    }

    #[test]
    fn the_name_is_compared_byte_for_byte() {
        static ENTRIES: [Named<str>; 2] = [entry("PLAIN", "p", 1), entry("HMAC", "h", 2)];
        assert_eq!(METHODS.find("HMAC", ENTRIES.iter()).unwrap(), "h");
        let error = METHODS.find("HMACC", ENTRIES.iter()).unwrap_err();
        assert_eq!(error.message(), "no method has this name");
        let help = error.help().unwrap();
        assert!(help.starts_with("did you mean `HMAC`? known methods: HMAC, PLAIN; "), "{help}");
        let error = METHODS.find("s3cret", ENTRIES.iter()).unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
        assert!(error.help().unwrap().starts_with("known methods"), "{error}");
    }

    #[test]
    fn two_entries_of_one_name_are_an_error_that_names_both_places() {
        static ENTRIES: [Named<str>; 3] =
            [entry("A", "a", 1), entry("B", "b", 2), entry("A", "c", 3)];
        // The same entry, linked twice.
        static TWICE: [Named<str>; 2] = [entry("A", "a", 1), entry("A", "a", 1)];
        let error = METHODS.find("A", ENTRIES.iter()).unwrap_err();
        let message = "two methods are named `A`: corp in lib.rs:1:1, and corp in lib.rs:3:1";
        assert_eq!(error.message(), message);
        assert_eq!(METHODS.find("B", ENTRIES.iter()).unwrap(), "b", "it has one place");
        assert_eq!(METHODS.find("A", TWICE.iter()).unwrap(), "a");
        assert!(METHODS.find("x", TWICE.iter()).unwrap_err().help().unwrap().contains(": A;"));
    }
}
