//! The token set of a token response (RFC 6749, 5.1).

use authn::{SecretString, Token, TokenSet, http::is_showable};

use super::{
    super::with, Proof, TokenType, instead::Instead, lifetime::lifetime, member::Member,
    object::Object,
};

/// The type of a token that is bound to a key (RFC 9449, 5).
const BOUND: &str = "DPoP";

/// The members that are used.
const MEMBERS: [&str; 6] =
    ["access_token", "expires_in", "id_token", "refresh_token", "scope", "token_type"];

/// Makes a token set of a response. `is_secret` says whether a text has a part of a secret that was sent.
pub(super) fn token_set(
    response: &Object,
    place: &str,
    unknown_type: Option<TokenType>,
    proof: Proof,
    is_secret: impl Fn(&str) -> bool,
) -> Result<TokenSet, Instead> {
    response.has_once(&MEMBERS)?;
    let access_token = response.get("access_token").text().ok_or("no access token")?;
    let token = Token::new(access_token).map_err(|_| "an invalid access token")?;
    let member = response.get("token_type");
    let token = if is_bound(member, proof)? {
        token.with_token_type(BOUND)
    } else {
        token.with_token_type(match token_type(member, unknown_type)? {
            TokenType::Bearer => "Bearer",
        })
    };
    let token = with(token, lifetime(response, "expires_in", place), Token::with_expires_in);
    let scope = response.get("scope").text().filter(|scope| is_visible(scope, true));
    // Scopes are shown.
    let scope = scope.filter(|scope| !is_secret(scope));
    let token = with(token, scope, Token::with_scope);
    let id_token = secret(response.get("id_token"), "an invalid ID token")?;
    let token = with(token, id_token, Token::with_id_token);
    let refresh_token = refresh_token(response)?;
    Ok(with(TokenSet::new(token), refresh_token, TokenSet::with_refresh_token))
}

/// Returns the refresh token of a response, whatever is wrong with the rest of it.
pub(super) fn refresh_token(response: &Object) -> Result<Option<SecretString>, &'static str> {
    secret(response.get("refresh_token"), "an invalid refresh token")
}

/// Returns whether a token is bound to the key of the proof. Without a proof, it would be bound to another one's key.
fn is_bound(member: &Member, proof: Proof) -> Result<bool, Instead> {
    let is_bound = member.text().is_some_and(|name| name.eq_ignore_ascii_case(BOUND));
    match (is_bound, proof) {
        (true, Proof::None) => {
            Err(Instead::new("a token that is bound to a key (DPoP), which authn does not have,")
                .with_help("set `dpop = true`, an option of provider `oauth`"))
        }
        (false, Proof::Required) => {
            Err(Instead::new("a token that is bound to no key (DPoP)").with_help(
                "let the server bind the tokens of this client, or set `dpop` to `\"auto\"` or `false`",
            ))
        }
        (is_bound, _) => Ok(is_bound),
    }
}

/// A response without a type is of a bearer token: it is the only common type, and some servers leave it out. A token of
/// another type is useless without a proof, so it is not sent as if it were a bearer token, unless an option says so.
fn token_type(member: &Member, unknown: Option<TokenType>) -> Result<TokenType, Instead> {
    if member.is_empty() {
        return Ok(TokenType::Bearer);
    }
    let name = member.text();
    if name.is_some_and(|name| name.eq_ignore_ascii_case(TokenType::Bearer.name())) {
        return Ok(TokenType::Bearer);
    }
    unknown.ok_or_else(|| {
        let name = name.filter(|name| is_showable(name));
        let name = name.map_or_else(String::new, |name| format!(" ({name})"));
        Instead::new(format!("a token of an unknown type{name}"))
            .with_help("if it is a bearer token, set `token_type = \"bearer\"`")
    })
}

/// Returns a secret of visible characters; `None` if it is missing or empty.
pub(super) fn secret(
    member: &Member,
    bad: &'static str,
) -> Result<Option<SecretString>, &'static str> {
    match member {
        empty if empty.is_empty() => Ok(None),
        Member::Text(text) if is_visible(text, false) => Ok(Some(text.as_str().into())),
        _ => Err(bad),
    }
}

fn is_visible(text: &str, spaces: bool) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() || (spaces && byte == b' '))
}
