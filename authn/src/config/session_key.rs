//! The plain options that identify a session in a store.

use std::fmt::Write as _;

use super::{
    Class,
    visibility::{Place, Visibility},
};
use crate::{
    CacheOptions,
    options::{Item, LoadContext, Options as _, Value},
    registry::PRESET,
    request::options::PlacementOptions,
    store::{ConfiguredScope, ordered},
};

/// Returns the options of a provider's table that its session depends on, one per line.
///
/// The scope is left out, because one session holds the tokens of all scopes. The framework's options and the options for
/// a login are left out, because they don't change the session.
pub(super) fn options(
    host: Option<&str>,
    item: &Item,
    visibility: Visibility<'_>,
    login: &[&str],
    context: &dyn LoadContext,
) -> String {
    let mut text = format!("host={}\n", host.unwrap_or_default());
    canonical(item, visibility, "", login, context, &mut text);
    text
}

/// Returns the scopes that a provider's table configures: its own, and those of nested providers. The tokens of different
/// scopes are side by side in one session.
pub(super) fn scope(item: &Item, visibility: Visibility<'_>) -> ConfiguredScope {
    let mut scope = ConfiguredScope::default();
    for (key, item, visibility) in visibility.below(item) {
        if key == "scope" {
            scope.own = words(item);
        } else {
            nested_scope(item, visibility, &format!(".{key}"), &mut scope.nested);
        }
    }
    scope
}

fn nested_scope(item: &Item, visibility: Visibility<'_>, path: &str, text: &mut String) {
    for (key, item, visibility) in visibility.below(item) {
        let path = format!("{path}.{key}");
        if key == "scope" {
            // Writing to a string can't fail.
            let _ = writeln!(text, "{path}={:?}", ordered(words(item)));
        } else {
            nested_scope(item, visibility, &path, text);
        }
    }
}

/// Returns the scopes of a value: a list, or a text that separates them by spaces or commas.
fn words(item: &Item) -> Vec<String> {
    match &item.value {
        Value::Array(items) => items.iter().flat_map(words).collect(),
        Value::Text(text) => {
            let words = text.split([' ', ',']).filter(|word| !word.is_empty());
            words.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

fn canonical(
    item: &Item,
    visibility: Visibility<'_>,
    path: &str,
    login: &[&str],
    context: &dyn LoadContext,
    text: &mut String,
) {
    if visibility.class() == Class::Secret {
        return;
    }
    let of_framework = |key: &str| {
        let mut fields = CacheOptions::FIELDS.iter().chain(PlacementOptions::FIELDS);
        fields.any(|field| field.key() == key) || login.contains(&key)
    };
    // The values of a preset count, and not that it is one.
    let is_preset = |key: &str| key == PRESET && matches!(visibility.place, Place::Provider(_));
    for (key, item, visibility) in visibility.below(item) {
        if key != "scope" && !is_preset(&key) && !(path.is_empty() && of_framework(&key)) {
            canonical(item, visibility, &format!("{path}.{key}"), login, context, text);
        }
    }
    // Writing to a string can't fail.
    let _ = match &item.value {
        Value::Table(_) | Value::Array(_) | Value::Secret(_) => Ok(()),
        Value::Boolean(value) => writeln!(text, "{path}={value}"),
        Value::Integer(value) => writeln!(text, "{path}={value}"),
        Value::Float(value) => writeln!(text, "{path}={value}"),
        // The same relative path in two projects leads to two files.
        Value::Text(value)
            if visibility.is_path()
                && let Ok(file) = context.path(value, &item.provenance) =>
        {
            writeln!(text, "{path}={:?}", file.display().to_string())
        }
        Value::Text(value) => writeln!(text, "{path}={:?}", value.as_str()),
    };
}
