//! Parses values of TOML, from a file with their places, and from the text of a variable or a flag.

use std::ops::Range;

use toml_edit::{Document, Item as TomlItem, TableLike, TomlError, Value as TomlValue};
use zeroize::Zeroizing;

use super::{Entries, Item, MAX_NESTING, Value};
use crate::diagnostic::Provenance;

/// Returns the provenance of a span of the text, and the span itself if it is one of a file.
type Locate<'a> = &'a dyn Fn(Option<Range<usize>>) -> (Provenance, Option<Range<usize>>);

/// A value that is nested more than [`MAX_NESTING`] levels deep: its place in the text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooDeep(pub(crate) usize);

/// Returns the values of a table at the top of a configuration.
pub(crate) fn entries(table: &dyn TableLike, locate: Locate<'_>) -> Result<Entries, TooDeep> {
    Reader { locate, at: 0 }.entries(table, 1)
}

/// Parses the value of an environment variable or a flag. All its parts have this provenance. `None` if it is no value, or
/// one that is nested too deeply.
pub(crate) fn parse_inline(text: &str, provenance: &Provenance) -> Option<Item> {
    parse(text, provenance, 0).ok().flatten()
}

/// Parses a text of this program. All its values have this provenance. `None` if it is not valid TOML, or nested too
/// deeply.
pub(crate) fn parse_document(text: &str, provenance: &Provenance) -> Option<Entries> {
    let document = Document::parse(text).ok()?;
    entries(document.as_table(), &|_| (provenance.clone(), None)).ok()
}

/// Checks a text that may be the value of a variable or a flag, at a key with this number of parts.
pub(crate) fn check_nesting(text: &str, level: usize) -> Result<(), TooDeep> {
    if text.trim_start().starts_with(['{', '[']) {
        parse(text, &Provenance::Default, level)?;
    }
    Ok(())
}

/// Returns whether a text can't be parsed because its values are nested too deeply for the parser.
pub(crate) fn is_too_deep(error: &TomlError) -> bool {
    error.message().contains("recurs")
}

fn parse(text: &str, provenance: &Provenance, level: usize) -> Result<Option<Item>, TooDeep> {
    match text.trim().parse::<TomlValue>() {
        Ok(value) => {
            let locate = |_| (provenance.clone(), None);
            Reader { locate: &locate, at: 0 }.value(&value, level).map(Some)
        }
        Err(error) if is_too_deep(&error) => Err(TooDeep(0)),
        Err(_) => Ok(None),
    }
}

struct Reader<'a> {
    locate: Locate<'a>,
    /// The start of the innermost value that has a place. The tables of dotted keys have none.
    at: usize,
}

impl Reader<'_> {
    /// Returns the values of a table whose keys are at this level, counted from 1.
    fn entries(&self, table: &dyn TableLike, level: usize) -> Result<Entries, TooDeep> {
        let mut entries = Entries::new();
        for (key, item) in table.iter() {
            entries.extend(self.item(item, level)?.map(|item| (key.to_owned(), item)));
        }
        Ok(entries)
    }

    fn item(&self, item: &TomlItem, level: usize) -> Result<Option<Item>, TooDeep> {
        let below = self.below(item.span(), level)?;
        let value = match item {
            TomlItem::None => return Ok(None),
            TomlItem::Value(value) => return below.value(value, level).map(Some),
            TomlItem::Table(table) => Value::Table(below.entries(table, level + 1)?),
            TomlItem::ArrayOfTables(tables) => {
                let table = |table: &toml_edit::Table| {
                    let below = below.below(table.span(), level + 1)?;
                    let entries = below.entries(table, level + 2)?;
                    Ok(below.located(Value::Table(entries), table.span()))
                };
                Value::Array(tables.iter().map(table).collect::<Result<_, _>>()?)
            }
        };
        Ok(Some(self.located(value, item.span())))
    }

    fn value(&self, value: &TomlValue, level: usize) -> Result<Item, TooDeep> {
        let below = self.below(value.span(), level)?;
        let read = match value {
            TomlValue::String(text) => Value::Text(Zeroizing::new(text.value().clone())),
            TomlValue::Integer(number) => Value::Integer(*number.value()),
            TomlValue::Float(number) => Value::Float(*number.value()),
            TomlValue::Boolean(boolean) => Value::Boolean(*boolean.value()),
            TomlValue::Datetime(time) => Value::Text(Zeroizing::new(time.value().to_string())),
            TomlValue::Array(items) => {
                let item = |item| below.value(item, level + 1);
                Value::Array(items.iter().map(item).collect::<Result<_, _>>()?)
            }
            TomlValue::InlineTable(table) => Value::Table(below.entries(table, level + 1)?),
        };
        Ok(self.located(read, value.span()))
    }

    /// Returns the reader of what a value at this level contains.
    fn below(&self, span: Option<Range<usize>>, level: usize) -> Result<Self, TooDeep> {
        let at = span.map_or(self.at, |span| span.start);
        if level > MAX_NESTING {
            return Err(TooDeep(at));
        }
        Ok(Self { locate: self.locate, at })
    }

    fn located(&self, value: Value, span: Option<Range<usize>>) -> Item {
        let (provenance, span) = (self.locate)(span);
        Item { value, provenance, span }
    }
}
