//! What the providers of a machine's identity share.
//!
//! - [`issued`]: the token that a platform has issued, and when it ends
//! - [`variables`]: what a platform says in variables
//! - [`service`]: a service that only some machines have
//! - [`answer`]: what such a service answers

#[cfg(any(feature = "azure_managed_identity", feature = "gcp_metadata"))]
mod answer;
#[cfg(any(
    feature = "file_token",
    feature = "gcp_metadata",
    feature = "github_actions",
    feature = "gitlab",
    feature = "spiffe"
))]
mod issued;
#[cfg(any(feature = "azure_managed_identity", feature = "gcp_metadata"))]
mod service;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(any(
    feature = "azure_managed_identity",
    feature = "github_actions",
    feature = "gitlab",
    feature = "spiffe"
))]
mod variables;

use authn::{Context, Error, Result};

#[cfg(any(feature = "azure_managed_identity", feature = "gcp_metadata"))]
pub(crate) use answer::token_of;
#[cfg(feature = "gitlab")]
pub(crate) use issued::is_jwt;
#[cfg(any(
    feature = "file_token",
    feature = "gcp_metadata",
    feature = "github_actions",
    feature = "gitlab",
    feature = "spiffe"
))]
pub(crate) use issued::issued;
#[cfg(any(feature = "azure_managed_identity", feature = "gcp_metadata"))]
pub(crate) use service::{Service, url_of_host};
#[cfg(any(feature = "azure_managed_identity", feature = "github_actions"))]
pub(crate) use variables::both;
#[cfg(any(feature = "github_actions", feature = "gitlab", feature = "spiffe"))]
pub(crate) use variables::unset;

/// Fails if a call has scopes or parameters of its own: the platform issues the token for what the options say.
pub(crate) fn check_call(context: &Context) -> Result<()> {
    if context.scopes().is_empty() && context.parameters().is_empty() {
        return Ok(());
    }
    Err(Error::configuration(
        "a call has scopes or parameters of its own, but the identity of a machine can't be asked for them",
    )
    .with_help("make other credentials for it, or exchange the token, such as by the option `subject` of `oauth`"))
}
