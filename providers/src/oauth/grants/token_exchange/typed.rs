//! A token of a nested provider in a form, with its type.

use authn::{Error, Result};

use crate::{
    nested::Sent,
    token_endpoint::{Form, TokenKind},
};

/// Adds a token with its type to a form, as the parameters `name` and `name_type`. If the type says so, it is the ID token of
/// the same session.
pub(super) fn add(
    kind: Option<&TokenKind>,
    form: &mut Form,
    name: &str,
    sent: &Sent<'_>,
) -> Result<()> {
    match kind.filter(|kind| kind.is_id_token()) {
        Some(_) => form.add(name, &sent.id_token().ok_or_else(|| no_id_token(name))?.expose()),
        None => form.add(name, sent.token().secret()),
    }
    let kind = kind.cloned().unwrap_or_else(TokenKind::access_token);
    form.add(&format!("{name}_type"), kind.uri());
    Ok(())
}

fn no_id_token(name: &str) -> Error {
    let provider = name.trim_end_matches("_token");
    Error::configuration(format!(
        "the server of `{provider}` has issued no ID token, but `{name}_type` is `id_token`"
    ))
    .with_help(format!(
        "ask for the scope `openid` there and log in again, or set `{name}_type = \"access_token\"`"
    ))
}
