//! Authentication to other services, chosen by configuration.
//!
//! A program asks for credentials, and the configuration says which: an API key, a client's secret, or a user's
//! login. authn gets tokens, refreshes them in time, and puts them on requests. The program is the same on a laptop, in
//! CI and in production. No secret is ever printed.
//!
//! It is not a server, and does not authenticate the requests that a program receives. It does not store a program's
//! own secrets. One API key that never changes needs only a header, and a single cloud has an SDK of its own.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = authn::reqwest::Client::new(authn::load()?)?;
//! let url = "https://api.example.com/v1/things";
//! println!("{}", client.get(url).send().await?.text().await?);
//! # Ok(()) }
//! ```
//!
//! The program also needs `use authn_providers as _;`, which links the built-in providers. It reads
//! `~/.config/authn/config.toml`, among other [layers](guide::layers):
//!
//! ```toml
//! [credentials]
//! domain = "api.example.com"
//!
//! [credentials.oauth]
//! issuer_url = "https://idp.example.com"
//! client_id = "things-reader"
//! client_secret = { file = "/run/secrets/things-reader" }
//! ```
//!
//! # Where to start
//!
//! | I want to … | look at |
//! |---|---|
//! | send authorized requests with reqwest | [`reqwest::Client`] |
//! | send authorized requests with a client of hyper, axum or tower | [`tower::AuthLayer`] |
//! | make authorized gRPC calls | [`tonic::AuthLayer`], [`tonic::AuthInterceptor`], [`Credentials::metadata`] |
//! | authorize the request of another HTTP client | [`Credentials::authorize`] |
//! | withhold the token of a request, or use another one | [`WithholdToken`], [`UseCredentials`] |
//! | get the token itself | [`Credentials::token`], [`Credentials::try_token`] |
//! | work without an asynchronous runtime | [`blocking`], [`blocking::reqwest::Client`] |
//! | load the configuration | [`load`], [`load_profile`] |
//! | read other files, or an application's own name | [`Loader`] |
//! | know where a value comes from | [`config::Config::settings`], [`guide::layers`] |
//! | build credentials in code | the builder of a [provider](macro@token_provider#in-code), [`Credentials::builder`] |
//! | write a provider | [`guide::writing_a_provider`], [`TokenSource`], [`TokenProvider`] |
//! | write a provider whose user logs in | [`InteractiveSource`], [`guide::sessions`] |
//! | sign requests, or react to an answer | [`guide::signing_requests`], [`Request`], [`Body`], [`Issued`], [`Reaction`] |
//! | know why a token is asked for | [`Reason`] |
//! | keep a secret between calls | [`Kept`] |
//! | fill in what is known of a service | [`preset!`], [`guide::layers`](guide::layers#presets) |
//! | use a closure as a provider | [`from_fn`], [`hooks`] |
//! | group options in a struct | [`macro@Options`] |
//! | know when a token is refreshed | [`guide::refresh_timing`], [`CacheOptions`] |
//! | let a user log in | [`Credentials::login`], [`prompt`] |
//! | know what is stored, and log out | [`Credentials::status`], [`Credentials::logout`], [`guide::sessions`] |
//! | store sessions elsewhere | [`guide::stores`], [`store::TokenStore`], [`macro@token_store`] |
//! | decide what to do about an error | [`Error::recovery`], [`ErrorKind`] |
//! | limit where a credential is sent | [`Origins`] |
//! | choose the header or the query parameter | [`Placement`] |
//! | pass on the token of the request being served | [`app_service`] |
//! | test a program that uses credentials | [`testing`] |
//! | test a provider | [`conformance::check`] |
//! | test with a clock or an environment of my own | [`time::Clock`], [`Environment`] |
//!
//! # Providers
//!
//! The crate `authn-providers` has them. All of these features are on by default:
//!
//! | provider | feature | credential |
//! |---|---|---|
//! | `api_key` | `api_key` | keys in headers and in the query |
//! | `app_service` | `app_service` | the token of the request that is being served |
//! | `azure_managed_identity` | `azure_managed_identity` | a token of the managed identity of a machine of Azure |
//! | `basic` | `basic` | a user's name and password (RFC 7617) |
//! | `bearer` | `jwt` | an opaque token of the configuration |
//! | `cached` | `cached` | another provider's token, with a cache and a store |
//! | `chain` | `chain` | that of the first of several providers that applies |
//! | `exec` | `exec` | the token that a command prints |
//! | `file_token` | `file_token` | the token in a file, which something else writes |
//! | `gcp_metadata` | `gcp_metadata` | a token of the service account of a machine of Google Cloud |
//! | `github_actions` | `github_actions` | the ID token of a job of GitHub Actions |
//! | `gitlab` | `gitlab` | the ID token of a job of GitLab CI/CD |
//! | `h2o_cloud` | `h2o_cloud` | a token of an H2O AI Cloud, for the services that it discovers |
//! | `hook` | `hook` | the token of a closure of the program |
//! | `jwt` | `jwt` | a JWT of the configuration (RFC 7519) |
//! | `jwt_bearer` | `jwt_bearer` | a service account's signed token, exchanged (RFC 7523) or as it is |
//! | `oauth` | `oauth` | a token of an OAuth 2 authorization server (RFC 6749) |
//! | `oauth1` | `oauth1` | a signature of the request (OAuth 1.0a, RFC 5849) |
//! | `spiffe` | `spiffe` | the JWT-SVID of the program, from an agent of SPIFFE; not by default |
//! | `workload_identity` | `workload_identity` | the identity that the machine has, exchanged for a service's token |
//!
//! The features `keyring` and `keyutils` of that crate add the token store `keyring`, and `redis` adds the token store `redis`.
//!
//! # Cost
//!
//! A call that finds a valid token takes, on a virtual core of an Intel Xeon:
//!
//! | call | nanoseconds | allocations |
//! |---|---:|---:|
//! | `token().await` | 21.4 | 0 |
//! | `try_token()` | 17.7 | 0 |
//! | `authorize(&mut parts).await` beside six headers | 88.9 | 0 |
//!
//! A second thread changes these by 2 % at most. The repository's `benches` has all figures and the method. The
//! dependencies are tokio and, by the feature `reqwest`, reqwest with rustls. The first exchange starts one background
//! thread; a program that makes no exchange starts none.
//!
//! # Fork
//!
//! Credentials also work in a child that a program forks without an exec, such as a worker of a server: the child starts
//! a background thread and connections of its own. It does not wait for an exchange or a login of its parent.
//!
//! - Fork before the program starts other threads, or before they use credentials. A lock that another thread holds at
//!   that moment stays locked in the child, whether it is authn's or the allocator's.
//! - A session in memory is copied. If its server rotates refresh tokens, only one of the processes can go on with it.
//!   In a store, they share it.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `reqwest` | yes | [`Context::http`], [`reqwest::Client`] and [`blocking::reqwest::Client`] |
//! | `http2` | yes | HTTP/2 to servers that offer it, in addition to HTTP/1.1 |
//! | `encryption` | yes | [`store::Encrypted`] and [`store::Encryption`], and the option `stores.file.encryption_key` |
//! | `reqwest-middleware` | no | [`reqwest::Client`] as the last middleware of `reqwest-middleware` |
//! | `tower` | no | [`tower::AuthLayer`], and [`app_service::AppServiceLayer`], which provides an incoming request's token to `app_service` |
//! | `tonic` | no | [`tonic::AuthLayer`] and [`tonic::AuthInterceptor`] for gRPC calls |
//! | `figment` | no | [`Loader::layer`], which adds any provider of figment as a layer |
//! | `metrics` | no | metrics of exchanges, waits, stores and logins, by the crate `metrics` |
//! | `testing` | no | [`testing`]: stubs and a token server for tests |
//!
//! The repository's `docs/metrics.md` lists the metrics, and the spans of `tracing`, which need no feature.
//!
//! The minimum supported Rust version is 1.95.

