//! The prose of a documentation comment: without its examples and links, for a terminal.

use super::wrapped;

/// Returns the paragraphs and lists of a text in Markdown, broken at `columns`.
pub(crate) fn prose(markdown: &str, columns: usize) -> String {
    let mut paragraphs: Vec<String> = Vec::new();
    let (mut is_code, mut goes_on) = (false, false);
    for line in markdown.lines().map(str::trim) {
        if line.starts_with("```") {
            if !is_code {
                // It only introduces the example.
                paragraphs.pop_if(|last| last.ends_with(':'));
            }
            is_code = !is_code;
            goes_on = false;
        } else if is_code || is_definition(line) {
        } else if line.is_empty() {
            goes_on = false;
        } else if goes_on && !line.starts_with(['-', '*', '|', '#']) {
            if let Some(last) = paragraphs.last_mut() {
                last.push(' ');
                last.push_str(line);
            }
        } else {
            paragraphs.push(line.to_owned());
            goes_on = true;
        }
    }
    let shown = |paragraph: String| wrapped(&without_links(&paragraph), columns);
    paragraphs.into_iter().map(shown).collect::<Vec<_>>().join("\n\n")
}

/// Returns whether a line is the target of links, such as `[name]: crate::name`.
fn is_definition(line: &str) -> bool {
    line.starts_with('[') && line.contains("]: ")
}

/// Replaces each link by its text.
fn without_links(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once('[') {
        shown += before;
        let Some((name, after)) = link.split_once(']') else {
            shown.push('[');
            rest = link;
            break;
        };
        let target = after.strip_prefix('(').and_then(|target| target.split_once(')'));
        if target.is_some() || name.starts_with('`') {
            shown += name;
        } else {
            shown.extend(["[", name, "]"]);
        }
        rest = target.map_or(after, |(_, after)| after);
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_links_and_line_breaks_are_left_out() {
        let text = "Signs each request\n(RFC 5849).\n\nSee [`Token`](crate::Token), [`Other`] and\n[the guide](x.md), a[0].\n\n\
                    ```\n# let _ = 1;\nuse x;\n```\n\nIn code, it is a builder:\n\n```\ncode\n```\n\n- one\n  thing\n- two\n\n\
                    [`Other`]: crate::Other\n";
        let expected = "Signs each request (RFC 5849).\n\nSee `Token`, `Other` and the guide, a[0].\n\n- one thing\n\n- two";
        assert_eq!(prose(text, 80), expected);
        assert_eq!(prose("one two three", 7), "one two\nthree");
        assert_eq!(prose("", 7), "");
    }
}
