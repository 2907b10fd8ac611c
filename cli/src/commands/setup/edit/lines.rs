//! Lines at the end of a file, with a comment before them that says where they are from.

use super::{Added, newline};

pub(super) fn add(text: &str, lines: &[String], whole: bool, note: &str) -> Option<Added> {
    if find(text, lines, whole).is_some() {
        return None;
    }
    let end = newline(text);
    let before = match text {
        "" => String::new(),
        text if text.ends_with('\n') => end.to_owned(),
        _ => end.repeat(2),
    };
    let added = [note].into_iter().chain(lines.iter().map(String::as_str));
    let added: String = added.flat_map(|line| [line, end]).collect();
    Some(Added { text: format!("{text}{before}{added}"), existing: 0 })
}

pub(super) fn remove(text: &str, lines: &[String], whole: bool, note: &str) -> Option<String> {
    let mut found = find(text, lines, whole)?;
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let before = found.first().and_then(|first| first.checked_sub(1));
    found.extend(before.filter(|&before| all[before].trim() == note));
    let kept = all.iter().enumerate().filter(|(index, _)| !found.contains(index));
    Some(kept.map(|(_, line)| *line).collect())
}

pub(super) fn is_same(one: &str, other: &str) -> bool {
    content(one).eq(content(other))
}

fn content(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// Returns the numbers of the lines, which are found in their order; `None` unless all are there.
fn find(text: &str, lines: &[String], whole: bool) -> Option<Vec<usize>> {
    let all: Vec<&str> = text.lines().map(str::trim).collect();
    if whole {
        let start = all
            .windows(lines.len())
            .position(|window| window.iter().copied().eq(lines.iter().map(|line| line.trim())));
        return start.map(|start| (start..start + lines.len()).collect());
    }
    // From the end, where they were added: the user may have one of them already.
    let mut rest = all.len();
    let mut found = Vec::new();
    for line in lines.iter().rev() {
        rest = all[..rest].iter().rposition(|there| *there == line.trim())?;
        found.insert(0, rest);
    }
    Some(found)
}
