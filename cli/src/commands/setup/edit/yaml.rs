//! YAML, as far as a kubeconfig has it: items of the lists at the top.

use std::ops::Range;

use super::{Added, Conflict, newline};

pub(super) fn add(
    text: &str,
    list: &str,
    name: &str,
    lines: &[String],
) -> Result<Option<Added>, Conflict> {
    let end = newline(text);
    let Some(found) = List::find(text, list) else {
        if text.trim_start().starts_with('{') {
            return Err(not_a_list(list));
        }
        let before = if text.is_empty() || text.ends_with('\n') { "" } else { end };
        let text = format!("{text}{before}{list}:{end}{}", item(lines, "", end));
        return Ok(Some(Added { text, existing: 0 }));
    };
    let rest = text[found.value.clone()].trim();
    if found.items.is_empty() {
        if !matches!(rest, "" | "[]" | "null" | "~") {
            return Err(not_a_list(list));
        }
        let added = format!("{end}{}", item(lines, "", end));
        let (before, after) = (&text[..found.value.start], &text[found.value.end..]);
        // The line's own end comes after the items.
        let added = if after.is_empty() { &added } else { added.trim_end_matches(['\r', '\n']) };
        return Ok(Some(Added { text: [before, added, after].concat(), existing: 1 }));
    }
    if let Some(there) =
        found.items.iter().find(|item| name_of(&text[(*item).clone()]) == Some(name))
    {
        return if has(&text[there.clone()], lines) {
            Ok(None)
        } else {
            Err(Conflict::taken(&[list.to_owned(), name.to_owned()]))
        };
    }
    let at = found.items.last().map_or(found.value.end, |last| last.end);
    let before = if text[..at].ends_with('\n') { "" } else { end };
    let added = format!("{before}{}", item(lines, &found.indent, end));
    Ok(Some(Added { text: [&text[..at], &added, &text[at..]].concat(), existing: 1 }))
}

pub(super) fn remove(
    text: &str,
    list: &str,
    name: &str,
    lines: &[String],
    existing: usize,
) -> Option<String> {
    let found = List::find(text, list)?;
    let is_ours = |item: &&Range<usize>| {
        let item = &text[(*item).clone()];
        name_of(item) == Some(name) && has(item, lines)
    };
    let ours = found.items.iter().find(is_ours)?.clone();
    if found.items.len() > 1 {
        return Some([&text[..ours.start], &text[ours.end..]].concat());
    }
    let line = if existing == 0 { String::new() } else { format!("{list}: []{}", newline(text)) };
    Some([&text[..found.start], &line, &text[ours.end..]].concat())
}

pub(super) fn is_same(one: &str, other: &str) -> bool {
    let content = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
        let plain = |line: &str| match line.split_once(':') {
            Some((key, value)) if matches!(value.trim(), "[]" | "null" | "~") => format!("{key}:"),
            _ => line.to_owned(),
        };
        lines.map(plain).collect()
    };
    content(one) == content(other)
}

/// Returns the values of these keys in each item of a list: the first line with each key, whatever its depth.
pub(in super::super) fn items<const N: usize>(
    text: &str,
    list: &str,
    keys: [&str; N],
) -> Vec<[Option<String>; N]> {
    let found = List::find(text, list).map(|found| found.items).unwrap_or_default();
    let value = |item: &str, key: &str| {
        if key == "name" {
            return name_of(item).map(str::to_owned);
        }
        let line = item.lines().find_map(|line| {
            line.trim_start_matches([' ', '-']).strip_prefix(key)?.strip_prefix(':')
        });
        line.map(|value| unquoted(value).to_owned())
    };
    found.into_iter().map(|item| keys.map(|key| value(&text[item.clone()], key))).collect()
}

fn not_a_list(list: &str) -> Conflict {
    Conflict::new(
        format!("does not have `{list}` as a list of lines"),
        "rewrite it with `kubectl config view --raw`, and run the command again",
    )
}

/// A list at the top of a text.
struct List {
    /// The start of its line.
    start: usize,
    /// What is after the colon, on its line.
    value: Range<usize>,
    /// The blanks before the dash of each item.
    indent: String,
    items: Vec<Range<usize>>,
}

impl List {
    fn find(text: &str, list: &str) -> Option<Self> {
        let mut at = 0;
        let mut found: Option<Self> = None;
        for line in text.split_inclusive('\n') {
            let start = at;
            at += line.len();
            let content = line.trim_end_matches(['\r', '\n']);
            let Some(found) = &mut found else {
                if let Some(value) = content.strip_prefix(list).and_then(|of| of.strip_prefix(':'))
                {
                    let end = start + content.len();
                    let value = end - value.len()..end;
                    found = Some(Self { start, value, indent: String::new(), items: Vec::new() });
                }
                continue;
            };
            let trimmed = content.trim_start();
            let indent = &content[..content.len() - trimmed.len()];
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            let is_item = trimmed == "-" || trimmed.starts_with("- ");
            if is_item && (found.items.is_empty() || indent == found.indent) {
                indent.clone_into(&mut found.indent);
                found.items.push(start..at);
            } else if indent.len() > found.indent.len()
                && let Some(last) = found.items.last_mut()
            {
                last.end = at;
            } else {
                break;
            }
        }
        found
    }
}

/// Returns the lines of an item, the first of which has the dash.
fn item(lines: &[String], indent: &str, end: &str) -> String {
    let dashes = std::iter::once("- ").chain(std::iter::repeat("  "));
    lines.iter().zip(dashes).flat_map(|(line, dash)| [indent, dash, line, end]).collect()
}

/// Returns the name of an item, which is one level below the dash.
fn name_of(item: &str) -> Option<&str> {
    let depth = item.find('-')? + 1;
    let depth = depth + item[depth..].len() - item[depth..].trim_start().len();
    let lines = item.lines().enumerate().map(|(index, line)| {
        let at =
            line.len() - line.trim_start_matches([' ', if index == 0 { '-' } else { ' ' }]).len();
        (at, &line[at..])
    });
    lines
        .filter(|(at, _)| *at == depth)
        .find_map(|(_, line)| line.strip_prefix("name:"))
        .map(unquoted)
}

/// Returns whether an item has these lines, in any order: kubectl sorts them and adds others.
fn has(item: &str, lines: &[String]) -> bool {
    let there: Vec<&str> = item.lines().map(plain).collect();
    lines.iter().all(|line| there.contains(&plain(line)))
}

fn plain(line: &str) -> &str {
    line.trim().trim_start_matches("- ").trim()
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    let inner = |mark| value.strip_prefix(mark).and_then(|value| value.strip_suffix(mark));
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}
