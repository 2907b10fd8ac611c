//! Screens and other texts compared with files, `tests/snapshots/NAME.txt`.
//!
//! ```no_run
//! # use authn_tests::{command::Sandbox, snapshot::Snapshot, terminal::Terminal};
//! # let terminal = Terminal::start(&Sandbox::new(), (80, 24), &["true"], &[]);
//! Snapshot::new("login-device-80").check_screen(&terminal);
//! Snapshot::new("login-device-80-colour").hide("alice", "USER").check_colours(&terminal);
//! ```
//!
//! Values that differ from run to run are normalised first, see [`normalised`]. A missing file is a failure. With
//! `UPDATE_SNAPSHOTS=1` in the environment the files are written instead: look at what changed before you commit it.

mod normal;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

pub use self::normal::normalised;
#[cfg(unix)]
use crate::terminal::Terminal;

/// The variable that enables writing the files.
const UPDATE: &str = "UPDATE_SNAPSHOTS";

/// One file that a text is compared with.
#[derive(Clone, Debug)]
pub struct Snapshot {
    file: PathBuf,
    hidden: Vec<(String, String)>,
    update: bool,
}

impl Snapshot {
    /// Creates a snapshot by the name of its file: letters, digits, `-` and `_`, and `/` for folders.
    pub fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
        let update = std::env::var_os(UPDATE).is_some_and(|value| value == "1");
        Self::within(&folder, name, update)
    }

    fn within(folder: &Path, name: &str, update: bool) -> Self {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_/".contains(letter);
        assert!(name.chars().all(fits), "{name:?} is no name of a snapshot");
        Self { file: folder.join(format!("{name}.txt")), hidden: Vec::new(), update }
    }

    /// Replaces a text that differs from run to run, such as a path, before everything else.
    #[must_use]
    pub fn hide(mut self, text: impl Into<String>, replacement: impl Into<String>) -> Self {
        self.hidden.push((text.into(), replacement.into()));
        self
    }

    /// Compares a terminal's screen, without colours.
    ///
    /// # Panics
    ///
    /// If it differs from the file, or there is none.
    #[cfg(unix)]
    #[track_caller]
    pub fn check_screen(&self, terminal: &Terminal) {
        self.check(&terminal.screen(), Some(terminal.size().0));
    }

    /// Compares a terminal's screen, with colours: the file has `\e` for the escape character.
    ///
    /// # Panics
    ///
    /// If it differs from the file, or there is none.
    #[cfg(unix)]
    #[track_caller]
    pub fn check_colours(&self, terminal: &Terminal) {
        self.check(&terminal.screen_with_colours(), Some(terminal.size().0));
    }

    /// Compares a text that is not on a screen, such as the output to a pipe.
    ///
    /// # Panics
    ///
    /// If it differs from the file, or there is none.
    #[track_caller]
    pub fn check_text(&self, text: &str) {
        self.check(text, None);
    }

    #[track_caller]
    fn check(&self, text: &str, columns: Option<u16>) {
        let actual = normalised(text, columns, &self.hidden).replace('\u{1b}', "\\e");
        if self.update {
            let folder = self.file.parent().expect("a file is in a folder");
            fs::create_dir_all(folder).expect("a folder for snapshots");
            fs::write(&self.file, &actual).expect("a snapshot");
            return;
        }
        let file = self.file.display();
        let Ok(expected) = fs::read_to_string(&self.file) else {
            panic!("there is no {file}: run the test with {UPDATE}=1. The text is\n{actual}");
        };
        assert!(
            actual == expected,
            "the text is not that of {file}; if it is right, run the test with {UPDATE}=1\n{}",
            difference(&expected, &actual)
        );
    }
}

/// Both texts line by line: a line that is in both once, one that differs as `-` what the file has and `+` what is.
fn difference(expected: &str, actual: &str) -> String {
    let mut lines = String::new();
    let (mut old, mut new) = (expected.lines(), actual.lines());
    loop {
        let pair = (old.next(), new.next());
        if let (Some(old), Some(new)) = pair
            && old == new
        {
            let _ = writeln!(lines, "  {old}");
            continue;
        }
        if pair == (None, None) {
            return lines;
        }
        for (sign, line) in [('-', pair.0), ('+', pair.1)] {
            let _ = line.map(|line| writeln!(lines, "{sign} {line}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(folder: &tempfile::TempDir, update: bool) -> Snapshot {
        Snapshot::within(folder.path(), "a/b", update)
    }

    #[test]
    fn written_files_are_compared() {
        let folder = tempfile::tempdir().unwrap();
        within(&folder, true).hide("secret", "X").check_text("a secret\n\u{1b}[0;1mb\u{1b}[0m\n");
        let written = fs::read_to_string(folder.path().join("a/b.txt")).unwrap();
        assert_eq!(written, "a X\n\\e[0;1mb\\e[0m\n");
        within(&folder, false).check_text("a X\n\u{1b}[0;1mb\u{1b}[0m\n");
        within(&folder, false).hide("Y", "X").check_text("a Y\n\u{1b}[0;1mb\u{1b}[0m\n");
    }

    #[test]
    #[should_panic(expected = "  same\n- old\n+ new\n+ more\n")]
    fn a_difference_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        within(&folder, true).check_text("same\nold\n");
        within(&folder, false).check_text("same\nnew\nmore\n");
    }

    #[test]
    #[should_panic(expected = "run the test with UPDATE_SNAPSHOTS=1. The text is\nnew")]
    fn a_missing_file_is_a_failure() {
        within(&tempfile::tempdir().unwrap(), false).check_text("new\n");
    }

    #[test]
    #[should_panic(expected = "is no name of a snapshot")]
    fn a_name_has_one_meaning() {
        Snapshot::new("../x");
    }
}
