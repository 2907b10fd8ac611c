//! The modes of the terminal while a secret is typed. They are restored however the question ends: by an answer, an
//! error, a panic, and each signal that ends or stops the program, except SIGKILL and SIGSTOP, which no program can
//! handle.

use std::{
    fs::File,
    io::{self, Read},
    panic,
    sync::{
        Arc, Mutex, MutexGuard, Once, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use rpassword::ConfigBuilder;
use rustix::{
    process::getpgrp,
    termios::{
        LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr,
    },
};
use tokio::sync::oneshot;

use super::signals::{self, Disposition};
use crate::output::write;

/// The terminal that secrets are read from.
const TERMINAL: &str = "/dev/tty";

/// Clears the typed part of a secret.
const CTRL_U: u8 = 0x15;

/// The secrets that are being typed, the oldest first.
static OPEN: Mutex<Vec<Hidden>> = Mutex::new(Vec::new());

/// Whether SIGINT ends the program.
static INTERRUPT_ENDS: AtomicBool = AtomicBool::new(false);

/// A secret that is being typed.
struct Hidden {
    id: u64,
    terminal: File,
    before: Termios,
    modes: Termios,
    /// The text of the question.
    question: String,
    /// Set to discard the part that was typed before the program was stopped.
    is_restarted: Arc<AtomicBool>,
    /// Ends the question; `None` if the program ends it after a signal.
    cancel: Option<oneshot::Sender<()>>,
}

/// The terminal without echo. It is restored when this is dropped.
#[derive(Debug)]
pub(super) struct Modes {
    id: u64,
    is_restarted: Arc<AtomicBool>,
    cancelled: oneshot::Receiver<()>,
    is_answered: bool,
}

impl Modes {
    /// Disables the echo of the controlling terminal, from which secrets are read. Each key is then read at once and
    /// unchanged: a typed Ctrl-C is read too. `question` is shown again after the program was stopped. With
    /// `ends_by_itself`, the program ends the question after a signal that it handles.
    pub(super) fn without_echo(question: &str, ends_by_itself: bool) -> io::Result<Self> {
        static LAST_ID: AtomicU64 = AtomicU64::new(0);
        start_guard()?;
        let mut open = open();
        let terminal = File::open(TERMINAL)?;
        let before = open.first().map(|first| first.before.clone());
        let before = before.map_or_else(|| tcgetattr(&terminal), Ok)?;
        let modes = without_echo(&before);
        let (cancel, cancelled) = oneshot::channel();
        let is_restarted = Arc::<AtomicBool>::default();
        let hidden = Hidden {
            id: LAST_ID.fetch_add(1, Ordering::Relaxed),
            terminal,
            before,
            modes,
            question: question.to_owned(),
            is_restarted: Arc::clone(&is_restarted),
            cancel: (!ends_by_itself).then_some(cancel),
        };
        let id = hidden.id;
        let set = tcsetattr(&hidden.terminal, OptionalActions::Now, &hidden.modes);
        // From here on, a failure restores the modes.
        open.push(hidden);
        drop(open);
        let modes = Self { id, is_restarted, cancelled, is_answered: false };
        set?;
        Ok(modes)
    }

    /// Returns what is typed at the terminal.
    pub(super) fn input(&self) -> io::Result<Input> {
        let is_restarted = Arc::clone(&self.is_restarted);
        Ok(Input { terminal: File::open(TERMINAL)?, is_restarted, held: None })
    }

    /// Waits until a signal ends the question; for ever if the program ends it.
    pub(super) async fn cancelled(&mut self) {
        if (&mut self.cancelled).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Notes that the whole secret was read. Otherwise its typed part is discarded, so that no shell reads it.
    pub(super) fn answered(&mut self) {
        self.is_answered = true;
    }
}

impl Drop for Modes {
    fn drop(&mut self) {
        let mut open = open();
        let Some(index) = open.iter().position(|hidden| hidden.id == self.id) else { return };
        let hidden = open.remove(index);
        if open.is_empty() {
            let unread =
                if self.is_answered { OptionalActions::Now } else { OptionalActions::Flush };
            hidden.restore(unread);
        }
    }
}

impl Hidden {
    /// Restores the modes. In the background they are the shell's, and to change them would stop the program.
    fn restore(&self, unread: OptionalActions) {
        if self.is_in_foreground() {
            // The terminal may no longer exist.
            let _ = tcsetattr(&self.terminal, unread, &self.before);
        }
    }

    /// Disables the echo again and asks again, if the modes were restored because the program was stopped.
    fn resume(&self) {
        let echoes = |modes: Termios| modes.local_modes.contains(LocalModes::ECHO);
        if self.is_in_foreground() && tcgetattr(&self.terminal).is_ok_and(echoes) {
            self.is_restarted.store(true, Ordering::SeqCst);
            if tcsetattr(&self.terminal, OptionalActions::Flush, &self.modes).is_ok() {
                write(&self.question);
            }
        }
    }

    fn is_in_foreground(&self) -> bool {
        tcgetpgrp(&self.terminal).is_ok_and(|group| group == getpgrp())
    }
}

/// The terminal's input. After the program was stopped, it starts with Ctrl-U.
pub(super) struct Input {
    terminal: File,
    is_restarted: Arc<AtomicBool>,
    /// The byte that was read before Ctrl-U was due.
    held: Option<u8>,
}

impl Input {
    /// Sets it as the source of a secret.
    pub(super) fn of(self, config: ConfigBuilder) -> ConfigBuilder {
        config.input_reader(self)
    }
}

impl Read for Input {
    /// Reads one byte.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(buffer) = buffer.get_mut(..1) else { return Ok(0) };
        if let Some(held) = self.held.take() {
            buffer[0] = held;
            return Ok(1);
        }
        let read = self.terminal.read(buffer)?;
        if read > 0 && self.is_restarted.swap(false, Ordering::SeqCst) {
            self.held = Some(std::mem::replace(&mut buffer[0], CTRL_U));
        }
        Ok(read)
    }
}

/// Returns whether a typed Ctrl-C ends the program, by the signal that it causes.
pub(super) fn interrupt_ends() -> bool {
    INTERRUPT_ENDS.load(Ordering::SeqCst)
}

fn open() -> MutexGuard<'static, Vec<Hidden>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn without_echo(before: &Termios) -> Termios {
    /// Disables a special character (`_POSIX_VDISABLE`).
    const DISABLED: u8 = if cfg!(target_os = "linux") { 0 } else { 0xff };
    let mut modes = before.clone();
    modes.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON);
    // Of the keys that send a signal, only Ctrl-Z still does.
    modes.special_codes[SpecialCodeIndex::VINTR] = DISABLED;
    modes.special_codes[SpecialCodeIndex::VQUIT] = DISABLED;
    modes.special_codes[SpecialCodeIndex::VMIN] = 1;
    modes.special_codes[SpecialCodeIndex::VTIME] = 0;
    modes
}

