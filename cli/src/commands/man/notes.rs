//! The text after a command's help as a section: its paragraphs, lists and examples.

use clap_mangen::roff::{Roff, bold, roman};

/// Returns a section of paragraphs. Of indented lines, those of a list are broken like paragraphs, and others are kept as they
/// are.
pub(super) fn section(heading: &str, text: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    let lines: Vec<&str> = text.lines().collect();
    for lines in lines.chunk_by(|one, next| one.starts_with(' ') == next.starts_with(' ')) {
        if !lines[0].starts_with(' ') {
            for line in lines {
                match *line {
                    "" => roff.control("PP", []),
                    line => roff.text([roman(line)]),
                };
            }
        } else if let Some(items) = list(lines) {
            for (term, meaning) in items {
                roff.control("TP", []).text([bold(term)]).text([roman(meaning)]);
            }
            roff.control("PP", []);
        } else {
            roff.control("nf", []);
            for line in lines {
                roff.text([roman(*line)]);
            }
            roff.control("fi", []);
        }
    }
    roff
}

/// Returns the terms of a list and their meanings, which are all in one column; `None` for other lines.
fn list(lines: &[&str]) -> Option<Vec<(String, String)>> {
    let mut items: Vec<(String, String)> = Vec::new();
    let mut column = None;
    for line in lines {
        let indent = line.len() - line.trim_start().len();
        if column == Some(indent) {
            let (_, meaning) = items.last_mut()?;
            meaning.push(' ');
            meaning.push_str(line.trim());
            continue;
        }
        let (term, meaning) = line.trim_start().split_once("  ")?;
        let at = line.len() - meaning.trim_start().len();
        if meaning.trim().is_empty() || *column.get_or_insert(at) != at {
            return None;
        }
        items.push((term.to_owned(), meaning.trim().to_owned()));
    }
    Some(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(text: &str) -> String {
        let roff = section("NOTES", text).render();
        roff.split_once(".SH NOTES\n").unwrap().1.to_owned()
    }

    #[test]
    fn indented_lines_are_kept() {
        let text = notes("One.\n  .two  three\n  four\n\nFive.");
        assert_eq!(text, "One.\n.nf\n  .two  three\n  four\n.fi\n.PP\nFive.\n");
    }

    #[test]
    fn a_list_is_broken_by_the_formatter() {
        let text = notes("These:\n    a  one\n       two\n  bcd  three\n");
        assert_eq!(text, "These:\n.TP\n\\fBa\\fR\none two\n.TP\n\\fBbcd\\fR\nthree\n.PP\n");
    }
}
