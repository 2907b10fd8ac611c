//! Format `text`: the token in the first line, as of `gh auth token`, `op read` and `vault print token`.

use zeroize::Zeroizing;

use super::{Answer, Unusable, text_of};

pub(super) fn read(output: &[u8]) -> Result<Answer, Unusable> {
    match text_of(output)?.lines().next().map(str::trim) {
        None | Some("") => Err(Unusable::Invalid("its first line is empty")),
        Some(line) => Ok(Answer::new(Zeroizing::new(line.to_owned()))),
    }
}
