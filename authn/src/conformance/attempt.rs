//! `Attempt`: one exchange of a provider and one request, what they show, and whether the provider panicked.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{Credentials, Entry, Error, Request, Result, Token, Used, cache::crashed, runtime};

/// What became of one exchange and one request.
pub(super) struct Attempt {
    pub(super) token: Result<Token>,
    /// `None` if the exchange panicked.
    authorized: Option<Authorized>,
}

struct Authorized {
    result: Result<()>,
    /// What the request shows. The query is not searched: a token can belong there.
    request: String,
}

impl Attempt {
    /// Asks for a token, and authorises a request. It also works on a thread of a runtime.
    pub(super) fn of(credentials: &Credentials) -> Self {
        let token = caught(|| runtime::block_on(credentials.token())?);
        let authorized = if has_panicked(&token) { None } else { Authorized::of(credentials) };
        Self { token, authorized }
    }

    /// Passes on each text that it shows, with its name.
    pub(super) fn show(&self, mut look: impl FnMut(&str, &str)) {
        match &self.token {
            Ok(token) => look("the token's `{:?}`", &format!("{token:?}")),
            Err(error) => look("the exchange's error", &format!("{error} {error:?}")),
        }
        let Some(Authorized { result, request }) = &self.authorized else { return };
        look("an authorised request", request);
        let of_exchange = self.token.as_ref().err().map(Error::to_string);
        if let Err(error) = result
            && of_exchange != Some(error.to_string())
        {
            look("the error of `authorize`", &format!("{error} {error:?}"));
        }
    }

    /// Returns a fault for each function that panicked. What it said may be secret.
    pub(super) fn panics(&self, entry: &Entry) -> impl Iterator<Item = String> + use<> {
        let exchange = if entry.is_cached() { "`request_token`" } else { "`token`" };
        let exchange = has_panicked(&self.token).then_some(exchange);
        let authorize = self.authorized.as_ref().filter(|it| has_panicked(&it.result));
        let names = exchange.into_iter().chain(authorize.map(|_| "`authorize`"));
        names.map(|name| format!("{name} panics, and has to return an error instead"))
    }
}

impl Authorized {
    fn of(credentials: &Credentials) -> Option<Self> {
        let request = ::http::Request::get("https://conformance.invalid/").body(()).ok()?;
        let (mut parts, ()) = request.into_parts();
        let mut used = Used::default();
        let request = Request::from(&mut parts).with_used(&mut used);
        let result = caught(|| runtime::block_on(credentials.authorize(request))?);
        Some(Self { result, request: format!("{used:?} {:?}", parts.headers) })
    }
}

fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(crashed()))
}

/// Returns whether a result is of code that panicked: here, in an exchange, or in the background.
fn has_panicked<T>(result: &Result<T>) -> bool {
    let panics = [crashed(), runtime::panicked()];
    result.as_ref().is_err_and(|error| panics.iter().any(|it| it.message() == error.message()))
}
