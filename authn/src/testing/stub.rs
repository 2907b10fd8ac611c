//! `Stub`: credentials whose answers a test chooses.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::{
    Context, Credentials, CredentialsBuilder, Error, ErrorKind, Result, TokenSet, TokenSource,
};

/// A source of tokens that needs no server. Each exchange has the next answer; the last one is repeated.
///
/// A clone shares the answers and the count. The credentials cache a token as real ones do, so a test that wants another
/// exchange lets the token expire by a [`ManualClock`](crate::time::ManualClock).
///
/// ```
/// use authn::{Error, ErrorKind, Token, testing::Stub};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> authn::Result<()> {
/// let down = Error::network("the server is down").with_help("try again");
/// let stub = Stub::token("first").then(Err::<Token, _>(down)).with_principal("alice");
/// let credentials = stub.credentials()?;
/// assert_eq!(credentials.token().await?.secret(), "first");
/// assert_eq!(credentials.principal().as_deref(), Some("alice"));
/// assert_eq!(stub.exchanges(), 1);
///
/// let error = Stub::logged_out().credentials()?.token().await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::LoginRequired);
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Stub(Arc<State>);

struct State {
    /// Not empty.
    answers: Mutex<VecDeque<Result<TokenSet>>>,
    exchanges: AtomicUsize,
    principal: Mutex<Option<String>>,
}

impl Stub {
    /// Creates a stub that answers with a token, or with a token set.
    pub fn new(answer: impl Into<TokenSet>) -> Self {
        Self::answering(Ok(answer.into()))
    }

    /// Creates a stub that answers with this token, which never changes.
    ///
    /// # Panics
    ///
    /// If the text can't be a token: if it is empty or has a character that a header can't hold.
    pub fn token(text: &str) -> Self {
        match crate::Token::new(text) {
            Ok(token) => Self::new(token),
            Err(error) => panic!("{error}"),
        }
    }

    /// Creates a stub whose exchanges fail.
    pub fn failing(error: Error) -> Self {
        Self::answering(Err(error))
    }

    /// Creates a stub whose exchanges fail because no user is logged in.
    pub fn logged_out() -> Self {
        Self::failing(
            Error::new(ErrorKind::LoginRequired, "no user is logged in")
                .with_help("log in with `Credentials::login`"),
        )
    }

    fn answering(answer: Result<TokenSet>) -> Self {
        Self(Arc::new(State {
            answers: Mutex::new(VecDeque::from([answer])),
            exchanges: AtomicUsize::new(0),
            principal: Mutex::new(None),
        }))
    }

    /// Adds the answer of a further exchange.
    pub fn then(self, answer: Result<impl Into<TokenSet>>) -> Self {
        self.0
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(answer.map(Into::into));
        self
    }

    /// Sets the name of the principal.
    pub fn with_principal(self, name: impl Into<String>) -> Self {
        *self.0.principal.lock().unwrap_or_else(PoisonError::into_inner) = Some(name.into());
        self
    }

    /// Returns the number of exchanges so far.
    pub fn exchanges(&self) -> usize {
        self.0.exchanges.load(Ordering::Acquire)
    }

    /// Returns credentials that authorise requests to every origin.
    pub fn credentials(&self) -> Result<Credentials> {
        self.builder().build()
    }

    /// Returns a builder of such credentials, to which a test adds a clock.
    pub fn builder(&self) -> CredentialsBuilder {
        Credentials::builder().source(self.clone()).origin("*")
    }
}

impl TokenSource for Stub {
    async fn request_token(&self, _: &Context, _last: Option<&TokenSet>) -> Result<TokenSet> {
        self.0.exchanges.fetch_add(1, Ordering::AcqRel);
        let mut answers = self.0.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let next = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        next.unwrap_or_else(|| Err(Error::no_token()))
    }

    fn principal(&self, _: &Context) -> Option<String> {
        self.0.principal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Stub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stub").field("exchanges", &self.exchanges()).finish_non_exhaustive()
    }
}
