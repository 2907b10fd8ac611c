//! What the macros of this crate name. Not part of the public interface.

pub use authn::{Location, private::inventory};

pub use crate::named::Named;
