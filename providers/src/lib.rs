//! The providers that come with authn.
//!
//! Linking this crate makes them available, and the configuration chooses one:
//!
//! | provider | what it puts on a request |
//! |---|---|
//! | `jwt` | a token that stands in the configuration; it knows from the token when it expires |
//! | `bearer` | the same for an opaque token |
//! | `basic` | a user's name and password (RFC 7617) |
//! | `api_key` | keys in headers and in the query, other ones for other origins if need be |
//! | `cached` | what another provider puts there, with a cache and a store in front |
//! | `hook` | the token of a closure that the program has registered |
//! | `app_service` | the token of the request that is being served |
//! | `oauth` | a token of an OAuth 2 authorization server (RFC 6749) |
//! | `jwt_bearer` | a token that a service account signs, exchanged (RFC 7523) or as it is |
//!
//! `authn providers NAME` tells the options of each. A program needs one line to link them all:
//!
//! ```
//! use authn::{Environment, Loader};
//! use authn_providers as _;
//!
//! let credentials = Loader::new()
//!     .environment(Environment::empty().variable("API_TOKEN", "abc"))
//!     .inline("built in", r#"
//!         [credentials]
//!         domain = "api.example.com"
//!         bearer = { env = "API_TOKEN" }
//!     "#)
//!     .load()?;
//! assert_eq!(format!("{credentials:?}"), "Bearer { token: (set) }");
//! # Ok::<(), authn::Error>(())
//! ```
//!
//! The types are public so that a program which chooses what it offers, or whose linker drops what is not
//! named, can register them by hand:
//!
//! ```
//! let registry = authn::Registry::builder().register::<authn_providers::Jwt>().build()?;
//! assert!(registry.get("jwt").is_some());
//! # Ok::<(), authn::Error>(())
//! ```
//!
//! # Features
//!
//! One for each provider, all of them on by default; `jwt` brings `bearer`, too, and `jwt_bearer` brings
//! `oauth`.
//!
//! Not on by default, because they bring dependencies: `keyring` and `keyutils` are the token store
//! `keyring`, which also resolves references `{ keyring = "service/user" }`. The first is the desktop's
//! keyring (the Secret Service, over D-Bus), the second the Linux kernel's; with both, `[stores.keyring]
//! backend` chooses.

#[cfg(feature = "api_key")]
mod api_key;
#[cfg(feature = "app_service")]
mod app_service;
#[cfg(feature = "basic")]
mod basic;
#[cfg(feature = "jwt")]
mod bearer;
#[cfg(feature = "cached")]
mod cached;
#[cfg(any(feature = "oauth", feature = "keyring", feature = "keyutils"))]
mod choice;
#[cfg(feature = "oauth")]
mod client_auth;
#[cfg(any(feature = "jwt", feature = "app_service"))]
mod expiry;
#[cfg(all(feature = "oauth", any(test, fuzzing)))]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(any(feature = "api_key", feature = "basic"))]
mod header;
#[cfg(feature = "hook")]
mod hook;
#[cfg(feature = "oauth")]
mod jws;
#[cfg(feature = "jwt")]
mod jwt;
#[cfg(feature = "jwt_bearer")]
mod jwt_bearer;
#[cfg(feature = "oauth")]
mod oauth;
#[cfg(feature = "oauth")]
mod random;
#[cfg(any(feature = "keyring", feature = "keyutils"))]
mod stores;
#[cfg(test)]
mod testing;
#[cfg(feature = "oauth")]
mod token_endpoint;

#[cfg(feature = "api_key")]
pub use api_key::ApiKey;
#[cfg(feature = "app_service")]
pub use app_service::AppService;
#[cfg(feature = "basic")]
pub use basic::Basic;
#[cfg(feature = "jwt")]
pub use bearer::Bearer;
#[cfg(feature = "cached")]
pub use cached::Cached;
#[cfg(feature = "hook")]
pub use hook::Hook;
#[cfg(feature = "jwt")]
pub use jwt::Jwt;
#[cfg(feature = "jwt_bearer")]
pub use jwt_bearer::JwtBearer;
#[cfg(feature = "oauth")]
pub use oauth::OAuth;
