//! `SecretString`: text that is never shown.
//!
//! It is a newtype of ours over secrecy's, whose own type gains `Deserialize` as soon as any crate of a
//! program enables its serde feature. There is no `Display`, no `Serialize`, and one place that exposes.

mod reference;

use std::{fmt, marker::PhantomData, ops::Deref, path::Path, sync::Arc};

use secrecy::ExposeSecret;

pub(crate) use reference::{Reference, Target};

use crate::Result;

/// A secret text: a literal, or a reference that is resolved again at each exchange.
///
/// ```
/// let secret = authn::SecretString::from("s3cr3t");
/// assert_eq!(&*secret.expose(), "s3cr3t");
/// assert_eq!(format!("{secret:?}"), "(set)");
/// ```
///
/// It cannot be printed or serialised by accident:
///
/// ```compile_fail
/// println!("{}", authn::SecretString::from("s3cr3t"));
/// ```
/// ```compile_fail
/// fn serialise(_: impl serde::Serialize) {}
/// serialise(authn::SecretString::from("s3cr3t"));
/// ```
#[derive(Clone)]
pub struct SecretString(Inner);

#[derive(Clone)]
enum Inner {
    Literal(Arc<secrecy::SecretString>),
    Reference(Reference),
}

impl SecretString {
    pub(crate) fn referring(reference: Reference) -> Self {
        Self(Inner::Reference(reference))
    }

    /// Reads a secret from a file, as a reference does: a regular file of at most 1 MiB of UTF-8 text, that
    /// nobody else can read or owns. Line breaks at its end are not part of it.
    pub fn read_file(path: impl AsRef<Path>) -> Result<Self> {
        reference::read(path.as_ref()).map(|text| Self(Inner::Literal(text)))
    }

    /// Returns whether it can resolve to something else the next time.
    pub(crate) fn can_change(&self) -> bool {
        matches!(&self.0, Inner::Reference(reference) if reference.can_change())
    }

    /// Exposes the text for as long as the guard is held. A reference gives what it was last resolved to.
    pub fn expose(&self) -> Exposed<'_> {
        let text = match &self.0 {
            Inner::Literal(text) => Arc::clone(text),
            Inner::Reference(reference) => reference.value(),
        };
        Exposed(text, PhantomData)
    }

    /// Tells whether the text has no character, which counts as not set.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }

    /// Resolves a reference anew; a literal stays as it is.
    pub(crate) async fn resolve(&self) -> Result<()> {
        match &self.0 {
            Inner::Literal(_) => Ok(()),
            Inner::Reference(reference) => reference.resolve().await,
        }
    }
}

impl From<&str> for SecretString {
    fn from(text: &str) -> Self {
        Self(Inner::Literal(Arc::new(text.into())))
    }
}

impl From<String> for SecretString {
    fn from(text: String) -> Self {
        Self(Inner::Literal(Arc::new(text.into())))
    }
}

impl fmt::Debug for SecretString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "(not set)" } else { "(set)" })
    }
}

/// A guard that lends a secret's text; it dereferences to `str`.
pub struct Exposed<'a>(Arc<secrecy::SecretString>, PhantomData<&'a SecretString>);

impl Deref for Exposed<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.0.expose_secret()
    }
}

impl AsRef<str> for Exposed<'_> {
    fn as_ref(&self) -> &str {
        self
    }
}

impl AsRef<[u8]> for Exposed<'_> {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Debug for Exposed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// A store that secrets of a configuration can stand in: `{ NAME = "target" }` refers to one.
pub trait SecretSource: Send + Sync + 'static {
    /// Returns what a target looks like, such as `service/user`.
    fn example() -> &'static str
    where
        Self: Sized,
    {
        "name"
    }

    /// Reads a secret. It may block, for a limited time; the framework sees to the thread.
    fn secret(&self, target: &str) -> Result<SecretString>;
}
