//! What the server's metadata say about what the configuration needs: the issuer, the endpoints, the grant, the client's way to
//! authenticate, and PKCE.
//!
//! Nothing of the configuration is sent, and no text of the metadata is repeated.

use authn::{Context, Error, Probe, Result, provider::Remark};

use super::{OAuth, grants::GrantType};
use crate::{
    client_auth::{Method, Standard},
    token_endpoint::{Endpoint, Metadata},
};

/// What the remarks are about.
const METADATA: &str = "metadata";
/// What decides if the metadata say that something is not supported.
const TRY: &str = "or see whether the server takes it even so, with `--token`";

/// Contacts the server, and compares its metadata with the options.
pub(super) async fn examine(options: &OAuth, context: &Context) -> Result<Probe> {
    let probe = options.server.probe(&options.client, context).await?;
    if options.server.is_open()? {
        let text = "the server that the resource names is known when a user logs in";
        return Ok(probe.with_remarks(vec![Remark::not_tried(METADATA, text, "log in")]));
    }
    let metadata = match options.server.metadata(context).await {
        Ok(Some(metadata)) => metadata,
        Ok(None) => {
            let text = "the endpoints are configured, so the server's metadata are not read";
            let help = "set `issuer_url`, if the server has metadata";
            return Ok(probe.with_remarks(vec![Remark::not_tried(METADATA, text, help)]));
        }
        Err(error) => return Ok(probe.with_remarks(vec![problem(&error)])),
    };
    let grant_type = GrantType::of(options);
    let mut remarks =
        vec![Remark::good(METADATA, "the issuer in the metadata is the configured one")];
    for endpoint in endpoints(grant_type) {
        let found = options.server.endpoint_for(&options.client, *endpoint, context).await;
        remarks.extend(found.err().map(|error| problem(&error)));
    }
    remarks.extend(unlisted(options, grant_type, &metadata));
    if remarks.len() == 1 {
        let text = format!("they offer what the grant {} needs", grant_type.name());
        remarks.push(Remark::good(METADATA, text));
    }
    Ok(probe.with_remarks(remarks))
}

fn problem(error: &Error) -> Remark {
    Remark::problem(METADATA, error.message(), error.help().unwrap_or("check the server"))
}

/// Returns the endpoints that a grant needs.
fn endpoints(grant_type: GrantType) -> &'static [Endpoint] {
    match grant_type {
        GrantType::AuthorizationCode => &[Endpoint::Token, Endpoint::Authorization],
        GrantType::DeviceCode => &[Endpoint::Token, Endpoint::DeviceAuthorization],
        _ => &[Endpoint::Token],
    }
}

/// Returns what the metadata list, but without what is needed. Some servers don't list all that they support, so it is no
/// problem yet.
fn unlisted(options: &OAuth, grant_type: GrantType, metadata: &Metadata) -> Vec<Remark> {
    let lacks = |member, wanted| metadata.list_has(member, wanted) == Some(false);
    let mut remarks = Vec::new();
    let mut doubt = |text: String, help: String| {
        remarks.push(Remark::doubtful(METADATA, text, help));
    };
    if lacks("grant_types_supported", grant_type.registered_name()) {
        doubt(
            format!("the server does not list the grant {} as supported", grant_type.name()),
            format!("choose another `grant_type`, allow this one at the server, {TRY}"),
        );
    }
    let method = options.client.method();
    // A public client is often not listed, and a way of a crate's own has no registered name.
    let is_listed = !method.is(Standard::None)
        && !method.is(Standard::ClientAssertion)
        && matches!(method, Method::Standard(_));
    if is_listed && lacks("token_endpoint_auth_methods_supported", method.name()) {
        doubt(
            format!("the server does not list {} as a way to authenticate clients", method.name()),
            format!("set `token_endpoint_auth_method` to one that it lists, {TRY}"),
        );
    }
    if grant_type == GrantType::AuthorizationCode
        && lacks("code_challenge_methods_supported", "S256")
    {
        doubt(
            "the server does not list S256 for PKCE (RFC 7636), which each login uses".to_owned(),
            "turn it on at the server, or log in to see whether it takes it even so".to_owned(),
        );
    }
    remarks
}
