//! The plain options that identify a session in a store.

use std::fmt::Write as _;

use super::{Class, visibility::Visibility};
use crate::{
    CacheOptions,
    options::{Item, LoadContext, Options as _, Value},
    request::options::PlacementOptions,
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
    for (key, item, visibility) in visibility.below(item) {
        if key != "scope" && !(path.is_empty() && of_framework(&key)) {
            canonical(item, visibility, &format!("{path}.{key}"), login, context, text);
        }
    }
    // Writing to a string can't fail.
    let _ = match &item.value {
        Value::Table(_) | Value::Array(_) => Ok(()),
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
