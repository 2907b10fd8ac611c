//! The signals that end a program. Each is treated as an interrupt, so that no exchange in progress is lost.

use std::{
    io,
    task::{Context, Poll},
};

use crate::exit::Code;

/// The signals that end this program, except those that it was started to ignore.
pub(super) struct Signals(Vec<(Code, Stream)>);

impl Signals {
    /// Starts to listen. From here on, no signal of the list ends the program by itself.
    pub(super) fn listen() -> io::Result<Self> {
        let listen = |(code, number)| Ok((code, stream(number)?));
        ENDING
            .into_iter()
            .filter(|(_, number)| !is_ignored(*number))
            .map(listen)
            .collect::<io::Result<_>>()
            .map(Self)
    }

    /// Waits for the next signal, and returns its exit code.
    pub(super) async fn recv(&mut self) -> Code {
        std::future::poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Code> {
        let mut received = None;
        // All are polled, so that each wakes the task.
        for (code, stream) in &mut self.0 {
            if stream.poll_recv(context).is_ready() {
                received.get_or_insert(*code);
            }
        }
        received.map_or(Poll::Pending, Poll::Ready)
    }
}

#[cfg(unix)]
type Stream = tokio::signal::unix::Signal;

#[cfg(windows)]
type Stream = tokio::signal::windows::CtrlC;

/// Each signal, with its exit code: 128 and the signal's number.
#[cfg(unix)]
const ENDING: [(Code, i32); 4] =
    [(Code::Interrupted, 2), (Code::Terminated, 15), (Code::HungUp, 1), (Code::Quit, 3)];

#[cfg(windows)]
const ENDING: [(Code, i32); 1] = [(Code::Interrupted, 2)];

#[cfg(unix)]
fn stream(number: i32) -> io::Result<Stream> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::from_raw(number))
}

#[cfg(windows)]
fn stream(_number: i32) -> io::Result<Stream> {
    tokio::signal::windows::ctrl_c()
}

/// Returns whether the program was started to ignore a signal, as `nohup` does with SIGHUP. To listen would end that.
/// Only Linux tells it.
fn is_ignored(number: i32) -> bool {
    let status = if cfg!(target_os = "linux") {
        std::fs::read_to_string("/proc/self/status").unwrap_or_default()
    } else {
        String::new()
    };
    ignores(&status, number)
}

/// Reads the mask `SigIgn` of a process's status (`proc_pid_status(5)`).
fn ignores(status: &str, number: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask >> (number - 1) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_signal_is_read_from_the_mask() {
        let status = "Name:\tauthn\nSigBlk:\t0000000000000006\nSigIgn:\t0000000000001001\n";
        assert!(ignores(status, 1) && ignores(status, 13));
        assert!(!ignores(status, 2) && !ignores(status, 15));
        assert!(!ignores("", 1));
    }
}
