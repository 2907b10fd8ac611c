//! The check of a provider finds a secret that the headers of its requests show, or its errors.

use authn::{
    Context, Error, Request, Result, SecretString, Token, TokenProvider, conformance::check,
};

/// Repeats its key in an error.
#[authn::token_provider("leaky", own_placement)]
struct Leaky {
    /// Key.
    _key: SecretString,
}

impl TokenProvider for Leaky {
    async fn token(&self, _context: &Context) -> Result<Token> {
        Err(Error::no_token())
    }

    async fn authorize(&self, _request: &mut Request<'_>, _context: &Context) -> Result<()> {
        Err(Error::configuration(format!("the key {} is unknown", &*self._key.expose())))
    }
}

#[test]
#[should_panic(expected = "an authorised request shows the secret `key` (Raw)")]
fn an_error_that_repeats_a_secret_is_a_fault() {
    drop(check::<Leaky>("key = 'abc'"));
}
