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

/// Bytes after which a place is marked within a line: so far is counted from a mark at most.
const STRIDE: usize = 512;

/// Marked places of a text: the beginning of each line, and places within long ones. Every value of a file has
/// a position, so each is found from the nearest mark, and not from the beginning.
pub(crate) struct Positions {
    /// Byte, line and column of each, in their order; the first is the beginning.
    marks: Vec<(usize, usize, usize)>,
}

impl Positions {
    pub(crate) fn of(text: &str) -> Self {
        let (mut line, mut column) = (1, 1);
        let mut marks = vec![(0, line, column)];
        let mut last = 0;
        for (at, character) in text.char_indices() {
            if at - last >= STRIDE {
                marks.push((at, line, column));
                last = at;
            }
            column += 1;
            if character == '\n' {
                (line, column, last) = (line + 1, 1, at + 1);
                marks.push((last, line, column));
            }
        }
        Self { marks }
    }

    /// Gives the position of a byte of the text of which the marks are.
    pub(crate) fn at(&self, text: &str, at: usize) -> Position {
        let at = at.min(text.len());
        let (from, line, column) = self.mark(at);
        let characters = text.get(from..at).map_or(0, |between| between.chars().count());
        Position { line, column: column + characters }
    }

    /// The nearest mark that is not behind a byte.
    fn mark(&self, at: usize) -> (usize, usize, usize) {
        let behind = self.marks.partition_point(|(mark, ..)| *mark <= at);
        behind.checked_sub(1).and_then(|index| self.marks.get(index)).copied().unwrap_or((0, 1, 1))
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
        let text = "a\nä = 1";
        let position = Positions::of(text).at(text, "a\nä = ".len());
        assert_eq!((position.line, position.column), (2, 5));
    }

    #[test]
    fn a_position_is_counted_from_near_it() {
        let long = "ä = 1, ".repeat(1000);
        for text in [format!("a\n{long}\r\n\n{long}ä"), "\n".repeat(3000), long, String::new()] {
            let positions = Positions::of(&text);
            let (mut line, mut column) = (1, 1);
            for (at, character) in text.char_indices().chain([(text.len(), ' ')]) {
                let position = positions.at(&text, at);
                assert_eq!((position.line, position.column), (line, column), "{at}");
                let (mark, ..) = positions.mark(at);
                assert!(at - mark < STRIDE + 4, "{at} is counted from {mark}");
                (line, column) = if character == '\n' { (line + 1, 1) } else { (line, column + 1) };
            }
        }
    }
}
