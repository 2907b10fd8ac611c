//! Walks down a configuration beside its values and says what each place is: plain, secret, or unknown.
//!
//! The schema decides: what it doesn't know is unknown, and unknown values are never shown.

use super::{credentials, http, stores::fields};
use crate::{
    redact::names_secret,
    registry::{Entry, Registry},
    schema::{Field, Kind, Type},
};

/// The keys at the top of a configuration.
pub(crate) const TOP_LEVEL: [&str; 5] =
    ["credentials", "default_profile", "http", "profile", "stores"];

/// What a place in a configuration is.
#[derive(Clone, Copy)]
pub(crate) enum Guide<'r> {
    Top(&'r Registry),
    /// `[credentials]`, or a table of a nested provider.
    Credentials {
        registry: &'r Registry,
        nested: bool,
    },
    Providers(&'r Registry),
    Provider(&'r Registry, &'r Entry),
    Http,
    /// `[stores]`
    Stores,
    /// `[stores.NAME]`, with the options of that store.
    Store(Option<&'r [Field]>),
    /// A map whose values are secrets, or a list of such.
    Secrets,
    Secret,
    Plain,
    Unknown,
}

/// How the value at a place may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Class {
    /// It is shown.
    Plain,
    /// Whether it is set is shown.
    Secret,
    /// The schema doesn't know it, so nothing is shown.
    Unknown,
}

impl<'r> Guide<'r> {
    pub(crate) fn child(self, key: &str) -> Self {
        match self {
            Self::Top(registry) => match key {
                "credentials" => Self::Credentials { registry, nested: false },
                "default_profile" => Self::Plain,
                "http" => Self::Http,
                "stores" => Self::Stores,
                _ => Self::Unknown,
            },
            Self::Credentials { nested: false, .. }
                if credentials::FIELDS.iter().any(|field| field.key() == key) =>
            {
                Self::Plain
            }
            Self::Credentials { registry, .. } => {
                registry.get(key).map_or(Self::Unknown, |entry| Self::Provider(registry, entry))
            }
            Self::Providers(registry) => Self::Credentials { registry, nested: true },
            Self::Provider(registry, entry) => match (entry.field(key), registry.get(key)) {
                (Some(field), _) => Self::of_field(registry, field),
                (None, Some(inner)) if entry.has_inner_provider() => {
                    Self::Provider(registry, inner)
                }
                _ => Self::Unknown,
            },
            Self::Http => {
                if http::FIELDS.iter().any(|field| field.key() == key) {
                    Self::Plain
                } else {
                    Self::Unknown
                }
            }
            Self::Stores => Self::Store(fields(key)),
            Self::Store(Some(fields)) => {
                let field = fields.iter().find(|field| field.key() == key);
                match field.map(Field::kind) {
                    Some(Kind::Plain) => Self::Plain,
                    Some(_) => Self::Secret,
                    None => Self::Unknown,
                }
            }
            Self::Secrets | Self::Secret => Self::Secret,
            Self::Plain if names_secret(key) => Self::Unknown,
            Self::Plain => Self::Plain,
            Self::Store(None) | Self::Unknown => Self::Unknown,
        }
    }

    /// Tells whether a table at this place is one value, which a higher layer replaces as a whole.
    pub(crate) fn is_whole(self) -> bool {
        matches!(self, Self::Secret)
    }

    pub(crate) fn class(self) -> Class {
        match self {
            Self::Secrets | Self::Secret => Class::Secret,
            Self::Unknown => Class::Unknown,
            _ => Class::Plain,
        }
    }

    fn of_field(registry: &'r Registry, field: &Field) -> Self {
        match field.kind() {
            Kind::Plain => Self::Plain,
            Kind::Provider => match field.r#type() {
                Type::List(_) => Self::Providers(registry),
                _ => Self::Credentials { registry, nested: true },
            },
            Kind::Secret => match field.r#type() {
                Type::Secret => Self::Secret,
                _ => Self::Secrets,
            },
        }
    }
}
