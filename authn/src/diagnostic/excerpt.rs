//! Lines of a file in which every value that could be a secret is masked.

use std::ops::Range;

use super::Excerpt;

/// Replaces a masked value. Its width doesn't depend on the value.
const MASK: &str = "***";

/// Replaces the parts of a long line that are left out.
const CUT: &str = "…";

/// The largest number of bytes of a line before its mark, and of characters after the start of the mark.
const WIDTH: usize = 120;

/// The values of a file. The spans of each list are sorted and don't overlap.
#[derive(Default)]
pub(crate) struct Spans {
    /// The values that may be shown.
    pub(crate) shown: Vec<Range<usize>>,
    /// The values that are replaced by a mask.
    pub(crate) hidden: Vec<Range<usize>>,
}

impl Spans {
    /// Sorts the spans.
    pub(crate) fn sorted(mut self) -> Self {
        self.shown.sort_unstable_by_key(|span| span.start);
        self.hidden.sort_unstable_by_key(|span| span.start);
        self
    }
}

/// Returns a text without its comments. A mask replaces each value that is not in `shown`.
pub(crate) fn masked(text: &str, spans: &Spans) -> String {
    let mut masked = String::new();
    let mut at = 0;
    while at < text.len() {
        if let Some(span) = find(&spans.shown, at) {
            masked.push_str(&text[at..span.end]);
            at = span.end;
            continue;
        }
        if let Some(span) = find(&spans.hidden, at) {
            // A value of several lines keeps them, so that the lines of both texts match.
            masked.push_str(MASK);
            masked.extend(text[at..span.end].matches('\n'));
            at = span.end;
            continue;
        }
        let next = text[at..].chars().next().unwrap_or('\n');
        let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
        match next {
            '#' => {
                masked.push_str(if at + 1 < end { "# …" } else { "#" });
                at = end;
            }
            // Only the parser knows where a text ends that is no value.
            '"' | '\'' => {
                masked.push_str(MASK);
                at = end;
            }
            next => {
                masked.push(next);
                at += next.len_utf8();
            }
        }
    }
    masked
}

/// Returns the span that contains a byte.
fn find(spans: &[Range<usize>], at: usize) -> Option<&Range<usize>> {
    let behind = spans.partition_point(|span| span.start <= at);
    spans[..behind].last().filter(|span| span.contains(&at))
}

/// How the marked value of a line is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// As any other value: only if it is in [`Spans::shown`].
    AsInFile,
    /// As it is.
    Shown,
    /// As a mask.
    Hidden,
}

