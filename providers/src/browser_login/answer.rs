//! `Answer`: what a browser brings back from the server, and `Checks`, which a protocol implements.

use authn::Error;
use zeroize::Zeroizing;

/// A checked answer.
pub(crate) enum Answer {
    /// It belongs to another login, or its sender does not know the state of this login. It is ignored.
    Foreign,
    /// It belongs to this login and contains neither a code nor an error, such as the address of the login page.
    Empty,
    /// The code to exchange.
    Code(Zeroizing<String>),
    /// The user or the server's policy denied the login.
    Denied(Error),
    /// The login has failed.
    Failed(Error),
}

/// What one login expects of its answer.
pub(crate) trait Checks: Send + Sync + 'static {
    /// Returns the parameters by which an answer is recognised: it has at least one of them.
    fn parameters(&self) -> &'static [&'static str];

    /// Checks the query of the address that a browser came back to.
    fn check(&self, query: &str) -> Answer;
}
