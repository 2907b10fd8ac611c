//! `Errors`: the problems of one item.

use std::fmt::Display;

use quote::ToTokens;

/// The problems that were found so far.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    /// Adds a problem: the tokens that break a rule, and the message.
    pub(crate) fn refuse(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.add(syn::Error::new_spanned(tokens, message));
    }

    /// Adds a problem that is an error already.
    pub(crate) fn add(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// Returns all problems as one error; `None` if there are none.
    pub(crate) fn into_error(self) -> Option<syn::Error> {
        self.0
    }
}
