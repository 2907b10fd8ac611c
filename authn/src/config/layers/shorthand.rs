//! Expands shorthands in each layer, before layers are merged. `jwt = "eyJ…"` is short for `[…jwt] jwt = "eyJ…"`,
//! `app_service = ""` is short for an empty table, and a variable or a flag can hold a table of options as TOML.

use super::Layer;
use crate::{
    config::visibility::{Place, Visibility},
    options::{Entries, Item, Value, toml::parse_inline},
    registry::{Entry, Registry},
};

/// Expands the shorthands in a layer.
pub(crate) fn expand_layer(layer: &mut Layer, registry: &Registry) {
    let visibility = Visibility::top(registry);
    expand(&mut layer.base, visibility);
    layer.profiles.values_mut().for_each(|entries| expand(entries, visibility));
}

/// Expands the shorthands in a table and the tables below it.
pub(crate) fn expand(entries: &mut Entries, visibility: Visibility<'_>) {
    for (key, item) in entries {
        let visibility = visibility.child(key);
        match visibility.place {
            Place::Provider(entry) => expand_one(item, entry, visibility.registry),
            Place::Options(_) | Place::Tables(_) => expand_text(item),
            _ => {}
        }
        expand_item(item, visibility);
    }
}

fn expand_item(item: &mut Item, visibility: Visibility<'_>) {
    match &mut item.value {
        Value::Table(entries) if !visibility.is_whole() => expand(entries, visibility),
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                expand_item(item, visibility.child(&index.to_string()));
            }
        }
        _ => {}
    }
}

/// Replaces the text of a variable or a flag with the table or the list that it contains as TOML.
fn expand_text(item: &mut Item) {
    if let Some(text) = item.as_text()
        && !item.provenance.is_typed()
        && text.trim_start().starts_with(['{', '['])
        && let Some(inline) = parse_inline(text, &item.provenance)
    {
        *item = inline;
    }
}

fn expand_one(item: &mut Item, entry: &Entry, registry: &Registry) {
    let Some(field) = entry.shorthand() else {
        // `app_service = ""` chooses a provider, like an empty table.
        if item.as_text() == Some("") {
            item.value = Value::Table(Entries::new());
        }
        return;
    };
    // `jwt = { env = "TOKEN" }` is a reference, unless the provider itself has an option `env`.
    let refers = |key: &String| registry.is_reference(key) && entry.field(key).is_none();
    let stands_for_field =
        item.as_table().is_none_or(|entries| entries.len() == 1 && entries.keys().all(refers));
    if stands_for_field {
        item.value = Value::Table(Entries::from([(field.key().to_owned(), item.clone())]));
    }
}