/// Starts the thread that handles signals, and the handling of panics. Both last until the program ends.
fn start_guard() -> io::Result<()> {
    static PANICS: Once = Once::new();
    static SIGNALS: Mutex<bool> = Mutex::new(false);
    PANICS.call_once(|| {
        let then = panic::take_hook();
        panic::set_hook(Box::new(move |what| {
            // After a panic of another thread, the program goes on.
            if cfg!(panic = "abort") || thread::current().name() == Some("main") {
                end();
            }
            then(what);
        }));
    });
    let mut is_started = SIGNALS.lock().unwrap_or_else(PoisonError::into_inner);
    if !*is_started {
        let mut received = signals::listen()?;
        INTERRUPT_ENDS.store(received.interrupt_ends(), Ordering::SeqCst);
        let work = move || received.each(react);
        thread::Builder::new().name("authn-prompt-signals".to_owned()).spawn(work)?;
        *is_started = true;
    }
    Ok(())
}

/// Restores the terminal for a signal, which then takes its effect.
fn react(signal: i32, disposition: Disposition) {
    match signal {
        signals::CONTINUE => open().iter().for_each(Hidden::resume),
        signals::STOP => {
            if disposition == Disposition::Default && signals::is_orphaned() {
                // The system ignores the signal too, because nothing could continue the program.
                return;
            }
            restore();
        }
        _ if disposition == Disposition::Default => restore(),
        _ => end(),
    }
    if disposition == Disposition::Default {
        signals::take_effect(signal);
    }
}

/// Restores the terminal because the program ends, and cancels the questions that it does not end itself.
fn end() {
    restore();
    for hidden in open().iter_mut() {
        if let Some(cancel) = hidden.cancel.take() {
            // The question may have just ended.
            let _ = cancel.send(());
        }
    }
}

/// Restores the terminal, and discards what was typed and not read, so that no shell reads it.
fn restore() {
    if let Some(first) = open().first() {
        first.restore(OptionalActions::Flush);
        write("\n");
    }
}
