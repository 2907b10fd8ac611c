//! Escapes texts from files and paths, so that a terminal shows them as they are.

/// Escapes characters that are invisible or make a text look like another text: control characters, line ends, marks that
/// change the direction, and characters that Unicode ignores when a text is shown.
///
/// ```
/// assert_eq!(authn::config::printable("a\u{202e}b\u{200b}\n"), r"a\u{202e}b\u{200b}\n");
/// assert_eq!(authn::config::printable("“grün” ไทย"), "“grün” ไทย");
/// ```
pub fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_invisible(character) {
            printable.extend(character.escape_default());
        } else {
            printable.push(character);
        }
    }
    printable
}

/// Returns whether a character ends a line (UAX #14) or is in `Default_Ignorable_Code_Point` (UAX #44), which contains the
/// marks that change the direction (UAX #9).
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use crate::diagnostic::{Problem, ProblemCode, Provenance};

    #[test]
    fn invisible_characters_are_escaped_in_places_and_problems() {
        let path = PathBuf::from("/a\u{202e}lmot.\u{200b}\u{e0041}\u{1b}[2J\n/x");
        let place = r"/a\u{202e}lmot.\u{200b}\u{e0041}\u{1b}[2J\n/x:1:2";
        let provenance = Provenance::File { path, line: 1, column: 2 };
        assert_eq!(provenance.to_string(), place);
        let problem = Problem::error(ProblemCode::Invalid, "it\u{202e} is").with_key("k\u{2066}");
        let problem = problem.with_provenance(Some(provenance)).with_help("do\u{200b} it");
        let expected = r"k\u{2066}: it\u{202e} is (invalid); do\u{200b} it";
        assert_eq!(problem.to_string(), format!("{place}: {expected}"));
        assert!(problem.render(false).contains(&format!("at: {place}")));
        let name = "AUTHN_\u{2067}X".to_owned();
        assert_eq!(Provenance::Environment { name }.to_string(), r"env AUTHN_\u{2067}X");
    }
}
