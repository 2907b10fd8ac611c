//! Expands shorthands in each layer, before layers are merged. `jwt = "eyJ…"` is short for `[…jwt] jwt = "eyJ…"`, and so for
//! each set of options with a shorthand. `app_service = ""` is short for an empty table, and a variable or a flag can hold a
//! table of options as TOML.

use super::Layer;
use crate::{
    config::visibility::{Place, Visibility},
    options::{Entries, Field, Item, Value, toml::parse_inline},
    registry::Registry,
};

/// Expands the shorthands in a layer.
pub(crate) fn expand_layer(layer: &mut Layer, registry: &Registry) {
    let visibility = Visibility::top(registry);
    expand(&mut layer.base, visibility);
    layer.profiles.values_mut().for_each(|entries| expand(entries, visibility));
}

/// Returns what is set in code, with its shorthands expanded.
pub(crate) fn expanded(entries: &Entries, registry: &Registry) -> Entries {
    let mut entries = entries.clone();
    expand(&mut entries, Visibility::top(registry));
    entries
}

/// Expands the shorthands in a table and the tables below it.
pub(crate) fn expand(entries: &mut Entries, visibility: Visibility<'_>) {
    for (key, item) in entries {
        expand_item(item, visibility.child(key));
    }
}

fn expand_item(item: &mut Item, visibility: Visibility<'_>) {
    match visibility.place {
        Place::Options(_) | Place::Tables(_) => expand_text(item),
        _ => {}
    }
    match (visibility.shorthand(), visibility.place) {
        (Some(field), _) => expand_value(item, field, visibility),
        // `app_service = ""` chooses a provider, like an empty table.
        (None, Place::Provider(_)) if item.as_text() == Some("") => {
            item.value = Value::Table(Entries::new());
        }
        _ => {}
    }
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

/// Replaces a value in place of a table by a table in which the field has the value.
fn expand_value(item: &mut Item, field: &Field, visibility: Visibility<'_>) {
    let keys = item.as_table().map(|entries| entries.keys().map(String::as_str));
    if visibility.is_of_shorthand(keys) {
        item.value = Value::Table(Entries::from([(field.key().to_owned(), item.clone())]));
    }
}
