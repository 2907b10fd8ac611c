//! Whose grant it is: the check of `expected_username`.

use super::Shared;
use crate::{
    Context, Error, ErrorKind, Grant, Result, TokenSource,
    store::{Drawer, Record},
};

/// Finds the user of a fresh grant, and refuses one that is not the expected user's.
pub(super) async fn settle<S: TokenSource>(
    shared: &Shared<S>,
    context: &Context,
    grant: Grant,
    last: Option<&Grant>,
) -> Result<Grant> {
    let expected = shared.options.expected_username.as_deref();
    let claim = shared.options.username_claim.as_deref();
    let claims = match grant.claims() {
        Some(claims) => Some(claims.clone()),
        None if expected.is_some() => shared.source.identify(context, &grant).await?,
        None => None,
    };
    let username = claims.as_ref().and_then(|claims| claims.username(claim));
    let grant = grant.with_username(username.map(str::to_owned));
    let grant = grant.inherit(last);
    match expected {
        Some(_) if grant.username().is_none() => Err(refused(
            "nobody vouches for whose token it is, so nothing of it is kept; \
             ask for the scope `openid`, set `username_claim` to a claim of the ID token, \
             or remove `expected_username`",
        )),
        Some(expected) if grant.username() != Some(expected) => Err(refused(
            "the token is another user's than `expected_username`, so nothing of it is kept; \
             log in as that user, or change the option",
        )),
        _ => Ok(grant),
    }
}

/// Empties a record that is of other secrets than the configured ones, or another user's than the expected
/// one.
pub(super) fn keep_session<S: TokenSource>(
    shared: &Shared<S>,
    drawer: &Drawer,
    record: &mut Record,
) {
    drawer.keep_session(record, shared.source.session());
    let expected = shared.options.expected_username.as_deref();
    if expected.is_some() && record.username.as_deref() != expected {
        record.forget();
    }
}

fn refused(message: &str) -> Error {
    Error::new(ErrorKind::Refused, message)
}
