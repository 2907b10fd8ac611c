//! A table of options as commented TOML, from which to start a configuration.

use std::fmt::Write as _;

use super::{Field, Type, schema::MAX_DEPTH, summary};

/// What a new configuration has in place of a value. It is not a value: reading it is a problem that says so.
pub(crate) const PLACEHOLDER: &str = "<fill in>";

/// Returns a commented TOML table under `path`. The options that are needed come first, with the placeholder
/// `<fill in>`, then those that the paragraph `First choose …` of the documentation names, and the others are commented
/// out with their defaults. Nested tables of options follow. [`Entry::template`](crate::Entry::template) is the
/// template of a provider.
pub fn template<'a>(path: &str, doc: &str, fields: impl Iterator<Item = &'a Field>) -> String {
    let mut text = String::new();
    table(&mut text, path, doc, fields.collect(), true);
    text
}

fn table(text: &mut String, path: &str, doc: &str, fields: Vec<&Field>, is_required: bool) {
    let mark = |is_required| if is_required { "" } else { "# " };
    let first = first_choice(doc);
    // Writing to a string can't fail.
    let _ = writeln!(text, "# {}", summary(doc));
    let _ = first.as_ref().map(|first| writeln!(text, "# {first}"));
    let _ = writeln!(text, "{}[{path}]", mark(is_required));
    let (tables, mut values): (Vec<&Field>, Vec<&Field>) =
        fields.into_iter().partition(|field| matches!(field.value_type(), Type::Options(_)));
    let is_in_choice = |field: &Field| {
        first.as_ref().is_some_and(|first| first.contains(&format!("`{}`", field.key())))
    };
    values.sort_by_key(|field| (!field.is_needed(), !is_in_choice(field)));
    for field in values {
        let is_needed = is_required && field.is_needed();
        let example = if is_needed { to_fill_in(&field.value_type()) } else { example(field) };
        let _ = writeln!(text, "# {}", summary(&field.doc()));
        let _ = writeln!(text, "{}{} = {example}", mark(is_needed), field.key());
    }
    for field in tables {
        let Type::Options(fields) = field.value_type() else { continue };
        let (path, is_required) =
            (format!("{path}.{}", field.key()), is_required && field.is_required());
        let _ = writeln!(text);
        if path.matches('.').count() < MAX_DEPTH {
            table(text, &path, &field.doc(), fields.iter().collect(), is_required);
        }
    }
}

/// Returns the paragraph of a documentation that starts with `First choose`, on one line: what is decided before
/// anything is filled in.
fn first_choice(doc: &str) -> Option<String> {
    doc.split("\n\n").find(|paragraph| paragraph.starts_with("First choose")).map(summary)
}

/// Returns the placeholder of a value.
fn to_fill_in(value_type: &Type) -> String {
    match value_type {
        Type::Secret => format!("{{ env = \"{PLACEHOLDER}\" }}"),
        // Their form would not be clear.
        Type::Provider | Type::Options(_) | Type::Map(_) | Type::Table(_) => value(value_type, 0),
        Type::List(of) if matches!(**of, Type::Provider | Type::Options(_) | Type::Table(_)) => {
            value(value_type, 0)
        }
        _ => format!("\"{PLACEHOLDER}\""),
    }
}

fn example(field: &Field) -> String {
    match field.default() {
        Some(default) if default.is_complete() => default.to_string(),
        _ => value(&field.value_type(), 0),
    }
}

fn value(value_type: &Type, depth: usize) -> String {
    match value_type {
        Type::Boolean => "false".to_owned(),
        Type::Integer => "0".to_owned(),
        Type::Number => "0.0".to_owned(),
        Type::String | Type::Path | Type::Text(_) | Type::Any => "\"\"".to_owned(),
        Type::Url | Type::Origin => "\"https://\"".to_owned(),
        Type::Duration => "\"30s\"".to_owned(),
        Type::Choice(words) => format!("{:?}", words.first().copied().unwrap_or_default()),
        Type::Command => "[]".to_owned(),
        Type::List(of) => match &**of {
            Type::Table(_) | Type::Options(_) => format!("[{}]", value(of, depth)),
            // An example, because nothing else shows that each table of the list has the table of a provider.
            Type::Provider => "[{ bearer = { env = \"NAME\" } }]".to_owned(),
            _ => "[]".to_owned(),
        },
        Type::Map(of) => format!("{{ name = {} }}", value(of, depth)),
        Type::Table(entries) => inline(entries.iter().map(|(key, of)| (*key, value(of, depth)))),
        Type::Tuple(length) => format!("[{}]", vec!["\"\""; *length].join(", ")),
        Type::Options(_) if depth >= MAX_DEPTH => "{ }".to_owned(),
        Type::Options(fields) => {
            let required = fields.iter().filter(|field| field.is_required());
            inline(required.map(|field| (field.key(), value(&field.value_type(), depth + 1))))
        }
        Type::Secret => "{ env = \"NAME\" }".to_owned(),
        Type::Provider => "{ }".to_owned(),
    }
}

fn inline<'a>(entries: impl Iterator<Item = (&'a str, String)>) -> String {
    let entries: Vec<String> = entries.map(|(key, value)| format!("{key} = {value}")).collect();
    format!("{{ {} }}", entries.join(", "))
}
