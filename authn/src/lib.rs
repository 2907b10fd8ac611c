//! Pluggable authentication to other services.
//!
//! A program says *that* it authenticates; the configuration says *how*:
//!
//! ```no_run
//! # async fn example() -> authn::Result<()> {
//! let credentials = authn::load()?;
//! let mut request = http::Request::get("https://api.example.com/v1/things").body(()).unwrap().into_parts().0;
//! credentials.authorize(&mut request).await?;
//! # Ok(()) }
//! ```
//!
//! - [`Credentials`] is the handle that programs hold; [`load`] makes it of the configuration.
//! - [`token_provider`] makes a struct a provider, [`macro@Options`] a set of its options; the [`provider`] module says how to write one.
//! - [`token_store`] makes a struct a store that tokens are kept in.
//! - [`config`] reads the layers, and knows where each value comes from.
//! - [`Cached`] keeps a source's token fresh.
//!
//! # Features
//!
//! - `reqwest` (default): [`Context::http`] and [`reqwest::Client`].
//! - `tower`: [`app_service::AppServiceLayer`].

extern crate self as authn;

pub mod blocking;
mod cache;
pub mod config;
pub mod conformance;
mod context;
mod credentials;
pub mod diagnostic;
mod environment;
mod error;
pub mod guide;
pub mod http;
mod integrations;
mod login;
pub mod options;
#[doc(hidden)]
pub mod private;
mod private_file;
pub mod prompt;
pub mod provider;
mod registry;
mod request;
mod runtime;
mod secret;
pub mod store;
pub mod time;
mod token;

pub use authn_macros::{Options, token_provider, token_store};
pub use cache::{CacheOptions, Cached};
pub use config::{Loader, load, load_profile};
pub use context::Context;
pub use credentials::{Credentials, CredentialsBuilder};
pub use diagnostic::Location;
pub use environment::Environment;
pub use error::{Error, ErrorKind, Recovery, Result};
pub use integrations::*;
pub use login::{Login, LoginOutcome, LoginPlan, Way};
pub use options::{Options, Secret, Show, Validation, View};
pub use provider::{Bound, Managed, Probe, Status, TokenProvider, TokenSource, from_fn, hooks};
pub use registry::{Entry, Provider, Registry, RegistryBuilder, Store, StoreEntry};
pub use request::{Origins, Placement, Request};
pub use secret::{Exposed, SecretSource, SecretString};
pub use store::SessionPolicy;
pub use token::{Claims, Grant, Token};
pub use url::Url;
