//! `rejects`: the counterpart of `check`, for options that must be refused.

use super::loader;
use crate::{Provider, diagnostic::Problem};

/// Checks that a provider refuses the given options with a problem of a code, such as `missing-key`. The options are the lines of the provider's table in TOML, and the codes are the texts of
/// [`ProblemCode`](crate::diagnostic::ProblemCode).
///
/// ```
/// # use authn::{Context, Result, SecretString, Token, TokenProvider};
/// # /// Returns a fixed token.
/// # #[authn::token_provider("rejecting")]
/// # struct Rejecting {
/// #     /// The token.
/// #     _token: SecretString,
/// # }
/// # impl TokenProvider for Rejecting {
/// #     async fn token(&self, _: &Context) -> Result<Token> { Token::new(&*self._token.expose()) }
/// # }
/// use authn::conformance::{rejects, rejects_at};
///
/// rejects::<Rejecting>("", "missing-key");
/// rejects_at::<Rejecting>("token = 7", "token", "wrong-type");
/// ```
///
/// # Panics
///
/// If the options are accepted, or refused for other reasons, with what was found instead.
pub fn rejects<P: Provider>(options: &str, code: &str) {
    check::<P>(options, code, None);
}

/// Checks the same as [`rejects`] for one option, whose key is relative to the provider's table: `url`, or
/// `client_auth.key`.
///
/// # Panics
///
/// If the options are accepted, or refused for other reasons, with what was found instead.
pub fn rejects_at<P: Provider>(options: &str, key: &str, code: &str) {
    check::<P>(options, code, Some(key));
}

fn check<P: Provider>(options: &str, code: &str, key: Option<&str>) {
    let table = format!("credentials.{}", P::ENTRY.name());
    let key = key.map(|key| format!("{table}.{key}"));
    let (_folder, loader) = loader(&P::ENTRY, options, None);
    let found = match loader.load() {
        Ok(_) => Vec::new(),
        Err(error) if error.problems().is_empty() => {
            panic!("expected `{code}`, but the options were refused without a problem: {error}")
        }
        Err(error) => error.problems().to_vec(),
    };
    let is_it = |problem: &Problem| {
        problem.code().as_str() == code && (key.is_none() || problem.key() == key.as_deref())
    };
    if found.iter().any(is_it) {
        return;
    }
    let expected = key.map_or_else(|| format!("`{code}`"), |key| format!("`{code}` at `{key}`"));
    let lines = found.iter().map(|problem| {
        let at = problem.key().map(|key| format!(" at `{key}`")).unwrap_or_default();
        format!("\n- `{}`{at}: {}", problem.code(), problem.message())
    });
    let found = match lines.collect::<String>() {
        none if none.is_empty() => "the options are accepted".to_owned(),
        lines => format!("the problems are:{lines}"),
    };
    panic!("provider `{}`: expected {expected}, but {found}", P::ENTRY.name())
}
