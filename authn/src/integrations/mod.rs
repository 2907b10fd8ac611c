//! What joins the framework to others: HTTP clients, and servers that bring tokens.

pub mod app_service;
#[cfg(feature = "reqwest")]
pub mod reqwest;
