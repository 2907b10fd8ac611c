//! A provider's table as commented TOML, to start a configuration from.

use std::fmt::Write as _;

use super::{Field, Kind, Type, summary};

/// Gives a commented TOML table under `path`: what is required stands ready to be filled in, the rest is
/// commented out with its default.
pub fn template<'a>(path: &str, doc: &str, fields: impl Iterator<Item = &'a Field>) -> String {
    let mut text = String::new();
    // Writing to a string can't fail.
    let _ = writeln!(text, "# {}\n[{path}]", summary(doc));
    let (required, optional): (Vec<&Field>, Vec<&Field>) =
        fields.partition(|field| field.is_required());
    for field in required.into_iter().chain(optional) {
        let mark = if field.is_required() { "" } else { "# " };
        let _ = writeln!(text, "# {}", summary(&field.doc()));
        let _ = writeln!(text, "{mark}{} = {}", field.key(), example(field));
    }
    text
}

fn example(field: &Field) -> String {
    if let Some(default) = field.default() {
        return default.to_string();
    }
    match field.kind() {
        Kind::Provider => "{ }".to_owned(),
        Kind::Secret | Kind::Plain => value(&field.r#type()),
    }
}

fn value(r#type: &Type) -> String {
    match r#type {
        Type::Boolean => "false".to_owned(),
        Type::Integer => "0".to_owned(),
        Type::Number => "0.0".to_owned(),
        Type::String | Type::Any => "\"\"".to_owned(),
        Type::Url => "\"https://\"".to_owned(),
        Type::Duration => "\"30s\"".to_owned(),
        Type::Choice(words) => format!("{:?}", words.first().copied().unwrap_or_default()),
        Type::List(of) => match &**of {
            Type::Table(_) => format!("[{}]", value(of)),
            _ => "[]".to_owned(),
        },
        Type::Map(of) => format!("{{ name = {} }}", value(of)),
        Type::Table(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, of)| format!("{key} = {}", value(of))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Type::Secret => "{ env = \"NAME\" }".to_owned(),
        Type::Provider => "{ }".to_owned(),
    }
}
