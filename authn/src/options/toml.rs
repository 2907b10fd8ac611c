//! Values of TOML: of a file, each with its place, and of a text that stands in a variable or a flag.

use std::ops::Range;

use toml_edit::{Item as TomlItem, TableLike, Value as TomlValue};
use zeroize::Zeroizing;

use super::{Entries, Item, Value};
use crate::diagnostic::Provenance;

/// Says where a span of the text is: its origin, and the span if it is one of a file.
type Place<'a> = &'a dyn Fn(Option<Range<usize>>) -> (Provenance, Option<Range<usize>>);

/// Returns the values of a table.
pub(crate) fn entries(table: &dyn TableLike, place: Place<'_>) -> Entries {
    let read = |(key, item): (&str, &TomlItem)| Some((key.to_owned(), item_of(item, place)?));
    table.iter().filter_map(read).collect()
}

/// Parses a value that stands in an environment variable or a flag; its parts have that origin.
pub(crate) fn parse_inline(text: &str, origin: &Provenance) -> Option<Item> {
    let value: TomlValue = text.trim().parse().ok()?;
    Some(value_of(&value, &|_| (origin.clone(), None)))
}

fn item_of(item: &TomlItem, place: Place<'_>) -> Option<Item> {
    let value = match item {
        TomlItem::None => return None,
        TomlItem::Value(value) => return Some(value_of(value, place)),
        TomlItem::Table(table) => Value::Table(entries(table, place)),
        TomlItem::ArrayOfTables(tables) => {
            let table = |table: &toml_edit::Table| {
                at(Value::Table(entries(table, place)), table.span(), place)
            };
            Value::Array(tables.iter().map(table).collect())
        }
    };
    Some(at(value, item.span(), place))
}

fn value_of(value: &TomlValue, place: Place<'_>) -> Item {
    let read = match value {
        TomlValue::String(text) => Value::Text(Zeroizing::new(text.value().clone())),
        TomlValue::Integer(number) => Value::Integer(*number.value()),
        TomlValue::Float(number) => Value::Float(*number.value()),
        TomlValue::Boolean(boolean) => Value::Boolean(*boolean.value()),
        TomlValue::Datetime(time) => Value::Text(Zeroizing::new(time.value().to_string())),
        TomlValue::Array(items) => {
            Value::Array(items.iter().map(|item| value_of(item, place)).collect())
        }
        TomlValue::InlineTable(table) => Value::Table(entries(table, place)),
    };
    at(read, value.span(), place)
}

fn at(value: Value, span: Option<Range<usize>>, place: Place<'_>) -> Item {
    let (origin, span) = place(span);
    Item { value, origin, span }
}
