//! Presets: what is known of a service, below everything that is configured.
//!
//! - [`find`]: where presets are found, by their names
//! - [`fill`]: how a preset fills in the table that names it

mod fill;
mod find;

pub(super) use fill::{Fault, Filled};
pub(super) use find::Presets;
