//! `Placement`: the place of a token on a request. It is configured: every provider that returns a token has these
//! options in its table.

use http::{HeaderName, header::AUTHORIZATION};

use crate::token::BEARER;

/// The place of a token on a request (RFC 6750, 2), and whether it replaces a credential that the caller set there.
///
/// ```
/// use authn::{Credentials, Placement};
/// use http::HeaderName;
///
/// let header = Placement::header(HeaderName::from_static("x-token"), "");
/// let builder = Credentials::builder().placement(header.replacing());
/// # drop((builder, Placement::query("access_token"), Placement::body("access_token")));
/// ```
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
    /// Places the token in a header, after `prefix` and a space. With an empty prefix the value is the token alone.
    pub fn header(name: HeaderName, prefix: impl Into<String>) -> Self {
        Self { place: Place::Header { name, prefix: prefix.into() }, replace: false }
    }

    /// Places the token in a parameter of the query. RFC 6750, 2.3 advises against it, because queries are logged.
    pub fn query(parameter: impl Into<String>) -> Self {
        Self { place: Place::Query { parameter: parameter.into() }, replace: false }
    }

    /// Places the token in a parameter of a form-encoded body (RFC 6750, 2.2).
    pub fn body(parameter: impl Into<String>) -> Self {
        Self { place: Place::Body { parameter: parameter.into() }, replace: false }
    }

    /// Lets the token replace a credential that the caller set there. Otherwise the caller's credential is kept.
    #[must_use]
    pub fn replacing(mut self) -> Self {
        self.replace = true;
        self
    }

    /// Returns the prefix with which the token's header value is prepared.
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
