//! TOML, by the editor that also changes the configuration of authn.

use authn::TomlText;
use serde_json::Value as Json;

use super::{Added, Conflict};

/// Returns the value at a path; `None` if there is none, or if the text is not TOML.
pub(in super::super) fn get(text: &str, path: &[String]) -> Option<Json> {
    TomlText::parse(text).ok()?.get(path)
}

pub(super) fn add(text: &str, path: &[String], value: &Json) -> Result<Option<Added>, Conflict> {
    let mut toml = TomlText::parse(text).map_err(|_| Conflict::invalid("TOML"))?;
    match toml.get(path) {
        Some(there) if there == *value => return Ok(None),
        Some(_) => return Err(Conflict::taken(path)),
        None => {}
    }
    set(&mut toml, path, value).map(Some)
}

pub(super) fn add_element(
    text: &str,
    path: &[String],
    first: &[String],
    element: &str,
) -> Result<Option<Added>, Conflict> {
    let mut toml = TomlText::parse(text).map_err(|_| Conflict::invalid("TOML"))?;
    match toml.get(path) {
        None => {
            let list = first.iter().map(String::as_str).chain([element]).collect();
            set(&mut toml, path, &list).map(Some)
        }
        Some(Json::Array(list)) if list.iter().any(|there| there == element) => Ok(None),
        Some(_) if toml.push(path, element) => {
            Ok(Some(Added { text: toml.text().to_string(), existing: path.len() }))
        }
        Some(_) => Err(Conflict::taken(path)),
    }
}

fn set(toml: &mut TomlText, path: &[String], value: &Json) -> Result<Added, Conflict> {
    let existing = (1..path.len()).take_while(|&depth| toml.get(&path[..depth]).is_some()).count();
    toml.set(path, value).map_err(|depth| Conflict::taken(&path[..=depth.min(path.len() - 1)]))?;
    Ok(Added { text: toml.text().to_string(), existing })
}

pub(super) fn remove(text: &str, path: &[String], value: &Json, existing: usize) -> Option<String> {
    let mut toml = TomlText::parse(text).ok()?;
    let is_ours = toml.get(path)? == *value;
    (is_ours && toml.remove(path, existing)).then(|| toml.text().to_string())
}

pub(super) fn remove_element(
    text: &str,
    path: &[String],
    first: &[String],
    element: &str,
    existing: usize,
) -> Option<String> {
    let mut toml = TomlText::parse(text).ok()?;
    let whole: Json = first.iter().map(String::as_str).chain([element]).collect();
    let is_removed = if existing < path.len() && toml.get(path)? == whole {
        toml.remove(path, existing)
    } else {
        toml.remove_element(path, element)
    };
    is_removed.then(|| toml.text().to_string())
}

pub(super) fn is_same(one: &str, other: &str) -> bool {
    let parse = |text: &str| TomlText::parse(text).ok().and_then(|toml| toml.get(&[]));
    matches!((parse(one), parse(other)), (Some(one), Some(other)) if one == other)
}
