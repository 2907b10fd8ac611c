//! Walks down a configuration beside its values and says what each place is: plain, secret, or unknown.
//!
//! The schema decides: what it doesn't know is unknown, and unknown values are never shown.

use std::ops::Range;

use super::sections::SECTIONS;
use crate::{
    diagnostic::{self, Excerpt, SourceText},
    options::{
        Entries, Field, Item, Key, Kind, Options as _, Type, Value, names_secret, redact_text,
    },
    registry::{Entry, Registry},
    request::binding::Binding,
};

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
    /// `[stores]`
    Stores(&'r Registry),
    /// A table of options.
    Options(&'r Registry, &'static [Field]),
    /// A list of such, or a map.
    Tables(&'r Registry, &'static [Field]),
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
            Self::Top(registry) => {
                let section = SECTIONS.iter().find(|section| section.key == key);
                section.map_or(Self::Unknown, |section| (section.below)(registry))
            }
            Self::Credentials { nested: false, .. } if self.field(key).is_some() => Self::Plain,
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
            Self::Stores(registry) => registry
                .store_fields(key)
                .map_or(Self::Unknown, |fields| Self::Options(registry, fields)),
            Self::Options(registry, _) => {
                self.field(key).map_or(Self::Unknown, |field| Self::of_field(registry, field))
            }
            Self::Tables(registry, fields) => Self::Options(registry, fields),
            Self::Secrets | Self::Secret => Self::Secret,
            Self::Plain if names_secret(key) => Self::Unknown,
            Self::Plain => Self::Plain,
            Self::Unknown => Self::Unknown,
        }
    }

    /// Returns the option of a key at this place.
    fn field(self, key: &str) -> Option<&'r Field> {
        let fields = match self {
            Self::Credentials { nested: false, .. } => Binding::FIELDS,
            Self::Provider(_, entry) => return entry.field(key),
            Self::Options(_, fields) => fields,
            _ => return None,
        };
        fields.iter().find(|field| field.key() == key)
    }

    /// Tells whether a table at this place is one value, which a higher layer replaces as a whole.
    pub(crate) fn is_whole(self) -> bool {
        matches!(self, Self::Secret)
    }

    pub(crate) fn class(self) -> Class {
        match self {
            Self::Secrets | Self::Secret => Class::Secret,
            // A text in the place of a table may hold a secret.
            Self::Unknown | Self::Options(..) | Self::Tables(..) => Class::Unknown,
            _ => Class::Plain,
        }
    }

    fn of_field(registry: &'r Registry, field: &Field) -> Self {
        match field.kind() {
            Kind::Plain => match (field.r#type(), field.r#type().options()) {
                (Type::Options(fields), _) => Self::Options(registry, fields),
                (_, Some((fields, _))) => Self::Tables(registry, fields),
                _ => Self::Plain,
            },
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

/// Returns what the schema says of the value at a key, which may be below a profile.
pub(super) fn value_type(registry: &Registry, key: &Key) -> Option<Type> {
    let segments = match key.segments() {
        [first, _, rest @ ..] if first == "profile" => rest,
        all => all,
    };
    let (mut guide, mut found) = (Guide::Top(registry), None);
    for segment in segments {
        found = match guide.field(segment) {
            Some(field) => Some(field.r#type()),
            None => found.as_ref().and_then(|of: &Type| of.child(segment).cloned()),
        };
        guide = guide.child(segment);
    }
    found
}

/// Returns the line of a problem as it may be shown: each value that could be a secret is masked. `hide` masks
/// the marked value too, because what is wrong may be a misplaced secret.
pub(super) fn excerpt<'a>(
    source: &SourceText,
    parts: impl Iterator<Item = &'a Entries>,
    registry: &Registry,
    marked: &Range<usize>,
    hide: bool,
) -> Excerpt {
    let mut spans = Spans { registry, shown: Vec::new(), hidden: Vec::new() };
    for entries in parts {
        spans.collect(entries, Guide::Top(registry));
    }
    if hide {
        spans.hidden.retain(|span| !(marked.start <= span.start && span.end <= marked.end));
        spans.hidden.push(marked.clone());
    }
    diagnostic::excerpt(&source.text, &spans.shown, &spans.hidden, marked)
}

/// The spans of a file's values: those that may be shown and those that may not.
struct Spans<'r> {
    registry: &'r Registry,
    shown: Vec<Range<usize>>,
    hidden: Vec<Range<usize>>,
}

impl Spans<'_> {
    fn collect(&mut self, entries: &Entries, guide: Guide<'_>) {
        for (key, item) in entries {
            self.collect_item(item, guide.child(key));
        }
    }

    fn collect_item(&mut self, item: &Item, guide: Guide<'_>) {
        match &item.value {
            Value::Table(entries) => {
                for (key, item) in entries {
                    // What a reference refers to is a place, which may be shown.
                    let place = guide.is_whole()
                        && self.registry.is_reference(key)
                        && item.as_text().is_some();
                    self.collect_item(item, if place { Guide::Plain } else { guide.child(key) });
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.collect_item(item, guide.child(&index.to_string()));
                }
            }
            value => {
                let Some(span) = item.span.clone() else { return };
                let shown = match value {
                    Value::Text(text) => {
                        guide.class() == Class::Plain && redact_text(text) == text.as_str()
                    }
                    _ => guide.class() == Class::Plain,
                };
                if shown { self.shown.push(span) } else { self.hidden.push(span) }
            }
        }
    }
}
