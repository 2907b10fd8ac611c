//! Texts with lines broken between words, for narrow windows: the one function that breaks the lines of all commands.

use unicode_width::UnicodeWidthStr as _;

/// What begins a sequence of SGR.
const ESCAPE: char = '\u{1b}';
/// The narrowest space in which a text can be read.
pub(super) const NARROWEST: usize = 16;
/// The indent where a window has no room for a longer one.
const SHORT_INDENT: usize = 4;

/// Breaks a text into lines of at most `columns`. A wider word stays whole, and so does text between backticks,
/// which is there to be copied, if it fits on a line. Sequences of SGR have no width.
pub(crate) fn wrapped(text: &str, columns: usize) -> String {
    let mut lines = String::new();
    let mut used = 0;
    let fits = |word: &str| width(word) <= columns;
    let parts = words(text).flat_map(|word| {
        let is_broken = !fits(word);
        word.split(move |letter| letter == ' ' && is_broken).filter(|part| !part.is_empty())
    });
    for word in parts {
        if used > 0 && used + 1 + width(word) > columns {
            lines.push('\n');
            used = 0;
        } else if used > 0 {
            lines.push(' ');
            used += 1;
        }
        lines += word;
        used += width(word);
    }
    lines
}

/// Breaks a text after a label. The lines below the first one are indented as far, if the window has room for that.
pub(crate) fn hanging(label: &str, text: &str, columns: usize) -> String {
    let indent = width(label);
    let room = columns.saturating_sub(indent);
    if room < NARROWEST {
        let short = " ".repeat(SHORT_INDENT);
        let text = wrapped(text, columns.saturating_sub(SHORT_INDENT));
        let text = text.replace('\n', &format!("\n{short}"));
        return format!("{}\n{short}{text}", label.trim_end());
    }
    let text = wrapped(text, room).replace('\n', &format!("\n{}", " ".repeat(indent)));
    format!("{label}{text}")
}

/// Breaks the lines of a page of help. In a list, such as `  NAME  what it is`, the lines below an entry are indented. Other
/// indented lines are examples, which stay whole.
pub(crate) fn page(text: &str, columns: usize) -> String {
    let line = |line: &str| {
        let entry = line.trim_start();
        let gap =
            entry.find("  ").map(|at| at + entry[at..].len() - entry[at..].trim_start().len());
        match gap {
            _ if width(line) <= columns => line.to_owned(),
            None if entry.len() < line.len() => line.to_owned(),
            None => wrapped(line, columns),
            Some(at) => {
                let (label, text) = line.split_at(line.len() - entry.len() + at);
                hanging(label, text, columns)
            }
        }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Returns how many columns of a terminal a text has.
fn width(text: &str) -> usize {
    let mut parts = text.split(ESCAPE);
    let first = parts.next().unwrap_or_default();
    // A sequence ends with its first letter (ECMA-48, 5.4).
    let after = |part: &str| {
        let end = part.find(|letter: char| letter.is_ascii_alphabetic());
        end.map_or(0, |end| part[end + 1..].width())
    };
    first.width() + parts.map(after).sum::<usize>()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut marks = text.matches('`').count();
    let mut is_code = false;
    let is_between = move |letter| {
        if letter == '`' {
            marks -= 1;
            // A backtick without a second one is an ordinary character.
            is_code = !is_code && marks > 0;
        }
        letter == ' ' && !is_code
    };
    text.split(is_between).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("ab cd  äfgh i", 5), "ab cd\näfgh\ni");
        assert_eq!(wrapped("a-long-word b", 5), "a-long-word\nb");
        assert_eq!(wrapped("日本 語", 5), "日本\n語", "they are two columns wide");
        assert_eq!(wrapped("", 5), "");
        assert_eq!(wrapped("ab cd", usize::MAX), "ab cd");
    }

    #[test]
    fn lines_below_a_label_are_indented_if_there_is_room() {
        let text = "one two three four";
        assert_eq!(hanging("ab  ", text, 20), "ab  one two three\n    four");
        assert_eq!(
            hanging("a-long-label  ", text, 20),
            "a-long-label\n    one two three\n    four"
        );
        assert_eq!(hanging("ab  ", text, 80), "ab  one two three four");
    }

    #[test]
    fn a_list_of_a_page_is_indented_and_an_example_stays_whole() {
        let text = "One two three four:\n  AB  one two three four\n  a long | example of it\n";
        let expected =
            "One two three four:\n  AB  one two three\n      four\n  a long | example of it";
        assert_eq!(page(text, 22), expected);
        assert_eq!(page("one two\n\nthree four", 7), "one two\n\nthree\nfour");
    }

    #[test]
    fn colours_have_no_width() {
        assert_eq!(width("\u{1b}[1;31mab\u{1b}[0m 日"), 5);
        assert_eq!(wrapped("\u{1b}[1mab\u{1b}[0m cd e", 5), "\u{1b}[1mab\u{1b}[0m cd\ne");
    }

    #[test]
    fn text_between_backticks_that_is_too_long_is_broken() {
        assert_eq!(wrapped("run `a bc def` now", 6), "run `a\nbc\ndef`\nnow");
    }

    #[test]
    fn text_between_backticks_is_not_broken() {
        let text = "log in with `authn login -p x`, or not";
        assert_eq!(wrapped(text, 20), "log in with\n`authn login -p x`,\nor not");
        assert_eq!(wrapped("a ` b c d", 3), "a `\nb c\nd");
    }
}