extern crate self as authn;

pub mod blocking;
mod builder;
mod cache;
pub mod config;
mod config_writer;
pub mod conformance;
mod context;
mod credentials;
pub mod diagnostic;
mod environment;
mod error;
mod explained;
pub mod guide;
pub mod http;
mod input_file;
mod integrations;
mod kept;
mod links;
mod login;
pub mod options;
mod origins;
mod pending_login;
mod per_process;
#[doc(hidden)]
pub mod private;
mod private_file;
mod process;
pub mod prompt;
pub mod provider;
#[doc(hidden)]
pub mod reference;
mod registry;
mod request;
mod runtime;
mod secret;
mod server_side;
mod sorted;
pub mod store;
mod striped;
mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;
mod token;
mod web_login;

#[doc(inline)]
pub use authn_macros::{Options, token_provider, token_store};
pub use builder::CredentialsBuilder;
pub use cache::{CacheOptions, Cached};
#[doc(inline)]
pub use config::{Loader, load, load_profile};
pub use config_writer::ConfigWriter;
#[doc(hidden)]
pub use config_writer::{StateFile, TextFile, TomlText};
pub use context::{Context, Reason};
pub use credentials::Credentials;
#[doc(inline)]
pub use diagnostic::Location;
pub use environment::Environment;
pub use error::{Error, ErrorKind, Recovery, Result};
#[doc(hidden)]
pub use explained::{Explained, Part};
pub use integrations::*;
pub use kept::Kept;
#[doc(hidden)]
pub use links::Links;
pub use login::{Login, LoginMethod, LoginOutcome, LoginPlan};
#[doc(inline)]
pub use options::{Options, Secret, Show, Validation, View};
pub use origins::Origins;
pub use pending_login::PendingLogin;
#[doc(inline)]
pub use provider::{
    Bound, InteractiveSource, LastFailure, Managed, Probe, Revocation, Status, TokenProvider,
    TokenSource, from_fn, hooks,
};
pub use registry::{Entry, Provider, Registry, RegistryBuilder, Store, StoreEntry};
pub use request::{Body, Placement, Reaction, Request, ResponseHead, Used};
pub use secret::{Exposed, SecretSource, SecretString};
#[doc(inline)]
pub use store::SessionPolicy;
pub use striped::Striped;
pub use token::{Claims, IntoTokenSet, Introspection, Issued, Token, TokenSet, Update, UserInfo};
#[doc(inline)]
pub use url::Url;
