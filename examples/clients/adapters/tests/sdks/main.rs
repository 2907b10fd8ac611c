//! Each SDK sends requests with tokens of authn to a server on the loopback interface.

mod server;

#[cfg(feature = "azure")]
mod azure;
#[cfg(feature = "google")]
mod google;
#[cfg(feature = "kubernetes")]
mod kubernetes;
#[cfg(feature = "object_store")]
mod object_store;
