//! The signals that end a program. Each is treated as an interrupt, so that no exchange in progress is lost.

use std::{
    io,
    task::{Context, Poll},
};

use crate::{exit::Code, signal_mask};

/// The signals that end this program, except those that it was started to ignore.
pub(super) struct Signals(Vec<(Code, Stream)>);

impl Signals {
    /// Starts to listen. From here on, no signal of the list ends the program by itself.
    pub(super) fn listen() -> io::Result<Self> {
        let listen = |(code, number)| Ok((code, stream(number)?));
        ENDING
            .into_iter()
            // `nohup` ignores SIGHUP, for example. To listen would end that.
            .filter(|(_, number)| !signal_mask::contains("SigIgn", *number))
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
