//! `Versioned`: documents by revision, in a place that has no compare-and-swap of its own.
//!
//! A lock makes a check and a write one step for every process. A text that can't be read is set aside when a session is
//! saved, so that it neither blocks the key nor is lost. Reading changes nothing.

use super::{
    Document, Lease, StoreKey,
    envelope::Form,
    record::{Record, VERSION},
};
use crate::Result;

/// The text that is stored under a key.
#[derive(Debug)]
pub enum Content {
    /// A document.
    Document(Document),
    /// A text that is no document of this version. The word says why, and is the ending of the name to which the
    /// text is moved.
    Other(&'static str),
}

/// A place for texts, such as a folder or a keyring.
#[expect(async_fn_in_trait, reason = "each store's own future says whether it can be sent")]
pub trait Versioned {
    /// Acquires the right to replace a key's text, which is released when it is dropped.
    async fn save_lock(&self, key: &StoreKey) -> Result<Lease>;

    /// Reads the text of a key.
    async fn read(&self, key: &StoreKey) -> Result<Option<Content>>;

    /// Replaces the text of a key.
    async fn write(&self, key: &StoreKey, document: &Document) -> Result<()>;

    /// Moves the text of a key to a name with this ending.
    async fn set_aside(&self, key: &StoreKey, ending: &str) -> Result<()>;

    /// Reads a key's document, and changes nothing.
    async fn document(&self, key: &StoreKey) -> Result<Option<Document>> {
        Ok(self.read(key).await?.and_then(|content| content.document(key.as_str())))
    }

    /// Replaces a key's document if its revision is `expected`, and returns whether it did.
    async fn replace(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        let _lock = self.save_lock(key).await?;
        let current = match self.read(key).await? {
            Some(Content::Document(document)) => document.revision,
            Some(Content::Other(ending)) => self.set_aside(key, ending).await.map(|()| 0)?,
            None => 0,
        };
        if current == expected {
            self.write(key, document).await?;
        }
        Ok(current == expected)
    }
}

impl Content {
    /// The word for a text that is no document of any version.
    pub const CORRUPT: &str = "corrupt";
    /// The word for a document of a later version.
    pub(super) const NEWER: &str = "newer";
    /// The endings of all texts that are set aside.
    pub const ENDINGS: [&str; 2] = [Self::CORRUPT, Self::NEWER];

    /// Parses a text. An encrypted document is one, also for a program without its key: only its revision is needed here.
    pub fn of(text: &str) -> Self {
        match Form::of(text) {
            Form::Plain => {}
            Form::Envelope(envelope) => {
                let revision = envelope.revision;
                return Self::Document(Document { revision, text: text.into() });
            }
            Form::Later => return Self::Other(Self::NEWER),
            Form::Damaged => return Self::Other(Self::CORRUPT),
        }
        match Record::version_and_revision(text) {
            Some((VERSION, revision)) => Self::Document(Document { revision, text: text.into() }),
            Some(_) => Self::Other(Self::NEWER),
            None => Self::Other(Self::CORRUPT),
        }
    }

    /// Returns the document. If it is none, a warning is logged, and there is no session: the next save keeps the text
    /// under another name.
    pub(super) fn document(self, name: &str) -> Option<Document> {
        match self {
            Self::Document(document) => Some(document),
            Self::Other(ending) => {
                Self::report_unread(name, ending);
                None
            }
        }
    }

    /// Warns that a text is not used.
    pub(super) fn report_unread(name: &str, ending: &str) {
        tracing::warn!(
            name,
            "a stored session is not used, because {}; {}",
            Self::why(ending),
            Self::help(ending)
        );
    }

    /// Returns why a text is not a document, by the ending of its name when it is set aside.
    pub(crate) fn why(ending: &str) -> &'static str {
        match ending {
            Self::NEWER => "a later version wrote it",
            _ => "it was damaged",
        }
    }

    /// Returns what helps if a text is not a document. Its next save keeps it under another name.
    pub(crate) fn help(ending: &str) -> &'static str {
        match ending {
            Self::NEWER => "use the later version, or start a new session with this one",
            _ => "the next login or token request replaces it",
        }
    }

    /// Logs that a text was set aside. `moved` is whether it could be moved to its new name.
    pub fn report_set_aside(name: &str, moved: bool) {
        tracing::info!(
            authn.session = name,
            authn.moved = moved,
            "a stored session that can't be read was set aside"
        );
    }
}
