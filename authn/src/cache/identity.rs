//! Whose grant it is: the check of `expected_username`.

use super::{Shared, deadline};
use crate::{
    Claims, Context, Error, ErrorKind, Grant, Result, TokenSource,
    store::{Drawer, Record},
    time::before,
};

/// A grant whose user is known, or is not for the moment.
pub(super) enum Settled {
    /// It may be used.
    Known(Grant),
    /// Nobody could say whose it is, though the session was the expected user's: what of it the next exchange
    /// needs counts, or the server would take the refresh token for a stolen one (RFC 9700, 4.14.2).
    Unknown(Grant, Error),
}

impl Settled {
    /// Gives the grant, or the error for which nobody could say whose it is.
    pub(super) fn known(self) -> Result<Grant> {
        match self {
            Self::Known(grant) => Ok(grant),
            Self::Unknown(_, error) => Err(error),
        }
    }
}

/// Finds the user of a fresh grant, and refuses one that is not the expected user's.
pub(super) async fn settle<S: TokenSource>(
    shared: &Shared<S>,
    context: &Context,
    grant: Grant,
    last: Option<&Grant>,
) -> Result<Settled> {
    let expected = shared.options.expected_username.as_deref();
    let claim = shared.options.username_claim.as_deref();
    let claims = match grant.claims() {
        Some(claims) => Some(claims.clone()),
        None if expected.is_some() => match identify(shared, context, &grant).await {
            Ok(claims) => claims,
            Err(error) => {
                let goes_on = error.kind() != ErrorKind::Refused && !grant.is_new_session();
                return match last.filter(|last| goes_on && last.username() == expected) {
                    Some(last) => Ok(Settled::Unknown(grant.with_token_of(last), error)),
                    None => Err(error),
                };
            }
        },
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
        _ => Ok(Settled::Known(grant)),
    }
}

async fn identify<S: TokenSource>(
    shared: &Shared<S>,
    context: &Context,
    grant: &Grant,
) -> Result<Option<Claims>> {
    let work = shared.source.identify(context, grant);
    let end = context.clock().sleep(deadline::EXCHANGE);
    before(work, end).await.unwrap_or_else(|| Err(deadline::hanging()))
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
