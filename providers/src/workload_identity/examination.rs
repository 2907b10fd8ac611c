//! What `doctor` says of the identity and the exchange: which identity this machine has, what it says of itself, what
//! the exchange expects, and what the server answers.
//!
//! A claim is shown only here, on request of a user, with its invisible characters escaped and no longer than a line. The token
//! itself is not.

use authn::{Context, ErrorKind, Probe, Result, config::printable, provider::Remark};
use serde::Deserialize;
use serde_json::Value;

use super::{
    identity::{Candidates, Found, Kind},
    plan::Plan,
};
use crate::{token_endpoint::Discovery, unverified};

/// What the remarks are about.
const IDENTITY: &str = "identity";
/// The largest number of characters of a claim that is shown.
const LONGEST: usize = 200;
/// What is shown of a claim that a token does not have.
const NOT_SET: &str = "not set";
/// Most audiences that are shown.
const MOST_AUDIENCES: usize = 8;

/// What a token says that rules of servers name (RFC 7519, 4.1).
#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Value>,
}

/// Finds the identity and makes the exchange. `asked` is the audience that the options name.
pub(super) async fn examine(
    candidates: &Candidates,
    plan: &Plan,
    asked: Option<&str>,
    discovery: &Discovery,
    context: &Context,
) -> Result<Probe> {
    let found = candidates.find(context).await?;
    let claims = unverified::claims::<Claims>(found.token.secret());
    let mut remarks = vec![Remark::good(IDENTITY, chosen(candidates, &found))];
    remarks.push(Remark::good(
        IDENTITY,
        match &claims {
            Some(claims) => format!("the claims of its token: {}", claims.said()),
            None => "its token is not a JWT, so its claims are not known".to_owned(),
        },
    ));
    match plan.exchange(&found.token, discovery, context).await {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::Refused => {
            let expected = &plan.identity_audience;
            let wanted = asked.unwrap_or(expected);
            let differs =
                |audience: &str| claims.as_ref().is_some_and(|claims| !claims.is_for(audience));
            let help = if differs(wanted) {
                remarks.push(difference(claims.as_ref(), wanted, found.kind));
                "correct the audience first: the server accepts only a token that is for it"
                    .to_owned()
            } else if differs(expected) {
                format!(
                    "`identity_audience` is {wanted}, but the server expects {expected} by default: remove the option, or add \
                     {wanted} to the audiences that the server accepts",
                    wanted = shown(wanted),
                    expected = shown(expected)
                )
            } else {
                match &claims {
                    Some(claims) => format!(
                        "the audience is the expected one: compare the server's rule with the claims of the token: {}",
                        claims.said()
                    ),
                    None => "check that the server trusts the issuer of this token".to_owned(),
                }
            };
            remarks.push(Remark::problem(IDENTITY, error.message(), help));
        }
        Err(error) => return Err(error),
    }
    Ok(Probe::new(plan.place(), None).with_remarks(remarks))
}

fn chosen(candidates: &Candidates, found: &Found) -> String {
    let name = found.kind.name();
    if candidates.are_several() {
        format!(
            "this machine has the identity `{name}`, the first that applies of {}",
            Kind::names()
        )
    } else {
        format!("this machine has the identity `{name}`, which `identity` names")
    }
}

fn difference(claims: Option<&Claims>, wanted: &str, kind: Kind) -> Remark {
    let aud = match claims.filter(|claims| !claims.audiences().is_empty()) {
        Some(claims) => format!("the audience {}", claims.audience()),
        None => "no audience".to_owned(),
    };
    Remark::problem(
        IDENTITY,
        format!("the token of the identity has {aud}, but the exchange expects {}", shown(wanted)),
        format!("{} {}", where_audience_is_set(kind), shown(wanted)),
    )
}

/// Returns how the audience of an identity is chosen; the audience follows.
fn where_audience_is_set(kind: Kind) -> &'static str {
    match kind {
        Kind::Gitlab => "in `.gitlab-ci.yml`, set `aud` of the token to",
        Kind::FileToken => {
            "in the settings of what writes the file, such as a projected volume, set the audience to"
        }
        _ => "in the settings of the platform, set the audience of the token to",
    }
}

impl Claims {
    fn audiences(&self) -> Vec<&str> {
        match &self.aud {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    fn is_for(&self, audience: &str) -> bool {
        self.audiences().contains(&audience)
    }

    fn audience(&self) -> String {
        match &*self.audiences() {
            [] => NOT_SET.to_owned(),
            several => {
                let more = if several.len() > MOST_AUDIENCES { ", …" } else { "" };
                let some = several.iter().take(MOST_AUDIENCES).map(|one| shown(one));
                some.collect::<Vec<_>>().join(", ") + more
            }
        }
    }

    /// Returns the issuer, the subject and the audience in words.
    fn said(&self) -> String {
        let claim = |claim: &Option<String>| claim.as_deref().map_or(NOT_SET.to_owned(), shown);
        format!(
            "`iss` is {}, `sub` is {}, `aud` is {}",
            claim(&self.iss),
            claim(&self.sub),
            self.audience()
        )
    }
}

/// Returns a claim or an audience as it may be shown.
fn shown(text: &str) -> String {
    let mut clean = printable(text);
    if let Some((end, _)) = clean.char_indices().nth(LONGEST) {
        clean.truncate(end);
        clean.push('…');
    }
    format!("`{clean}`")
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn a_claim_is_cleaned_and_shortened() {
        assert_eq!(shown("a\u{1b}[2J\u{202e}"), r"`a\u{1b}[2J\u{202e}`");
        assert_eq!(shown(&"a".repeat(300)).chars().count(), LONGEST + 3);
    }

    #[test]
    fn an_audience_is_a_text_or_a_list() {
        let of = |json: &str| serde_json::from_str::<Claims>(json).unwrap();
        let two = of(r#"{"aud":["a","b"],"iss":"i"}"#);
        assert!(two.is_for("b") && !two.is_for("c"));
        assert_eq!(two.said(), "`iss` is `i`, `sub` is not set, `aud` is `a`, `b`");
        assert_eq!(of(r#"{"aud":7}"#).audience(), "not set");
    }
}
