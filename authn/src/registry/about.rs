//! `About`: the name, documentation and location of an entry of the registry.

use std::fmt;

use crate::{Location, options::documentation};

/// The name, the documentation and the place in source code of a linked provider or store.
#[derive(Clone, Copy)]
pub struct About {
    /// The name in a configuration.
    pub name: &'static str,
    /// The lines of its documentation.
    pub docs: &'static [&'static str],
    /// Where it is defined.
    pub location: Location,
}

impl About {
    pub(super) fn doc(&self) -> String {
        documentation(self.docs)
    }
}

impl fmt::Debug for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.name, self.location)
    }
}
