//! Sends token requests, and is the only place that does. All of them follow the same policy:
//!
//! - Only `https` is used. Plain `http` is possible to the loopback interface, to a cloud's metadata service at its literal
//!   address, or if the provider's options allow it.
//! - No redirect is followed: a token request that is redirected is a mistake or an attack. A provider can allow redirects
//!   within the same origin.
//! - A response is limited to 1 MiB. There are deadlines for the connection and for the whole request.
//! - A request is sent again only if the server can't have acted on it.
//! - No error contains the path or the query of a URL, unless the server's description quotes it. Of a response's body,
//!   an error contains the server's error code and description, if nothing secret that was sent is in them. Of its
//!   headers, it names the media type and the encoding at most.

#[cfg(feature = "reqwest")]
mod busy;
#[cfg(feature = "reqwest")]
mod client;
#[cfg(feature = "reqwest")]
mod connections;
#[cfg(feature = "reqwest")]
mod describe;
#[cfg(feature = "reqwest")]
mod failure;
#[cfg(feature = "reqwest")]
mod identity;
#[cfg(feature = "reqwest")]
mod in_flight;
#[cfg(feature = "reqwest")]
mod log;
#[cfg(feature = "reqwest")]
mod machine;
pub(crate) mod options;
#[cfg(feature = "reqwest")]
mod proxy;
#[cfg(feature = "reqwest")]
mod reach;
#[cfg(feature = "reqwest")]
mod redirect;
#[cfg(feature = "reqwest")]
mod request;
#[cfg(feature = "reqwest")]
mod response;
#[cfg(feature = "reqwest")]
mod retry;
#[cfg(feature = "reqwest")]
mod said;
#[cfg(feature = "reqwest")]
mod tls;

pub use ::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header, request::Parts,
};
#[cfg(feature = "reqwest")]
#[doc(hidden)]
pub use busy::{busy, later};
#[cfg(feature = "reqwest")]
pub(crate) use client::pinned;
#[cfg(feature = "reqwest")]
pub use client::{HttpClient, check};
#[cfg(feature = "reqwest")]
pub use describe::{describe, is_showable};
#[cfg(feature = "reqwest")]
pub use identity::ClientIdentity;
#[cfg(feature = "reqwest")]
#[doc(hidden)]
pub use in_flight::awaited;
#[cfg(feature = "reqwest")]
#[doc(hidden)]
pub use machine::OfMachine;
#[cfg(feature = "reqwest")]
pub use proxy::ProxyInUse;
#[cfg(feature = "reqwest")]
#[doc(hidden)]
pub use reach::Reach;
#[cfg(feature = "reqwest")]
pub(crate) use redirect::{redirected, same_origin};
#[cfg(feature = "reqwest")]
pub use request::HttpRequest;
#[cfg(feature = "reqwest")]
pub use response::HttpResponse;
#[cfg(feature = "reqwest")]
#[doc(hidden)]
pub use said::{Said, Sent, contains_secret};
