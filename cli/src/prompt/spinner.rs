//! The last line during a wait: a spinner and a countdown.

use std::{
    fmt, io,
    time::{Duration, Instant},
};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike};

use super::{
    layout::{self, Awaited},
    screen::Screen,
};
use crate::style::{SPINNER, styled};

/// Time between two frames.
const TICK: Duration = Duration::from_millis(100);

/// A line that is redrawn until it is dropped, and is then cleared.
#[derive(Debug)]
pub(super) struct Spinner(ProgressBar);

impl Spinner {
    pub(super) fn start(awaited: Awaited, left: Option<Duration>, screen: &Screen) -> Self {
        let line = Box::new(LastLine(Term::buffered_stderr()));
        let line = ProgressDrawTarget::term_like(line);
        let bar = ProgressBar::with_draw_target(None, line);
        bar.set_style(style(awaited, left, screen));
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    /// Changes what is waited for.
    pub(super) fn change(&self, awaited: Awaited, left: Option<Duration>, screen: &Screen) {
        self.0.set_style(style(awaited, left, screen));
        self.0.tick();
    }

    /// Clears the line while a function writes to the terminal.
    pub(super) fn suspend(&self, work: impl FnOnce()) {
        self.0.suspend(work);
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn style(awaited: Awaited, left: Option<Duration>, screen: &Screen) -> ProgressStyle {
    let end = left.and_then(|left| Instant::now().checked_add(left));
    let waiting = move |_: &ProgressState, text: &mut dyn fmt::Write| {
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        // The spinner, a space, and a column for the cursor.
        let columns = Screen::now(false).columns.saturating_sub(3);
        // Writing to a string can't fail.
        let _ = text.write_str(&layout::waiting(awaited, left, columns));
    };
    let template = styled("{spinner}", SPINNER, screen.colour) + " {waiting}";
    // The last frame is the one that is left at the end.
    let frames = if screen.unicode { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ " } else { "|/-\\ " };
    ProgressStyle::with_template(&template)
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .tick_chars(frames)
        .with_key("waiting", waiting)
}

/// The line of standard error's cursor.
///
/// The draw target of indicatif pads its line with spaces. A terminal would then write the `^C` of an interrupt
/// into the next line, and the spinner's line would not be cleared.
#[derive(Debug)]
struct LastLine(Term);

impl TermLike for LastLine {
    fn width(&self) -> u16 {
        self.0.size().1
    }

    fn move_cursor_up(&self, rows: usize) -> io::Result<()> {
        self.0.move_cursor_up(rows)
    }

    fn move_cursor_down(&self, rows: usize) -> io::Result<()> {
        self.0.move_cursor_down(rows)
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_right(columns)
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_left(columns)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        let is_padding = text.bytes().all(|byte| byte == b' ');
        if is_padding { Ok(()) } else { self.0.write_str(text) }
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}
