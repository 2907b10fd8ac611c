//! The providers that come with authn.
//!
//! A program that links this crate has all of them, and the configuration chooses one:
//!
//! | provider | sends with a request |
//! |---|---|
//! | `jwt` | a token from the configuration, until the `exp` of the token |
//! | `bearer` | an opaque token from the configuration |
//! | `basic` | a user's name and password (RFC 7617) |
//! | `api_key` | keys in headers and query parameters, which can differ by origin |
//! | `cached` | the token of another provider, behind a cache and a store |
//! | `chain` | what the first of several providers that applies sends |
//! | `exec` | the token that a command prints |
//! | `hook` | the token of a closure that the program registers |
//! | `app_service` | the token of the request that is being served |
//! | `oauth` | a token of an OAuth 2 authorization server (RFC 6749) |
//! | `oauth1` | a signature of the request (OAuth 1.0a, RFC 5849) |
//! | `h2o_cloud` | a token of an H2O AI Cloud, whose addresses are discovered |
//! | `jwt_bearer` | a token signed for a service account, exchanged (RFC 7523) or as it is |
//! | `file_token` | the token in a file, which something else writes, such as Kubernetes |
//! | `github_actions` | the ID token of a job of GitHub Actions |
//! | `gitlab` | the ID token of a job of GitLab CI/CD |
//! | `gcp_metadata` | a token of the service account of a machine of Google Cloud |
//! | `azure_managed_identity` | a token of the managed identity of a machine of Azure |
//! | `spiffe` | the JWT-SVID of this program, of an agent of SPIFFE |
//! | `workload_identity` | the token of the identity that this machine has, or the one that a service exchanges it for |
//!
//! `authn providers NAME` shows the options of a provider. A program links all of them with one line:
//!
//! ```
//! use authn::{Environment, Loader};
//! use authn_providers as _;
//!
//! let credentials = Loader::new()
//!     .environment(Environment::empty().variable("API_TOKEN", "abc"))
//!     .defaults(r#"
//!         [credentials]
//!         domain = "api.example.com"
//!         bearer = { env = "API_TOKEN" }
//!     "#)
//!     .load()?;
//! assert_eq!(format!("{credentials:?}"), "Bearer { token: (set) }");
//! # Ok::<(), authn::Error>(())
//! ```
//!
//! The types are public for programs that offer only some providers, or whose linker drops unused crates. Such a
//! program registers them itself:
//!
//! ```
//! use authn::Registry;
//! use authn_providers::{AppService, Basic, Bearer, H2oCloud, Jwt, JwtBearer, OAuth, OAuth1};
//! use authn_providers::{AzureManagedIdentity, FileToken, GcpMetadata, GithubActions, Gitlab};
//! use authn_providers::WorkloadIdentity;
//!
//! let tokens = Registry::builder().register::<Bearer>().register::<Jwt>().register::<Basic>();
//! let exchanges = tokens.register::<OAuth>().register::<JwtBearer>().register::<OAuth1>();
//! let exchanges = exchanges.register::<H2oCloud>();
//! let jobs = exchanges.register::<GithubActions>().register::<Gitlab>().register::<FileToken>();
//! let machines = jobs.register::<GcpMetadata>().register::<AzureManagedIdentity>();
//! let machines = machines.register::<WorkloadIdentity>();
//! let registry = machines.register::<AppService>().build()?;
//! assert!(registry.get("jwt").is_some());
//! # Ok::<(), authn::Error>(())
//! ```
//!
//! Each type has a builder, for credentials that a program makes in code instead of reading a configuration. See
//! [`OAuth`] and [`authn::CredentialsBuilder`]:
//!
//! ```
//! use authn_providers::{ApiKey, Jwt};
//!
//! # let (key, jwt) = ("abc", "eyJhbGciOiJub25lIn0.e30.");
//! let search = ApiKey::builder().key(key).header("x-search-key").credentials();
//! let search = search.origin("https://search.example.com").build()?;
//! let foundry = Jwt::builder().jwt(jwt).credentials().domain("foundry.example.com").build()?;
//! # let _ = (search, foundry);
//! # Ok::<(), authn::Error>(())
//! ```
//!
//! # Features
//!
//! Each provider has a feature, and all of these are enabled by default. `jwt` also contains `bearer`, and `h2o_cloud`,
//! `jwt_bearer` and `oauth1` enable `oauth`. `workload_identity` enables `oauth` and the identities of machines.
//!
//! `keyring`, `keyutils`, `redis` and `spiffe` are not enabled by default, because they need further crates. `redis` adds the
//! token store `redis`, which many machines share. The first two add the token store `keyring`, which also resolves
//! references like `{ keyring = "service/user" }`. `keyring` uses the desktop's keyring (the Secret Service, over
//! D-Bus), and `keyutils` the keyring of the Linux kernel. If both are enabled, the option `[stores.keyring] backend`
//! chooses one.

