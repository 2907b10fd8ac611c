//! The last line during a wait: a spinner and a countdown.

use std::{
    fmt, io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

use console::Term;

use super::{
    layout::{self, Awaited},
    screen::Screen,
};
use crate::style::{SPINNER, styled};

/// Time between two frames.
const TICK: Duration = Duration::from_millis(100);

/// A line that is redrawn until it is dropped, and is then cleared.
pub(super) struct Spinner {
    shared: Arc<Shared>,
    /// `None` if the system starts no more threads. The line stands still then.
    ticking: Option<JoinHandle<()>>,
}

struct Shared {
    line: Mutex<Line>,
    ended: Condvar,
}

/// What the line shows.
struct Line {
    terminal: Term,
    awaited: Awaited,
    /// When the wait ends; `None` if that is not known.
    end: Option<Instant>,
    screen: Screen,
    frame: usize,
    has_ended: bool,
}

impl Spinner {
    pub(super) fn start(awaited: Awaited, left: Option<Duration>, screen: &Screen) -> Self {
        let line = Line {
            terminal: Term::buffered_stderr(),
            awaited,
            end: end(left),
            screen: *screen,
            frame: 0,
            has_ended: false,
        };
        line.draw();
        let shared = Arc::new(Shared { line: Mutex::new(line), ended: Condvar::new() });
        let its = Arc::clone(&shared);
        Self { shared, ticking: Builder::new().spawn(move || its.tick()).ok() }
    }

    /// Changes what is waited for.
    pub(super) fn change(&self, awaited: Awaited, left: Option<Duration>, screen: &Screen) {
        let mut line = self.shared.line();
        (line.awaited, line.end, line.screen) = (awaited, end(left), *screen);
        line.draw();
    }

    /// Clears the line while a function writes to the terminal.
    pub(super) fn suspend(&self, work: impl FnOnce()) {
        let line = self.shared.line();
        line.clear();
        work();
        line.draw();
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        {
            let mut line = self.shared.line();
            line.has_ended = true;
            line.clear();
        }
        self.shared.ended.notify_one();
        if let Some(ticking) = self.ticking.take() {
            // It draws nothing more, whether it has panicked or not.
            let _ = ticking.join();
        }
    }
}

impl fmt::Debug for Spinner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spinner").finish_non_exhaustive()
    }
}

impl Shared {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tick(&self) {
        let mut line = self.line();
        loop {
            let waited = self.ended.wait_timeout_while(line, TICK, |line| !line.has_ended);
            line = waited.unwrap_or_else(PoisonError::into_inner).0;
            if line.has_ended {
                return;
            }
            line.frame += 1;
            line.draw();
        }
    }
}

impl Line {
    // A terminal that can't be written to, such as one that was closed, ends nothing.

    fn draw(&self) {
        let _ = self.write(&self.text());
    }

    fn clear(&self) {
        let _ = self.write("");
    }

    fn write(&self, text: &str) -> io::Result<()> {
        self.terminal.clear_line()?;
        self.terminal.write_str(text)?;
        self.terminal.flush()
    }

    fn text(&self) -> String {
        let frames = if self.screen.unicode { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏" } else { "|/-\\" };
        let frame = frames.chars().nth(self.frame % frames.chars().count());
        let frame = styled(&frame.unwrap_or(' ').to_string(), SPINNER, self.screen.colour);
        let left = self.end.map(|end| end.saturating_duration_since(Instant::now()));
        // The spinner, a space, and a column for the cursor.
        let columns = Screen::now(false).columns.saturating_sub(3);
        format!("{frame} {}", layout::waiting(self.awaited, left, columns))
    }
}

fn end(left: Option<Duration>) -> Option<Instant> {
    left.and_then(|left| Instant::now().checked_add(left))
}
