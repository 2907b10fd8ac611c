//! JSON: a member is added and removed, and every other byte stays.

use std::ops::Range;

use serde_json::Value as Json;

use super::{Added, Conflict, newline};

/// Returns the value at a path; `None` if there is none, or if the text is not JSON.
pub(in super::super) fn get(text: &str, path: &[String]) -> Option<Json> {
    let mut value: Json = serde_json::from_str(text).ok()?;
    for part in path {
        value = value.get_mut(part)?.take();
    }
    Some(value)
}

pub(super) fn add(text: &str, path: &[String], value: &Json) -> Result<Option<Added>, Conflict> {
    let is_empty = text.trim().is_empty();
    let new_text = format!("{text}{{}}\n");
    let text = if is_empty { &new_text } else { text };
    serde_json::from_str::<Json>(text).map_err(|_| Conflict::invalid("JSON"))?;
    let mut object =
        Object::at(text, 0).ok_or_else(|| Conflict::invalid("as an object of JSON"))?;
    let mut existing = 0;
    while let Some(member) = path.get(existing).and_then(|part| object.member(part)) {
        existing += 1;
        if existing == path.len() {
            let is_same = get(text, path).as_ref() == Some(value);
            return if is_same { Ok(None) } else { Err(Conflict::taken(path)) };
        }
        object = Object::at(text, member.value.start)
            .ok_or_else(|| Conflict::taken(&path[..existing]))?;
    }
    let Some((key, below)) = path.get(existing..).and_then(<[String]>::split_first) else {
        return Ok(None);
    };
    let style = Style::of(text);
    let value = below.iter().rev().fold(value.clone(), |value, part| {
        Json::Object([(part.clone(), value)].into_iter().collect())
    });
    let (at, inserted) = object.addition(text, key, &value, &style, existing);
    let text = [&text[..at], &inserted, &text[at..]].concat();
    Ok(Some(Added { text, existing }))
}

/// Removes a member, and the objects above it that this leaves empty, but not the first `existing` ones.
pub(super) fn remove(text: &str, path: &[String], value: &Json, existing: usize) -> Option<String> {
    if get(text, path)? != *value {
        return None;
    }
    let mut objects = vec![Object::at(text, 0)?];
    for part in &path[..path.len() - 1] {
        let member = objects.last()?.member(part)?;
        objects.push(Object::at(text, member.value.start)?);
    }
    let mut depth = objects.len() - 1;
    while depth > existing && objects[depth].members.len() == 1 {
        depth -= 1;
    }
    let range = objects[depth].range_of(&path[depth])?;
    Some([&text[..range.start], &text[range.end..]].concat())
}

pub(super) fn is_same(one: &str, other: &str) -> bool {
    // An object that was empty before may be left out, and so may a text of nothing but blanks.
    let parse = |text: &str| match text.trim() {
        "" => Some(Json::Object(serde_json::Map::new())),
        text => serde_json::from_str::<Json>(text).ok(),
    };
    matches!((parse(one), parse(other)), (Some(one), Some(other)) if one == other)
}

/// An object in a text of valid JSON.
struct Object {
    /// The byte after the opening brace.
    open: usize,
    /// The byte of the closing brace.
    close: usize,
    members: Vec<Member>,
}

#[derive(Clone)]
struct Member {
    name: String,
    start: usize,
    value: Range<usize>,
}

impl Object {
    /// Reads the object that starts here, after blanks; `None` if it is another value.
    fn at(text: &str, start: usize) -> Option<Self> {
        let mut at = blanks(text, start);
        if text.as_bytes().get(at) != Some(&b'{') {
            return None;
        }
        let open = at + 1;
        let mut members = Vec::new();
        at = blanks(text, open);
        while text.as_bytes().get(at) == Some(&b'"') {
            let name_end = end_of_value(text, at)?;
            let name = serde_json::from_str(&text[at..name_end]).ok()?;
            // After the name is a colon.
            let start = blanks(text, blanks(text, name_end) + 1);
            let end = end_of_value(text, start)?;
            members.push(Member { name, start: at, value: start..end });
            at = blanks(text, end);
            if text.as_bytes().get(at) == Some(&b',') {
                at = blanks(text, at + 1);
            }
        }
        Some(Self { open, close: at, members })
    }

