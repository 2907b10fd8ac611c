//! What is written into the files of other programs: entries of a format, each of which can be removed again.
//!
//! An entry is only ever added. Where a file has another value in its place, the command fails. So the record that is kept
//! for the undo has nothing of the user's in it.

pub(super) mod ini;
pub(super) mod json;
pub(super) mod lines;
pub(super) mod toml;
pub(super) mod yaml;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::style::plain;

/// An entry in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "format", rename_all = "snake_case")]
pub(super) enum Entry {
    /// A member of a JSON object.
    Json { path: Vec<String>, value: Json },
    /// A value or a table of TOML.
    Toml { path: Vec<String>, value: Json },
    /// An element of a list in TOML. A new list starts with `first`.
    TomlElement { path: Vec<String>, first: Vec<String>, element: String },
    /// Lines of a section, such as of git, pip and the AWS tools. The section is what is between the brackets.
    Ini { section: String, lines: Vec<String>, note: String },
    /// Lines at the end of a file, such as of Bazel, which are one block if they are `whole`.
    Lines { lines: Vec<String>, whole: bool, note: String },
    /// An item of a list at the top of a YAML file, with its indentation below the dash.
    Yaml { list: String, name: String, lines: Vec<String> },
    /// A file of its own.
    Whole { text: String },
}

impl Entry {
    /// Returns the comment before the lines, if the format has one.
    pub(super) fn note(&self) -> Option<&str> {
        match self {
            Self::Ini { note, .. } | Self::Lines { note, .. } => Some(note),
            _ => None,
        }
    }
}

/// The text of a file with one more entry.
pub(super) struct Added {
    pub(super) text: String,
    /// How many parts of the path to the entry were there before.
    pub(super) existing: usize,
}

/// Why an entry can't be added, and what helps.
#[derive(Debug)]
pub(super) struct Conflict {
    pub(super) fault: String,
    pub(super) help: String,
}

impl Conflict {
    pub(super) fn new(fault: impl Into<String>, help: impl Into<String>) -> Self {
        Self { fault: fault.into(), help: help.into() }
    }

    fn invalid(format: &str) -> Self {
        Self::new(format!("is not valid {format}"), "fix it, and run the command again")
    }

    /// Returns the conflict with a value that is there.
    fn taken(key: &[String]) -> Self {
        Self::new(
            format!("already has another value for `{}`", key.join(".")),
            "remove that value first, if this program should take its place",
        )
    }
}

impl Entry {
    /// Returns the text with the entry; `None` if it is there already.
    pub(super) fn add(&self, text: &str) -> Result<Option<Added>, Conflict> {
        match self {
            Self::Json { path, value } => json::add(text, path, value),
            Self::Toml { path, value } => toml::add(text, path, value),
            Self::TomlElement { path, first, element } => {
                toml::add_element(text, path, first, element)
            }
            Self::Ini { section, lines, note } => Ok(ini::add(text, section, lines, note)),
            Self::Lines { lines, whole, note } => Ok(lines::add(text, lines, *whole, note)),
            Self::Yaml { list, name, lines } => yaml::add(text, list, name, lines),
            Self::Whole { text: wanted } if text.is_empty() => {
                Ok(Some(Added { text: wanted.clone(), existing: 0 }))
            }
            Self::Whole { text: wanted } if text == wanted => Ok(None),
            Self::Whole { .. } => Err(Conflict::new(
                "already has other contents",
                "move the file away, and run the command again",
            )),
        }
    }

    /// Returns the text without the entry; `None` if it is not there, or is no longer what was added.
    pub(super) fn remove(&self, text: &str, existing: usize) -> Option<String> {
        match self {
            Self::Json { path, value } => json::remove(text, path, value, existing),
            Self::Toml { path, value } => toml::remove(text, path, value, existing),
            Self::TomlElement { path, first, element } => {
                toml::remove_element(text, path, first, element, existing)
            }
            Self::Ini { section, lines, note } => ini::remove(text, section, lines, note, existing),
            Self::Lines { lines, whole, note } => lines::remove(text, lines, *whole, note),
            Self::Yaml { list, name, lines } => yaml::remove(text, list, name, lines, existing),
            Self::Whole { text: wanted } => (text == wanted).then(String::new),
        }
    }

