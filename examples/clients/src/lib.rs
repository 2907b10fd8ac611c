//! authn in the HTTP clients that Rust programs use.
//!
//! - [`hyper`]: a layer of tower around the client of hyper-util.
//! - [`ureq`]: a client without a runtime. It shows what any client does that authn does not know.
//! - [`chain`]: the end of a chain of `reqwest-middleware`.
//!
//! Adapters for the SDKs of clouds and Kubernetes are in `adapters`, a workspace of its own.

pub mod chain;
pub mod hyper;
pub mod ureq;
