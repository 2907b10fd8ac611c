//! Changes of a TOML document that keep everything else as it is.

use serde_json::Value as Json;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};
use zeroize::Zeroizing;

/// Parses a text. The error is the byte at which it is not valid TOML.
pub(super) fn parse(text: &str) -> Result<DocumentMut, usize> {
    text.parse().map_err(|error: toml_edit::TomlError| error.span().map_or(0, |span| span.start))
}

/// Returns the text of a document.
pub(super) fn text(document: &DocumentMut) -> Zeroizing<String> {
    Zeroizing::new(document.to_string())
}

/// Returns whether there is anything at a path.
pub(super) fn contains(document: &DocumentMut, path: &[String]) -> bool {
    let mut item = Some(document.as_item());
    for part in path {
        item = item.and_then(Item::as_table_like).and_then(|table| table.get(part));
    }
    item.is_some_and(|item| !item.is_none())
}

/// Sets a value. `is_group` says of a path whether its table is a group of options, which is merged: any other table is
/// a value. The error is the index of the part of the path that is no table.
pub(super) fn set(
    document: &mut DocumentMut,
    path: &[String],
    value: &Json,
    is_group: &dyn Fn(&[String]) -> bool,
) -> Result<(), usize> {
    if let Json::Object(entries) = value
        && is_group(path)
    {
        for (key, value) in entries {
            let path: Vec<_> = path.iter().chain([key]).cloned().collect();
            set(document, &path, value, is_group)?;
        }
        return Ok(());
    }
    match (path, toml(value)) {
        ([above @ .., last], Some(value)) => put_below(document, above, last, value),
        _ => Ok(()),
    }
}

fn put_below(
    document: &mut DocumentMut,
    above: &[String],
    last: &str,
    value: Value,
) -> Result<(), usize> {
    let position = last_position(document.as_table()).saturating_add(1);
    // What follows the last table stays before a new one: a comment there belongs to what is above it.
    let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
    let is_first = document.as_table().is_empty();
    let mut takes_trailing = false;
    let mut item = document.as_item_mut();
    for (index, part) in above.iter().enumerate() {
        let made = match &*item {
            Item::Table(table) if !table.is_dotted() => {
                let has_values = index + 1 == above.len();
                Item::Table(header(position, has_values, is_first, &trailing))
            }
            Item::Table(_) => Item::Table(dotted()),
            Item::Value(Value::InlineTable(_)) => InlineTable::new().into(),
            _ => return Err(index),
        };
        takes_trailing |= matches!(&made, Item::Table(table) if table.position().is_some())
            && item.get(part).is_none();
        let table = item.as_table_like_mut().ok_or(index)?;
        if table.get(part).is_none_or(Item::is_none) {
            table.insert(part, made);
        }
        item = table.get_mut(part).ok_or(index)?;
    }
    let table = item.as_table_like_mut().ok_or(above.len().saturating_sub(1))?;
    put(table, last, value);
    if above.is_empty() && is_first && !trailing.is_empty() {
        takes_trailing = true;
        if let Some(mut key) = table.key_mut(last) {
            key.leaf_decor_mut().set_prefix(ended(&trailing));
        }
    }
    if takes_trailing {
        document.set_trailing("");
    }
    Ok(())
}

/// Removes what is at a path, and the tables above it that are empty then, but not the first `kept` ones.
pub(super) fn remove(document: &mut DocumentMut, path: &[String], kept: usize) -> bool {
    let before: Vec<_> = headers(document.as_table());
    let is_removed = removed(document.as_table_mut(), path, kept);
    let after: Vec<isize> = headers(document.as_table()).iter().map(|(at, _)| *at).collect();
    for (position, prefix) in before.into_iter().rev().filter(|(at, _)| !after.contains(at)) {
        keep_comment(document, position, &prefix);
    }
    is_removed
}

/// Returns the positions of all tables with headers, and what is before each header.
fn headers(table: &Table) -> Vec<(isize, String)> {
    let own = table.position().filter(|_| !table.is_implicit()).map(|position| {
        let prefix = table.decor().prefix().and_then(|prefix| prefix.as_str());
        (position, prefix.unwrap_or_default().to_owned())
    });
    let below = table.iter().flat_map(|(_, item)| match item {
        Item::Table(table) => headers(table),
        Item::ArrayOfTables(tables) => tables.iter().flat_map(headers).collect(),
        _ => Vec::new(),
    });
    own.into_iter().chain(below).collect()
}

