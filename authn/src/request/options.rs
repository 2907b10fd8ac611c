//! The options for the place of a provider's token on a request.

use http::{HeaderName, header::AUTHORIZATION};
use serde::Deserialize;

use super::{Place, unless_default};
use crate::{
    Options, Placement, Validation, View,
    options::{Field, is_same},
    token::BEARER,
};

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

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Where {
    Header,
    Query,
    Body,
}

/// The defaults of these options that a provider's macro sets; the others are the framework's.
#[derive(Clone, Copy, Debug, Default)]
#[doc(hidden)]
pub struct DefaultPlace {
    pub placement: Option<&'static str>,
    pub header: Option<&'static str>,
    pub header_prefix: Option<&'static str>,
    pub query_parameter: Option<&'static str>,
}

/// A provider whose macro sets such defaults.
#[doc(hidden)]
pub trait Placed {
    const PLACE: DefaultPlace;
}

/// The options of such a provider, with its defaults.
#[derive(Debug)]
pub(crate) struct PlacedFields<P>(std::marker::PhantomData<P>);

const COUNT: usize = PlacementOptions::FIELDS.len();

impl<P: Placed> PlacedFields<P> {
    pub(crate) const FIELDS: &'static [Field] = &Self::with_defaults();

    const fn with_defaults() -> [Field; COUNT] {
        let mut fields = [PlacementOptions::FIELDS[0]; COUNT];
        let mut index = 0;
        while index < COUNT {
            fields[index] = Self::with_default(PlacementOptions::FIELDS[index]);
            index += 1;
        }
        fields
    }

    const fn with_default(field: Field) -> Field {
        let DefaultPlace { placement, header, header_prefix, query_parameter } = P::PLACE;
        let key = field.key().as_bytes();
        // A function pointer has no argument, so each option has a function of its own.
        if placement.is_some() && is_same(key, b"placement") {
            field.with_default(|| view(P::PLACE.placement))
        } else if header.is_some() && is_same(key, b"header") {
            field.with_default(|| view(P::PLACE.header))
        } else if header_prefix.is_some() && is_same(key, b"header_prefix") {
            field.with_default(|| view(P::PLACE.header_prefix))
        } else if query_parameter.is_some() && is_same(key, b"query_parameter") {
            field.with_default(|| view(P::PLACE.query_parameter))
        } else {
            field
        }
    }
}

fn view(text: Option<&'static str>) -> View {
    View::text(text.unwrap_or_default())
}

impl DefaultPlace {
    /// Returns the placement that these defaults are without a configuration.
    pub(crate) fn placement(self) -> Option<Placement> {
        let framework = PlacementOptions {
            placement: Where::Header,
            header: AUTHORIZATION.as_str().to_owned(),
            header_prefix: BEARER.to_owned(),
            query_parameter: "access_token".to_owned(),
            replacement: Override { r#override: false },
        };
        framework.or(self, |_| false).into_placement()
    }
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

    /// Replaces the framework's defaults by those of a provider. `is_set` returns whether an option is configured.
    pub(crate) fn or(mut self, place: DefaultPlace, is_set: impl Fn(&str) -> bool) -> Self {
        let default = |key, text: Option<&'static str>| text.filter(|_| !is_set(key));
        match default("placement", place.placement) {
            Some("query") => self.placement = Where::Query,
            Some("body") => self.placement = Where::Body,
            Some(_) => self.placement = Where::Header,
            None => {}
        }
        let texts = [
            (&mut self.header, "header", place.header),
            (&mut self.header_prefix, "header_prefix", place.header_prefix),
            (&mut self.query_parameter, "query_parameter", place.query_parameter),
        ];
        for (option, key, text) in texts {
            if let Some(text) = default(key, text) {
                text.clone_into(option);
            }
        }
        self
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
