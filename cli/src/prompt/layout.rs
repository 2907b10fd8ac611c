//! The texts of the prompt, for a screen of some width. Addresses and codes stay whole; other texts are broken
//! between words.

use std::time::Duration;

use authn::{
    Url,
    prompt::{Link, Question, UserCode},
};
use unicode_width::UnicodeWidthStr as _;

use super::{qr::Qr, screen::Screen};
use crate::style::{ADDRESS, BOLD, plain, styled, time::countdown, wrapped};

/// The indent of a code.
const INDENT: &str = "    ";

/// What the login waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// The user, at a browser.
    Browser,
    /// The user, who enters a code.
    Code,
    /// The user.
    User,
    /// A login in another process.
    OtherLogin,
    /// The server's answer.
    Server,
}

/// Returns the text for the link at which the user logs in.
pub(super) fn link(link: &Link, screen: &Screen) -> String {
    let text = if link.opens_browser() {
        "Log in with your browser. If it does not open, open this link:"
    } else {
        "To log in, open this link in a browser:"
    };
    paragraph(text, screen) + &address(link.url(), screen.colour)
}

/// Returns the text for a code and the address to enter it at, with a QR code if there is room.
pub(super) fn code(code: &UserCode, screen: &Screen) -> String {
    let mut parts = vec![
        paragraph("To log in, open this link on any device:", screen)
            + &address(code.url(), screen.colour),
        paragraph("and type in this code there:", screen),
        indented(&plain(code.code()), screen),
    ];
    let text = fitted(&parts, screen);
    let Some(qr) = code.complete_url().and_then(|url| Qr::of(url.as_str())) else { return text };
    parts.push(paragraph("Or scan this with a phone:", screen) + &qr.draw(screen.colour));
    // The whole text and the spinner's line must be visible at once.
    let has_room = qr.columns() <= screen.columns && rows(&parts, screen) < screen.rows;
    if screen.unicode && has_room { fitted(&parts, screen) } else { text }
}

/// Returns the text of a question, which ends where the answer is typed.
pub(super) fn question(question: &Question, shows_page: bool, screen: &Screen) -> String {
    let mut text = String::new();
    if let Some(page) = question.page().filter(|_| shows_page) {
        text += &paragraph("Find the values to enter here:", screen);
        text += &address(page, screen.colour);
    }
    let mut label = sentence(&plain(question.label()));
    if question.is_secret() {
        label += " (not shown)";
    }
    // The answer needs room too. After a long label it starts on a new line.
    if label.width() > 40.min(screen.columns / 2) {
        return text + &paragraph(&format!("{label}:"), screen) + "> ";
    }
    format!("{text}{label}: ")
}

/// Returns a text with lines broken between words.
pub(super) fn paragraph(text: &str, screen: &Screen) -> String {
    wrapped(&plain(text), screen.columns) + "\n"
}

/// Returns what is waited for and the time left, as the longest text that fits the columns.
pub(super) fn waiting(awaited: Awaited, left: Option<Duration>, columns: usize) -> String {
    let what = match awaited {
        Awaited::Browser => "waiting for the browser",
        Awaited::Code => "waiting for the code",
        Awaited::User => "waiting for you",
        Awaited::OtherLogin => "waiting for another login",
        Awaited::Server => "asking the server for the tokens",
    };
    let texts = match left.map(countdown) {
        Some(left) => vec![
            format!("{what} ({left} left, Ctrl-C to cancel)"),
            format!("{what} ({left} left)"),
            format!("{left} left"),
        ],
        None if awaited == Awaited::Server => vec![what.to_owned()],
        None => vec![format!("{what} (Ctrl-C to cancel)"), what.to_owned()],
    };
    let fits = |text: &String| text.width() <= columns;
    let last = texts.last().cloned().unwrap_or_default();
    texts.into_iter().find(fits).unwrap_or_else(|| last.chars().take(columns).collect())
}

fn address(url: &Url, colour: bool) -> String {
    // A `Url` is ASCII without control characters.
    styled(url.as_str(), ADDRESS, colour) + "\n"
}

fn indented(code: &str, screen: &Screen) -> String {
    let has_room = INDENT.len() + code.width() <= screen.columns;
    let indent = if has_room { INDENT } else { "" };
    format!("{indent}{}\n", styled(code, BOLD, screen.colour))
}

/// Joins parts, with empty lines between them if they fit.
fn fitted(parts: &[String], screen: &Screen) -> String {
    let gaps = parts.len() - 1;
    // One row is for the spinner.
    let fits = screen.rows == 0 || rows(parts, screen) + gaps < screen.rows;
    parts.join(if fits { "\n" } else { "" })
}

/// Returns the number of rows that texts occupy.
fn rows(parts: &[String], screen: &Screen) -> usize {
    let columns = screen.columns.max(1);
    let rows = |line: &str| bare(line).width().div_ceil(columns).max(1);
    parts.iter().flat_map(|part| part.lines()).map(rows).sum()
}

