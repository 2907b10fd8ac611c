//! Merges layers. figment does it: each part is a provider of its own, plain values travel through it, and the
//! tag of what comes out says which part it is from. What is secret or not known stays in the part, and a
//! placeholder travels in its stead, so that nothing of figment's can ever print it.

use std::{collections::BTreeMap, iter};

use figment::{
    Figment, Metadata, Profile, Provider,
    value::{Dict, Empty, Map, Num, Tag, Value as Figured},
};

use super::{super::visibility::Guide, LayerName};
use crate::{
    config::Class,
    diagnostic::Provenance,
    options::{Entries, Item, Value},
};

/// One layer's base or one of its profiles, in the order in which they apply.
pub(crate) struct Part {
    pub(crate) values: Entries,
    /// Values of it are active only if it is trusted.
    pub(crate) withheld: bool,
    /// A profile that is not chosen. It is kept to tell which of its lines' texts are secrets.
    pub(crate) unchosen: bool,
    /// The index of its layer.
    pub(crate) layer: usize,
    /// What its layer is called.
    pub(crate) name: LayerName,
}

impl Part {
    /// Returns whether its values can be active.
    pub(crate) fn counts(&self) -> bool {
        !self.withheld && !self.unchosen
    }

    fn get(&self, path: &[String]) -> Option<&Item> {
        let (first, rest) = path.split_first()?;
        self.values.get(first)?.get(rest)
    }
}

/// Merges parts, low to high.
pub(crate) fn merge(parts: &[Part], guide: Guide<'_>) -> Entries {
    let mut merged = Merged { parts, sources: BTreeMap::new() };
    let mut figment = Figment::new();
    for part in parts.iter().filter(|part| part.counts()) {
        let layer = Figment::from(Layered { part, guide });
        // figment tags all values of a provider alike.
        let tag =
            layer.data().ok().and_then(|data| Some(data.values().next()?.values().next()?.tag()));
        merged.sources.extend(tag.map(|tag| (tag, part)));
        figment = figment.merge(layer);
    }
    match figment.find_value("") {
        Ok(Figured::Dict(_, dict)) => merged.entries(dict, &mut Vec::new()),
        _ => Entries::new(),
    }
}

/// Returns the origins of a key in all parts that set it, the active one first.
pub(crate) fn origins(parts: &[Part], path: &[String]) -> Vec<Provenance> {
    let set = |part: &Part| part.get(path).map(|item| item.origin.clone());
    parts.iter().rev().filter(|part| part.counts()).filter_map(set).collect()
}

/// A part, as figment takes it.
struct Layered<'a> {
    part: &'a Part,
    guide: Guide<'a>,
}

impl Provider for Layered<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.part.name.as_str())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(dict(self.guide.within(&self.part.values))))
    }
}

fn dict(values: Vec<(String, &Item, Guide<'_>)>) -> Dict {
    values.into_iter().map(|(key, item, guide)| (key, figured(item, guide))).collect()
}

fn figured(item: &Item, guide: Guide<'_>) -> Figured {
    match &item.value {
        Value::Table(_) if !guide.is_whole() => {
            Figured::Dict(Tag::Default, dict(guide.below(item)))
        }
        // A placeholder.
        Value::Table(_) => Figured::Empty(Tag::Default, Empty::Unit),
        _ if guide.class() != Class::Plain => Figured::Empty(Tag::Default, Empty::Unit),
        Value::Array(_) => {
            let below = guide.below(item).into_iter();
            Figured::Array(
                Tag::Default,
                below.map(|(_, item, guide)| figured(item, guide)).collect(),
            )
        }
        Value::Boolean(value) => Figured::from(*value),
        Value::Integer(value) => Figured::from(*value),
        Value::Float(value) => Figured::from(*value),
        Value::Text(text) => Figured::from(text.as_str()),
    }
}

/// What figment has merged, beside the parts that it is of.
struct Merged<'a> {
    parts: &'a [Part],
    sources: BTreeMap<Tag, &'a Part>,
}

impl Merged<'_> {
    fn entries(&self, dict: Dict, path: &mut Vec<String>) -> Entries {
        let mut entries = Entries::new();
        for (key, figured) in dict {
            path.push(key.clone());
            let item = match figured {
                Figured::Dict(_, dict) => {
                    let origin = origins(self.parts, path).into_iter().next();
                    let table = Value::Table(self.entries(dict, path));
                    Some(Item::new(table, origin.unwrap_or(Provenance::Default)))
                }
                figured => self
                    .sources
                    .get(&figured.tag())
                    .and_then(|part| part.get(path))
                    .map(|own| value(figured, own)),
            };
            path.pop();
            entries.extend(item.map(|item| (key, item)));
        }
        entries
    }
}

/// Returns a value that has come through figment. `own` is the same in its part, which knows where it stands
/// and holds what did not travel.
fn value(figured: Figured, own: &Item) -> Item {
    let value = match figured {
        Figured::String(_, text) => Value::Text(text.into()),
        Figured::Bool(_, value) => Value::Boolean(value),
        Figured::Num(_, num) => number(num),
        Figured::Array(_, figured) => match &own.value {
            Value::Array(own) => Value::Array(
                iter::zip(figured, own).map(|(figured, own)| value(figured, own)).collect(),
            ),
            other => other.clone(),
        },
        Figured::Dict(..) | Figured::Char(..) | Figured::Empty(..) => own.value.clone(),
    };
    Item { value, ..own.clone() }
}

/// Returns a number of figment's; one that is too large for 64 bits is a text, as which it can still be read.
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
