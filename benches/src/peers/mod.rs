//! The same warm call of other libraries, a file each. Every one of them got its token from a token endpoint,
//! ours or a pretended one, through its public interface.

#[cfg(feature = "aws_smithy")]
mod aws_smithy;
#[cfg(feature = "azure_identity")]
mod azure_identity;
#[cfg(feature = "gcp_auth")]
mod gcp_auth;
#[cfg(feature = "google_cloud_auth")]
mod google_cloud_auth;
#[cfg(feature = "huskarl")]
mod huskarl;
#[cfg(feature = "object_store")]
mod object_store;
#[cfg(feature = "yup_oauth2")]
mod yup_oauth2;

use tokio::runtime::Runtime;

use crate::{Outcome, report::Report, token_server};

/// Takes the report, a runtime to get the first token on, and the token endpoint's URL without a slash at its end.
type Peer = fn(&mut Report, &Runtime, &str) -> Outcome;

const PEERS: &[(&str, Peer)] = &[
    #[cfg(feature = "object_store")]
    ("object_store", object_store::run),
    #[cfg(feature = "google_cloud_auth")]
    ("google-cloud-auth", google_cloud_auth::run),
    #[cfg(feature = "huskarl")]
    ("huskarl", huskarl::run),
    #[cfg(feature = "azure_identity")]
    ("azure_identity", azure_identity::run),
    #[cfg(feature = "gcp_auth")]
    ("gcp_auth", gcp_auth::run),
    #[cfg(feature = "yup_oauth2")]
    ("yup-oauth2", yup_oauth2::run),
    #[cfg(feature = "aws_smithy")]
    ("aws-smithy-runtime", aws_smithy::run),
];

/// Measures all peers. One that gets no token is told of, and left out.
pub(crate) fn run(report: &mut Report, runtime: &Runtime) -> Outcome {
    let server = &token_server::start()?;
    for (name, run) in PEERS {
        if let Err(error) = run(report, runtime, server) {
            eprintln!("{name} is left out: {error}");
        }
    }
    Ok(())
}
