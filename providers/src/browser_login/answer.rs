//! `Answer`: what a browser brings back from the server, and `Checks`, which a protocol implements.

use std::{borrow::Cow, collections::BTreeSet};

use authn::{Error, Result};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use url::{Url, form_urlencoded};
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

/// Returns the code of the answer that a web application's user came back with.
pub(crate) fn code_of(returned: &Url, expected: &impl Checks) -> Result<Zeroizing<String>> {
    match expected.check(returned.query().unwrap_or_default()) {
        Answer::Code(code) => Ok(code),
        Answer::Failed(error) => Err(error),
        // The program goes on without a login, as if the user had closed the page.
        Answer::Denied(error) => {
            let denied = Error::cancelled(error.message());
            Err(denied.with_help(error.help().unwrap_or("log in again and agree").to_owned()))
        }
        Answer::Empty => {
            Err(Error::protocol("the browser came back with neither a code nor an error")
                .with_help("start the login again"))
        }
        Answer::Foreign => Err(Error::protocol("the browser came back from another login")
            .with_help("start the login again, in the browser that completes it")),
    }
}

/// The parameters of an answer.
pub(crate) struct Parameters<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Parameters<'a> {
    pub(crate) fn parse(query: &'a str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).collect())
    }

    /// Returns whether one of a name has this secret value.
    pub(crate) fn have(&self, name: &str, secret: &str) -> bool {
        let is_it =
            |value: &str| verify_slices_are_equal(value.as_bytes(), secret.as_bytes()).is_ok();
        self.0.iter().any(|(own, value)| own == name && is_it(value))
    }

    /// Fails if there are two of a name, because two readers could then take different ones.
    pub(crate) fn check(&self) -> Result<()> {
        let mut names = BTreeSet::new();
        if self.0.iter().all(|(name, _)| names.insert(name)) {
            return Ok(());
        }
        Err(Error::protocol("the server's answer contains a parameter twice")
            .with_help("log in again"))
    }

    /// Returns the value of a name, unless it is empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(own, value)| own == name && !value.is_empty());
        found.map(|(_, value)| &**value)
    }
}
