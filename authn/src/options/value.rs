//! The tree of values of one layer, each with its provenance. Texts are wiped on drop, because any could be a secret.

use std::{collections::BTreeMap, ops::Range};

use zeroize::Zeroizing;

use crate::{SecretString, diagnostic::Provenance};

/// How deep values can be nested: the largest number of parts of a key, in every layer. An index in a list is a part.
pub(crate) const MAX_NESTING: usize = 32;

/// A table's values by key.
pub(crate) type Entries = BTreeMap<String, Item>;

/// A value and where it comes from.
#[derive(Clone)]
pub(crate) struct Item {
    pub(crate) value: Value,
    pub(crate) provenance: Provenance,
    /// The bytes of the value in its file.
    pub(crate) span: Option<Range<usize>>,
}

#[derive(Clone)]
pub(crate) enum Value {
    Table(Entries),
    Array(Vec<Item>),
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(Zeroizing<String>),
    /// A secret that is set in code. Only the option of a secret accepts it.
    Secret(SecretString),
}

impl Item {
    pub(crate) fn new(value: Value, provenance: Provenance) -> Self {
        Self { value, provenance, span: None }
    }

    /// Creates an empty table in place of an absent one.
    pub(crate) fn empty_table() -> Self {
        Self::new(Value::Table(Entries::new()), Provenance::Default)
    }

    pub(crate) fn text(text: &str, provenance: Provenance) -> Self {
        Self::new(Value::Text(Zeroizing::new(text.to_owned())), provenance)
    }

    pub(crate) fn as_table(&self) -> Option<&Entries> {
        match &self.value {
            Value::Table(entries) => Some(entries),
            _ => None,
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the name of the value's type. An error may say nothing else about a value.
    pub(crate) fn found(&self) -> &'static str {
        match &self.value {
            Value::Table(_) => "a table",
            Value::Array(_) => "a list",
            Value::Boolean(_) => "a boolean",
            Value::Integer(_) => "an integer",
            Value::Float(_) => "a number",
            Value::Text(_) => "a text",
            Value::Secret(_) => "a secret",
        }
    }

    pub(crate) fn get<S: AsRef<str>>(&self, path: &[S]) -> Option<&Item> {
        let Some((first, rest)) = path.split_first() else { return Some(self) };
        match &self.value {
            Value::Table(entries) => entries.get(first.as_ref())?.get(rest),
            Value::Array(items) => items.get(first.as_ref().parse::<usize>().ok()?)?.get(rest),
            _ => None,
        }
    }
}

/// Returns the elements of a list that is a text: commas and white space separate them.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty())
}

/// Inserts an item into a tree of tables at a path. `Err` is the item that is already there.
pub(crate) fn insert<'a, S: AsRef<str>>(
    entries: &'a mut Entries,
    path: &[S],
    item: Item,
) -> Result<(), &'a Item> {
    let Some((first, rest)) = path.split_first() else { return Ok(()) };
    let first = first.as_ref();
    if rest.is_empty() {
        if entries.contains_key(first) {
            return Err(&entries[first]);
        }
        entries.insert(first.to_owned(), item);
        return Ok(());
    }
    let provenance = item.provenance.clone();
    let next = entries
        .entry(first.to_owned())
        .or_insert_with(|| Item::new(Value::Table(Entries::new()), provenance));
    if next.as_table().is_none() {
        return Err(next);
    }
    match &mut next.value {
        Value::Table(entries) => insert(entries, rest, item),
        _ => Ok(()),
    }
}
