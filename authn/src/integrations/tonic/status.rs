//! The status of a call that was not authorised.

use std::sync::Arc;

use ::tonic::{Code, Status};

use crate::{Error, Recovery};

/// Returns the status of a call that was not sent. Its source is the error.
pub(super) fn status(error: Error) -> Status {
    let code = match error.recovery() {
        Recovery::Retry { .. } => Code::Unavailable,
        Recovery::ChangeConfiguration | Recovery::ChangeRequest => Code::FailedPrecondition,
        _ => Code::Unauthenticated,
    };
    let mut status = Status::new(code, format!("the call was not authorised: {error}"));
    status.set_source(Arc::new(error));
    status
}