    /// Returns whether two texts mean the same to the program that reads the file.
    fn is_same(&self, one: &str, other: &str) -> bool {
        match self {
            Self::Json { .. } => json::is_same(one, other),
            Self::Toml { .. } | Self::TomlElement { .. } => toml::is_same(one, other),
            Self::Ini { .. } | Self::Lines { .. } => lines::is_same(one, other),
            Self::Yaml { .. } => yaml::is_same(one, other),
            Self::Whole { .. } => one == other,
        }
    }
}

/// An entry that was added to a file, and the bytes that this has changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) entry: Entry,
    existing: usize,
    /// The byte at which the text was changed.
    at: usize,
    /// What was replaced: nothing, blanks, or an empty value.
    removed: String,
    inserted: String,
}

impl Step {
    /// Returns the step that adds an entry; `None` if it is there already.
    pub(super) fn of(entry: Entry, text: &str) -> Result<Option<(Self, String)>, Conflict> {
        let Some(Added { text: after, existing }) = entry.add(text)? else { return Ok(None) };
        let (at, end) = changed(text, &after);
        let removed = text[at..text.len() - end].to_owned();
        let inserted = after[at..after.len() - end].to_owned();
        Ok(Some((Self { entry, existing, at, removed, inserted }, after)))
    }

    /// Returns the text without the entry; `None` if it is not there, or is no longer what was added.
    ///
    /// The bytes that were added are removed exactly, if the text then means what it would without the entry. Otherwise the
    /// file was changed around them, and the entry is removed as its format has it.
    pub(super) fn undo(&self, text: &str) -> Option<String> {
        let without = self.entry.remove(text, self.existing)?;
        let exact = self.exact(text).filter(|exact| self.entry.is_same(exact, &without));
        Some(exact.unwrap_or(without))
    }

    /// Returns whether the entry is in the text.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.entry.remove(text, self.existing).is_some()
    }

    fn exact(&self, text: &str) -> Option<String> {
        let is_here =
            |at: usize| text.get(at..).is_some_and(|rest| rest.starts_with(&self.inserted));
        let at = if is_here(self.at) {
            self.at
        } else {
            let mut found = text.match_indices(&self.inserted);
            let (at, _) = found.next()?;
            if found.next().is_some() {
                return None;
            }
            at
        };
        Some([&text[..at], &self.removed, &text[at + self.inserted.len()..]].concat())
    }

    /// Returns the number of the line that the step starts in.
    pub(super) fn line(&self, text: &str) -> usize {
        1 + text.get(..self.at).unwrap_or(text).matches('\n').count()
    }

    /// Returns the lines that were added, behind `+`, and what they replace, behind `-`.
    pub(super) fn shown(&self) -> String {
        signed('-', &self.removed) + &signed('+', &self.inserted)
    }

    /// Returns the lines that an undo removes, behind `-`.
    pub(super) fn shown_undone(&self) -> String {
        signed('-', &self.inserted)
    }

    /// Returns whether nothing of the entry is in the text, as if it had not been added.
    pub(super) fn is_absent(&self, text: &str) -> bool {
        matches!(self.entry.add(text), Ok(Some(_)))
    }
}

/// Returns the lines of a text behind a sign, without a comma that separates them from what is before.
fn signed(sign: char, text: &str) -> String {
    let mut shown = String::new();
    for line in text.trim_start_matches(',').lines().filter(|line| !line.trim().is_empty()) {
        shown.push(sign);
        // Tabs are a part of the layout.
        shown.push_str(&line.split('\t').map(plain).collect::<Vec<_>>().join("\t"));
        shown.push('\n');
    }
    shown
}

/// Returns how many bytes two texts have in common at the start, and then at the end.
fn changed(before: &str, after: &str) -> (usize, usize) {
    let pairs = before.chars().zip(after.chars());
    let start = pairs.take_while(|(one, other)| one == other).map(|(one, _)| one.len_utf8()).sum();
    let (before, after) = (&before[start..], &after[start..]);
    let pairs = before.chars().rev().zip(after.chars().rev());
    let end = pairs.take_while(|(one, other)| one == other).map(|(one, _)| one.len_utf8()).sum();
    (start, end)
}

