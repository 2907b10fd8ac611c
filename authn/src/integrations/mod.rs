//! Integrations with other frameworks: HTTP clients, and servers whose requests contain tokens.

pub mod app_service;
#[cfg(feature = "reqwest")]
pub mod reqwest;
