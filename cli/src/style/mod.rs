//! The style of texts: colours, tables, paragraphs, times.

mod paragraph;
mod prose;
mod table;
pub(crate) mod time;

use http::HeaderName;
use std::{
    env,
    path::{Path, PathBuf},
};

pub(crate) use authn::config::printable as plain;
use clap::builder::styling::{Ansi256Color, AnsiColor, Color, Style};

pub(crate) use self::{
    paragraph::{hanging, page, wrapped},
    prose::prose,
    table::Table,
};

pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const OK: Style = AnsiColor::Green.on_default().bold();
pub(crate) const HELP: Style = AnsiColor::Cyan.on_default().bold();
/// Headings, and codes to enter.
pub(crate) const BOLD: Style = Style::new().bold();
/// Less important text.
pub(crate) const FAINT: Style = Style::new().dimmed();
pub(crate) const ADDRESS: Style = AnsiColor::Cyan.on_default().underline();
pub(crate) const SPINNER: Style = AnsiColor::Cyan.on_default();
/// Black on white, by numbers that no terminal theme changes.
pub(crate) const INK: Style = Style::new()
    .fg_color(Some(Color::Ansi256(Ansi256Color(16))))
    .bg_color(Some(Color::Ansi256(Ansi256Color(231))));

/// Returns a text in a style, or unchanged without colour.
pub(crate) fn styled(text: &str, style: Style, colour: bool) -> String {
    if colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

/// Escapes characters that are invisible or make a line look like another: more than [`plain`] does, such as marks
/// without width.
pub(crate) fn visible(text: &str) -> String {
    let visible = |character: char| match character {
        '"' | '\'' | '\\' => character.to_string(),
        _ => character.escape_debug().to_string(),
    };
    text.chars().map(visible).collect()
}

/// Returns counts with their words, such as `1 error and 2 warnings`, without those that are 0.
pub(crate) fn counted(counts: [(usize, &str); 2]) -> String {
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let words = counts.map(|(count, word)| match count {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    });
    words.collect::<Vec<String>>().join(" and ")
}

/// Returns a cell of a table, or `-` for none or unknown.
pub(crate) fn or_dash(cell: Option<impl Into<String>>) -> String {
    cell.map_or_else(|| "-".to_owned(), Into::into)
}

/// Returns words followed by a name, such as ` of ann`, or an empty text without a name.
pub(crate) fn with_name(words: &str, name: Option<&str>) -> String {
    name.map(|name| format!("{words}{name}")).unwrap_or_default()
}

/// Returns the user's home folder, unless it is the root folder.
pub(crate) fn home() -> Option<PathBuf> {
    env::home_dir().filter(|home| home.parent().is_some())
}

/// Returns a path with the user's home as `~`.
pub(crate) fn short(path: &Path, home: Option<&Path>) -> String {
    match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(rest) => Path::new("~").join(rest).display().to_string(),
        None => path.display().to_string(),
    }
}

/// Returns a text for people, with the user's home as `~` in its paths. A path in quotes stays, because a shell does not
/// replace a `~` there.
pub(crate) fn tilde(text: &str, home: Option<&Path>) -> String {
    let Some(home) = home.map(|home| format!("{}/", home.display())) else {
        return text.to_owned();
    };
    let mut parts = text.split(home.as_str());
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_start = shown.chars().next_back().is_none_or(|before| " `(=:".contains(before));
        shown += if is_start { "~/" } else { &home };
        shown += part;
    }
    shown
}

/// Returns a header's name with capitals, such as `X-Api-Key`. It is ASCII, and not empty.
pub(crate) fn spelt(name: &HeaderName) -> String {
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    name.as_str().split_inclusive('-').map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_moves_the_cursor_or_changes_direction() {
        let text = "a\u{1b}]0;x\u{7}\r\nb\u{202e}c\u{2028}é\u{9b}1m\u{200b}";
        let plain = plain(text);
        assert_eq!(plain, "a\\u{1b}]0;x\\u{7}\\r\\nb\\u{202e}c\\u{2028}é\\u{9b}1m\\u{200b}");
    }

    #[test]
    fn a_path_in_the_home_folder_begins_with_a_tilde() {
        let home = Some(Path::new("/home/ann"));
        for (text, expected) in [
            ("/home/ann/x can't be read", "~/x can't be read"),
            ("`chmod 600 /home/ann/x`", "`chmod 600 ~/x`"),
            ("`chmod 600 '/home/ann/a b'`", "`chmod 600 '/home/ann/a b'`"),
            ("/mnt/home/ann/x, /home/anna/x", "/mnt/home/ann/x, /home/anna/x"),
            ("from /home/ann/a (/home/ann/b)", "from ~/a (~/b)"),
        ] {
            assert_eq!(tilde(text, home), expected);
            assert_eq!(tilde(text, None), text);
        }
    }

    #[test]
    fn counts_are_written_in_words() {
        let counted = |errors, warnings| counted([(errors, "error"), (warnings, "warning")]);
        assert_eq!(counted(1, 2), "1 error and 2 warnings");
        assert_eq!((counted(2, 0), counted(0, 1)), ("2 errors".into(), "1 warning".into()));
        assert_eq!(counted(0, 0), "");
    }

    #[test]
    fn invisible_characters_are_escaped() {
        assert_eq!(
            visible("a\u{202e}b\u{1b}[2J\u{200b}\"c\\"),
            "a\\u{202e}b\\u{1b}[2J\\u{200b}\"c\\"
        );
        assert_eq!(visible("grün"), "grün");
    }
}
