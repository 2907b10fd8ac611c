//! Colours of a screen in one form: terminals and versions of tmux write the same attributes differently.

const ESCAPE: char = '\u{1b}';

/// The active attributes, as the codes that set them, in the order of their kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Attributes(Vec<(u16, String)>);

/// A screen with a sequence only where the attributes change, which contains all active attributes. Each line begins and
/// ends without any. Other escape sequences are left out.
pub(crate) fn canonical(screen: &str) -> String {
    let mut canonical = String::new();
    let mut current = Attributes::default(); // of the original
    let mut written = Attributes::default(); // of the result
    let mut rest = screen.chars();
    while let Some(letter) = rest.next() {
        match letter {
            ESCAPE => current.follow(&sequence(&mut rest)),
            '\n' => {
                canonical.push_str(&written.change_to(&Attributes::default()));
                written = Attributes::default();
                canonical.push('\n');
            }
            letter => {
                canonical.push_str(&written.change_to(&current));
                written = current.clone();
                canonical.push(letter);
            }
        }
    }
    canonical.push_str(&written.change_to(&Attributes::default()));
    canonical
}

/// Consumes the rest of an escape sequence: `[` and parameters up to a letter (CSI), `]` and a text up to its end (OSC),
/// or one letter.
fn sequence(rest: &mut std::str::Chars<'_>) -> String {
    let mut sequence: String = rest.by_ref().take(1).collect();
    if sequence == "[" {
        for letter in rest {
            sequence.push(letter);
            if letter.is_ascii_alphabetic() {
                break;
            }
        }
    } else if sequence == "]" {
        while rest.next().is_some_and(|letter| letter != '\u{7}' && letter != ESCAPE) {}
        // What is left of the escape that ended it is the letter `\`, if it wasn't a bell.
        if rest.as_str().starts_with('\\') {
            rest.next();
        }
    }
    sequence
}

impl Attributes {
    /// Applies a sequence, if it is one of SGR.
    fn follow(&mut self, sequence: &str) {
        let Some(codes) = sequence.strip_prefix('[').and_then(|rest| rest.strip_suffix('m')) else {
            return;
        };
        let mut codes = codes.split(';');
        while let Some(code) = codes.next() {
            // 38, 48 and 58 have a colour behind them: `5;N` or `2;R;G;B`.
            let number: u16 =
                code.split(':').next().and_then(|code| code.parse().ok()).unwrap_or(0);
            let mut whole = vec![code];
            if matches!(code, "38" | "48" | "58") {
                let space = codes.next().unwrap_or_default();
                whole.push(space);
                whole.extend(codes.by_ref().take(if space == "2" { 3 } else { 1 }));
            }
            self.set(number, whole.join(";"));
        }
    }

    fn set(&mut self, code: u16, whole: String) {
        // The code that ends an attribute names its kind.
        let kind = match code {
            0 => return self.0.clear(),
            1 | 2 => 22,
            3..=9 => code + 20,
            30..=38 | 90..=97 => 39,
            40..=48 | 100..=107 => 49,
            53 => 55,
            58 => 59,
            ends => return self.0.retain(|(kind, _)| *kind != ends),
        };
        // Bold and dim may be active together; of every other kind there is one.
        self.0
            .retain(|(known, known_whole)| *known != kind || (kind == 22 && *known_whole != whole));
        self.0.push((kind, whole));
        self.0.sort();
    }

    /// The codes that change these attributes to others.
    fn change_to(&self, others: &Self) -> String {
        if self == others {
            return String::new();
        }
        let codes = others.0.iter().fold(String::new(), |codes, (_, code)| codes + ";" + code);
        format!("{ESCAPE}[0{codes}m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The canonical form with `~` for the escape character.
    fn of(screen: &str) -> String {
        canonical(&screen.replace('~', "\u{1b}")).replace(ESCAPE, "~")
    }

    #[test]
    fn one_spelling_for_all() {
        for screen in [
            "a ~[1m~[31mred~[0m b",
            "a ~[31;1mred~[m b",
            "a ~[31m~[1mr~[1;31med~[22;39m b",
            "a ~[7m~[31;4;27;24;1mred~[0m~[39m~[49m b",
            "a ~[38;5;9m~[48;2;1;2;3m~[31m~[49m~[1mred~[0m b",
        ] {
            assert_eq!(of(screen), "a ~[0;1;31mred~[0m b", "{screen}");
        }
    }

    #[test]
    fn colours_of_all_kinds() {
        assert_eq!(of("~[38;5;208mx"), "~[0;38;5;208mx~[0m");
        assert_eq!(of("~[48;2;1;2;3;4:3mx"), "~[0;4:3;48;2;1;2;3mx~[0m");
        assert_eq!(of("~[93;104mx"), "~[0;93;104mx~[0m");
        assert_eq!(of("~[1;2mx~[22my"), "~[0;1;2mx~[0my");
    }

    #[test]
    fn only_lines_are_left() {
        assert_eq!(of("~[32ma\nb~[0m\n"), "~[0;32ma~[0m\n~[0;32mb~[0m\n");
        assert_eq!(of("~]8;;http://a~\\link~]8;;~\\ ~]2;title\u{7}~[2K~(Bx"), "link Bx");
        assert_eq!(of("plain\n"), "plain\n");
    }
}