#[cfg(feature = "api_key")]
mod api_key;
#[cfg(feature = "app_service")]
mod app_service;
#[cfg(feature = "azure_managed_identity")]
mod azure_managed_identity;
#[cfg(feature = "basic")]
mod basic;
#[cfg(feature = "jwt")]
mod bearer;
#[cfg(feature = "oauth")]
mod browser_login;
#[cfg(feature = "cached")]
mod cached;
#[cfg(feature = "chain")]
mod chain;
#[cfg(any(feature = "exec", feature = "oauth", feature = "keyring", feature = "keyutils"))]
mod choice;
#[cfg(feature = "oauth")]
mod client_auth;
#[cfg(feature = "exec")]
mod exec;
#[cfg(any(
    feature = "jwt",
    feature = "app_service",
    feature = "exec",
    feature = "file_token",
    feature = "gcp_metadata",
    feature = "github_actions",
    feature = "gitlab",
    feature = "spiffe"
))]
mod expiry;
#[cfg(feature = "file_token")]
mod file_token;
#[cfg(all(feature = "oauth", any(test, fuzzing)))]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(feature = "gcp_metadata")]
mod gcp_metadata;
#[cfg(feature = "github_actions")]
mod github_actions;
#[cfg(feature = "gitlab")]
mod gitlab;
#[cfg(feature = "h2o_cloud")]
mod h2o_cloud;
#[cfg(any(feature = "api_key", feature = "basic", feature = "exec"))]
mod header;
#[cfg(feature = "hook")]
mod hook;
#[cfg(feature = "oauth")]
mod jws;
#[cfg(feature = "jwt")]
mod jwt;
#[cfg(feature = "jwt_bearer")]
mod jwt_bearer;
#[cfg(any(
    feature = "azure_managed_identity",
    feature = "file_token",
    feature = "gcp_metadata",
    feature = "github_actions",
    feature = "gitlab",
    feature = "spiffe"
))]
mod machine;
#[cfg(feature = "oauth")]
mod named;
#[cfg(feature = "oauth")]
mod nested;
#[cfg(feature = "oauth")]
mod oauth;
#[cfg(feature = "oauth1")]
mod oauth1;
#[cfg(feature = "oauth")]
mod presets;
#[cfg(feature = "oauth")]
#[doc(hidden)]
pub mod private;
#[cfg(feature = "oauth")]
mod random;
#[cfg(feature = "spiffe")]
mod spiffe;
#[cfg(any(feature = "keyring", feature = "keyutils", feature = "redis"))]
mod stores;
#[cfg(test)]
mod testing;
#[cfg(feature = "oauth")]
mod token_endpoint;
#[cfg(any(
    feature = "jwt",
    feature = "app_service",
    feature = "exec",
    feature = "file_token",
    feature = "gcp_metadata",
    feature = "github_actions",
    feature = "gitlab",
    feature = "spiffe"
))]
mod unverified;
#[cfg(feature = "workload_identity")]
mod workload_identity;

#[cfg(feature = "api_key")]
pub use api_key::{ApiKey, ApiKeyBuilder};
#[cfg(feature = "app_service")]
pub use app_service::{AppService, AppServiceBuilder};
#[cfg(feature = "azure_managed_identity")]
pub use azure_managed_identity::{AzureManagedIdentity, AzureManagedIdentityBuilder};
#[cfg(feature = "basic")]
pub use basic::{Basic, BasicBuilder};
#[cfg(feature = "jwt")]
pub use bearer::{Bearer, BearerBuilder};
#[cfg(feature = "cached")]
pub use cached::{Cached, CachedBuilder};
#[cfg(feature = "chain")]
pub use chain::{Chain, ChainBuilder};
#[cfg(feature = "oauth")]
#[doc(hidden)]
pub use client_auth::ErasedClientAuth;
#[cfg(feature = "oauth")]
pub use client_auth::{ClientAuth, RegisteredClient};
#[cfg(feature = "exec")]
pub use exec::{Exec, ExecBuilder};
#[cfg(feature = "file_token")]
pub use file_token::{FileToken, FileTokenBuilder};
#[cfg(feature = "gcp_metadata")]
pub use gcp_metadata::{GcpMetadata, GcpMetadataBuilder};
#[cfg(feature = "github_actions")]
pub use github_actions::{GithubActions, GithubActionsBuilder};
#[cfg(feature = "gitlab")]
pub use gitlab::{Gitlab, GitlabBuilder};
#[cfg(feature = "h2o_cloud")]
pub use h2o_cloud::{H2oCloud, H2oCloudBuilder, H2oDiscovery, H2oService};
#[cfg(feature = "hook")]
pub use hook::{Hook, HookBuilder};
#[cfg(feature = "jwt")]
pub use jwt::{Jwt, JwtBuilder};
#[cfg(feature = "jwt_bearer")]
pub use jwt_bearer::{JwtBearer, JwtBearerBuilder};
#[cfg(feature = "oauth")]
#[doc(hidden)]
pub use oauth::{FoundResource, discover_resource};
#[cfg(feature = "oauth")]
pub use oauth::{OAuth, OAuthBuilder, compliance::Compliance};
#[cfg(feature = "oauth1")]
pub use oauth1::{OAuth1, OAuth1Builder, SignatureInput, SignatureMethod};
#[cfg(feature = "spiffe")]
pub use spiffe::{Spiffe, SpiffeBuilder};
#[cfg(feature = "oauth")]
pub use token_endpoint::{TokenRequest, TokenResponse};
#[cfg(feature = "workload_identity")]
pub use workload_identity::{WorkloadIdentity, WorkloadIdentityBuilder};
