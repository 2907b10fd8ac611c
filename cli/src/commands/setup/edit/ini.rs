//! Files of sections: a header in brackets, and lines of `key = value` below it.

use std::ops::Range;

use super::{Added, newline};

/// Returns the values of a key in a section. As in the files of pip, `-` and `_` in a key are the same, so are
/// capitals, and `:` is another `=`.
pub(in super::super) fn values<'t>(text: &'t str, section: &str, key: &str) -> Vec<&'t str> {
    let all = sections(text).into_iter().filter(|found| found.name == section);
    let pairs = all.flat_map(|found| text[found.body].lines()).filter_map(|line| {
        let (name, value) = line.split_once(['=', ':'])?;
        let name = name.trim().replace('_', "-");
        let name = name.trim_start_matches("--");
        name.eq_ignore_ascii_case(&key.replace('_', "-")).then(|| value.trim())
    });
    pairs.collect()
}

pub(super) fn add(text: &str, section: &str, lines: &[String], note: &str) -> Option<Added> {
    let same: Vec<Section> =
        sections(text).into_iter().filter(|found| found.name == section).collect();
    if same.iter().any(|found| find(&text[found.body.clone()], lines).is_some()) {
        return None;
    }
    let end = newline(text);
    let added = [note].into_iter().chain(lines.iter().map(String::as_str));
    let added: String = added.flat_map(|line| [line, end]).collect();
    let (at, before) = if let Some(found) = same.last() {
        let at = end_of_content(text, found);
        (at, if text[..at].ends_with('\n') { String::new() } else { end.to_owned() })
    } else {
        let blank = match text {
            "" => String::new(),
            text if text.ends_with('\n') => end.to_owned(),
            _ => end.repeat(2),
        };
        (text.len(), format!("{blank}[{section}]{end}"))
    };
    let text = [&text[..at], &before, &added, &text[at..]].concat();
    Some(Added { text, existing: usize::from(!same.is_empty()) })
}

/// Returns the end of the last line of a section that is not blank. Comments after it are about what follows.
fn end_of_content(text: &str, section: &Section) -> usize {
    let (mut last, mut at) = (section.body.start, section.body.start);
    for line in text[section.body.clone()].split_inclusive('\n') {
        at += line.len();
        if !line.trim().is_empty() && !is_comment(line) {
            last = at;
        }
    }
    last
}

/// Removes the lines, and the section that this leaves empty if it was not there before.
pub(super) fn remove(
    text: &str,
    section: &str,
    lines: &[String],
    note: &str,
    existing: usize,
) -> Option<String> {
    let same = sections(text).into_iter().rev().filter(|found| found.name == section);
    let mut found = same.filter_map(|found| Some((find(&text[found.body.clone()], lines)?, found)));
    let (ours, found) = found.next()?;
    let body: Vec<&str> = text[found.body.clone()].split_inclusive('\n').collect();
    let before = ours.first().and_then(|first| first.checked_sub(1));
    let note = before.filter(|&before| body[before].trim() == note);
    let is_kept = |index: &usize| !ours.contains(index) && Some(*index) != note;
    let kept: String = (0..body.len()).filter(is_kept).map(|index| body[index]).collect();
    let header =
        if existing == 0 && kept.trim().is_empty() { "" } else { &text[found.header.clone()] };
    Some([&text[..found.header.start], header, &kept, &text[found.body.end..]].concat())
}

struct Section {
    name: String,
    header: Range<usize>,
    body: Range<usize>,
}

/// Returns the sections of a text, in their order. What is before the first header is not in any.
fn sections(text: &str) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if let Some(name) = name(line) {
            // A header may have a value after it, on its line.
            found.push(Section { name: name.to_owned(), header: start..at, body: at..at });
        } else if let Some(section) = found.last_mut() {
            section.body.end = at;
        }
    }
    found
}

/// Returns what a line has between brackets, if it is a header.
fn name(line: &str) -> Option<&str> {
    let inner = line.trim_start().strip_prefix('[')?;
    let mut is_quoted = false;
    let end = inner.find(|letter| {
        is_quoted ^= letter == '"';
        letter == ']' && !is_quoted
    })?;
    Some(inner[..end].trim())
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with(['#', ';'])
}

/// Returns the numbers of the lines, which follow each other except for comments and blank lines.
fn find(body: &str, lines: &[String]) -> Option<Vec<usize>> {
    let parts = |line: &str| match line.split_once('=') {
        Some((key, value)) => (key.trim().to_owned(), value.trim().to_owned()),
        None => (line.trim().to_owned(), String::new()),
    };
    let content =
        body.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !is_comment(line));
    let content: Vec<(usize, (String, String))> =
        content.map(|(index, line)| (index, parts(line))).collect();
    let wanted: Vec<(String, String)> = lines.iter().map(|line| parts(line)).collect();
    let found = content
        .windows(wanted.len())
        .rfind(|window| window.iter().map(|(_, parts)| parts).eq(&wanted))?;
    Some(found.iter().map(|(index, _)| *index).collect())
}
