//! Walks down a configuration beside its values and says what each place is: plain, secret, or unknown.
//!
//! The schema decides: what it doesn't know is unknown, and unknown values are never shown.

use std::ops::Range;

use url::Url;

use super::sections::SECTIONS;
use crate::{
    diagnostic::{self, Excerpt, SourceText},
    options::{
        Entries, Field, Item, Key, Kind, Options as _, Type, Value, names_secret, redact_text,
    },
    registry::{Entry, Registry},
    request::binding::Binding,
    time::duration,
};

/// A place in a configuration, from which a walk goes on to those below it.
#[derive(Clone, Copy)]
pub(crate) struct Visibility<'r> {
    pub(crate) registry: &'r Registry,
    pub(crate) place: Place<'r>,
}

/// What a place in a configuration is.
#[derive(Clone, Copy)]
pub(crate) enum Place<'r> {
    Top,
    /// `[credentials]`
    Credentials,
    /// The table that holds a nested provider's.
    Nested,
    /// A list of such.
    Providers,
    Provider(&'r Entry),
    /// `[stores]`
    Stores,
    /// A table of options.
    Options(&'static [Field]),
    /// A list of such, or a map.
    Tables(&'static [Field]),
    /// A map whose values are secrets, or a list of such.
    Secrets,
    Secret,
    /// What is shown: an option, or a part of one.
    Plain(Option<&'static Field>),
    /// One value of a list or a map that is shown.
    Element(&'static Field),
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

impl<'r> Visibility<'r> {
    pub(crate) fn top(registry: &'r Registry) -> Self {
        Self { registry, place: Place::Top }
    }

    pub(crate) fn child(self, key: &str) -> Self {
        let option = || self.option(key).map(Place::of);
        let provider = || self.registry.get(key).map(Place::Provider);
        let place = match self.place {
            Place::Top => {
                SECTIONS.iter().find(|section| section.key == key).map(|section| section.below)
            }
            Place::Credentials => option().or_else(provider),
            Place::Nested => provider(),
            Place::Providers => Some(Place::Nested),
            Place::Provider(entry) => {
                option().or_else(|| provider().filter(|_| entry.has_inner_provider()))
            }
            Place::Stores => self.registry.store_fields(key).map(Place::Options),
            Place::Options(_) => option(),
            Place::Tables(fields) => Some(Place::Options(fields)),
            Place::Secrets | Place::Secret => Some(Place::Secret),
            Place::Plain(field) => {
                let below = field.map_or(Place::Plain(None), Place::Element);
                (!names_secret(key)).then_some(below)
            }
            Place::Element(_) => (!names_secret(key)).then_some(Place::Plain(None)),
            Place::Unknown => None,
        };
        Self { place: place.unwrap_or(Place::Unknown), ..self }
    }

    /// Returns the option of a key at this place.
    fn option(self, key: &str) -> Option<&'static Field> {
        self.fields().into_iter().find(|field| field.key() == key)
    }

    /// Returns the options of a table at this place.
    pub(crate) fn fields(self) -> Vec<&'static Field> {
        match self.place {
            Place::Credentials => Binding::FIELDS.iter().collect(),
            Place::Provider(entry) => entry.fields().collect(),
            Place::Options(fields) => fields.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Returns the values of a table at this place, each with its key and its own place.
    pub(crate) fn within(self, entries: &Entries) -> Vec<(String, &Item, Self)> {
        entries.iter().map(|(key, item)| (key.clone(), item, self.child(key))).collect()
    }

    /// Returns the values of a table or a list at this place, each with its key or index and its own place.
    pub(crate) fn below(self, item: &Item) -> Vec<(String, &Item, Self)> {
        match &item.value {
            Value::Table(entries) => self.within(entries),
            Value::Array(items) => {
                let keys = (0..items.len()).map(|index| index.to_string());
                let child = |(key, item): (String, _)| {
                    let visibility = self.child(&key);
                    (key, item, visibility)
                };
                keys.zip(items).map(child).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Returns whether a table at this place is one value, which a higher layer replaces as a whole.
    pub(crate) fn is_whole(self) -> bool {
        matches!(self.place, Place::Secret)
    }

    pub(crate) fn class(self) -> Class {
        match self.place {
            Place::Secrets | Place::Secret => Class::Secret,
            // A text in the place of a table may hold a secret.
            Place::Unknown | Place::Options(_) | Place::Tables(_) => Class::Unknown,
            _ => Class::Plain,
        }
    }
}

impl Visibility<'_> {
    /// Returns whether a text can be the value at this place.
    fn fits(self, text: &str) -> bool {
        match self.place {
            Place::Plain(Some(field)) => fits(text, &field.value_type()),
            Place::Element(field) => match field.value_type() {
                Type::List(of) | Type::Map(of) => fits(text, &of),
                _ => true,
            },
            _ => true,
        }
    }
}

impl Place<'_> {
    fn of(field: &'static Field) -> Self {
        match (field.kind(), field.value_type()) {
            (Kind::Plain, Type::Options(fields)) => Self::Options(fields),
            (Kind::Plain, of) => {
                of.options().map_or(Self::Plain(Some(field)), |(fields, _)| Self::Tables(fields))
            }
            (Kind::Provider, Type::List(_)) => Self::Providers,
            (Kind::Provider, _) => Self::Nested,
            (Kind::Secret, Type::Secret) => Self::Secret,
            (Kind::Secret, _) => Self::Secrets,
        }
    }
}

/// Returns whether a text can be a value of an option's type. What can't be one may be a misplaced secret.
pub(super) fn fits(text: &str, value_type: &Type) -> bool {
    let word = text.trim();
    match value_type {
        Type::Boolean => word.parse::<bool>().is_ok(),
        Type::Integer => word.parse::<i64>().is_ok(),
        Type::Number => word.parse::<f64>().is_ok(),
        Type::Duration => duration::parse(word).is_some(),
        Type::Url => Url::parse(word).is_ok(),
        Type::Origin => word == "*" || Url::parse(word).is_ok(),
        Type::Choice(words) => words.contains(&word),
        _ => true,
    }
}

/// Returns what the schema says of the value at a key, which may be below a profile.
pub(super) fn value_type(registry: &Registry, key: &Key) -> Option<Type> {
    let segments = match key.segments() {
        [first, _, rest @ ..] if first == "profile" => rest,
        all => all,
    };
    let (mut visibility, mut found) = (Visibility::top(registry), None);
    for segment in segments {
        found = match visibility.option(segment) {
            Some(field) => Some(field.value_type()),
            None => found.as_ref().and_then(|of: &Type| of.child(segment).cloned()),
        };
        visibility = visibility.child(segment);
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
    let mut spans = Spans::default();
    for (_, item, visibility) in parts.flat_map(|entries| Visibility::top(registry).within(entries))
    {
        spans.collect(item, visibility);
    }
    if hide {
        spans.hidden.retain(|span| !(marked.start <= span.start && span.end <= marked.end));
        spans.hidden.push(marked.clone());
    }
    diagnostic::excerpt(&source.text, &spans.shown, &spans.hidden, marked)
}

/// The spans of a file's values: those that may be shown and those that may not.
#[derive(Default)]
struct Spans {
    shown: Vec<Range<usize>>,
    hidden: Vec<Range<usize>>,
}

impl Spans {
    fn collect(&mut self, item: &Item, visibility: Visibility<'_>) {
        if matches!(item.value, Value::Table(_) | Value::Array(_)) {
            for (key, item, mut below) in visibility.below(item) {
                // What a reference refers to is a place, which may be shown.
                if visibility.is_whole()
                    && visibility.registry.is_reference(&key)
                    && item.as_text().is_some()
                {
                    below.place = Place::Plain(None);
                }
                self.collect(item, below);
            }
            return;
        }
        let is_shown = visibility.class() == Class::Plain
            && item.as_text().is_none_or(|text| redact_text(text) == text && visibility.fits(text));
        let spans = if is_shown { &mut self.shown } else { &mut self.hidden };
        spans.extend(item.span.clone());
    }
}
