//! Lines of a file in which every value that could be a secret is masked.

use std::ops::Range;

use super::Excerpt;

/// Replaces a masked value. Its width doesn't depend on the value.
const MASK: &str = "***";

/// Returns the line on which `marked` starts, without comments. Only values in `shown` are shown, and a mask replaces each
/// value in `hidden`.
pub(crate) fn excerpt(
    text: &str,
    shown: &[Range<usize>],
    hidden: &[Range<usize>],
    marked: &Range<usize>,
) -> Excerpt {
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
        if let Some(span) = hidden.iter().find(|span| span.contains(&at)) {
            line.push_str(MASK);
            at = span.end.min(end);
            continue;
        }
        let next = text[at..].chars().next().unwrap_or('\n');
        let is_shown = shown.iter().any(|span| span.contains(&at));
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

/// Returns a line that can't be parsed: its key, if it has one, and a mask.
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
    fn a_line_that_is_not_toml_shows_only_its_key() {
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
}
