//! `Named`: what a crate registers under a name at link time, such as a way to authenticate, so that a configuration can
//! choose it as it chooses a provider.

use authn::{Error, Result};

/// A value with the name that a configuration chooses it by.
#[doc(hidden)]
#[derive(Debug)]
pub struct Named<T: ?Sized + 'static> {
    name: &'static str,
    value: &'static T,
    /// Where it is registered: a file and a line.
    place: (&'static str, u32),
}

impl<T: ?Sized + 'static> Named<T> {
    /// Names a value. `place` is the file and the line of the registration.
    pub const fn new(name: &'static str, value: &'static T, place: (&'static str, u32)) -> Self {
        Self { name, value, place }
    }

    /// Returns the name.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the value.
    pub(crate) fn value(&self) -> &'static T {
        self.value
    }
}

/// Returns the value with a name; `None` if there is none. `what` is what the values are, for the error if two have it.
pub(crate) fn find<T: ?Sized + 'static>(
    all: impl Iterator<Item = &'static Named<T>>,
    name: &str,
    what: &str,
) -> Result<Option<&'static Named<T>>> {
    let mut found = all.filter(|named| named.name == name);
    let Some(first) = found.next() else { return Ok(None) };
    let Some(second) = found.next() else { return Ok(Some(first)) };
    let [(one, one_line), (other, other_line)] = [first.place, second.place];
    Err(Error::configuration(format!(
        "two {what} have the name `{}` ({one}:{one_line} and {other}:{other_line})",
        first.name
    ))
    .with_help("rename one of them, or link only one of the crates"))
}

/// Returns the names of the built-in values and of those that are registered, each once.
pub(crate) fn names<T: ?Sized + 'static>(
    built_in: impl Iterator<Item = &'static str>,
    all: impl Iterator<Item = &'static Named<T>>,
) -> Vec<&'static str> {
    let mut registered: Vec<_> = all.map(Named::name).collect();
    registered.sort_unstable();
    let mut names: Vec<_> = built_in.chain(registered).collect();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    static ALL: [Named<str>; 3] = [
        Named::new("a", "first", ("one.rs", 1)),
        Named::new("b", "second", ("one.rs", 2)),
        Named::new("b", "third", ("two.rs", 3)),
    ];

    #[test]
    fn a_name_is_of_one_value() {
        assert_eq!(find(ALL.iter(), "a", "texts").unwrap().unwrap().value(), "first");
        assert!(find(ALL.iter(), "c", "texts").unwrap().is_none());
        let error = find(ALL.iter(), "b", "texts").unwrap_err();
        assert_eq!(error.message(), "two texts have the name `b` (one.rs:2 and two.rs:3)");
        assert_eq!(names(["z"].into_iter(), ALL.iter()), ["z", "a", "b"]);
    }
}
