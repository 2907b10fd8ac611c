//! What joins the framework to others: HTTP clients, servers that bring tokens, and the program's own
//! closures.

pub mod app_service;
pub mod hooks;
#[cfg(feature = "reqwest")]
pub mod reqwest;
