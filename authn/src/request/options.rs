//! The options that say where a provider's token goes on a request.

use http::{HeaderName, header::AUTHORIZATION};
use serde::Deserialize;

use super::{Place, unless_default};
use crate::{Options, Placement, Validation, token::BEARER};

/// The placement options of a provider's table.
#[derive(Options)]
#[options(validate = Self::check)]
pub(crate) struct PlacementOptions {
    /// Where on a request the token goes.
    #[default(Where::Header)]
    placement: Where,
    /// Header that takes the token.
    #[default(AUTHORIZATION.as_str().to_owned())]
    header: String,
    /// What stands before the token in the header; nothing if empty.
    #[default(BEARER.to_owned())]
    header_prefix: String,
    /// Parameter that takes the token in the query or in a form-encoded body.
    #[default("access_token".to_owned())]
    query_parameter: String,
    #[flatten]
    replacement: Override,
}

/// The one option of them that a provider has too which places what it sends itself.
#[derive(Options)]
pub(crate) struct Override {
    /// Whether it replaces what the caller has set there.
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
            problems.at("header").error("this is no header's name", help);
        }
        if !self.header_prefix.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message = "expected visible ASCII without spaces";
            problems.at("header_prefix").error(message, "one space is added behind it");
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
