//! The size and abilities of the terminal.

use std::env;

use console::Term;

/// The size and abilities of standard error.
#[derive(Clone, Copy, Debug)]
pub(super) struct Screen {
    /// Columns; `usize::MAX` if it is not a terminal.
    pub(super) columns: usize,
    /// Rows; 0 if it is not a terminal.
    pub(super) rows: usize,
    pub(super) colour: bool,
    /// Whether characters beyond ASCII are shown.
    pub(super) unicode: bool,
}

impl Screen {
    /// Returns the current state of the terminal: the user may have changed its size.
    pub(super) fn now(colour: bool) -> Self {
        let unicode = shows_unicode(|name| env::var(name).ok());
        let terminal = Term::stderr();
        if !terminal.is_term() {
            return Self { columns: usize::MAX, rows: 0, colour, unicode };
        }
        let (rows, columns) = terminal.size();
        Self { columns: columns.into(), rows: rows.into(), colour, unicode }
    }
}

/// Returns whether standard error is a terminal that can move its cursor back.
pub(super) fn is_animated() -> bool {
    let is_able = env::var("TERM").map_or(cfg!(windows), |term| term != "dumb");
    is_able && Term::stderr().is_term()
}

/// Returns whether the locale is UTF-8, by its variables in the order of POSIX. An unset locale is taken for UTF-8,
/// because containers often set none. The Linux console has no font for it.
fn shows_unicode(variable: impl Fn(&str) -> Option<String>) -> bool {
    if variable("TERM").as_deref() == Some("linux") {
        return false;
    }
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    let locale = locale.map(|locale| locale.to_ascii_lowercase().replace('-', ""));
    locale.is_none_or(|locale| locale.contains("utf8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_decides_whether_unicode_is_shown() {
        for (variables, shown) in [
            (&[][..], true),
            (&[("LANG", "C.UTF-8")], true),
            (&[("LANG", "de_DE.utf8")], true),
            (&[("LANG", "C")], false),
            (&[("LANG", "C"), ("LC_ALL", "C.UTF-8")], true),
            (&[("LANG", "C.UTF-8"), ("LC_CTYPE", "POSIX"), ("LC_ALL", "")], false),
            (&[("LANG", "C.UTF-8"), ("TERM", "linux")], false),
        ] {
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(shows_unicode(variable), shown, "{variables:?}");
        }
    }
}
