//! `WithholdToken` and `UseCredentials`: which credentials one request has, as extensions of the request.

#[cfg(any(feature = "reqwest", feature = "tower"))]
use std::borrow::Cow;

use crate::Credentials;

/// Sends a request without credentials. It is an extension of the request.
///
/// ```
/// let request = http::Request::get("https://api.example.com/v1/status").extension(authn::WithholdToken).body(())?;
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct WithholdToken;

/// Sends a request with other credentials than the client's. It is an extension of the request. With
/// [`WithholdToken`] beside it, the request has none.
///
/// ```
/// # fn example(admin: authn::Credentials) -> Result<(), http::Error> {
/// let request = http::Request::delete("https://api.example.com/v1/things/1")
///     .extension(authn::UseCredentials(admin))
///     .body(())?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct UseCredentials(pub Credentials);

/// Returns the credentials that a request has, and removes what its extensions say of them: a service below need not know
/// it.
#[cfg(any(feature = "reqwest", feature = "tower"))]
pub(super) fn chosen<'a>(
    extensions: &mut http::Extensions,
    own: &'a Credentials,
) -> Option<Cow<'a, Credentials>> {
    let other = extensions.remove::<UseCredentials>();
    if extensions.remove::<WithholdToken>().is_some() {
        return None;
    }
    Some(other.map_or(Cow::Borrowed(own), |other| Cow::Owned(other.0)))
}
