//! The output: data to standard output, everything else to standard error.

use std::{
    io::{self, IsTerminal as _, Write as _},
    mem,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use anstream::AutoStream;
use authn::config::{Problem, Severity};
use clap::{ColorChoice, builder::styling::Style};
use console::Term;
use serde::Serialize;

use crate::{
    report::{Cause, Ended, Note, Report},
    style::{ERROR, HELP, Table, WARNING, hanging, home, plain, short, styled, tilde, wrapped},
};

/// How many problems are written at once. The library has a line and a suggestion for as many.
const SHOWN: usize = 50;

/// A message, and its text.
type Noted = (Note, String);

/// The abilities of the two standard streams.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    /// Whether standard output is a terminal, so that columns are aligned.
    terminal: bool,
    stdout_colour: bool,
    stderr_colour: bool,
    /// With `--json`, the messages until the end of the command, each with its text.
    noted: Option<Arc<Mutex<Vec<Noted>>>>,
}

impl Output {
    pub(crate) fn new(choice: ColorChoice) -> Self {
        Self {
            terminal: io::stdout().is_terminal(),
            stdout_colour: wants_colour(choice, &io::stdout()),
            stderr_colour: wants_colour(choice, &io::stderr()),
            noted: None,
        }
    }

    /// Reports a failure as JSON.
    pub(crate) fn with_json(self, json: bool) -> Self {
        Self { noted: json.then(Arc::default), ..self }
    }

    /// Returns whether standard output is a terminal.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Returns whether standard output shows colour.
    pub(crate) fn stdout_colour(&self) -> bool {
        self.stdout_colour
    }

    /// Returns whether standard error shows colour.
    pub(crate) fn stderr_colour(&self) -> bool {
        self.stderr_colour
    }

    /// Writes a table to standard output: aligned under headings on a terminal, otherwise rows of tab-separated
    /// cells.
    pub(crate) fn table(&self, table: &Table) -> io::Result<()> {
        if !self.terminal {
            return data(table.tabbed());
        }
        data(table.shown(self.stdout_colour, self.columns()))
    }

    /// Returns the width of the terminal that standard output is.
    pub(crate) fn columns(&self) -> Option<usize> {
        columns_of_data().filter(|_| self.terminal)
    }

    /// Returns a text in a style on standard output.
    pub(crate) fn styled(&self, text: &str, style: Style) -> String {
        styled(text, style, self.stdout_colour)
    }

    /// Returns whether a failure is reported as JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.noted.is_some()
    }

    /// Writes an error and its help to standard error.
    pub(crate) fn error(&self, message: &str, help: Option<&str>) {
        self.failure(&Cause::default(), message, help);
    }

    /// Writes an error with its cause and its help to standard error.
    pub(crate) fn failure(&self, cause: &Cause, message: &str, help: Option<&str>) {
        let text = self.labelled("error:", ERROR, message) + &self.help(help);
        self.note(Note::error(cause, message, help), text);
    }

    /// With `--json`, adds what standard output says to what a failure says; as text, it is there already.
    pub(crate) fn found(&self, note: Note) {
        if self.is_json() {
            self.note(note, String::new());
        }
    }

    /// Writes a warning and its help to standard error.
    pub(crate) fn warning(&self, message: &str, help: Option<&str>) {
        let text = self.labelled("warning:", WARNING, message) + &self.help(help);
        self.note(Note::warning(message, help), text);
    }

    /// Ends the command, which may have failed. With `--json`, a failure is written as one object, with all messages until
    /// then; without a failure, the messages are written as texts.
    pub(crate) fn end(&self, failed: Option<&Ended>) {
        let Some(noted) = &self.noted else { return };
        let noted = mem::take(&mut *noted.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(ended) = failed else {
            for (_, text) in &noted {
                write(text);
            }
            return;
        };
        let report = Report::of(ended, noted.into_iter().map(|(note, _)| note).collect());
        // Texts and numbers can always be written.
        message(&serde_json::to_string(&report).unwrap_or_default());
    }

    fn note(&self, note: Note, text: String) {
        match &self.noted {
            Some(noted) => {
                noted.lock().unwrap_or_else(PoisonError::into_inner).push((note, text));
            }
            None => write(&text),
        }
    }

    fn help(&self, help: Option<&str>) -> String {
        help.map(|help| self.labelled("help:", HELP, help)).unwrap_or_default()
    }

    fn labelled(&self, label: &str, style: Style, text: &str) -> String {
        let text = format!("{label} {}", plain(text));
        let text = match columns_of_messages() {
            Some(columns) => wrapped(&tilde(&text, home().as_deref()), columns),
            None => text,
        };
        text.replacen(label, &styled(label, style, self.stderr_colour), 1) + "\n"
    }

    /// Writes problems of a configuration to standard error, each with its source line. Of many, it writes the first
    /// errors, and then the first warnings if there is room.
    pub(crate) fn problems<'p>(&self, problems: impl IntoIterator<Item = &'p Problem>) {
        self.all_problems(problems.into_iter().collect());
    }

    fn all_problems(&self, mut all: Vec<&Problem>) {
        let left_out = all.len().saturating_sub(SHOWN);
        if left_out > 0 {
            all.sort_by_key(|problem| problem.severity() != Severity::Error);
        }
        for problem in all.iter().take(SHOWN) {
            let text = rendered(problem, self.stderr_colour) + "\n\n";
            self.note(Note::problem(problem), text);
        }
        if left_out > 0 && !self.is_json() {
            message(&format!("… and {left_out} more problems\n"));
        }
    }
}

