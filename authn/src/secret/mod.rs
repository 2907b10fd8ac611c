//! `SecretString`: text that is never shown.
//!
//! It wraps secrecy's type, which implements `Deserialize` as soon as any crate of a program enables its serde feature.
//! There is no `Display`, no `Serialize`, and only one method that exposes the text.

mod reference;
mod watched;

use std::{fmt, marker::PhantomData, ops::Deref, path::Path, sync::Arc};

use secrecy::ExposeSecret;

pub use reference::pem;
pub(crate) use reference::{Reference, Target, is_variable, without_end};
pub use watched::Watched;

use crate::Result;

/// A secret text: a literal, or a reference that is resolved again before each exchange.
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

/// What stands for a secret whose reference is left alone. It fits into a header.
const UNREAD: &str = "unread";

impl SecretString {
    /// Creates a secret that stands for one whose reference is left alone.
    pub(crate) fn unread() -> Self {
        UNREAD.into()
    }

    /// Returns whether it stands for a secret whose reference is left alone.
    #[cfg(feature = "encryption")]
    pub(crate) fn is_unread(&self) -> bool {
        *self.expose() == *UNREAD
    }

    pub(crate) fn referring(reference: Reference) -> Self {
        Self(Inner::Reference(reference))
    }

    /// Reads a secret from a file, like `{ file = "…" }` in a configuration.
    ///
    /// It must be a regular file with at most 1 MiB of UTF-8 text. A byte order mark at the start and line breaks at the
    /// end are removed. A symbolic link is followed.
    ///
    /// No other user may be able to write it, and if it belongs to the user, none may be able to read it. A file of
    /// another user that is only readable is accepted, and so is any file on a read-only mount: platforms provide a
    /// container's secrets like that.
    ///
    /// ```
    /// use authn::SecretString;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("secret");
    /// # std::fs::write(&path, "abc\n")?;
    /// # #[cfg(unix)]
    /// # std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    /// let secret: SecretString = SecretString::read_file(&path)?;
    /// assert_eq!(&*secret.expose(), "abc");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_file(path: impl AsRef<Path>) -> Result<Self> {
        reference::read(path.as_ref()).map(|text| Self(Inner::Literal(text)))
    }

    /// Creates a secret that a source finds outside of its options, and looks for it. `place` is the source's key, for errors.
    /// The text is empty if there is none.
    #[doc(hidden)]
    pub fn found(place: &str, source: impl SecretSource) -> Result<Self> {
        let target =
            Target::Stored { kind: String::new(), target: String::new(), source: Arc::new(source) };
        Reference::new(target, place.to_owned()).map(Self::referring)
    }

    /// Returns whether it can resolve to another text the next time.
    pub(crate) fn can_change(&self) -> bool {
        matches!(&self.0, Inner::Reference(reference) if reference.can_change())
    }

    /// Exposes the text while the guard is held. A reference exposes the text that it was last resolved to.
    pub fn expose(&self) -> Exposed<'_> {
        let text = match &self.0 {
            Inner::Literal(text) => Arc::clone(text),
            Inner::Reference(reference) => reference.value(),
        };
        Exposed(text, PhantomData)
    }

    /// Returns whether the text is empty, which is treated as not set. The text of a command that has not run yet is not.
    pub fn is_empty(&self) -> bool {
        self.is_resolved() && self.expose().is_empty()
    }

    /// Returns whether the text is known. Otherwise a command has to run first.
    pub(crate) fn is_resolved(&self) -> bool {
        match &self.0 {
            Inner::Literal(_) => true,
            Inner::Reference(reference) => reference.is_resolved(),
        }
    }

    /// Returns whether another secret is the same. Of commands, the words are compared, because they may not have run.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let commands = match (&self.0, &other.0) {
            (Inner::Reference(one), Inner::Reference(other)) => one.is_same_command(other),
            _ => None,
        };
        commands.unwrap_or_else(|| {
            self.is_resolved() == other.is_resolved() && *self.expose() == *other.expose()
        })
    }

    /// Resolves a reference again. A literal does not change.
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

/// A guard that provides the text of a secret. It dereferences to `str`.
///
/// ```
/// # use authn::SecretString;
/// let secret = SecretString::from("s3cr3t");
/// let exposed = secret.expose();
/// assert!(exposed.starts_with("s3"));
/// assert_eq!(format!("{exposed:?}"), "(secret)");
/// ```
///
/// ```
/// use authn::{Exposed, SecretString};
///
/// let secret = SecretString::from("abc");
/// let exposed: Exposed = secret.expose();
/// assert_eq!(&*exposed, "abc");
/// ```
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

/// A store from which a configuration can read secrets, by `{ NAME = "target" }`.
///
/// It is part of a [`token_store`](macro@crate::token_store) with the argument `secrets`:
///
/// ```
/// use authn::{Error, Result, SecretSource, SecretString};
///
/// struct Vault;
///
/// impl SecretSource for Vault {
///     fn example() -> &'static str {
///         "service/user"
///     }
///     fn secret(&self, target: &str) -> Result<SecretString> {
///         match target {
///             "sts/ann" => Ok("s3cr3t".into()),
///             _ => Err(Error::configuration("the vault has no such secret").with_help("add it")),
///         }
///     }
/// }
/// ```
pub trait SecretSource: Send + Sync + 'static {
    /// Returns an example of a target, such as `service/user`, for messages.
    fn example() -> &'static str
    where
        Self: Sized,
    {
        "name"
    }

    /// Reads a secret. It may block for a limited time: the framework calls it on a thread where that is allowed.
    fn secret(&self, target: &str) -> Result<SecretString>;
}
