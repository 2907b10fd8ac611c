//! The options that say where a provider's token goes on a request.

use http::{HeaderName, header::AUTHORIZATION};
use serde::Deserialize;

use super::{Place, unless_default};
use crate::{
    Placement, Show, View,
    options::{Field, FromTable, Table},
    token::BEARER,
};

/// The placement options of a provider's table.
pub(crate) struct PlacementOptions(Placement);

/// The one option of them that a provider has too which places what it sends itself.
pub(crate) struct Override(bool);

const OVERRIDE: Field =
    Field::plain::<bool>("override", &["Whether it replaces what the caller has set there."])
        .with_default(|| false.show(), "false");

impl Override {
    pub(crate) fn into_placement(self) -> Option<Placement> {
        let placement = Placement::default();
        unless_default(if self.0 { placement.replacing() } else { placement })
    }
}

impl FromTable for Override {
    const FIELDS: &'static [Field] = &[OVERRIDE];

    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        table.plain_or("override", || false).map(Self)
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Where {
    Header,
    Query,
    Body,
}

impl Show for Where {
    fn show(&self) -> View {
        View::text(match self {
            Self::Header => "header",
            Self::Query => "query",
            Self::Body => "body",
        })
    }
}

const PARAMETER: &str = "access_token";

impl PlacementOptions {
    pub(crate) fn into_placement(self) -> Option<Placement> {
        unless_default(self.0)
    }
}

impl FromTable for PlacementOptions {
    const FIELDS: &'static [Field] = &[
        Field::plain::<Where>("placement", &["Where on a request the token goes."])
            .with_default(|| Where::Header.show(), "header"),
        Field::plain::<String>("header", &["Header that takes the token."])
            .with_default(|| AUTHORIZATION.as_str().show(), "authorization"),
        Field::plain::<String>(
            "header_prefix",
            &["What stands before the token in the header; nothing if empty."],
        )
        .with_default(|| BEARER.show(), "Bearer"),
        Field::plain::<String>(
            "query_parameter",
            &["Parameter that takes the token in the query or in a form-encoded body."],
        )
        .with_default(|| PARAMETER.show(), "access_token"),
        OVERRIDE,
    ];

    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        let place = table.plain_or("placement", || Where::Header);
        let header =
            table.plain_or("header", || AUTHORIZATION.as_str().to_owned()).and_then(|name| {
                HeaderName::try_from(name)
                    .ok()
                    .or_else(|| table.refuse("header", "this is no header's name"))
            });
        let prefix = table.plain_or("header_prefix", || BEARER.to_owned()).and_then(|prefix| {
            if prefix.bytes().all(|byte| byte.is_ascii_graphic()) {
                Some(prefix)
            } else {
                table.refuse("header_prefix", "expected visible ASCII without spaces")
            }
        });
        let parameter = table.plain_or("query_parameter", || PARAMETER.to_owned());
        let replace = table.plain_or("override", || false);
        let (header, prefix, parameter) = (header?, prefix?, parameter?);
        let place = match place? {
            Where::Header => Place::Header { name: header, prefix },
            Where::Query => Place::Query { parameter },
            Where::Body => Place::Body { parameter },
        };
        Some(Self(Placement { place, replace: replace? }))
    }
}