/// Returns the end of a line as the text has it.
fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parts(parts: &[&str]) -> Vec<String> {
        parts.iter().map(|&part| part.to_owned()).collect()
    }

    /// Adds an entry, checks that a second one changes nothing, undoes it, and returns the text with it.
    #[track_caller]
    fn added(entry: &Entry, text: &str) -> String {
        let (step, after) = Step::of(entry.clone(), text).unwrap().expect("it is not there");
        assert!(Step::of(entry.clone(), &after).unwrap().is_none(), "{after}");
        assert!(step.is_in(&after) && !step.is_in(text) && step.is_absent(text));
        assert_eq!(step.undo(&after).as_deref(), Some(text));
        assert!(step.removed.trim_matches(['[', ']', '~']).trim().replace("null", "").is_empty());
        after
    }

    #[test]
    fn a_member_of_json_is_added_to_objects_of_every_form() {
        let entry = Entry::Json { path: parts(&["a", "b\"}"]), value: "c".into() };
        for text in [
            "",
            "\n",
            "{}",
            "{ }",
            "{\n}\n",
            "{\r\n\t\"x\": 1\r\n}\r\n",
            r#"{"x": "}\\\"{", "y": [{}, "]"], "z": -1.5e3}"#,
            r#"{"a": {}}"#,
            r#"{"a":{"x":true}}"#,
            "{\n    \"a\": {\n        \"x\": null\n    },\n    \"y\": 1\n}",
            r#"{"a": 1, "a": {"twice": 2}}"#,
            r#"{"\u0061": {"x": 1}}"#,
        ] {
            let after = added(&entry, text);
            let value: Json = serde_json::from_str(&after).unwrap();
            assert_eq!(value["a"]["b\"}"], "c", "{after}");
        }
        for text in ["{", "[]", r#"{"a": 1}"#, r#"{"a": {"b\"}": "d"}}"#, "nul"] {
            assert!(entry.add(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_value_of_toml_is_added_to_tables_of_every_form() {
        let entry = Entry::Toml { path: parts(&["a", "b"]), value: json!({ "c": ["d"] }) };
        for text in [
            "",
            "# x",
            "x = 1",
            "[a]\n",
            "[a]\nx = 1 # y\n\n[z]",
            "a.x = 1\n",
            "a = {}\n",
            "[a.z]\n",
            "[[z]]\n\n",
        ] {
            let after = added(&entry, text);
            assert_eq!(toml::get(&after, &parts(&["a", "b", "c"])), Some(json!(["d"])), "{after}");
        }
        for text in ["a = 1", "[a]\nb = 2", "[a"] {
            assert!(entry.add(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_item_of_yaml_is_added_to_lists_of_every_form() {
        let lines = parts(&["name: n", "user:", "  token: t"]);
        let entry = Entry::Yaml { list: "users".to_owned(), name: "n".to_owned(), lines };
        for text in [
            "",
            "a: 1",
            "users:",
            "users: []\n",
            "users: null\r\nb: 2\r\n",
            "users: ~\nb: 2",
            "users:\n- name: x\n",
            "users:\n  - name: x\n    user:\n      name: n\n\n# b\nb: 2\n",
            "users:\n# first\n-\n  name: x\nb: 2",
            "users:\n- user: {}\n  name: \"x\"",
        ] {
            added(&entry, text);
        }
        for text in ["users: [{name: x}]", "users: *x\n", "{}", "users:\n- name: n\n  user: {}\n"] {
            assert!(entry.add(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lines_are_added_to_sections_of_every_form() {
        let entry = Entry::Ini {
            section: "s \"a]b\"".to_owned(),
            lines: parts(&["\tk =", "\tk = v"]),
            note: "# note".to_owned(),
        };
        for text in [
            "",
            "# x",
            "[t]\nk = v\n",
            "[s \"a]b\"]",
            "[s \"a]b\"]\nk = w\n\n\n# t\n[t]\n",
            "[s \"a]b\"] # x\r\nk=v\r\n",
            "[t]\n[s \"a]b\"]\n[u]\n[s \"a]b\"]\nx = 1",
        ] {
            added(&entry, text);
        }
        let note = "# note".to_owned();
        for whole in [false, true] {
            let lines = parts(&["a {", "}"]);
            for text in ["", "x", "x\n", "}\na {\n", "x\r\n\r\n"] {
                added(&Entry::Lines { lines: lines.clone(), whole, note: note.clone() }, text);
            }
        }
    }
}
