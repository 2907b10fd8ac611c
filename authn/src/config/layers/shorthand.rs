//! Shorthands: `jwt = "eyJ…"` is `[…jwt] jwt = "eyJ…"`, and a variable or a flag can hold a table of options as
//! TOML. Expanded in each layer, before layers are merged.

use super::Layer;
use crate::{
    config::visibility::{Guide, Place},
    diagnostic::Provenance,
    options::{Entries, Item, Value, toml::parse_inline},
    registry::{Entry, Registry},
};

/// Expands the shorthands in a layer.
pub(crate) fn expand_layer(layer: &mut Layer, registry: &Registry) {
    let guide = Guide::top(registry);
    expand(&mut layer.base, guide);
    layer.profiles.values_mut().for_each(|entries| expand(entries, guide));
}

/// Expands the shorthands in a tree.
fn expand(entries: &mut Entries, guide: Guide<'_>) {
    for (key, item) in entries {
        let guide = guide.child(key);
        match guide.place {
            Place::Provider(entry) => expand_one(item, entry, guide.registry),
            Place::Options(_) | Place::Tables(_) => expand_text(item),
            _ => {}
        }
        expand_item(item, guide);
    }
}

fn expand_item(item: &mut Item, guide: Guide<'_>) {
    match &mut item.value {
        Value::Table(entries) if !guide.is_whole() => expand(entries, guide),
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                expand_item(item, guide.child(&index.to_string()));
            }
        }
        _ => {}
    }
}

/// Takes the text of a variable or a flag as the table or the list that it stands for.
fn expand_text(item: &mut Item) {
    if let Some(text) = item.as_text()
        && !matches!(item.origin, Provenance::File { .. })
        && text.trim_start().starts_with(['{', '['])
        && let Some(inline) = parse_inline(text, &item.origin)
    {
        *item = inline;
    }
}

fn expand_one(item: &mut Item, entry: &Entry, registry: &Registry) {
    let Some(field) = entry.shorthand() else { return };
    // `jwt = { env = "TOKEN" }` refers, unless the provider itself has such an option.
    let refers = |key: &String| registry.is_reference(key) && entry.field(key).is_none();
    let stands_for_field =
        item.as_table().is_none_or(|entries| entries.len() == 1 && entries.keys().all(refers));
    if stands_for_field {
        item.value = Value::Table(Entries::from([(field.key().to_owned(), item.clone())]));
    }
}
