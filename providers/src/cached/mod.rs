//! Provider `cached`: any other provider behind a cache and a store.

use authn::{Bound, Context, Credentials, Result, TokenSet, TokenSource};

/// Caches another provider's tokens, and can keep them in a store.
///
/// The other provider is configured in `[credentials.cached.NAME]`. It also puts the token on requests, in its own way. The
/// options for the place of the token, such as `header`, can be in its table or in this one, but not in both.
///
/// A provider without a token, such as `api_key` or `basic`, can't be cached, nor one whose token belongs to the request
/// being served, such as `app_service`, or an exchange of that token.
///
/// A login or logout is passed to the other provider, and deletes the tokens of the last user that are cached here. A
/// program that configures the other provider without this one can log in too, but that login is not noticed here:
/// a token that is cached here is then used until it expires.
///
/// ```
/// use authn::{Environment, Loader};
/// use authn_providers as _;
///
/// let credentials = Loader::new()
///     .environment(Environment::empty().variable("API_TOKEN", "abc"))
///     .defaults(r#"
///         [credentials]
///         domain = "api.example.com"
///         [credentials.cached]
///         bearer = { env = "API_TOKEN" }
///     "#)
///     .load()?;
/// # let _ = credentials;
/// # Ok::<(), authn::Error>(())
/// ```
#[authn::token_provider("cached", cached)]
pub struct Cached {
    #[inner]
    of: Credentials,
}

impl TokenSource for Cached {
    async fn request_token(&self, context: &Context, _last: Option<&TokenSet>) -> Result<TokenSet> {
        self.of.bound().token_set(context).await
    }

    /// The inner provider stores its own tokens.
    fn is_shareable(&self) -> bool {
        false
    }

    fn inner(&self) -> Option<&Bound> {
        Some(self.of.bound())
    }
}

#[cfg(test)]
mod tests;
