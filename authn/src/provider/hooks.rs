//! Closures of the program as token sources, chosen by configuration: `[credentials.hook] name = "corp"`.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::{
    Context, Error, ErrorKind, IntoTokenSet, Result, TokenSet, TokenSource,
    runtime::{self, Boxed},
    time::BackOff,
};

/// All hooks of this program, by name.
static HOOKS: RwLock<BTreeMap<String, Hook>> = RwLock::new(BTreeMap::new());

/// Attempts of one hook.
const TRIES: u32 = 3;
/// Waits between the attempts.
const BACK_OFF: BackOff = BackOff::new(Duration::from_millis(200), Duration::from_mins(1));

/// A closure that returns tokens, with an optional first token and user name.
///
/// Each clone returns the first token once, and each [`Credentials`](crate::Credentials) that are loaded have their own.
///
/// ```
/// use authn::{Token, hooks::{self, Hook}};
///
/// hooks::register("corp", Hook::new(|_context| async { Token::new("abc") }).with_username("alice"))?;
/// # Ok::<(), authn::Error>(())
/// ```
#[must_use]
pub struct Hook {
    closure: Arc<Closure>,
    initial: Option<TokenSet>,
    /// Whether the first token has been returned. It is returned once: a server that refuses it gets another one.
    is_started: AtomicBool,
    username: Option<String>,
}

type Closure = dyn Fn(Context) -> Boxed<'static, Result<TokenSet>> + Send + Sync;

impl Hook {
    /// Creates a hook from an asynchronous closure that returns a [`Token`](crate::Token), a [`TokenSet`], or a pair of a
    /// token's text and the time of its expiry ([`IntoTokenSet`]). If it fails, it is called at most twice more.
    /// It gets the last token set by [`Context::last`].
    ///
    /// ```
    /// use authn::hooks::Hook;
    /// use std::time::{Duration, SystemTime};
    ///
    /// let hook = Hook::new(|_context| async {
    ///     Ok(("eyJ0".to_owned(), SystemTime::now() + Duration::from_secs(60)))
    /// });
    /// # let _ = hook;
    /// ```
    pub fn new<F, Answer, Given>(closure: F) -> Self
    where
        F: Fn(Context) -> Answer + Send + Sync + 'static,
        Answer: Future<Output = Result<Given>> + Send + 'static,
        Given: IntoTokenSet + 'static,
    {
        let closure = move |context| -> Boxed<'static, Result<TokenSet>> {
            let answer = closure(context);
            Box::pin(async { answer.await?.into_token_set() })
        };
        Self {
            closure: Arc::new(closure),
            initial: None,
            is_started: AtomicBool::new(false),
            username: None,
        }
    }

    /// Creates a hook from a closure that may block, because it runs on a thread of its own. A panic of it is an error of
    /// kind [`Internal`](ErrorKind::Internal).
    pub fn sync<F, Given>(closure: F) -> Self
    where
        F: Fn(&Context) -> Result<Given> + Send + Sync + 'static,
        Given: IntoTokenSet + Send + 'static,
    {
        let closure = Arc::new(closure);
        Self::new(move |context| {
            let closure = Arc::clone(&closure);
            async move {
                let runtime = runtime::handle()?;
                let answer = runtime.spawn_blocking(move || closure(&context)).await;
                // The panic's message could contain a secret.
                answer.map_err(|_| {
                    Error::internal("the hook panicked").with_help("fix its closure")
                })?
            }
        })
    }

    /// Adds a first token, which is used until it expires. Its lifetime starts when the token is created. Credentials
    /// for other scopes don't use it.
    ///
    /// ```
    /// use authn::{Token, hooks::Hook};
    ///
    /// let hook = Hook::new(|_context| async { Token::new("abc") }).with_initial(Token::new("first")?);
    /// # let _ = hook;
    /// # Ok::<(), authn::Error>(())
    /// ```
    pub fn with_initial(self, initial: impl Into<TokenSet>) -> Self {
        let initial = initial.into().with_settled_expiry();
        Self { initial: Some(initial), ..self }
    }

    /// Sets the name of the user that its tokens belong to.
    pub fn with_username(self, username: impl Into<String>) -> Self {
        Self { username: Some(username.into()), ..self }
    }

    /// Calls the closure once. A token that has expired is an error, like any other failure.
    async fn call(&self, context: &Context) -> Result<TokenSet> {
        let tokens = (self.closure)(context.clone()).await?;
        if has_expired(&tokens, context) {
            return Err(Error::expired("the hook returned a token that has expired")
                .with_help("return a new token from its closure, or check this machine's clock"));
        }
        Ok(tokens)
    }
}

fn has_expired(tokens: &TokenSet, context: &Context) -> bool {
    let now = context.clock().now();
    tokens.token().expiry(now, now).is_some_and(|expiry| expiry.reached(now))
}

/// A clone starts with the first token again.
impl Clone for Hook {
    fn clone(&self) -> Self {
        Self {
            closure: Arc::clone(&self.closure),
            initial: self.initial.clone(),
            is_started: AtomicBool::new(false),
            username: self.username.clone(),
        }
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook").field("username", &self.username).finish_non_exhaustive()
    }
}

impl TokenSource for Hook {
    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        if let Some(initial) = self.initial(context) {
            self.is_started.store(true, Ordering::Release);
            return Ok(initial);
        }
        let context = &context.with_last(last);
        let mut tried = 0;
        loop {
            tried += 1;
            let error = match self.call(context).await {
                Ok(tokens) => return Ok(tokens),
                Err(error) => error,
            };
            let is_final =
                matches!(error.kind(), ErrorKind::Configuration | ErrorKind::LoginRequired);
            if tried >= TRIES || is_final {
                return Err(error);
            }
            context.clock().sleep(BACK_OFF.after(tried)).await;
        }
    }

    fn initial(&self, context: &Context) -> Option<TokenSet> {
        if self.is_started.load(Ordering::Acquire) || !context.scopes().is_empty() {
            return None;
        }
        self.initial.clone().filter(|tokens| !has_expired(tokens, context))
    }

    fn principal(&self, _context: &Context) -> Option<String> {
        self.username.clone()
    }
}

/// Registers a hook under a name, for all configurations of this program.
///
/// Fails with [`Configuration`](ErrorKind::Configuration) if the name is already registered.
pub fn register(name: impl Into<String>, hook: Hook) -> Result<()> {
    let name = name.into();
    let mut hooks = HOOKS.write().unwrap_or_else(PoisonError::into_inner);
    if hooks.contains_key(&name) {
        return Err(Error::configuration(format!("a hook named `{name}` is registered already"))
            .with_help("choose another name"));
    }
    hooks.insert(name, hook);
    Ok(())
}

/// Returns the hook with a name. The error lists the registered names.
pub fn find(name: &str) -> Result<Hook> {
    let hooks = HOOKS.read().unwrap_or_else(PoisonError::into_inner);
    hooks.get(name).cloned().ok_or_else(|| {
        let names: Vec<&str> = hooks.keys().map(String::as_str).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        Error::configuration(format!(
            "this program has registered no hook `{name}` (registered: {names})"
        ))
        .with_help("call `authn::hooks::register` before the configuration is loaded")
    })
}
