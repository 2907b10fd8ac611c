//! Integrations with other frameworks: HTTP clients, and servers whose requests contain tokens.

pub mod app_service;
mod choice;
#[cfg(feature = "tower")]
mod origin;
#[cfg(feature = "reqwest")]
pub mod reqwest;
#[cfg(any(feature = "reqwest", feature = "tower"))]
mod sending;
#[cfg(feature = "tonic")]
pub mod tonic;
#[cfg(feature = "tower")]
pub mod tower;

pub use choice::{UseCredentials, WithholdToken};
