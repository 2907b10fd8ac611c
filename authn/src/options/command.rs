//! `Command`: an option that is run, so that the schema can say so.

use std::ops::Deref;

use serde::Deserialize;

use super::{Show, View};

/// A program with its arguments, as the value of an option.
///
/// In a configuration it is a list of texts. Unlike such a list it is named as a command to the user who is to
/// trust a project's file.
///
/// ```
/// # use authn::options::Command;
/// /// Asks a program for tokens.
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
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename = "authn::Command")]
pub struct Command(Vec<String>);

impl Command {
    /// What serde calls it; see [`probe`](super::probe).
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
        self.0.show()
    }
}
