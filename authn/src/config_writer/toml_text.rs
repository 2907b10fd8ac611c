//! `TomlText`: a text of TOML that is changed, with everything else in it as it was.

use serde_json::{Map, Value as Json};
use toml_edit::{Array, DocumentMut, Item, TableLike, Value};
use zeroize::Zeroizing;

use super::{
    difference::{Change, changes},
    edit,
};

/// A text of TOML: a configuration of authn or of another program.
#[doc(hidden)]
pub struct TomlText {
    original: Zeroizing<String>,
    /// The text with the ends of lines that the editor of TOML keeps.
    editable: Zeroizing<String>,
    pub(super) document: DocumentMut,
}

impl TomlText {
    /// Parses a text. The error is the byte at which it is not valid TOML, when its lines end with a line feed alone.
    pub fn parse(text: &str) -> Result<Self, usize> {
        let editable = Zeroizing::new(text.replace("\r\n", "\n"));
        let document = edit::parse(&editable)?;
        Ok(Self { original: Zeroizing::new(text.to_owned()), editable, document })
    }

    /// Returns the text with all changes, and the ends of lines of the original.
    pub fn text(&self) -> Zeroizing<String> {
        let text = edit::text(&self.document);
        if *text == *self.editable {
            return self.original.clone();
        }
        if !self.original.contains("\r\n") {
            return text;
        }
        let [old, new] = [&self.editable, &text].map(|text| text.lines().collect::<Vec<_>>());
        let mut originals = self.original.split_inclusive('\n');
        let mut added = new.iter();
        let mut restored = Zeroizing::new(String::new());
        for change in changes(&old, &new) {
            let original = if change == Change::Added { None } else { originals.next() };
            let line = if change == Change::Removed { None } else { added.next() };
            match (original.filter(|original| original.ends_with('\n')), line) {
                (Some(original), Some(_)) => restored.push_str(original),
                (None, Some(line)) => restored.extend([line, "\r\n"]),
                (_, None) => {}
            }
        }
        restored
    }

    /// Returns the value or the table at a path. Dates are texts.
    pub fn get(&self, path: &[String]) -> Option<Json> {
        path.iter()
            .try_fold(self.document.as_item(), |item, part| item.as_table_like()?.get(part))
            .and_then(json)
    }

    /// Sets a value, or merges a table. The error is the index of the part of the path that is no table.
    pub fn set(&mut self, path: &[String], value: &Json) -> Result<(), usize> {
        edit::set(&mut self.document, path, value, &|_| true)
    }

    /// Removes what is at a path, and the tables above it that this leaves empty, but not the first `kept` ones.
    pub fn remove(&mut self, path: &[String], kept: usize) -> bool {
        edit::remove(&mut self.document, path, kept)
    }

    /// Adds an element to the list at a path. Returns whether there is such a list.
    pub fn push(&mut self, path: &[String], element: &str) -> bool {
        edit::array(&mut self.document, path).map(|list| list.push(element)).is_some()
    }

    /// Removes an element from the list at a path. Returns whether it was there.
    pub fn remove_element(&mut self, path: &[String], element: &str) -> bool {
        edit::array(&mut self.document, path).is_some_and(|list| {
            let index = list.iter().position(|value| value.as_str() == Some(element));
            index.map(|index| list.remove(index)).is_some()
        })
    }
}

impl std::fmt::Debug for TomlText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The text may contain a secret.
        f.debug_struct("TomlText").finish_non_exhaustive()
    }
}

fn json(item: &Item) -> Option<Json> {
    match item {
        Item::None => None,
        Item::Value(value) => Some(plain(value)),
        Item::Table(table) => Some(object(table)),
        Item::ArrayOfTables(tables) => Some(tables.iter().map(|table| object(table)).collect()),
    }
}

fn object(table: &dyn TableLike) -> Json {
    let mut members = Map::new();
    members.extend(table.iter().filter_map(|(key, item)| Some((key.to_owned(), json(item)?))));
    Json::Object(members)
}

pub(super) fn plain(value: &Value) -> Json {
    match value {
        Value::String(text) => text.value().as_str().into(),
        Value::Integer(number) => (*number.value()).into(),
        Value::Float(number) => (*number.value()).into(),
        Value::Boolean(value) => (*value.value()).into(),
        Value::Datetime(time) => time.value().to_string().into(),
        Value::Array(list) => Array::iter(list).map(plain).collect(),
        Value::InlineTable(table) => object(table),
    }
}