/// Returns the width of the terminal that standard output is.
pub(crate) fn columns_of_data() -> Option<usize> {
    Term::stdout().size_checked().map(|(_, columns)| columns.into())
}

/// Returns the width of the terminal that standard error is.
pub(crate) fn columns_of_messages() -> Option<usize> {
    Term::stderr().size_checked().map(|(_, columns)| columns.into())
}

/// Returns the report of a problem. On a terminal, its lines fit, and the home folder in the place is `~`.
fn rendered(problem: &Problem, colour: bool) -> String {
    let text = problem.render(colour);
    let Some(columns) = columns_of_messages() else { return text };
    let home = home();
    let line = |(at, line): (usize, &str)| {
        if at == 0 {
            return wrapped(line, columns);
        }
        if let Some((before, place)) = line.split_once("--> ") {
            return format!("{before}--> {}", short(Path::new(place), home.as_deref()));
        }
        let line = tilde(line, home.as_deref());
        match line.split_once("= ").and_then(|_| line.split_once(": ")) {
            Some((label, text)) if !line.contains(" | ") => {
                hanging(&format!("{label}: "), text, columns)
            }
            _ => line,
        }
    };
    text.lines().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// Writes bytes to standard output.
pub(crate) fn data(bytes: impl AsRef<[u8]>) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes.as_ref())?;
    stdout.flush()
}

/// Writes a text and a newline to standard output.
pub(crate) fn line(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.write_all(b"\n")?;
    stdout.flush()
}

/// Writes JSON to standard output.
pub(crate) fn json(value: &impl Serialize) -> io::Result<()> {
    line(&serde_json::to_string_pretty(value)?)
}

/// Writes a line to standard error.
pub(crate) fn message(text: &str) {
    write(&format!("{text}\n"));
}

/// Whether nothing is written to standard error any more.
static IS_MUTED: AtomicBool = AtomicBool::new(false);

/// Writes no more messages: for a protocol whose client reads standard error as a part of the answer.
pub(crate) fn mute() {
    IS_MUTED.store(true, Ordering::Relaxed);
}

/// Writes a text to standard error. A failure is ignored, because it can't be reported anywhere.
pub(crate) fn write(text: &str) {
    if IS_MUTED.load(Ordering::Relaxed) {
        return;
    }
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

fn wants_colour(choice: ColorChoice, stream: &impl anstream::stream::RawStream) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => AutoStream::choice(stream) != anstream::ColorChoice::Never,
    }
}
