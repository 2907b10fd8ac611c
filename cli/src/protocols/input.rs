//! What a tool writes to the standard input, within a limit.

use std::io::{self, BufRead as _, Read as _};

use authn::diagnostic::reason;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::exit::{Code, Failure};

/// Most bytes that a tool may write at once.
pub(super) const LIMIT: u64 = 64 * 1024;

/// Reads all of the standard input.
pub(super) fn all() -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    io::stdin().lock().take(LIMIT + 1).read_to_end(&mut bytes).map_err(|error| unread(&error))?;
    checked(bytes)
}

/// Reads the next line, without its end; `None` at the end of the input.
pub(super) fn line() -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    let mut input = io::stdin().lock().take(LIMIT + 1);
    let read = input.read_until(b'\n', &mut bytes).map_err(|error| unread(&error))?;
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    if read == 0 { Ok(None) } else { checked(bytes).map(Some) }
}

/// Reads an object of JSON. What is wrong with it is not repeated, because it may contain a secret.
pub(super) fn object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    let is_object = bytes.trim_ascii_start().starts_with(b"{");
    let parsed = serde_json::from_slice(bytes).ok().filter(|_| is_object);
    parsed.ok_or_else(|| invalid("it is not a JSON object with the members of this protocol"))
}

/// Returns the failure of an input that does not follow the protocol.
pub(super) fn invalid(what: &str) -> Failure {
    Failure::new(Code::Usage, format!("the tool's input can't be read: {what}"))
}

fn checked(bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if bytes.len() as u64 > LIMIT {
        return Err(invalid("it is longer than 64 KiB"));
    }
    Ok(bytes)
}

fn unread(error: &io::Error) -> Failure {
    Failure::new(Code::Other, format!("standard input can't be read ({})", reason(error)))
}
