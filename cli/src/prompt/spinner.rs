//! The last line while something is waited for: it turns, and counts the time down.

use std::{
    fmt,
    io::{self, Write as _},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike};

use super::{
    layout::{self, Awaited},
    screen::Screen,
};
use crate::style::{SPINNER, styled};

/// Time between two pictures.
const TICK: Duration = Duration::from_millis(100);

/// A line that is drawn anew until it is dropped, and then leaves nothing.
#[derive(Debug)]
pub(super) struct Spinner {
    bar: ProgressBar,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    awaited: Awaited,
    end: Option<Instant>,
}

impl Spinner {
    pub(super) fn start(awaited: Awaited, left: Option<Duration>, screen: &Screen) -> Self {
        let waiting = Arc::new(Mutex::new(Waiting::of(awaited, left)));
        let pictures: Vec<String> = pictures(screen.unicode)
            .map(|picture| styled(&picture.to_string(), SPINNER, screen.colour))
            .collect();
        let pictures: Vec<&str> = pictures.iter().map(String::as_str).collect();
        let shown = Arc::clone(&waiting);
        let (colour, style) = (screen.colour, ProgressStyle::default_spinner());
        // The template is a constant that has no fault.
        let style = style.clone().template("{spinner} {waiting}").unwrap_or(style);
        let style = style.tick_strings(&pictures).with_key(
            "waiting",
            move |_: &ProgressState, text: &mut dyn fmt::Write| {
                let Waiting { awaited, end } = *lock(&shown);
                let left = end.map(|end| end.saturating_duration_since(Instant::now()));
                // The picture, a space, and a column in which the cursor stays.
                let columns = Screen::now(colour).columns.saturating_sub(3);
                // What it writes to is a string.
                let _ = text.write_str(&layout::waiting(awaited, left, columns));
            },
        );
        let line = ProgressDrawTarget::term_like(Box::new(LastLine::default()));
        let bar = ProgressBar::with_draw_target(None, line);
        bar.set_style(style);
        bar.enable_steady_tick(TICK);
        Self { bar, waiting }
    }

    /// Says what is waited for from now on.
    pub(super) fn change(&self, awaited: Awaited, left: Option<Duration>) {
        *lock(&self.waiting) = Waiting::of(awaited, left);
        self.bar.tick();
    }

    /// Does what writes to the terminal while the line is not there.
    pub(super) fn suspend(&self, work: impl FnOnce()) {
        self.bar.suspend(work);
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Waiting {
    fn of(awaited: Awaited, left: Option<Duration>) -> Self {
        Self { awaited, end: left.and_then(|left| Instant::now().checked_add(left)) }
    }
}

/// The line in which standard error's cursor is.
///
/// The draw target of indicatif fills its line with spaces, so that a terminal writes the `^C` of an interrupt
/// into the next one, and what was here stays.
#[derive(Debug, Default)]
struct LastLine {
    unwritten: Mutex<String>,
}

impl LastLine {
    fn add(&self, text: &str) {
        lock(&self.unwritten).push_str(text);
    }

    /// Moves the cursor (ECMA-48, 8.3.18 to 8.3.22).
    fn move_by(&self, count: usize, way: char) {
        // None is one to a terminal.
        if count > 0 {
            self.add(&format!("\u{1b}[{count}{way}"));
        }
    }
}

impl TermLike for LastLine {
    fn width(&self) -> u16 {
        u16::try_from(Screen::now(false).columns).unwrap_or(u16::MAX)
    }

    fn move_cursor_up(&self, rows: usize) -> io::Result<()> {
        self.move_by(rows, 'A');
        Ok(())
    }

    fn move_cursor_down(&self, rows: usize) -> io::Result<()> {
        self.move_by(rows, 'B');
        Ok(())
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.move_by(columns, 'C');
        Ok(())
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.move_by(columns, 'D');
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.add(text);
        self.add("\n");
        Ok(())
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        let is_filling = text.bytes().all(|byte| byte == b' ');
        if !is_filling {
            self.add(text);
        }
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.add("\r\u{1b}[2K");
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let text = mem::take(&mut *lock(&self.unwritten));
        let mut stderr = io::stderr().lock();
        stderr.write_all(text.as_bytes())?;
        stderr.flush()
    }
}

/// What turns; the last one is what would stay at the end.
fn pictures(unicode: bool) -> impl Iterator<Item = char> {
    if unicode { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ " } else { "|/-\\ " }.chars()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
