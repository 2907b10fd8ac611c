//! The one place that sends token requests, with the policy that all of them keep.
//!
//! - `https` alone; plain `http` to the loopback interface, or where the provider's own options allow it.
//! - No redirect is followed: a token request that is redirected is a mistake or an attack.
//! - Answers are limited to 1 MiB, and there are deadlines for connecting and for the whole.
//! - A request is sent again only where the server can't have acted on it.
//! - No error holds a URL's path or query, a header or a byte of the answer.

#[cfg(feature = "reqwest")]
mod client;
pub(crate) mod options;
#[cfg(feature = "reqwest")]
mod proxy;
#[cfg(feature = "reqwest")]
mod request;
#[cfg(feature = "reqwest")]
mod response;
#[cfg(feature = "reqwest")]
mod retry;

pub use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
#[cfg(feature = "reqwest")]
pub use client::{HttpClient, check};
#[cfg(feature = "reqwest")]
pub use proxy::ProxyInUse;
#[cfg(feature = "reqwest")]
pub use request::HttpRequest;
#[cfg(feature = "reqwest")]
pub use response::HttpResponse;
