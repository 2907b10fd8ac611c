//! What a command prints, up to a limit, and what it reads.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    process::{Child, ChildStderr, ChildStdin, ChildStdout},
    task::yield_now,
};
use zeroize::Zeroizing;

use super::LONGEST_OUTPUT;
use crate::{Error, Result};

/// How much of the standard error is read at once, in bytes.
const CHUNK: usize = 4 * 1024;

/// The ends of a command's pipes. An end is `None` when nothing more comes from it.
pub(super) struct Pipes {
    input: Option<ChildStdin>,
    unsent: Zeroizing<Vec<u8>>,
    sent: usize,
    output: Option<ChildStdout>,
    /// Never grown: the memory that it had before would not be wiped. It has room for one byte too many.
    printed: Zeroizing<Vec<u8>>,
    printed_length: usize,
    errors: Option<ChildStderr>,
    /// The length of what was printed to the standard error, which is not kept.
    errors_length: usize,
}

impl Pipes {
    pub(super) fn of(child: &mut Child, unsent: Zeroizing<Vec<u8>>) -> Self {
        Self {
            input: child.stdin.take(),
            unsent,
            sent: 0,
            output: child.stdout.take(),
            printed: Zeroizing::new(vec![0; LONGEST_OUTPUT + 1]),
            printed_length: 0,
            errors: child.stderr.take(),
            errors_length: 0,
        }
    }

    /// Copies until a future ends, and returns its result.
    pub(super) async fn copy_until<T>(&mut self, end: impl Future<Output = T>) -> Result<T> {
        let mut end = pin!(end);
        poll_fn(|context| {
            self.copy(context)?;
            end.as_mut().poll(context).map(Ok)
        })
        .await
    }

    /// Returns what the command has printed, after its first process has ended. Another process may hold the pipe, so
    /// this reads what is there and does not wait for the end.
    pub(super) async fn rest(&mut self) -> Result<Zeroizing<Vec<u8>>> {
        // The runtime looks meanwhile which pipes have something to read.
        yield_now().await;
        poll_fn(|context| Poll::Ready(self.copy(context))).await?;
        self.printed.truncate(self.printed_length);
        Ok(std::mem::take(&mut self.printed))
    }

    /// Copies all that can be copied without waiting.
    fn copy(&mut self, context: &mut Context<'_>) -> Result<()> {
        self.write(context);
        while let Some(length) =
            read(&mut self.output, context, &mut self.printed[self.printed_length..])
        {
            self.printed_length += length;
            if self.printed_length > LONGEST_OUTPUT {
                return Err(too_long("printed"));
            }
        }
        let mut chunk = Zeroizing::new([0; CHUNK]);
        while let Some(length) = read(&mut self.errors, context, &mut *chunk) {
            self.errors_length += length;
            if self.errors_length > LONGEST_OUTPUT {
                return Err(too_long("printed to its standard error"));
            }
        }
        Ok(())
    }

    /// Writes what the command can read, and closes the pipe at the end.
    fn write(&mut self, context: &mut Context<'_>) {
        while let Some(input) = &mut self.input {
            let rest = self.unsent.get(self.sent..).unwrap_or_default();
            match Pin::new(input).poll_write(context, rest) {
                _ if rest.is_empty() => self.input = None,
                Poll::Ready(Ok(written)) if written > 0 => self.sent += written,
                // The command does not read its input.
                Poll::Ready(_) => self.input = None,
                Poll::Pending => return,
            }
        }
    }
}

/// Reads what is there, and returns its length. `None` means that there is nothing, now or any more.
fn read(
    end: &mut Option<impl AsyncRead + Unpin>,
    context: &mut Context<'_>,
    into: &mut [u8],
) -> Option<usize> {
    let mut buffer = ReadBuf::new(into);
    match Pin::new(end.as_mut()?).poll_read(context, &mut buffer) {
        Poll::Ready(Ok(())) if !buffer.filled().is_empty() => Some(buffer.filled().len()),
        Poll::Ready(_) => {
            *end = None;
            None
        }
        Poll::Pending => None,
    }
}

fn too_long(what: &str) -> Error {
    Error::protocol(format!("the command {what} more than 1 MiB, and was ended")).with_help(
        "run it yourself to see what it prints; it should print a token and nothing else",
    )
}
