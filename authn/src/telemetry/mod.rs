//! What an operator can observe: spans and events of the crate `tracing`, and with the feature `metrics` metrics of the crate
//! `metrics`.
//!
//! All names of metrics and spans are here. An event is where its step is. `docs/metrics.md` explains them. A warm call
//! reaches none of this code.

mod labels;
mod metric;
mod operation;
mod spans;

pub(crate) use labels::Labels;
pub(crate) use metric::Metric;
pub(crate) use operation::Operation;
pub(crate) use spans::{exchange, note_reason, refresh};
#[cfg(feature = "reqwest")]
pub(crate) use spans::{note_failure, note_status, request};
