//! authn as the source of credentials in other SDKs, so that a program chooses them by the same configuration everywhere.
//!
//! An SDK decides where it sends a token. So check that it calls the servers that the credentials are for: `domain` and
//! `origins` apply only in [`kubernetes`], whose requests authn itself authorises.
//!
//! An SDK that keeps a token itself does not tell when a server refuses it. Such a token is used until the SDK asks again.

#[cfg(feature = "azure")]
pub mod azure;
#[cfg(feature = "google")]
pub mod google;
#[cfg(feature = "kubernetes")]
pub mod kubernetes;
#[cfg(feature = "object_store")]
pub mod object_store;
