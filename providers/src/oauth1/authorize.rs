//! Puts the parameters and the signature on a request, in place of those of an earlier call.

use authn::{Context, Issued, Placement, Request, Result};
use http::header::{AUTHORIZATION, HOST};

use super::{
    OAuth1, Where,
    exchange::TOKEN_SECRET,
    signing::{
        NAMES, Protocol, Signed, SignedBody, Signing, header_value, is_form, is_signature_of,
        unknown_body,
    },
};

pub(super) fn authorize(
    options: &OAuth1,
    request: &mut Request<'_>,
    issued: &Issued,
    context: &Context,
) -> Result<()> {
    if is_callers(options, request) {
        return Ok(());
    }
    for name in NAMES {
        match options.placement {
            Where::Header => break,
            Where::Query => request.remove_query(name)?,
            Where::Body => request.remove_form(name)?,
        }
    }
    let configured = options._token_secret.as_ref();
    let token_secret = configured.or_else(|| issued.kept(TOKEN_SECRET)).map(|of| of.expose());
    let signing = Signing {
        options,
        context,
        token: options.token_of(issued),
        token_secret: token_secret.as_deref().unwrap_or_default(),
        more: &[],
    };
    let protocol = sign(&signing, request)?;
    if options.placement == Where::Header {
        let value = header_value(&protocol, options.realm.as_deref());
        return request.replace_header(AUTHORIZATION, value);
    }
    for (name, value) in &protocol {
        match options.placement {
            Where::Body => request.set_form(name, value)?,
            _ => request.set_query(name, value)?,
        }
    }
    Ok(())
}

fn sign(signing: &Signing<'_>, request: &Request<'_>) -> Result<Protocol> {
    let headers = request.headers();
    let body = request.body().bytes();
    let body = match body {
        Some(form) if is_form(headers) => SignedBody::Form(form),
        None if is_form(headers) => return Err(unknown_body()),
        other => SignedBody::Other(other),
    };
    signing.sign(&Signed {
        method: request.method().as_str(),
        uri: request.uri(),
        host: headers.get(HOST).and_then(|host| host.to_str().ok()),
        body,
    })
}

/// Returns whether the caller has authorised a request itself, rather than this provider in an earlier call.
pub(super) fn is_callers(options: &OAuth1, request: &Request<'_>) -> bool {
    let is_ours = || {
        let mut values = request.headers().get_all(AUTHORIZATION).iter();
        values.all(|value| {
            value.to_str().is_ok_and(|value| is_signature_of(value, &options.client_id))
        })
    };
    request.is_authorized() && !is_ours()
}

pub(super) fn placements(place: Where) -> Vec<Placement> {
    match place {
        Where::Header => vec![Placement::header(AUTHORIZATION, "")],
        Where::Query => NAMES.map(Placement::query).to_vec(),
        Where::Body => NAMES.map(Placement::body).to_vec(),
    }
}
