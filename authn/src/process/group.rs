//! The processes of a command: the one that was started, and those that it has started in its process group.

use std::sync::{Mutex, PoisonError};

/// What is asked of a process.
#[derive(Clone, Copy)]
pub(super) enum Signal {
    /// To end by itself.
    Terminate,
    /// To end now.
    Kill,
}

/// The processes of a command that is running. They are killed when this is dropped.
pub(super) struct Group {
    target: Option<Target>,
}

/// One process, or all processes of a group.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Target {
    /// The process that started it. After a fork, the child must not end what its parent waits for.
    owner: u32,
    process: u32,
    is_group: bool,
}

/// The commands that are running.
static RUNNING: Mutex<Vec<Target>> = Mutex::new(Vec::new());

/// Kills every command that is running, for a program that ends without waiting for it.
pub fn kill_all() {
    let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for target in running {
        target.signal(Signal::Kill);
    }
}

impl Group {
    pub(super) fn of(process: Option<u32>, is_group: bool) -> Self {
        let owner = std::process::id();
        let target = process.map(|process| Target { owner, process, is_group });
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).extend(target);
        Self { target }
    }

    pub(super) fn signal(&self, signal: Signal) {
        if let Some(target) = self.target {
            target.signal(signal);
        }
    }

    /// Notes that the first process was waited for. Its number may be another's from here on, unless a group has it.
    pub(super) fn first_ended(&mut self) {
        if self.target.is_some_and(|target| !target.is_group) {
            self.forget();
        }
    }

    fn forget(&mut self) {
        let target = self.target.take();
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|other| Some(*other) != target);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::Kill);
        self.forget();
    }
}

impl Target {
    #[cfg(unix)]
    fn signal(self, signal: Signal) {
        use rustix::process::{Pid, Signal as Number, kill_process, kill_process_group};
        let Some(process) = i32::try_from(self.process).ok().and_then(Pid::from_raw) else {
            return;
        };
        if self.owner != std::process::id() {
            return;
        }
        let send = |number| {
            // The processes may have ended.
            let _ = if self.is_group {
                kill_process_group(process, number)
            } else {
                kill_process(process, number)
            };
        };
        match signal {
            Signal::Terminate => {
                send(Number::TERM);
                // A process that was stopped notices the signal only when it continues.
                send(Number::CONT);
            }
            Signal::Kill => send(Number::KILL),
        }
    }

    /// Elsewhere tokio kills the first process when it is dropped.
    #[cfg(not(unix))]
    fn signal(self, _: Signal) {}
}
