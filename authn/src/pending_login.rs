//! `PendingLogin`: what a web application remembers of a login until the browser comes back.

use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use crate::{Error, Result, SecretString};

/// The start of the text of this version.
const VERSION: &str = "1.";

/// Longest text, in bytes. It is far more than any server's addresses and identifiers need, and what a stranger can put
/// into a cookie is not decoded beyond it.
const LONGEST: usize = 16 << 10;

/// A login in a web application, from [`Credentials::authorization_url`](crate::Credentials::authorization_url) until
/// [`Credentials::complete`](crate::Credentials::complete).
///
/// It ties a browser to the login that was started in it: without that, an attacker could have a victim's browser
/// complete the attacker's login (RFC 6749, section 10.12). So store its [text](Self::to_secret) where only that browser
/// leads to it, and nobody can read or replace it:
///
/// - in the session that the server keeps for that browser, or
/// - in an encrypted cookie that is `HttpOnly`, `Secure` and `SameSite=Lax`, with a name that starts with `__Host-`, so
///   that no other host can set it. `SameSite=Strict` would withhold it from the redirect, and `Lax` from an answer in a form
///   (`response_mode = "form_post"`), which needs `SameSite=None`.
///
/// The text holds secrets, but is neither encrypted nor signed. Delete it when the browser comes back, whatever the
/// outcome: a login is completed once.
///
/// ```
/// use authn::{PendingLogin, SecretString};
/// use std::time::{Duration, SystemTime};
///
/// # fn example(pending: PendingLogin) -> authn::Result<()> {
/// let text: SecretString = pending.to_secret(); // for the session of the browser
/// let seconds = pending.valid_until().duration_since(SystemTime::now()).unwrap_or_default().as_secs();
/// // … in the next request, maybe in another instance of the program
/// let pending = PendingLogin::from_secret(&text)?;
/// # let _ = (pending, seconds);
/// # Ok(()) }
/// ```
///
/// An [`InteractiveSource`](crate::InteractiveSource) creates it, and keeps in it what it checks at the end:
///
/// ```
/// use authn::PendingLogin;
/// use std::time::{Duration, SystemTime};
///
/// let until = SystemTime::now() + Duration::from_secs(600);
/// let pending = PendingLogin::new("https://app.example.com/callback", until).with_kept("state", "af0ifjsldkj");
/// let pending = PendingLogin::from_secret(&pending.to_secret())?;
/// assert_eq!(pending.redirect_uri(), "https://app.example.com/callback");
/// assert_eq!(pending.kept("state"), Some("af0ifjsldkj"));
/// assert_eq!(format!("{pending:?}"), "PendingLogin { .. }");
/// # Ok::<(), authn::Error>(())
/// ```
#[must_use = "without it the login can't be completed"]
pub struct PendingLogin(Parts);

/// What the text holds. It is not public, so that only [`PendingLogin::to_secret`] writes it.
#[derive(Serialize, Deserialize)]
struct Parts {
    redirect_uri: String,
    /// Seconds since the Unix epoch.
    valid_until: u64,
    kept: BTreeMap<String, Zeroizing<String>>,
}

impl PendingLogin {
    /// Creates a login with the address that the browser comes back to, and the time until which it can be completed. The
    /// time is kept in whole seconds.
    pub fn new(redirect_uri: impl Into<String>, valid_until: SystemTime) -> Self {
        let valid_until = valid_until.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Self(Parts { redirect_uri: redirect_uri.into(), valid_until, kept: BTreeMap::new() })
    }

    /// Keeps a secret for the end of the login, such as the `state` (RFC 6749, section 4.1.1).
    pub fn with_kept(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.kept.insert(name.into(), Zeroizing::new(value.into()));
        self
    }

    /// Returns the secret that was kept under a name.
    pub fn kept(&self, name: &str) -> Option<&str> {
        self.0.kept.get(name).map(|value| value.as_str())
    }

    /// Returns the address that the browser comes back to, exactly as it was given.
    pub fn redirect_uri(&self) -> &str {
        &self.0.redirect_uri
    }

    /// Returns the time until which the login can be completed.
    pub fn valid_until(&self) -> SystemTime {
        let since = Duration::from_secs(self.0.valid_until);
        UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
    }

    /// Returns the login as one text of letters, digits, `-`, `_` and `.`, usually less than 1 KiB. All of it is secret.
    pub fn to_secret(&self) -> SecretString {
        // Texts and numbers always become JSON.
        let json = Zeroizing::new(serde_json::to_vec(&self.0).unwrap_or_default());
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(&*json));
        SecretString::from(format!("{VERSION}{}", &*text))
    }

    /// Reads the text of [`to_secret`](Self::to_secret).
    ///
    /// Fails with [`LoginRequired`](crate::ErrorKind::LoginRequired) if the text is damaged, is longer than 16 KiB, or was
    /// made by another version of authn.
    pub fn from_secret(text: &SecretString) -> Result<Self> {
        let text = text.expose();
        let read = text.strip_prefix(VERSION).filter(|_| text.len() <= LONGEST);
        let json = read.and_then(|read| URL_SAFE_NO_PAD.decode(read).ok()).map(Zeroizing::new);
        let parts = json.and_then(|json| serde_json::from_slice(&json).ok());
        parts.map(Self).ok_or_else(damaged)
    }

    /// Returns the address that the browser came back to. A relative one, such as a path with a query, is relative to the
    /// redirect address (RFC 3986, section 5).
    ///
    /// Fails if it is not the redirect address with more in its query, or if the time has come.
    pub(crate) fn returned(&self, returned: &str, now: SystemTime) -> Result<Url> {
        if now >= self.valid_until() {
            return Err(Error::login_required("the browser came back after the login had expired")
                .with_help("start the login again"));
        }
        let expected = Url::parse(&self.0.redirect_uri).map_err(|_| damaged())?;
        let returned = expected.join(returned).ok();
        let is_same = |url: &Url| {
            (url.origin(), url.path()) == (expected.origin(), expected.path())
                && url.username().is_empty()
                && url.password().is_none()
        };
        returned.filter(is_same).ok_or_else(|| {
            Error::protocol("the browser came back to another address than the redirect address")
                .with_help(
                    "complete the login with the address that the browser requested; behind a proxy that \
                     changes it, use the redirect address with the query of the request",
                )
        })
    }
}

/// Returns the error of a pending login that can't be read.
fn damaged() -> Error {
    Error::login_required("the pending login is damaged, or of another version of authn")
        .with_help("start the login again, and store the text of the pending login unchanged")
}

impl fmt::Debug for PendingLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingLogin").finish_non_exhaustive()
    }
}
