//! The last line while something is waited for: it turns, and counts the time down.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use clap::builder::styling::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::{
    layout::{self, Awaited},
    screen::Screen,
};
use crate::output::styled;

/// Time between two pictures.
const TICK: Duration = Duration::from_millis(100);

const TURNING: Style = AnsiColor::Cyan.on_default();

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
            .map(|picture| styled(&picture.to_string(), TURNING, screen.colour))
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
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
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

/// What turns; the last one is what would stay at the end.
fn pictures(unicode: bool) -> impl Iterator<Item = char> {
    if unicode { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ " } else { "|/-\\ " }.chars()
}

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}