    /// Returns the member that counts: the last one of this name.
    fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().rfind(|member| member.name == name)
    }

    /// Returns where a new member is inserted, and its text.
    fn addition(
        &self,
        text: &str,
        key: &str,
        value: &Json,
        style: &Style<'_>,
        depth: usize,
    ) -> (usize, String) {
        let key = Json::from(key);
        if let Some(last) = self.members.last() {
            let before = &text[self.open..self.members[0].start];
            let is_on_lines = before.contains('\n');
            let value = style.value(value, is_on_lines.then_some(depth + 1));
            let before = if is_on_lines || self.members.len() > 1 { before } else { " " };
            let before = if is_on_lines { before } else { before.trim_matches(['\n', '\r']) };
            let before = if before.is_empty() && !is_on_lines { " " } else { before };
            return (last.value.end, format!(",{before}{key}: {value}"));
        }
        let inner = &text[self.open..self.close];
        let value = style.value(value, Some(depth + 1));
        let start = format!("{}{}", style.newline, style.indent.repeat(depth + 1));
        let end = if inner.contains('\n') {
            String::new()
        } else {
            format!("{}{}", style.newline, style.indent.repeat(depth))
        };
        (self.open, format!("{start}{key}: {value}{end}"))
    }

    /// Returns the bytes of a member with the comma that belongs to it.
    fn range_of(&self, name: &str) -> Option<Range<usize>> {
        let index = self.members.iter().rposition(|member| member.name == name)?;
        let member = &self.members[index];
        let before = index.checked_sub(1).map(|index| &self.members[index]);
        Some(match (before, self.members.get(index + 1)) {
            (Some(before), _) => before.value.end..member.value.end,
            (None, Some(next)) => member.start..next.start,
            (None, None) => self.open..self.close,
        })
    }
}

/// How a text is laid out.
struct Style<'t> {
    newline: &'static str,
    indent: &'t str,
}

impl<'t> Style<'t> {
    fn of(text: &'t str) -> Self {
        let first = Object::at(text, 0).and_then(|object| {
            let before = &text[object.open..object.members.first()?.start];
            before.rsplit_once('\n').map(|(_, indent)| indent)
        });
        Self { newline: newline(text), indent: first.filter(|of| !of.is_empty()).unwrap_or("  ") }
    }

    /// Returns the text of a value: on lines at this depth, or on one line.
    fn value(&self, value: &Json, depth: Option<usize>) -> String {
        let (Json::Object(members), Some(depth)) = (value, depth) else { return value.to_string() };
        let line = format!("{}{}", self.newline, self.indent.repeat(depth + 1));
        let members = members.iter().map(|(key, value)| {
            format!("{line}{}: {}", Json::from(key.as_str()), self.value(value, Some(depth + 1)))
        });
        let members: Vec<String> = members.collect();
        format!("{{{}{}{}}}", members.join(","), self.newline, self.indent.repeat(depth))
    }
}

fn blanks(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + (rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len())
}

/// Returns the end of the value that starts here, in a text that is valid.
fn end_of_value(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut is_text) = (start, 0_usize, false);
    loop {
        let byte = *bytes.get(at)?;
        at += 1;
        match byte {
            b'\\' if is_text => at += 1,
            b'"' => {
                is_text = !is_text;
                if !is_text && depth == 0 {
                    return Some(at);
                }
            }
            _ if is_text => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                if depth == 0 {
                    return Some(at - 1);
                }
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            b',' | b' ' | b'\n' | b'\r' | b'\t' if depth == 0 => return Some(at - 1),
            _ => {}
        }
    }
}