/// Keeps the comment before a table that was removed, if an empty line is between the two: it is not about that table.
fn keep_comment(document: &mut DocumentMut, position: isize, prefix: &str) {
    let Some((comment, _)) =
        prefix.rsplit_once("\n\n").filter(|(comment, _)| comment.contains('#'))
    else {
        return;
    };
    let comment = format!("{comment}\n");
    let next = headers(document.as_table()).into_iter().filter(|(at, _)| *at > position).min();
    if let Some((next, prefix)) = next {
        with_prefix(document.as_table_mut(), next, &format!("{comment}{prefix}"));
    } else {
        let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
        document.set_trailing(comment + &trailing);
    }
}

/// Sets what is before the header of the table at a position.
fn with_prefix(table: &mut Table, position: isize, prefix: &str) {
    if table.position() == Some(position) && !table.is_implicit() {
        table.decor_mut().set_prefix(prefix);
    }
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(table) => with_prefix(table, position, prefix),
            Item::ArrayOfTables(tables) => {
                tables.iter_mut().for_each(|table| with_prefix(table, position, prefix));
            }
            _ => {}
        }
    }
}

fn removed(table: &mut dyn TableLike, path: &[String], kept: usize) -> bool {
    let [first, rest @ ..] = path else { return false };
    if rest.is_empty() {
        return table.remove(first).is_some_and(|item| !item.is_none());
    }
    let Some(below) = table.get_mut(first).and_then(Item::as_table_like_mut) else { return false };
    let is_removed = removed(below, rest, kept.saturating_sub(1));
    if is_removed && below.is_empty() && kept == 0 {
        table.remove(first);
    }
    is_removed
}

/// Returns the list at a path.
pub(super) fn array<'d>(document: &'d mut DocumentMut, path: &[String]) -> Option<&'d mut Array> {
    let mut item = document.as_item_mut();
    for part in path {
        item = item.as_table_like_mut()?.get_mut(part)?;
    }
    item.as_array_mut()
}

/// Puts a value in the place of the one that is there, with its comment, or at the end of the table.
fn put(table: &mut dyn TableLike, key: &str, mut value: Value) {
    if let Some(Item::Value(old)) = table.get_mut(key) {
        value.decor_mut().clone_from(old.decor());
        *old = value;
        return;
    }
    table.remove(key);
    table.insert(key, Item::Value(value));
}

/// Returns a new table within one that has no header.
fn dotted() -> Table {
    let mut made = Table::new();
    made.set_dotted(true);
    made
}

/// Returns a new table at the end of the document. Only one that has values has a header.
fn header(position: isize, has_values: bool, is_first: bool, trailing: &str) -> Table {
    let mut made = Table::new();
    made.set_implicit(!has_values);
    if has_values {
        made.set_position(Some(position));
        let is_start = is_first && trailing.is_empty();
        let before = if is_start { String::new() } else { format!("{}\n", ended(trailing)) };
        made.decor_mut().set_prefix(before);
    }
    made
}

fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

/// Returns the position of the last table of the document.
fn last_position(table: &Table) -> isize {
    let below = table.iter().map(|(_, item)| match item {
        Item::Table(table) => last_position(table),
        Item::ArrayOfTables(tables) => tables.iter().map(last_position).max().unwrap_or(0),
        _ => 0,
    });
    below.chain(table.position()).max().unwrap_or(0)
}

/// Returns a value as TOML; `None` for `null`.
fn toml(value: &Json) -> Option<Value> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(value) => (*value).into(),
        Json::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64()?.into(),
        },
        Json::String(text) if text.contains(char::is_control) => one_line(text)?,
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => items.iter().filter_map(toml).collect::<Array>().into(),
        Json::Object(entries) => {
            let entries = entries.iter().filter_map(|(key, value)| Some((key, toml(value)?)));
            entries.collect::<InlineTable>().into()
        }
    })
}

/// Returns a text with escapes. On several lines it would depend on how the file ends its lines.
fn one_line(text: &str) -> Option<Value> {
    serde_json::to_string(text).ok()?.replace('\u{7f}', "\\u007F").parse().ok()
}
