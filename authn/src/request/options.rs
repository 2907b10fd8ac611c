//! The options for the place of a provider's token on a request.

use http::{HeaderName, header::AUTHORIZATION};
use serde::Deserialize;

use super::{Place, unless_default};
use crate::{Options, Placement, Validation, token::BEARER};

/// The placement options of a provider's table.
#[derive(Options)]
#[options(validate = Self::check)]
pub(crate) struct PlacementOptions {
    /// Place of the token on a request.
    #[default(Where::Header)]
    placement: Where,
    /// Header that takes the token.
    #[default(AUTHORIZATION.as_str().to_owned())]
    header: String,
    /// Word before the token in the header; none if empty.
    #[default(BEARER.to_owned())]
    header_prefix: String,
    /// Parameter that takes the token in the query or in a form-encoded body.
    #[default("access_token".to_owned())]
    query_parameter: String,
    #[flatten]
    replacement: Override,
}

/// The only one of these options that a provider with its own placement also has.
#[derive(Options)]
pub(crate) struct Override {
    /// Whether the token replaces a credential that the program has already set at its place.
    #[default(false)]
    r#override: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Where {
    Header,
    Query,
    Body,
}

impl Override {
    pub(crate) fn into_placement(self) -> Option<Placement> {
        let placement = Placement::default();
        unless_default(if self.r#override { placement.replacing() } else { placement })
    }
}

impl PlacementOptions {
    fn check(&self, problems: &mut Validation) {
        if HeaderName::try_from(&self.header).is_err() {
            let help = "write a header's name, such as `authorization`";
            problems.at("header").error("this is not the name of a header", help);
        }
        if !self.header_prefix.bytes().all(|byte| byte.is_ascii_graphic()) {
            let help = "leave the space out: one is added after the prefix";
            problems.at("header_prefix").error("expected visible ASCII without spaces", help);
        }
    }

    pub(crate) fn into_placement(self) -> Option<Placement> {
        let parameter = self.query_parameter;
        let place = match self.placement {
            Where::Header => Place::Header {
                name: HeaderName::try_from(self.header).unwrap_or(AUTHORIZATION),
                prefix: self.header_prefix,
            },
            Where::Query => Place::Query { parameter },
            Where::Body => Place::Body { parameter },
        };
        unless_default(Placement { place, replace: self.replacement.r#override })
    }
}
