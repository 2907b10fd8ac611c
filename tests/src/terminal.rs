//! A program in a pseudo-terminal, as a user sees it, made by `script` of util-linux.

use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::command::{Outcome, Sandbox};

/// A program that runs in a terminal of its own, which is its standard input, output and error.
#[derive(Debug)]
pub struct Terminal {
    script: Child,
    keyboard: ChildStdin,
    screen: ChildStdout,
    seen: Vec<u8>,
}

impl Terminal {
    /// Starts a program in a sandbox.
    pub fn start(sandbox: &Sandbox, program: impl AsRef<OsStr>, arguments: &[&str]) -> Self {
        let program = program.as_ref().to_str().expect("a path in UTF-8");
        let words = std::iter::once(program).chain(arguments.iter().copied());
        let line: Vec<String> = words.map(quoted).collect();
        let mut command: Command = sandbox.command("script");
        command.args(["--quiet", "--return", "--command"]).arg(line.join(" ")).arg("/dev/null");
        command.env("TERM", "dumb").env("SHELL", "/bin/sh");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut script =
            command.spawn().expect("script is missing: run tests/run, which installs it");
        let keyboard = script.stdin.take().expect("standard input is a pipe");
        let screen = script.stdout.take().expect("standard output is a pipe");
        Self { script, keyboard, screen, seen: Vec::new() }
    }

    /// Waits until the screen ends in this text.
    pub fn wait_for(&mut self, text: &str) {
        let mut byte = [0];
        while !self.seen.ends_with(text.as_bytes()) {
            let length = self.screen.read(&mut byte).expect("the screen can be read");
            assert_ne!(length, 0, "the program has ended without {text:?}: {}", self.screen());
            self.seen.push(byte[0]);
        }
    }

    /// Types a line.
    pub fn type_line(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").expect("the program reads");
    }

    /// Waits for the end; all that was on the screen is the outcome's standard output.
    pub fn end(mut self) -> Outcome {
        self.screen.read_to_end(&mut self.seen).expect("the screen can be read");
        let status = self.script.wait().expect("the program ends");
        let code = status.code().unwrap_or(-1);
        Outcome { code, stdout: self.screen(), stderr: String::new() }
    }

    fn screen(&self) -> String {
        String::from_utf8_lossy(&self.seen).replace('\r', "")
    }
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_asks_and_is_answered() {
        let script = "test -t 0 && test -t 1 && test -t 2 || exit 9
            printf 'your name? '; read name; echo \"it's $name\" >&2; exit 3";
        let mut terminal = Terminal::start(&Sandbox::new(), "sh", &["-c", script]);
        terminal.wait_for("your name? ");
        terminal.type_line("ann");
        let outcome = terminal.end();
        assert_eq!(outcome.code, 3, "{outcome:?}");
        assert!(outcome.stdout.ends_with("it's ann\n"), "{outcome:?}");
    }
}
