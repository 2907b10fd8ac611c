//! Texts with lines broken between words, for narrow windows.

use unicode_width::UnicodeWidthStr as _;

/// Breaks a text into lines of at most `columns`. A wider word stays whole, and so does text between backticks,
/// which is there to be copied.
pub(crate) fn wrapped(text: &str, columns: usize) -> String {
    let mut lines = String::new();
    let mut used = 0;
    for word in words(text) {
        if used > 0 && used + 1 + word.width() > columns {
            lines.push('\n');
            used = 0;
        } else if used > 0 {
            lines.push(' ');
            used += 1;
        }
        lines += word;
        used += word.width();
    }
    lines
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
    fn text_between_backticks_is_not_broken() {
        let text = "log in with `authn login -p x`, or not";
        assert_eq!(wrapped(text, 20), "log in with\n`authn login -p x`,\nor not");
        assert_eq!(wrapped("a ` b c d", 3), "a `\nb c\nd");
    }
}
