//! `Placement`: where on a request a token goes. Configured, not coded: every provider that hands out a
//! token has these options in its own table.

use http::{HeaderName, header::AUTHORIZATION};

use crate::token::BEARER;

/// Where a token goes on a request (RFC 6750, 2), and whether it replaces what the caller put there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    pub(crate) place: Place,
    pub(crate) replace: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Header { name: HeaderName, prefix: String },
    Query { parameter: String },
    Body { parameter: String },
}

impl Placement {
    /// Puts it into a header, after `prefix` and a space; an empty prefix leaves the token alone.
    pub fn header(name: HeaderName, prefix: impl Into<String>) -> Self {
        Self { place: Place::Header { name, prefix: prefix.into() }, replace: false }
    }

    /// Puts it into the query (RFC 6750, 2.3 advises against it: queries are logged).
    pub fn query(parameter: impl Into<String>) -> Self {
        Self { place: Place::Query { parameter: parameter.into() }, replace: false }
    }

    /// Puts it into a form-encoded body (RFC 6750, 2.2).
    pub fn body(parameter: impl Into<String>) -> Self {
        Self { place: Place::Body { parameter: parameter.into() }, replace: false }
    }

    /// Makes it replace what the caller put there; without this the caller's own wins.
    #[must_use]
    pub fn replacing(mut self) -> Self {
        self.replace = true;
        self
    }

    /// The scheme before the token, as its header value is to be built once and for all.
    pub(crate) fn prefix(&self) -> &str {
        match &self.place {
            Place::Header { prefix, .. } => prefix,
            Place::Query { .. } | Place::Body { .. } => BEARER,
        }
    }
}

impl Default for Placement {
    /// `Authorization: Bearer …`
    fn default() -> Self {
        Self::header(AUTHORIZATION, BEARER)
    }
}
