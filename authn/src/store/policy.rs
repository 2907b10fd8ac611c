//! `SessionPolicy`: the session that a source keeps from one exchange to the next.

use crate::SecretString;

/// The session that a [`TokenSource`](crate::TokenSource) keeps from one exchange to the next.
///
/// ```
/// # use authn::{SecretString, SessionPolicy};
/// struct Refreshing {
///     refresh_token: Option<SecretString>,
/// }
///
/// impl Refreshing {
///     fn session(&self) -> SessionPolicy<'_> {
///         self.refresh_token.as_ref().map_or(SessionPolicy::Begun, SessionPolicy::From)
///     }
/// }
/// # let source = Refreshing { refresh_token: None };
/// # assert!(matches!(source.session(), SessionPolicy::Begun));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum SessionPolicy<'a> {
    /// No session: each exchange needs the configuration alone.
    None,
    /// A session that an exchange or a login starts.
    Begun,
    /// A session that starts with a configured secret, such as a refresh token. Another secret starts another
    /// session, and the stored tokens of the old one are discarded.
    From(&'a SecretString),
    /// A session that an exchange starts, one for each text of a secret that is not sent itself. The source finds that text
    /// outside of the configuration: see [`TokenSource::found_secret`](crate::TokenSource::found_secret).
    #[doc(hidden)]
    Of(&'a SecretString),
}
