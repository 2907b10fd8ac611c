//! Merges layers. figment does it, on a tree that holds no value: each leaf is a number, and the number
//! says which part and which value. So nothing of figment's can ever print one.

use std::collections::BTreeMap;

use figment::{
    Figment, Metadata, Profile, Provider,
    value::{Dict, Map, Tag, Value as Figured},
};

use crate::{
    config::visibility::Guide,
    diagnostic::Origin,
    options::{Entries, Item, Value},
};

/// One layer's base or one of its profiles, in the order in which they apply.
pub(crate) struct Part {
    pub(crate) values: Entries,
    /// Values of it are in force only if it is trusted.
    pub(crate) withheld: bool,
    /// A profile that is not chosen. It is kept to tell which of its lines' texts are secrets.
    pub(crate) unchosen: bool,
    /// The index of its layer.
    pub(crate) layer: usize,
}

impl Part {
    /// Tells whether its values can be in force.
    pub(crate) fn counts(&self) -> bool {
        !self.withheld && !self.unchosen
    }
}

/// Merges parts, low to high.
pub(crate) fn merge(parts: &[Part], guide: Guide<'_>) -> Entries {
    let mut leaves = Vec::new();
    let mut figment = Figment::new();
    for part in parts.iter().filter(|part| part.counts()) {
        let skeleton = table(&part.values, guide, &mut leaves);
        figment = figment.merge(Skeleton(skeleton));
    }
    match figment.find_value("") {
        Ok(Figured::Dict(_, dict)) => unfigured(&dict, &leaves, parts, &mut Vec::new()),
        _ => Entries::new(),
    }
}

/// Gives the origins of a key in all parts that set it, the one in force first.
pub(crate) fn origins(parts: &[Part], path: &[String]) -> Vec<Origin> {
    let set = |part: &Part| {
        let (first, rest) = path.split_first()?;
        part.values.get(first)?.get(rest).map(|item| item.origin.clone())
    };
    parts.iter().rev().filter(|part| part.counts()).filter_map(set).collect()
}

struct Skeleton(Dict);

impl Provider for Skeleton {
    fn metadata(&self) -> Metadata {
        Metadata::default()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.0.clone()))
    }
}

fn table<'a>(entries: &'a Entries, guide: Guide<'_>, leaves: &mut Vec<&'a Item>) -> Dict {
    let mut figure = |(key, item): (&String, &'a Item)| {
        let guide = guide.child(key);
        let figured = match &item.value {
            Value::Table(entries) if !guide.is_whole() => {
                Figured::Dict(Tag::Default, table(entries, guide, leaves))
            }
            _ => {
                leaves.push(item);
                Figured::from(leaves.len() - 1)
            }
        };
        (key.clone(), figured)
    };
    entries.iter().map(&mut figure).collect()
}

fn unfigured(
    dict: &Dict,
    leaves: &[&Item],
    parts: &[Part],
    path: &mut Vec<String>,
) -> BTreeMap<String, Item> {
    let mut entries = Entries::new();
    for (key, figured) in dict {
        path.push(key.clone());
        let item = match figured {
            Figured::Dict(_, dict) => {
                let origin = origins(parts, path).into_iter().next().unwrap_or(Origin::Default);
                Some(Item::new(Value::Table(unfigured(dict, leaves, parts, path)), origin))
            }
            Figured::Num(_, number) => number
                .to_u128()
                .and_then(|index| leaves.get(usize::try_from(index).ok()?))
                .map(|item| (*item).clone()),
            _ => None,
        };
        path.pop();
        if let Some(item) = item {
            entries.insert(key.clone(), item);
        }
    }
    entries
}
