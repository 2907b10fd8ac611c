//! `from_fn`: a source made from a closure.

use std::{
    fmt::{self, Debug},
    future::Future,
};

use super::TokenSource;
use crate::{Context, IntoTokenSet, Result, TokenSet};

/// A source made from an asynchronous closure; see [`from_fn`].
///
/// ```
/// use authn::{Context, Token, provider::FromFn};
///
/// fn source() -> FromFn<impl Fn(Context) -> std::future::Ready<authn::Result<Token>>> {
///     authn::from_fn(|_context| std::future::ready(Token::new("abc")))
/// }
/// # let _ = source();
/// ```
#[derive(Clone)]
pub struct FromFn<F>(F);

/// Creates a source from a closure that returns a [`Token`](crate::Token), a [`TokenSet`], or a pair of a token's text and
/// the time of its expiry ([`IntoTokenSet`]). It gets the last token set by [`Context::last`].
///
/// ```
/// use authn::{Credentials, Token};
///
/// let credentials = Credentials::builder()
///     .source(authn::from_fn(|_context| async { Token::new("abc") }))
///     .domain("api.example.com")
///     .build()?;
/// # Ok::<(), authn::Error>(())
/// ```
pub fn from_fn<F, Answer, Given>(closure: F) -> FromFn<F>
where
    F: Fn(Context) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<Given>> + Send,
    Given: IntoTokenSet,
{
    FromFn(closure)
}

impl<F> Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromFn(..)")
    }
}

impl<F, Answer, Given> TokenSource for FromFn<F>
where
    F: Fn(Context) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<Given>> + Send,
    Given: IntoTokenSet,
{
    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        (self.0)(context.with_last(last)).await?.into_token_set()
    }
}
