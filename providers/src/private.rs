//! What the macros of this crate name. Not part of the public interface.

pub use authn::private::inventory;

pub use crate::{client_auth::ErasedClientAuth, named::Named, oauth::compliance::Compliance};
