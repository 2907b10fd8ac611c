//! Presets: what is known of a service, below everything that is configured.
//!
//! - [`document`]: the format of a preset
//! - [`find`]: where presets are found, by their names
//! - [`fill`]: how a preset fills in the table that names it

mod document;
mod fill;
mod find;

pub use document::Preset;
pub(super) use fill::{Fault, Filled};
pub(super) use find::Presets;
