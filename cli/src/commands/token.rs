//! `token`: prints a valid token, for anything that takes one.

use authn::Error;

use super::waiting;
use crate::{
    exit::{Code, Failure},
    output,
    session::Session,
};

pub(super) fn run(session: &Session) -> Result<(), Failure> {
    let credentials = waiting::credentials(session)?;
    let token = waiting::wait(&credentials, credentials.token()).map_err(explained)?;
    output::line(token.secret())
}

/// Says what to do with a provider that never has a token.
fn explained(failure: Failure) -> Failure {
    let has_none = |error: &Error| error.to_string() == Error::no_token().to_string();
    match failure {
        Failure::Authn(error) if has_none(&error) => {
            Failure::new(Code::Provider, "this provider has no token, only headers or a query")
                .with_help("`authn header` prints what it puts on a request")
        }
        other => other,
    }
}
