//! A program in a terminal of a given size, with keys and a screen.
//!
//! ```no_run
//! use authn_tests::command::{Sandbox, binary};
//! use authn_tests::terminal::Terminal;
//!
//! let sandbox = Sandbox::new();
//! let program = binary("authn");
//! let terminal = Terminal::start(&sandbox, (80, 24), &[program.to_str().unwrap(), "login"], &[]);
//! terminal.wait_for("Password:");
//! terminal.send("wonderland");
//! terminal.press("Enter");
//! assert_eq!(terminal.wait_for_end(), 0);
//! assert!(terminal.screen().contains("logged in"));
//! ```
//!
//! The terminal is tmux with a server of its own, so that it shows what a real one would: lines that wrap, a cursor
//! that moves back, colours.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::command::Sandbox;
use crate::sgr;
use crate::waiting;

/// The configuration of tmux, instead of that of the user who runs the test. The program has all rows.
const SETTINGS: &str = "\
set -g default-terminal tmux-256color
set -g status off
set -g history-limit 10000
";

/// Runs the program, and says in the terminal's title how it ended: behind all that the program has written, so that
/// who sees the title sees all of that. tmux itself may close a terminal before it has read the last of it.
///
/// Interrupts are for the program. Variables that would tell it where it runs are taken away; what is left is `TERM`.
const RUN: &str = r#"
trap : INT QUIT
env -u TMUX -u TMUX_PANE -u TERM_PROGRAM -u TERM_PROGRAM_VERSION -u SHELL -u PWD -u SHLVL "$@"
printf '\030\033]2;ended %s\033\\' $?
exec tail -f /dev/null
"#;

/// A terminal in which one program runs. The program ends when this is dropped, as if the window was closed.
#[derive(Debug)]
pub struct Terminal {
    folder: TempDir,
    size: (u16, u16),
}

impl Terminal {
    /// Opens a terminal of so many columns and rows, and runs a program in it: the command and its arguments.
    ///
    /// The program sees the sandbox's environment, these variables, and `TERM`.
    ///
    /// # Panics
    ///
    /// If tmux is missing. A program that can't be started ends with code 127, and the screen says why.
    pub fn start(
        sandbox: &Sandbox,
        size: (u16, u16),
        command: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        // Not below the sandbox: the path of a socket must be short.
        let folder = tempfile::Builder::new().prefix("authn-test-terminal-").tempdir();
        let terminal = Self { folder: folder.expect("a temporary folder"), size };
        std::fs::write(terminal.settings(), SETTINGS).expect("the settings of tmux");

        let mut tmux = sandbox.command("tmux");
        tmux.envs(variables.iter().copied());
        tmux.arg("-u").arg("-S").arg(terminal.socket()).arg("-f").arg(terminal.settings());
        let (columns, rows) = (size.0.to_string(), size.1.to_string());
        tmux.args(["new-session", "-d", "-x", &columns, "-y", &rows, "--", "sh", "-c", RUN, "sh"]);
        tmux.args(command);
        run(tmux);
        terminal
    }

    /// The number of columns and of rows.
    pub fn size(&self) -> (u16, u16) {
        self.size
    }

    /// Types a text as it is. What is typed may be on the screen only later: wait for it.
    pub fn send(&self, text: &str) {
        self.tmux(&["send-keys", "-l", "--", text]);
    }

    /// Presses a key by the name that tmux has for it: `Enter`, `Up`, `Escape`, `BSpace`, `C-c`.
    pub fn press(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    /// Waits until the screen has a text, wherever its lines are broken: every break counts as one space, but for
    /// those that the terminal itself made, which are ignored. Returns the screen.
    ///
    /// # Panics
    ///
    /// If the program ends without that text on the screen, or nothing comes for too long.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        let wanted = one_line(text);
        waiting::until(&format!("{text:?} on the screen"), || {
            let ended = self.end(); // before the look: what was written by then is on the screen
            if one_line(&self.capture(&["-J"])).contains(&wanted) {
                return Some(self.screen());
            }
            if let Some(code) = ended {
                panic!("no {text:?} before the end with code {code}:\n{}", self.screen());
            }
            None
        })
    }

    /// The text of the screen, without the blank lines and spaces at ends.
    pub fn screen(&self) -> String {
        trimmed(&self.capture(&[]))
    }

    /// The same with colours and other attributes: where they change, a sequence of SGR (ECMA-48, 8.3.117) that says
    /// all active attributes, `\u{1b}[0;1;31m`. Each line begins and ends without any.
    pub fn screen_with_colours(&self) -> String {
        trimmed(&sgr::canonical(&self.capture(&["-e"])))
    }

    /// The screen with each line whole that the terminal has broken because it is too long.
    pub fn whole_lines(&self) -> String {
        trimmed(&self.capture(&["-J"]))
    }

    /// The whole output of the terminal, including lines that have scrolled away.
    pub fn transcript(&self) -> String {
        trimmed(&self.capture(&["-S", "-"]))
    }

    /// Waits until the program has ended, and returns its exit code: what a shell gives, so 128 more than the number of
    /// a signal that ended it.
    #[track_caller]
    pub fn wait_for_end(&self) -> i32 {
        waiting::until("the end of the program", || self.end())
    }

    /// The exit code, if the program has ended.
    fn end(&self) -> Option<i32> {
        let title = self.tmux(&["display-message", "-p", "#{pane_title}"]);
        title.trim().strip_prefix("ended ").map(|code| code.parse().expect("a code is a number"))
    }

    fn capture(&self, options: &[&str]) -> String {
        self.tmux(&[&["capture-pane", "-p"], options].concat())
    }

    /// Runs a command of this terminal's tmux, and returns what it prints.
    fn tmux(&self, arguments: &[&str]) -> String {
        let mut tmux = Command::new("tmux");
        tmux.arg("-u").arg("-S").arg(self.socket()).args(arguments);
        run(tmux)
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn settings(&self) -> PathBuf {
        self.folder.path().join("tmux.conf")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let mut tmux = Command::new("tmux");
        let _ = tmux.arg("-S").arg(self.socket()).arg("kill-server").output();
    }
}

#[track_caller]
fn run(mut tmux: Command) -> String {
    let output = tmux.output();
    let output =
        output.unwrap_or_else(|error| panic!("tmux can't be started ({error}): run `tests/run`"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{tmux:?} failed: {said}");
    String::from_utf8(output.stdout).expect("the screen is UTF-8")
}

/// The screen without spaces at the ends of lines and blank lines at the end.
fn trimmed(screen: &str) -> String {
    let lines: Vec<_> = screen.lines().map(str::trim_end).collect();
    let end = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    lines[..end].iter().flat_map(|line| [line, "\n"]).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
