//! Values from texts: the text of a command line becomes the value that its option expects.

use serde_json::{Number, Value as Json};
use toml_edit::Value as Toml;

use super::{schema::Schema, toml_text::plain};
use crate::{
    Error, Result,
    config::visibility::{Place, type_at},
    options::{Key, Type, toml::check_nesting, words},
};

/// The kind of reference whose target is a list.
const COMMAND: &str = "command";

/// Returns the path of a secret and the kind of a reference, if a path consists of both.
pub(super) fn reference<'p>(schema: &Schema, path: &'p [String]) -> Option<(Vec<String>, &'p str)> {
    let (kind, above) = path.split_last()?;
    let registry = &schema.registry;
    let secret = schema.secret(above).ok().flatten()?;
    // The table of a provider can have an option of that name.
    let is_option = type_at(registry, &Key::new(path)).is_some();
    (!is_option && registry.is_reference(kind)).then_some((secret, kind))
}

/// Returns the target of a reference.
pub(super) fn target(key: &str, kind: &str, text: &str) -> Result<Json> {
    if kind != COMMAND {
        return Ok(text.into());
    }
    let words = inline(key, text)?.filter(Json::is_array);
    words.ok_or_else(|| {
        Error::configuration(format!("the command of `{key}` is not a list")).with_help(
            "write the program and its arguments, such as `[\"pass\", \"show\", \"name\"]`",
        )
    })
}

/// Returns the value of an option as its type is written in a file. A text that is not a value of the type stays a text, which
/// the reader refuses.
pub(super) fn value(schema: &Schema, key: &str, path: &[String], text: &str) -> Result<Json> {
    let is_text = || Json::from(text);
    let trimmed = text.trim();
    let is_table = !matches!(schema.at(path)?.place, Place::Plain(_) | Place::Element(_));
    let value_type = type_at(&schema.registry, &Key::new(path));
    let (list, any) = match value_type {
        Some(Type::Boolean) => return Ok(trimmed.parse().map_or_else(|_| is_text(), Json::Bool)),
        Some(Type::Integer) => {
            return Ok(trimmed.parse::<i64>().map_or_else(|_| is_text(), Json::from));
        }
        Some(Type::Number) => {
            let number = trimmed.parse().ok().and_then(Number::from_f64);
            return Ok(number.map_or_else(is_text, Json::Number));
        }
        Some(Type::List(_) | Type::Command | Type::Tuple(_)) => (true, false),
        Some(Type::Any) => (false, true),
        Some(Type::Map(_) | Type::Table(_)) => (false, false),
        _ if is_table => (false, false),
        _ => return Ok(is_text()),
    };
    if (any || trimmed.starts_with(['[', '{']))
        && let Some(value) = inline(key, trimmed)?
    {
        return Ok(value);
    }
    Ok(if list { words(text).map(Json::from).collect() } else { is_text() })
}

/// Parses a value of TOML; `None` if the text is none.
fn inline(key: &str, text: &str) -> Result<Option<Json>> {
    check_nesting(text, 1).map_err(|_| {
        Error::configuration(format!("the value of `{key}` is nested too deeply"))
            .with_help("write fewer tables and lists in each other")
    })?;
    Ok(text.trim().parse::<Toml>().ok().as_ref().map(plain))
}
