//! Parses values of TOML, from a file with their places, and from the text of a variable or a flag.

use std::ops::Range;

use toml_edit::{Item as TomlItem, TableLike, Value as TomlValue};
use zeroize::Zeroizing;

use super::{Entries, Item, Value};
use crate::diagnostic::Provenance;

/// Returns the provenance of a span of the text, and the span itself if it is one of a file.
type Locate<'a> = &'a dyn Fn(Option<Range<usize>>) -> (Provenance, Option<Range<usize>>);

/// Returns the values of a table.
pub(crate) fn entries(table: &dyn TableLike, locate: Locate<'_>) -> Entries {
    let read = |(key, item): (&str, &TomlItem)| Some((key.to_owned(), item_of(item, locate)?));
    table.iter().filter_map(read).collect()
}

/// Parses the value of an environment variable or a flag. All its parts have this provenance.
pub(crate) fn parse_inline(text: &str, provenance: &Provenance) -> Option<Item> {
    let value: TomlValue = text.trim().parse().ok()?;
    Some(value_of(&value, &|_| (provenance.clone(), None)))
}

fn item_of(item: &TomlItem, locate: Locate<'_>) -> Option<Item> {
    let value = match item {
        TomlItem::None => return None,
        TomlItem::Value(value) => return Some(value_of(value, locate)),
        TomlItem::Table(table) => Value::Table(entries(table, locate)),
        TomlItem::ArrayOfTables(tables) => {
            let table = |table: &toml_edit::Table| {
                at(Value::Table(entries(table, locate)), table.span(), locate)
            };
            Value::Array(tables.iter().map(table).collect())
        }
    };
    Some(at(value, item.span(), locate))
}

fn value_of(value: &TomlValue, locate: Locate<'_>) -> Item {
    let read = match value {
        TomlValue::String(text) => Value::Text(Zeroizing::new(text.value().clone())),
        TomlValue::Integer(number) => Value::Integer(*number.value()),
        TomlValue::Float(number) => Value::Float(*number.value()),
        TomlValue::Boolean(boolean) => Value::Boolean(*boolean.value()),
        TomlValue::Datetime(time) => Value::Text(Zeroizing::new(time.value().to_string())),
        TomlValue::Array(items) => {
            Value::Array(items.iter().map(|item| value_of(item, locate)).collect())
        }
        TomlValue::InlineTable(table) => Value::Table(entries(table, locate)),
    };
    at(read, value.span(), locate)
}

fn at(value: Value, span: Option<Range<usize>>, locate: Locate<'_>) -> Item {
    let (provenance, span) = locate(span);
    Item { value, provenance, span }
}
