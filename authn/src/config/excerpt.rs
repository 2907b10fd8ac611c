//! Lines of a file as they may be shown: every value that could be a secret is masked.

use std::ops::Range;

use super::{
    guide::{Class, Guide},
    item::{Entries, Item, Value},
    layer::SourceText,
    problem::Excerpt,
    reference::is_kind,
};

/// Stands for a value. Its width says nothing of the value's.
const MASK: &str = "***";

fn redacts(text: &str) -> bool {
    crate::redact::redact_text(text) != text
}

/// A place in a text, both counted from 1, the column in characters.
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Position {
    pub(crate) fn of(text: &str, at: usize) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// Shows the line on which `marked` begins, without the values that nobody has said may be shown, and
/// without comments. `hide` hides the marked value too: what is wrong may be a misplaced secret.
pub(crate) fn excerpt<'a>(
    source: &SourceText,
    parts: impl Iterator<Item = &'a Entries>,
    guide: Guide<'_>,
    marked: &Range<usize>,
    hide: bool,
) -> Excerpt {
    let mut spans = Spans::default();
    for entries in parts {
        spans.collect(entries, guide);
    }
    if hide {
        spans.closed.retain(|span| !(marked.start <= span.start && span.end <= marked.end));
        spans.closed.push(marked.clone());
    }
    let text = source.text.as_str();
    let start = text[..marked.start].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[marked.start..].find('\n').map_or(text.len(), |length| marked.start + length);
    let mut line = String::new();
    let (mut from, mut to) = (None, None);
    let mut at = start;
    while at < end {
        if at >= marked.start && from.is_none() {
            from = Some(line.len());
        }
        if at >= marked.end && to.is_none() {
            to = Some(line.len());
        }
        if let Some(hidden) = spans.closed.iter().find(|span| span.contains(&at)) {
            line.push_str(MASK);
            at = hidden.end.min(end);
            continue;
        }
        let next = text[at..].chars().next().unwrap_or('\n');
        let is_shown = spans.open.iter().any(|span| span.contains(&at));
        if next == '#' && !is_shown {
            break;
        }
        if matches!(next, '"' | '\'') && !is_shown {
            // A text that is no value: a quoted key, or a profile that is no table. Where it ends is the
            // parser's to say, so nothing is shown from here on.
            line.push_str(MASK);
            break;
        }
        line.push(next);
        at += next.len_utf8();
    }
    line.truncate(line.trim_end().len());
    let from = from.unwrap_or(0).min(line.len());
    let to = to.unwrap_or(line.len()).clamp(from, line.len());
    Excerpt { line, marked: from..to }
}

/// The spans of a file's values: those that may be shown and those that may not.
#[derive(Default)]
struct Spans {
    open: Vec<Range<usize>>,
    closed: Vec<Range<usize>>,
}

impl Spans {
    fn collect(&mut self, entries: &Entries, guide: Guide<'_>) {
        for (key, item) in entries {
            self.collect_item(item, guide.child(key));
        }
    }

    fn collect_item(&mut self, item: &Item, guide: Guide<'_>) {
        match &item.value {
            Value::Table(entries) => {
                for (key, item) in entries {
                    // What a reference refers to is a place, which may be shown.
                    let place = guide.is_whole() && is_kind(key) && item.as_text().is_some();
                    self.collect_item(item, if place { Guide::Plain } else { guide.child(key) });
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.collect_item(item, guide.child(&index.to_string()));
                }
            }
            value => {
                let Some(span) = item.span.clone() else { return };
                let shown = match value {
                    Value::Text(text) => guide.class() == Class::Plain && !redacts(text),
                    _ => guide.class() == Class::Plain,
                };
                if shown { self.open.push(span) } else { self.closed.push(span) }
            }
        }
    }
}

/// Shows a line that can't be parsed: its key, if it has one, and nothing else.
pub(crate) fn syntax_excerpt(text: &str, at: usize) -> Excerpt {
    let at = at.min(text.len());
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[start..].find('\n').map_or(text.len(), |length| start + length);
    let line = &text[start..end];
    let is_key = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte))
    };
    let shown = match line.split_once('=') {
        Some((key, _)) if is_key(key) => format!("{key}= {MASK}"),
        _ => MASK.to_owned(),
    };
    let marked = shown.len() - MASK.len()..shown.len();
    Excerpt { line: shown, marked }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_not_toml_shows_its_key_alone() {
        for (text, shown) in [
            ("client_secret = \"s3cr3t", "client_secret = ***"),
            ("a = 1\ns3cr3t\nb = 2", "***"),
            ("s3cr3t/+ = \"x", "***"),
            ("", "***"),
        ] {
            let at = text.find("s3cr3t").unwrap_or(0);
            let excerpt = syntax_excerpt(text, at);
            assert_eq!(excerpt.line, shown);
            assert_eq!(&excerpt.line[excerpt.marked], MASK);
        }
    }

    #[test]
    fn columns_count_characters() {
        let position = Position::of("a\nä = 1", "a\nä = ".len());
        assert_eq!((position.line, position.column), (2, 5));
    }
}
