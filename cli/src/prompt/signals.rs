//! The signals that end, stop and continue the program while a secret is typed.

use std::{fs, io};

use rustix::process::{Pid, getpgid, getpid, getsid};
use signal_hook::{
    consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP},
    iterator::Signals,
    low_level::emulate_default_handler,
};

use crate::signal_mask;

/// The signal of Ctrl-Z.
pub(super) const STOP: i32 = SIGTSTP;
/// The signal that continues a stopped program.
pub(super) const CONTINUE: i32 = SIGCONT;

/// What a signal did before this program listened to it here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disposition {
    /// The system's default.
    Default,
    /// The program handles it.
    Handled,
}

/// The signals that are listened to. That lasts until the program ends, because a handler can't be removed safely.
pub(super) struct Received {
    signals: Signals,
    dispositions: Vec<(i32, Disposition)>,
}

/// Starts to listen to the signals that the program doesn't ignore.
pub(super) fn listen() -> io::Result<Received> {
    let ending = [SIGINT, SIGTERM, SIGHUP, SIGQUIT];
    // Only Linux tells what the program handles. Elsewhere, an ending signal is left to it.
    let ending = if cfg!(target_os = "linux") { &ending[..] } else { &[] };
    let wanted = ending.iter().copied().chain([STOP, CONTINUE]);
    let dispositions: Vec<_> = wanted
        .filter(|signal| *signal == CONTINUE || !signal_mask::contains("SigIgn", *signal))
        .map(|signal| {
            let is_handled = signal_mask::contains("SigCgt", signal);
            (signal, if is_handled { Disposition::Handled } else { Disposition::Default })
        })
        .collect();
    let signals = Signals::new(dispositions.iter().map(|(signal, _)| signal))?;
    Ok(Received { signals, dispositions })
}

impl Received {
    /// Returns whether SIGINT ends the program once it has been reacted to.
    pub(super) fn interrupt_ends(&self) -> bool {
        self.dispositions.contains(&(SIGINT, Disposition::Default))
    }

    /// Calls a function with each signal.
    pub(super) fn each(&mut self, react: fn(i32, Disposition)) {
        for signal in self.signals.forever() {
            let found = self.dispositions.iter().find(|(known, _)| *known == signal);
            if let Some((_, disposition)) = found {
                react(signal, *disposition);
            }
        }
    }
}

/// Does what the system would have done: ends or stops the program, or nothing.
pub(super) fn take_effect(signal: i32) {
    // Fails only for a signal that it doesn't know.
    let _ = emulate_default_handler(signal);
}

/// Returns whether the system ignores the signal of Ctrl-Z, because no shell could continue this program: its process
/// group is orphaned.
pub(super) fn is_orphaned() -> bool {
    let group = |pid| getpgid(Some(pid)).ok();
    let session = |pid| getsid(Some(pid)).ok();
    let mut pid = getpid();
    let (own_group, own_session) = (group(pid), session(pid));
    while let Some(parent) = parent(pid) {
        if session(parent) != own_session {
            return true;
        }
        if group(parent) != own_group {
            return false;
        }
        pid = parent;
    }
    // Not known, except that it has no parent.
    cfg!(target_os = "linux")
}

fn parent(pid: Pid) -> Option<Pid> {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    Pid::from_raw(parent.trim().parse().ok()?)
}
