//! The layers of a configuration: where values come from, and how they are merged.

pub(crate) mod file;
pub(crate) mod flag;
mod layer;
pub(crate) mod merge;
pub(crate) mod shorthand;
mod source;
pub(crate) mod variables;

pub(crate) use layer::Layer;
pub(crate) use source::{Found, parts};
pub use source::{Source, SourceState};
