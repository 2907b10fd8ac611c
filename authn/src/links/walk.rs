//! `Walk`: the order in which the providers of a chain are asked, and the error if none of them serves.

use super::serving::Serving;
use crate::{Bound, Error, ErrorKind, Result};

/// One call of a chain.
pub(super) struct Walk<'a> {
    links: &'a [Bound],
    serving: &'a Serving,
    /// The provider that has served. Those before it are not asked, unless their token belongs to the request.
    known: Option<usize>,
    next: usize,
    /// The providers that did not apply.
    attempts: Vec<(usize, Error)>,
    /// Why a provider can't be asked.
    failure: Option<Error>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(links: &'a [Bound], serving: &'a Serving) -> Self {
        let known = serving.get();
        Self { links, serving, known, next: 0, attempts: Vec::new(), failure: None }
    }

    /// Returns the next provider to ask. If the one that has served no longer applies, nor any after it, all of them are asked
    /// from the first one on.
    pub(super) async fn next(&mut self) -> Option<(usize, &'a Bound)> {
        loop {
            let index = self.next;
            let Some(link) = self.links.get(index) else {
                self.known.take()?;
                self.serving.forget();
                self.next = 0;
                self.attempts.clear();
                continue;
            };
            self.next += 1;
            if self.known.is_some_and(|known| index < known) && !link.per_request {
                continue;
            }
            match link.check_presence().await {
                Ok(()) => return Some((index, link)),
                Err(error) if error.is_not_applicable() => self.attempts.push((index, error)),
                Err(error) => {
                    self.failure = Some(self.failed(index, error));
                    return None;
                }
            }
        }
    }

    /// Takes the result of a provider; `None` if the next one is to be asked.
    pub(super) fn take<T>(&mut self, index: usize, result: Result<T>) -> Option<Result<T>> {
        match result {
            Ok(done) => {
                // The token of a request says nothing of the next request.
                if self.links.get(index).is_some_and(|link| !link.per_request) {
                    self.serving.set(index);
                }
                Some(Ok(done))
            }
            Err(error) if error.is_not_applicable() => {
                self.attempts.push((index, error));
                None
            }
            // It serves requests, without a token.
            Err(error) if error.kind() == ErrorKind::NoToken => Some(Err(error)),
            Err(error) => Some(Err(self.failed(index, error))),
        }
    }

    /// Returns the error if no provider is left.
    pub(super) fn end(self) -> Error {
        if let Some(failure) = self.failure {
            return failure;
        }
        let first_login =
            self.attempts.iter().find(|(_, error)| error.kind() == ErrorKind::LoginRequired);
        let kind = first_login.map_or(ErrorKind::NotApplicable, |_| ErrorKind::LoginRequired);
        let helpful = first_login.or_else(|| self.attempts.last());
        let help = helpful.and_then(|(_, error)| error.help()).map(str::to_owned);
        let message = format!("no provider of the chain applies: {}", self.told());
        let error = Error::new(kind, message).as_absence();
        match help {
            Some(help) => error.with_help(help),
            None => error,
        }
    }

    /// Returns the error of a provider that has failed, which is that of the chain.
    fn failed(&self, index: usize, error: Error) -> Error {
        self.serving.forget_if(index);
        let key = self.key(index);
        let error = if error.message().starts_with(key) { error } else { error.at(key) };
        if self.attempts.is_empty() {
            return error;
        }
        error.and(&format!(" (before it, in the chain: {})", self.told()))
    }

    /// Returns each provider that did not apply, with its reason.
    fn told(&self) -> String {
        let told = self.attempts.iter().map(|(index, error)| {
            let (key, message) = (self.key(*index), error.message());
            if message.starts_with(key) { message.to_owned() } else { format!("{key}: {message}") }
        });
        told.collect::<Vec<_>>().join(", ")
    }

    fn key(&self, index: usize) -> &'a str {
        self.links.get(index).map_or("", |link| link.context.key())
    }
}
