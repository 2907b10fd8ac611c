//! `Update`: a new token set, for a program that stores tokens itself.

use std::{fmt, sync::Arc};

use super::{Token, TokenSet};
use crate::{
    Error, Result, SecretString,
    runtime::{self, Boxed, catch, caught},
};

/// A new token set with what it replaces: the argument of the function that a program sets by `on_update`.
///
/// ```
/// use authn::{Credentials, Token, TokenSet, Update};
/// use std::sync::{Arc, Mutex};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> authn::Result<()> {
/// let database = Arc::new(Mutex::new(Vec::new()));
/// let source = authn::from_fn(|_| async {
///     Ok(TokenSet::new(Token::new("t1")?).with_refresh_token("r1".into()))
/// });
/// let rows = Arc::clone(&database);
/// let credentials = Credentials::builder()
///     .source(source)
///     .domain("api.example.com")
///     .on_update(move |update: Update| {
///         let rows = Arc::clone(&rows);
///         async move {
///             assert!(update.previous_refresh_token().is_none(), "it is the first one");
///             assert!(update.previous_access_token().is_none());
///             assert_eq!((update.profile(), update.key()), (None, ""));
///             rows.lock().unwrap().push(update.tokens().clone());
///             Ok(())
///         }
///     })
///     .build()?;
/// credentials.token().await?;
/// assert!(database.lock().unwrap()[0].refresh_token().is_some());
/// # Ok(()) }
/// ```
///
/// It is called after each exchange and each login, and has ended before the new token is used. What
/// [`Credentials::adopt`](crate::Credentials::adopt) adds is not reported, because the program has it.
///
/// # Errors
///
/// An error of the function is the error of the exchange or the login, and the new access token is not used. The new
/// token set is not lost: it stays in the session, in memory or in the store, and the function is called with it again
/// before the next token is handed out. No other exchange starts before it has succeeded. An access token of before that
/// has not expired is used meanwhile. So the function must accept the same update twice: it may have stored it before it
/// failed. A panic counts as an error of kind [`Internal`](crate::ErrorKind::Internal).
///
/// It has 30 seconds. It must not ask the same credentials for a token, nor log in, adopt tokens or revoke them there,
/// because they wait for it. Tokens that another process has stored are not reported here, but in that process. Tokens that
/// belong to a request being served are not reported, because nothing may keep them.
#[derive(Clone)]
pub struct Update(Arc<Parts>);

struct Parts {
    tokens: TokenSet,
    previous_refresh_token: Option<SecretString>,
    previous_access_token: Option<Token>,
    profile: Option<Arc<str>>,
    key: Arc<str>,
}

impl Update {
    pub(crate) fn new(
        tokens: TokenSet,
        previous: (Option<SecretString>, Option<Token>),
        profile: Option<Arc<str>>,
        key: Arc<str>,
    ) -> Self {
        let (previous_refresh_token, previous_access_token) = previous;
        Self(Arc::new(Parts {
            tokens,
            previous_refresh_token,
            previous_access_token,
            profile,
            key,
        }))
    }

    /// Returns the new token set. Its access token has expired if only the session could be renewed, because the server's
    /// answer had no usable access token.
    pub fn tokens(&self) -> &TokenSet {
        &self.0.tokens
    }

    /// Returns the refresh token that was sent, which may be the configured one; `None` if none was.
    pub fn previous_refresh_token(&self) -> Option<&SecretString> {
        self.0.previous_refresh_token.as_ref()
    }

    /// Returns the access token that is replaced; `None` if there was none, or if it is not known.
    pub fn previous_access_token(&self) -> Option<&Token> {
        self.0.previous_access_token.as_ref()
    }

    /// Returns the name of the profile; `None` without one, and for credentials made in code.
    pub fn profile(&self) -> Option<&str> {
        self.0.profile.as_deref()
    }

    /// Returns the key of the provider's table, such as `credentials.oauth`, or `credentials.cached.oauth` for a nested
    /// provider. It is empty for credentials made in code.
    pub fn key(&self) -> &str {
        &self.0.key
    }
}

/// It shows no token.
impl fmt::Debug for Update {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update")
            .field("profile", &self.0.profile)
            .field("key", &self.0.key)
            .finish_non_exhaustive()
    }
}

/// The function of `on_update`.
#[derive(Clone)]
pub(crate) struct OnUpdate(Arc<dyn Fn(Update) -> Boxed<'static, Result<()>> + Send + Sync>);

impl OnUpdate {
    pub(crate) fn new<F, Done>(function: F) -> Self
    where
        F: Fn(Update) -> Done + Send + Sync + 'static,
        Done: Future<Output = Result<()>> + Send + 'static,
    {
        Self(Arc::new(move |update| Box::pin(function(update))))
    }

    /// Creates it of a function that may block, because it runs on a thread of its own.
    pub(crate) fn sync(function: impl Fn(&Update) -> Result<()> + Send + Sync + 'static) -> Self {
        let function = Arc::new(function);
        Self::new(move |update| {
            let function = Arc::clone(&function);
            runtime::aside(move || catch(|| function(&update)).unwrap_or_else(|| Err(panicked())))
        })
    }

    pub(crate) fn call(&self, update: Update) -> Boxed<'static, Result<()>> {
        let function = Arc::clone(&self.0);
        Box::pin(async move {
            caught(async { function(update).await }).await.unwrap_or_else(|| Err(panicked()))
        })
    }
}

fn panicked() -> Error {
    Error::internal("the function of `on_update` panicked").with_help("fix its code")
}

impl fmt::Debug for OnUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnUpdate(..)")
    }
}
