//! `Command`: the type of an option that is run, so that the schema knows that it is.

use std::{fmt, ops::Deref};

use serde::Deserialize;

use super::{Show, View};

/// A program with its arguments, as the value of an option.
///
/// In a configuration it is a list of texts. Unlike such a list, it is shown without its arguments, which may be secrets, and
/// `authn config trust` lists it as a command.
///
/// ```
/// # use authn::options::Command;
/// /// Runs a program that prints a token.
/// #[authn::token_provider("corp", cached)]
/// struct Corp {
///     /// Command that prints a token.
///     helper: Command,
/// }
/// # impl authn::TokenSource for Corp {
/// #     async fn request_token(
/// #         &self,
/// #         _: &authn::Context,
/// #         _: Option<&authn::TokenSet>,
/// #     ) -> authn::Result<authn::TokenSet> {
/// #         Ok(authn::Token::new(self.helper.join(" "))?.into())
/// #     }
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename = "authn::Command")]
pub struct Command(Vec<String>);

impl Command {
    /// The name by which [`probe`](super::probe) recognises the type.
    pub(super) const NAME: &'static str = "authn::Command";
}

impl Deref for Command {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.0
    }
}

impl Show for Command {
    fn show(&self) -> View {
        let arguments = self.0.iter().skip(1).map(|_| View::Hidden);
        let program = self.0.first().map(|program| View::of_program(program));
        View::List(program.into_iter().chain(arguments).collect())
    }
}

/// Writes the command as it may be shown.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.show(), f)
    }
}
