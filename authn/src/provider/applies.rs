//! `Applies` and `Touched`: what is known of an exchange before it is made.

use crate::Error;

/// Whether a source has something to say, as far as that is known without an exchange.
#[doc(hidden)]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Applies {
    /// It has.
    Yes,
    /// Only an exchange shows it. The text says on what it depends.
    Depends(&'static str),
    /// Something is absent.
    No(Error),
}

/// Something outside of the configuration that an exchange reads or contacts.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Touched {
    /// Scheme, host and port of a service.
    Server(String),
    /// The name of a variable.
    Variable(String),
    /// The path of a file.
    File(String),
}