/// Returns a text without its styles.
fn bare(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANYWHERE: Screen = Screen { columns: usize::MAX, rows: 0, colour: false, unicode: true };

    fn screen(columns: usize, rows: usize) -> Screen {
        Screen { columns, rows, colour: false, unicode: true }
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn device() -> UserCode {
        UserCode::new("WDJB-MJHT", url("https://idp.example.com/device"))
            .with_complete_url(url("https://idp.example.com/device?user_code=WDJB-MJHT"))
    }

    #[test]
    fn a_link_stays_whole_on_a_narrow_screen() {
        let long = url(&format!("https://idp.example.com/authorize?state={}", "x".repeat(300)));
        for columns in [20, 50, 80, usize::MAX] {
            for shown in [Link::new(long.clone()), Link::new(long.clone()).with_browser()] {
                let text = link(&shown, &screen(columns, 24));
                let (said, shown) = text.trim_end().rsplit_once('\n').unwrap();
                assert_eq!(shown, long.as_str());
                assert!(said.lines().all(|line| line.width() <= columns), "{said}");
            }
        }
        let text = link(&Link::new(url("https://a.example/")).with_browser(), &screen(50, 24));
        assert_eq!(
            text,
            "Log in with your browser. If it does not open,\nopen this link:\nhttps://a.example/\n"
        );
    }

    #[test]
    fn the_code_is_on_its_own_line() {
        let code = UserCode::new("WDJB-MJHT", url("https://idp.example.com/device"));
        assert_eq!(
            super::code(&code, &screen(80, 24)),
            "To log in, open this link on any device:\nhttps://idp.example.com/device\n\n\
             and type in this code there:\n\n    WDJB-MJHT\n"
        );
        // It stays whole, though it does not fit.
        assert!(super::code(&code, &screen(8, 24)).ends_with("\nWDJB-MJHT\n"));
    }

    #[test]
    fn the_qr_code_is_left_out_without_room() {
        let has_qr = |screen: &Screen| code(&device(), screen).contains('█');
        // 17 rows of QR code, 5 of text, and one for the spinner.
        for (columns, rows, shown) in [
            (80, 23, true),
            (80, 22, false),
            (33, 60, true),
            (32, 60, false),
            (50, 24, true),
            (80, 0, false),
        ] {
            assert_eq!(has_qr(&screen(columns, rows)), shown, "{columns} x {rows}");
        }
        assert!(!has_qr(&Screen { unicode: false, ..screen(80, 60) }));
        assert!(!has_qr(&ANYWHERE), "it is not a terminal");
    }

    #[test]
    fn the_whole_text_is_visible_at_once() {
        for rows in [23, 24, 26, 27, 28, 29, 60] {
            let text = code(&device(), &screen(80, rows));
            assert!(text.lines().count() < rows, "{rows}\n{text}");
            assert_eq!(text.contains("\n\n"), rows > 25, "{rows}\n{text}");
        }
    }

    #[test]
    fn colour_does_not_change_the_text() {
        let coloured = Screen { colour: true, ..screen(80, 24) };
        let link = link(&Link::new(url("https://a.example/")), &coloured);
        assert!(link.contains("\u{1b}[4m\u{1b}[36mhttps://a.example/\u{1b}[0m\n"), "{link:?}");
        let shown = code(&device(), &coloured);
        assert!(shown.contains("    \u{1b}[1mWDJB-MJHT\u{1b}[0m\n"), "{shown:?}");
        let text = |text: String| bare(&text).replace(['█', '▀', '▄', ' '], "");
        assert_eq!(text(shown), text(code(&device(), &screen(80, 24))));
    }

    #[test]
    fn a_question_leaves_room_for_its_answer() {
        let page = url("https://idp.example.com/clients");
        let id = Question::new("client ID").with_page(page);
        let asked = |question: &Question, page, columns| {
            super::question(question, page, &screen(columns, 24))
        };
        assert_eq!(
            asked(&id, true, 80),
            "Find the values to enter here:\nhttps://idp.example.com/clients\nClient ID: "
        );
        let secret = Question::new("client secret").secret();
        assert_eq!(asked(&secret, false, 80), "Client secret (not shown): ");
        assert_eq!(asked(&secret, false, 30), "Client secret (not shown):\n> ");
        let long = Question::new("the address that the browser ends at, or the code that is in it");
        assert_eq!(
            asked(&long, false, 50),
            "The address that the browser ends at, or the code\nthat is in it:\n> "
        );
    }

    #[test]
    fn control_characters_of_a_server_are_escaped() {
        let code = UserCode::new("A\u{1b}[2JB\u{202e}C\n", url("https://idp.example.com/device"));
        let shown = super::code(&code, &screen(80, 24));
        assert!(shown.ends_with("    A\\u{1b}[2JB\\u{202e}C\\n\n"), "{shown:?}");
        let asked = question(&Question::new("a\rb\u{7}"), true, &screen(80, 24));
        assert_eq!(asked, "A\\rb\\u{7}: ");
        let said = paragraph("Note: \u{9b}31mred\u{2028}", &screen(80, 24));
        assert_eq!(said, "Note: \\u{9b}31mred\\u{2028}\n");
    }

    #[test]
    fn the_longest_waiting_text_that_fits_is_shown() {
        let left = Some(Duration::from_secs(298));
        let said = |awaited, left, columns| waiting(awaited, left, columns);
        for (columns, expected) in [
            (77, "waiting for the browser (4m 58s left, Ctrl-C to cancel)"),
            (55, "waiting for the browser (4m 58s left, Ctrl-C to cancel)"),
            (54, "waiting for the browser (4m 58s left)"),
            (30, "4m 58s left"),
            (6, "4m 58s"),
            (0, ""),
        ] {
            assert_eq!(said(Awaited::Browser, left, columns), expected);
        }
        assert_eq!(said(Awaited::OtherLogin, None, 30), "waiting for another login");
        assert_eq!(said(Awaited::Server, None, 80), "asking the server for the tokens");
    }
}
