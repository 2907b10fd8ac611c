//! Normalises values that differ from run to run.

use std::ops::Range;

const ESCAPE: char = '\u{1b}';

/// Hosts whose ports are taken from what is free.
const HOSTS: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// The units that a time is told in.
const UNITS: [&str; 17] = [
    "ms", "s", "sec", "secs", "second", "seconds", "m", "min", "mins", "minute", "minutes", "h",
    "hour", "hours", "d", "day", "days",
];

/// The shortest run of letters that is taken for something random, such as a `state`: 16 bytes in Base64.
const SHORTEST_RANDOM: usize = 22;

/// The lowest and the narrowest block that is taken for a QR code.
const SMALLEST_QR: (usize, usize) = (8, 15);

/// Normalises values that differ from run to run:
///
/// | what | becomes |
/// |---|---|
/// | `127.0.0.1:40123`, also as `127.0.0.1%3A40123`, and the other names of this machine | `127.0.0.1:00000` |
/// | dates, `2026-01-31`, and times of day or times left, `9:59`, `10 min 2 s` | every number is `0` |
/// | a code for a device, `BCDF-GHJK` | `XXXX-XXXX` |
/// | an identifier like `3f8e2c1a-…`, and random letters, 22 or more | as many `0`, as many `x` |
/// | a temporary folder's `authn-test-a1B2c3` | `authn-test-xxxxxx` |
/// | a spinner of Braille | `⠋` |
/// | a QR code, on lines of its own | `▒` all over |
///
/// Each pair of `hidden` is replaced first. With a number of columns, what goes on at the beginning of the next line
/// because the line is full counts as one. Sequences of SGR stay where they are.
pub fn normalised(text: &str, columns: Option<u16>, hidden: &[(String, String)]) -> String {
    let mut cells = Cells::of(text, columns.map(usize::from));
    for (text, replacement) in hidden.iter().filter(|(text, _)| !text.is_empty()) {
        cells.replace(|letters| literal(letters, text), |_| replacement.clone());
    }
    cells.replace(ports, zeros);
    cells.replace(identifiers, zeros);
    cells.replace(times, |_| "0".to_owned());
    cells.replace(device_codes, |_| "XXXX-XXXX".to_owned());
    cells.replace(folders, crosses);
    cells.replace(random, crosses);
    cells.replace(spinners, |_| "⠋".to_owned());
    without_qr(&cells.to_text())
}

/// The letters of a text, each with what stands before it and is no letter: a sequence of SGR, or the end of a line
/// that goes on in the next.
struct Cells {
    before: Vec<String>,
    letters: Vec<char>,
    end: String,
}

impl Cells {
    fn of(text: &str, columns: Option<usize>) -> Self {
        let mut cells = Self { before: Vec::new(), letters: Vec::new(), end: String::new() };
        let mut column = 0;
        let mut rest = text.chars();
        while let Some(letter) = rest.next() {
            if letter == ESCAPE {
                cells.end.push(letter);
                for letter in rest.by_ref() {
                    cells.end.push(letter);
                    if letter.is_ascii_alphabetic() {
                        break;
                    }
                }
            } else if letter == '\n' && Some(column) == columns {
                cells.end.push(letter);
                column = 0;
            } else {
                column = if letter == '\n' { 0 } else { column + 1 };
                cells.before.push(std::mem::take(&mut cells.end));
                cells.letters.push(letter);
            }
        }
        cells
    }

    /// Replaces what `find` finds, wherever that is in order.
    fn replace(
        &mut self,
        find: impl Fn(&[char]) -> Vec<Range<usize>>,
        by: impl Fn(&[char]) -> String,
    ) {
        // From the end, so that what is still to come stays where it is.
        for range in find(&self.letters).into_iter().rev() {
            let new: Vec<char> = by(&self.letters[range.clone()]).chars().collect();
            let count = new.len();
            self.letters.splice(range.clone(), new);
            let mut marks = vec![String::new(); count];
            let mut left = String::new(); // of letters that have no successor
            for (at, mark) in self.before[range.clone()].iter().enumerate() {
                marks.get_mut(at).unwrap_or(&mut left).push_str(mark);
            }
            self.before.get_mut(range.end).unwrap_or(&mut self.end).insert_str(0, &left);
            self.before.splice(range, marks);
        }
    }

