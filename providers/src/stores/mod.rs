//! Token stores that are not part of the framework itself.

#[cfg(any(feature = "keyring", feature = "keyutils"))]
mod keyring;
#[cfg(feature = "redis")]
mod redis;
