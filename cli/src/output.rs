//! What is written, and where: data to standard output, everything else to standard error.

use std::io::{self, IsTerminal as _, Write as _};

use anstream::AutoStream;
use authn::config::{Problem, printable};
use clap::{
    ColorChoice,
    builder::styling::{AnsiColor, Style},
};
use serde::Serialize;

use crate::{
    exit::{Code, Failure},
    paragraph::wrapped,
    table::Table,
};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();

/// The style of headings.
pub(crate) const HEADING: Style = Style::new().bold();

/// The two standard streams, and what each of them can show.
#[derive(Debug)]
pub(crate) struct Output {
    /// Standard output is a terminal: a person reads, so columns are aligned.
    terminal: bool,
    stdout_colour: bool,
    stderr_colour: bool,
}

impl Output {
    pub(crate) fn new(choice: ColorChoice) -> Self {
        Self {
            terminal: io::stdout().is_terminal(),
            stdout_colour: wants_colour(choice, &io::stdout()),
            stderr_colour: wants_colour(choice, &io::stderr()),
        }
    }

    /// Tells whether a person reads standard output.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Writes a table to standard output: aligned under headings for a person, and for a program the rows
    /// alone with a tab between cells.
    pub(crate) fn table(&self, table: &Table) -> Result<(), Failure> {
        if !self.terminal {
            return data(table.tabbed());
        }
        let width = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0);
        data(table.shown(self.stdout_colour, width.map(usize::from)))
    }

    /// Gives a text as a heading on standard output.
    pub(crate) fn heading(&self, text: &str) -> String {
        styled(text, HEADING, self.stdout_colour)
    }

    /// Gives a text in a style on standard output.
    pub(crate) fn styled(&self, text: &str, style: Style) -> String {
        styled(text, style, self.stdout_colour)
    }

    /// Writes an error to standard error, and what to do about it.
    pub(crate) fn error(&self, message: &str, help: Option<&str>) {
        self.labelled("error:", ERROR, message);
        if let Some(help) = help {
            self.labelled("help:", HELP, help);
        }
    }

    /// Writes a warning to standard error.
    pub(crate) fn warning(&self, message: &str) {
        self.labelled("warning:", WARNING, message);
    }

    fn labelled(&self, label: &str, style: Style, text: &str) {
        let text = format!("{label} {}", plain(text));
        let text = match terminal_size::terminal_size_of(io::stderr()) {
            Some((columns, _)) => wrapped(&text, columns.0.into()),
            None => text,
        };
        tell(&text.replacen(label, &styled(label, style, self.stderr_colour), 1));
    }

    /// Writes what is wrong with a configuration to standard error, with the line where it is.
    pub(crate) fn problem(&self, problem: &Problem) {
        tell(&format!("{}\n", problem.render(self.stderr_colour)));
    }

    /// Tells whether standard error shows colour.
    pub(crate) fn stderr_colour(&self) -> bool {
        self.stderr_colour
    }
}

/// Writes bytes to standard output as they are.
pub(crate) fn data(bytes: impl AsRef<[u8]>) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes.as_ref())?;
    Ok(stdout.flush()?)
}

/// Writes a text and a newline to standard output.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.write_all(b"\n")?;
    Ok(stdout.flush()?)
}

/// Writes JSON to standard output.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|_| Failure::new(Code::Other, "this can't be written as JSON"))?;
    line(&text)
}

/// Writes a line to standard error.
pub(crate) fn tell(text: &str) {
    // If nobody can be told, there is nobody to tell that.
    let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

/// Writes what clap says of a command line: help and version to standard output, errors to the other.
pub(crate) fn usage(error: &clap::Error, choice: ColorChoice) -> Code {
    let text = error.render();
    let colour = if error.use_stderr() {
        wants_colour(choice, &io::stderr())
    } else {
        wants_colour(choice, &io::stdout())
    };
    let text = if colour { text.ansi().to_string() } else { text.to_string() };
    if error.use_stderr() {
        let _ = io::stderr().lock().write_all(text.as_bytes());
        return Code::Usage;
    }
    let output = Output::new(choice);
    data(text).map_or_else(|failure| failure.report(&output), |()| Code::Done)
}

fn wants_colour(choice: ColorChoice, stream: &impl anstream::stream::RawStream) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => AutoStream::choice(stream) != anstream::ColorChoice::Never,
    }
}

/// Gives a text in a style, where there is colour.
pub(crate) fn styled(text: &str, style: Style, colour: bool) -> String {
    if colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

/// Keeps a text on its line, a terminal from obeying it and its letters in their order: a name in a file may
/// hold anything.
pub(crate) fn plain(text: &str) -> String {
    printable(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_moves_the_cursor_or_turns_round() {
        let text = "a\u{1b}]0;x\u{7}\r\nb\u{202e}c\u{2028}é\u{9b}1m\u{200b}";
        let plain = plain(text);
        assert_eq!(plain, "a\\u{1b}]0;x\\u{7}\\r\\nb\\u{202e}c\\u{2028}é\\u{9b}1m\\u{200b}");
    }
}
