//! Merges layers with figment. Each part is a provider of its own, and the tag of a merged value tells which part it is
//! from. Only plain values pass through figment. Secret and unknown values stay in their part, and figment gets a
//! placeholder instead, so that it can never print them.

use std::{collections::BTreeMap, iter};

use figment::{
    Figment, Metadata, Profile, Provider,
    value::{Dict, Empty, Map, Num, Tag, Value as FigmentValue},
};

use super::{super::visibility::Visibility, LayerName};
use crate::{
    config::Class,
    diagnostic::Provenance,
    options::{Entries, Item, Value},
    sorted::sorted,
};

/// One layer's base or one of its profiles, in the order in which they apply.
pub(crate) struct Part {
    pub(crate) values: Entries,
    /// Whether its values are inactive because the user has not trusted its file.
    pub(crate) withheld: bool,
    /// Whether it is a profile that is not active. It is kept so that excerpts can mask the secrets in its lines.
    pub(crate) inactive: bool,
    /// The index of its layer.
    pub(crate) layer: usize,
    /// The name of its layer.
    pub(crate) name: LayerName,
    /// The profile that it is the table of; `None` for the base.
    pub(crate) profile: Option<String>,
}

impl Part {
    /// Returns whether its values are used.
    pub(crate) fn is_active(&self) -> bool {
        !self.withheld && !self.inactive
    }

    fn get(&self, path: &[String]) -> Option<&Item> {
        let (first, rest) = path.split_first()?;
        self.values.get(first)?.get(rest)
    }
}

/// Merges parts, from the lowest to the highest.
pub(crate) fn merge(parts: &[Part], visibility: Visibility<'_>) -> Entries {
    let mut merged = Merged { parts, sources: BTreeMap::new() };
    let mut figment = Figment::new();
    for part in parts.iter().filter(|part| part.is_active()) {
        let layer = Figment::from(FigmentPart { part, visibility });
        // All values of a provider have the same tag.
        let tag =
            layer.data().ok().and_then(|data| Some(data.values().next()?.values().next()?.tag()));
        merged.sources.extend(tag.map(|tag| (tag, part)));
        figment = figment.merge(layer);
    }
    match figment.find_value("") {
        Ok(FigmentValue::Dict(_, dict)) => merged.entries(dict, &mut Vec::new()),
        _ => Entries::new(),
    }
}

/// Returns the parts that set a key, the highest first, each with its value.
pub(crate) fn setters<'p>(
    parts: &'p [Part],
    path: &'p [String],
) -> impl Iterator<Item = (&'p Part, &'p Item)> {
    let active = parts.iter().rev().filter(|part| part.is_active());
    active.filter_map(move |part| Some((part, part.get(path)?)))
}

/// A part as a provider of figment.
struct FigmentPart<'a> {
    part: &'a Part,
    visibility: Visibility<'a>,
}

impl Provider for FigmentPart<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.part.name.as_str())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(dict(self.visibility.within(&self.part.values))))
    }
}

fn dict(values: Vec<(String, &Item, Visibility<'_>)>) -> Dict {
    sorted(values.into_iter().map(|(key, item, visibility)| (key, figment_value(item, visibility))))
}

fn figment_value(item: &Item, visibility: Visibility<'_>) -> FigmentValue {
    match &item.value {
        Value::Table(_) if !visibility.is_whole() => {
            FigmentValue::Dict(Tag::Default, dict(visibility.below(item)))
        }
        // A placeholder.
        Value::Table(_) => FigmentValue::Empty(Tag::Default, Empty::Unit),
        _ if visibility.class() != Class::Plain => FigmentValue::Empty(Tag::Default, Empty::Unit),
        Value::Array(_) => {
            let below = visibility.below(item).into_iter();
            FigmentValue::Array(
                Tag::Default,
                below.map(|(_, item, visibility)| figment_value(item, visibility)).collect(),
            )
        }
        Value::Boolean(value) => FigmentValue::from(*value),
        Value::Integer(value) => FigmentValue::from(*value),
        Value::Float(value) => FigmentValue::from(*value),
        Value::Text(text) => FigmentValue::from(text.as_str()),
        Value::Secret(_) => FigmentValue::Empty(Tag::Default, Empty::Unit),
    }
}

/// The values that figment has merged, and the parts that they are from.
struct Merged<'a> {
    parts: &'a [Part],
    sources: BTreeMap<Tag, &'a Part>,
}

impl Merged<'_> {
    fn entries(&self, dict: Dict, path: &mut Vec<String>) -> Entries {
        let mut entries = Entries::new();
        for (key, figment_value) in dict {
            path.push(key.clone());
            let item = match figment_value {
                FigmentValue::Dict(_, dict) => {
                    let (provenance, span) = match setters(self.parts, path).next() {
                        Some((_, own)) => (own.provenance.clone(), own.span.clone()),
                        None => (Provenance::Default, None),
                    };
                    let value = Value::Table(self.entries(dict, path));
                    Some(Item { value, provenance, span })
                }
                figment_value => self
                    .sources
                    .get(&figment_value.tag())
                    .and_then(|part| part.get(path))
                    .map(|own| value(figment_value, own)),
            };
            path.pop();
            entries.extend(item.map(|item| (key, item)));
        }
        entries
    }
}

/// Returns a value that has passed through figment. `own` is the value in its part, with its provenance and with the values
/// for which figment got placeholders.
fn value(figment_value: FigmentValue, own: &Item) -> Item {
    let value = match figment_value {
        FigmentValue::String(_, text) => Value::Text(text.into()),
        FigmentValue::Bool(_, value) => Value::Boolean(value),
        FigmentValue::Num(_, num) => number(num),
        FigmentValue::Array(_, figment_value) => match &own.value {
            Value::Array(own) => Value::Array(
                iter::zip(figment_value, own)
                    .map(|(figment_value, own)| value(figment_value, own))
                    .collect(),
            ),
            other => other.clone(),
        },
        FigmentValue::Dict(..) | FigmentValue::Char(..) | FigmentValue::Empty(..) => {
            own.value.clone()
        }
    };
    Item { value, ..own.clone() }
}

/// Returns a number of figment's. A number that is too large for 64 bits becomes a text, because an option may still accept
/// that.
pub(super) fn number(num: Num) -> Value {
    let (signed, unsigned) = (num.to_i128(), num.to_u128());
    let small = signed.and_then(|value| value.try_into().ok());
    let small = small.or_else(|| unsigned.and_then(|value| value.try_into().ok()));
    match (small, num) {
        (Some(value), _) => Value::Integer(value),
        (None, Num::F32(value)) => Value::Float(value.into()),
        (None, Num::F64(value)) => Value::Float(value),
        (None, _) => {
            let text = signed.map(|value| value.to_string());
            let text = text.or_else(|| unsigned.map(|value| value.to_string()));
            Value::Text(text.unwrap_or_default().into())
        }
    }
}