/// Returns the line on which `marked` starts, without comments, and cut around the mark if it is long. Only values in
/// `shown` are shown, and a mask replaces each value in `hidden`; `mark` decides about the marked value.
pub(crate) fn excerpt(text: &str, spans: &Spans, marked: &Range<usize>, mark: Mark) -> Excerpt {
    let end = text[marked.start..].find('\n').map_or(text.len(), |length| marked.start + length);
    let (mut at, is_cut) = start(text, spans, marked);
    let mut line = if is_cut { CUT.to_owned() } else { String::new() };
    let (mut from, mut to) = (None, None);
    let mut left = WIDTH;
    while at < end {
        if at >= marked.start && from.is_none() {
            from = Some(line.len());
        }
        if at >= marked.end && to.is_none() {
            to = Some(line.len());
        }
        if from.is_some() {
            if left == 0 {
                to = to.or(Some(line.len()));
                line.push_str(CUT);
                break;
            }
            left -= 1;
        }
        let is_marked = marked.contains(&at);
        let hidden = match mark {
            Mark::Hidden if is_marked => Some(marked),
            Mark::Shown if is_marked => None,
            _ => find(&spans.hidden, at),
        };
        if let Some(span) = hidden {
            line.push_str(MASK);
            at = span.end.min(end);
            continue;
        }
        let next = text[at..].chars().next().unwrap_or('\n');
        let is_shown = find(&spans.shown, at).is_some() || (is_marked && mark == Mark::Shown);
        if next == '#' && !is_shown {
            break;
        }
        if matches!(next, '"' | '\'') && !is_shown {
            // This text is not a value: it is a quoted key, or a profile that is not a table. Only the parser knows where
            // it ends, so nothing after it is shown.
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

/// Returns where the excerpt of a line starts, and whether that is within the line. It is never within a text that is not
/// a value, because nothing would show that it is one.
fn start(text: &str, spans: &Spans, marked: &Range<usize>) -> (usize, bool) {
    let line = text[..marked.start].rfind('\n').map_or(0, |newline| newline + 1);
    if marked.start - line <= WIDTH {
        return (line, false);
    }
    let from = text.floor_char_boundary(marked.start - WIDTH);
    let is_value = |at| find(&spans.shown, at).is_some() || find(&spans.hidden, at).is_some();
    let quotes = text[from..marked.start].rmatch_indices(['"', '\'']);
    let last = quotes.map(|(at, _)| from + at).find(|at| !is_value(*at));
    (last.map_or(from, |last| last + 1), true)
}

/// Returns a line that can't be parsed: its key, if it has one, and a mask.
pub(crate) fn syntax_excerpt(text: &str, at: usize) -> Excerpt {
    let at = at.min(text.len());
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[start..].find('\n').map_or(text.len(), |length| start + length);
    let line = &text[start..end];
    let is_key = |text: &str| {
        (1..WIDTH).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte))
    };
    // What ends in `=` can be base64, which stands on a line by itself.
    let is_value = |rest: &str| !rest.trim_matches(['=', ',', ' ', '"', '\'', '\r']).is_empty();
    let split = |at| {
        let (key, rest) = line.split_once(at)?;
        (is_key(key) && (key.ends_with(' ') || is_value(rest))).then_some(key)
    };
    let shown = match (split('='), split(':')) {
        (Some(key), _) => format!("{key}= {MASK}"),
        (None, Some(key)) => format!("{key}: {MASK}"),
        (None, None) if is_header(line) => {
            let line = line.trim().to_owned();
            return Excerpt { marked: 0..line.len(), line };
        }
        (None, None) => MASK.to_owned(),
    };
    let marked = shown.len() - MASK.len()..shown.len();
    Excerpt { line: shown, marked }
}

/// Returns whether a line is the name of a table in brackets, and nothing else. The tables of a configuration start with a
/// word; anything else can be a value of a list.
fn is_header(line: &str) -> bool {
    let name = line.trim().trim_start_matches('[').trim_end_matches(']');
    let first = name.split('.').next().unwrap_or_default();
    first.bytes().all(|byte| byte.is_ascii_lowercase())
        && line.trim_start().starts_with('[')
        && line.len() < WIDTH
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        && !name.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_not_toml_shows_only_its_key() {
        for (text, shown) in [
            ("client_secret = \"s3cr3t", "client_secret = ***"),
            ("a = 1\ns3cr3t\nb = 2", "***"),
            ("dGVzdHNlY3JldA==", "***"),
            ("    dGVzdHNlY3JldA=,", "***"),
            ("key=\"s3cr3t", "key= ***"),
            ("[ghp_s3cr3t]", "***"),
            ("s3cr3t/+ = \"x", "***"),
            ("", "***"),
            ("client_secret: s3cr3t", "client_secret: ***"),
            ("[s3cr3t s3cr3t", "***"),
            ("[\"s3cr3t\"", "***"),
        ] {
            let at = text.find("s3cr3t").unwrap_or(0);
            let excerpt = syntax_excerpt(text, at);
            assert_eq!(excerpt.line, shown);
            assert_eq!(&excerpt.line[excerpt.marked], MASK);
        }
        let header = syntax_excerpt("[credentials.oauth]", 0);
        assert_eq!(header.line, "[credentials.oauth]");
        assert_eq!(header.marked, 0..header.line.len());
    }
}