    fn to_text(&self) -> String {
        let mut text = String::new();
        for (before, letter) in self.before.iter().zip(&self.letters) {
            text.push_str(before);
            text.push(*letter);
        }
        text.push_str(&self.end);
        text
    }
}

fn zeros(letters: &[char]) -> String {
    letters
        .iter()
        .map(|letter| if letter.is_ascii_alphanumeric() { '0' } else { *letter })
        .collect()
}

fn crosses(letters: &[char]) -> String {
    "x".repeat(letters.len())
}

/// The position of a text.
fn literal(letters: &[char], text: &str) -> Vec<Range<usize>> {
    let text: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at + text.len() <= letters.len() {
        if letters[at..].starts_with(&text) {
            found.push(at..at + text.len());
            at += text.len();
        } else {
            at += 1;
        }
    }
    found
}

/// Runs of letters of a kind, as long as they are.
fn runs(letters: &[char], fits: impl Fn(char) -> bool) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut start = None;
    for (at, letter) in letters.iter().chain(&['\0']).enumerate() {
        match (fits(*letter), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                runs.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    runs
}

fn digits(letters: &[char]) -> Vec<Range<usize>> {
    runs(letters, |letter| letter.is_ascii_digit())
}

fn ends_with(letters: &[char], text: &str) -> bool {
    letters.ends_with(&text.chars().collect::<Vec<_>>())
}

/// Ports of this machine.
fn ports(letters: &[char]) -> Vec<Range<usize>> {
    let mut ports = digits(letters);
    ports.retain(|port| {
        let before = &letters[..port.start];
        let is_of =
            |host| [":", "%3A"].iter().any(|colon| ends_with(before, &format!("{host}{colon}")));
        HOSTS.iter().any(is_of)
    });
    ports
}

/// Identifiers of the form 8-4-4-4-12 (RFC 9562).
fn identifiers(letters: &[char]) -> Vec<Range<usize>> {
    let mut found = runs(letters, |letter| letter.is_ascii_hexdigit() || letter == '-');
    found.retain(|range| lengths(&letters[range.clone()], '-') == [8, 4, 4, 4, 12]);
    found
}

/// Numbers of dates, of times of day, and of times in units.
fn times(letters: &[char]) -> Vec<Range<usize>> {
    let mut whole = runs(letters, |letter| letter.is_ascii_digit() || letter == '-');
    whole.retain(|range| lengths(&letters[range.clone()], '-') == [4, 2, 2]);
    let mut clocks = runs(letters, |letter| letter.is_ascii_digit() || letter == ':');
    clocks.retain(|range| {
        let lengths = lengths(&letters[range.clone()], ':');
        let of_address = letters[..range.start].ends_with(&['.']);
        !of_address && lengths.len() > 1 && lengths.iter().all(|length| [1, 2].contains(length))
    });
    whole.extend(clocks);
    whole.extend(in_units(letters));
    let mut numbers = digits(letters);
    numbers.retain(|number| {
        whole.iter().any(|time| time.start <= number.start && number.end <= time.end)
    });
    numbers
}

/// Numbers with a unit behind them. In `9m58s` the second begins where the first ends.
fn in_units(letters: &[char]) -> Vec<Range<usize>> {
    let mut end = 0;
    let mut found = digits(letters);
    found.retain(|number| {
        let alone = number.start.checked_sub(1).is_none_or(|at| !letters[at].is_ascii_alphabetic());
        let space = usize::from(letters.get(number.end) == Some(&' '));
        let unit = number.end + space;
        let word: String = letters[unit..].iter().take_while(|c| c.is_ascii_alphabetic()).collect();
        let fits = (alone || number.start == end) && UNITS.contains(&word.as_str());
        if fits {
            end = unit + word.len();
        }
        fits
    });
    found
}

/// The lengths of the parts between a sign.
fn lengths(letters: &[char], sign: char) -> Vec<usize> {
    letters.split(|letter| *letter == sign).map(<[char]>::len).collect()
}

/// Codes for devices: twice four capitals.
fn device_codes(letters: &[char]) -> Vec<Range<usize>> {
    let mut found = runs(letters, |letter| letter.is_ascii_alphanumeric() || letter == '-');
    found.retain(|range| {
        let text: String = letters[range.clone()].iter().collect();
        let capitals = |part: &str| part.len() == 4 && part.chars().all(|c| c.is_ascii_uppercase());
        text.split_once('-').is_some_and(|(one, other)| capitals(one) && capitals(other))
    });
    found
}

/// The random end of the names of temporary folders.
fn folders(letters: &[char]) -> Vec<Range<usize>> {
    let mut found = runs(letters, |letter| letter.is_ascii_alphanumeric());
    found.retain(|range| range.len() == 6 && ends_with(&letters[..range.start], "authn-test-"));
    found
}

/// Long runs of letters, large and small.
fn random(letters: &[char]) -> Vec<Range<usize>> {
    let mut found = runs(letters, |letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
    found.retain(|range| {
        let run = &letters[range.clone()];
        run.len() >= SHORTEST_RANDOM
            && run.iter().any(char::is_ascii_uppercase)
            && run.iter().any(char::is_ascii_lowercase)
    });
    found
}

fn spinners(letters: &[char]) -> Vec<Range<usize>> {
    (0..letters.len())
        .filter(|at| ('\u{2800}'..='\u{28ff}').contains(&letters[*at]))
        .map(|at| at..at + 1)
        .collect()
}

/// Fills QR codes evenly. Their spaces at the ends of lines are gone, so a block is as wide as its widest line.
fn without_qr(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').collect();
    let mut result: Vec<String> = Vec::new();
    for block in lines.chunk_by(|one, other| is_of_qr(one) == is_of_qr(other)) {
        let plain: Vec<_> = block.iter().map(|line| plain(line)).collect();
        let indents =
            plain.iter().map(|line| line.chars().take_while(|letter| *letter == ' ').count());
        let indent = indents.min().unwrap_or(0);
        let width = plain.iter().map(|line| line.chars().count()).max().unwrap_or(0) - indent;
        if is_of_qr(block[0]) && block.len() >= SMALLEST_QR.0 && width >= SMALLEST_QR.1 {
            let line = format!("{}{}", " ".repeat(indent), "▒".repeat(width));
            result.extend(block.iter().map(|_| line.clone()));
        } else {
            result.extend(block.iter().map(|line| (*line).to_owned()));
        }
    }
    result.join("\n")
}

/// Whether a line has blocks and nothing else.
fn is_of_qr(line: &str) -> bool {
    let line = plain(line);
    let line = line.trim();
    !line.is_empty() && line.chars().all(|letter| letter == ' ' || ('▀'..='▟').contains(&letter))
}

/// A line without its escape sequences.
fn plain(line: &str) -> String {
    Cells::of(line, None).letters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        normalised(text, None, &[])
    }

    #[test]
    fn ports_become_zeros() {
        assert_eq!(
            of(
                "http://127.0.0.1:40123/a http://localhost:8888 [::1]:1 127.0.0.1%3A40123%2Fcallback 10.0.0.1:80"
            ),
            "http://127.0.0.1:00000/a http://localhost:0000 [::1]:0 127.0.0.1%3A00000%2Fcallback 10.0.0.1:80"
        );
    }

    #[test]
    fn times_become_zeros_whatever_their_width() {
        for (text, expected) in [
            ("9:59 left", "0:0 left"),
            ("10:00 left", "0:0 left"),
            ("2026-01-31T12:34:56Z", "0-0-0T0:0:0Z"),
            (
                "9m58s 12m3s, 1 min 2 s, in 10 minutes, 599 s.",
                "0m0s 0m0s, 0 min 0 s, in 0 minutes, 0 s.",
            ),
        ] {
            assert_eq!(of(text), expected);
        }
        for text in
            ["config.toml:2:10", "HTTP 429", "port 8080 is taken", "v2", "3 tokens", "es256"]
        {
            assert_eq!(of(text), text);
        }
    }

    #[test]
    fn random_values_become_as_long_ones() {
        for (text, expected) in [
            ("code BCDF-GHJK.", "code XXXX-XXXX."),
            ("?user_code=BCDF-GHJK", "?user_code=XXXX-XXXX"),
            ("/tmp/authn-test-a1B2c3/home", "/tmp/authn-test-xxxxxx/home"),
            ("id 3f8e2c1a-0b1c-4d2e-8f3a-abcdefabcdef", "id 00000000-0000-0000-0000-000000000000"),
            ("state=oX3zqs_4f_CLIgNprOYxCA&x", "state=xxxxxxxxxxxxxxxxxxxxxx&x"),
        ] {
            assert_eq!(of(text), expected);
        }
        for text in
            ["AUTHN_CREDENTIALS__OAUTH__SCOPE", "code_challenge_method=S256", "X-Y", "NO-COLOUR"]
        {
            assert_eq!(of(text), text);
        }
    }

    #[test]
    fn spinners_stand_still() {
        assert_eq!(of("⠙ waiting ⣾"), "⠋ waiting ⠋");
    }

    #[test]
    fn hidden_texts_are_replaced_first() {
        let hidden = [("alice".to_owned(), "USER".to_owned()), (String::new(), "x".to_owned())];
        assert_eq!(normalised("alice and alice", None, &hidden), "USER and USER");
    }

    #[test]
    fn full_lines_go_on_in_the_next() {
        let text = "http://127.0.0.1:401\n23/?state=oX3zqs_4f_\nCLIgNprOYxCAxxx\nend\n";
        let expected = "http://127.0.0.1:000\n00/?state=xxxxxxxxxx\nxxxxxxxxxxxxxxx\nend\n";
        assert_eq!(normalised(text, Some(20), &[]), expected);
        let shorter = [("127.0.0.1:40123".to_owned(), "HOST".to_owned())];
        assert_eq!(
            normalised("http://127.0.0.1:401\n23/x\n", Some(20), &shorter),
            "http://HOST\n/x\n"
        );
        assert_eq!(of("127.0.0.1:401\n23\n"), "127.0.0.1:000\n23\n", "unless they are not full");
    }

    #[test]
    fn colours_stay_where_they_are() {
        assert_eq!(
            of("\u{1b}[0;1mBCDF-\u{1b}[0;31mGHJK\u{1b}[0m!"),
            "\u{1b}[0;1mXXXX-\u{1b}[0;31mXXXX\u{1b}[0m!"
        );
        assert_eq!(of("in \u{1b}[0;32m10:00\u{1b}[0m left"), "in \u{1b}[0;32m0:0\u{1b}[0m left");
        assert_eq!(of("\u{1b}[0;32m10\u{1b}[0m"), "\u{1b}[0;32m10\u{1b}[0m");
    }

    #[test]
    fn qr_codes_become_even() {
        let code = "  █▀▀▀▀▀█ ▄▀ █ █▀▀▀▀▀█\n  █ ███ █ ▀█▄\n".repeat(4);
        let plain = format!("Scan:\n\n{code}\n█ no code\n");
        let line = "  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒\n".repeat(8);
        assert_eq!(of(&plain), format!("Scan:\n\n{line}\n█ no code\n"));
        let coloured = code.replace("  █", "\u{1b}[0;30;47m  █").replace('\n', "\u{1b}[0m\n");
        assert_eq!(of(&coloured), line);
        let bar = "████▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀\n";
        assert_eq!(of(bar), bar, "a bar is no code");
    }
}
