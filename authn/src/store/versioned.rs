//! `Versioned`: documents by revision, in a place that has no compare-and-swap of its own.
//!
//! Processes take turns at a key. What can't be read is set aside, so that it neither stands in the way nor is
//! lost.

use super::{Document, Lease, StoreKey, record::Record, record::VERSION};
use crate::Result;

/// What a text is that stands where a document should.
#[derive(Debug)]
pub enum Content {
    /// A document.
    Document(Document),
    /// Something else, and one word for it, which its name ends in when it is set aside.
    Other(&'static str),
}

/// A place for texts, such as a folder or a keyring.
#[expect(async_fn_in_trait, reason = "each store's own future says whether it can be sent")]
pub trait Versioned {
    /// Waits for the turn at a key, which ends when it is dropped.
    async fn turn(&self, key: &StoreKey) -> Result<Lease>;

    /// Reads what stands under a key.
    async fn read(&self, key: &StoreKey) -> Result<Option<Content>>;

    /// Replaces what stands under a key.
    async fn write(&self, key: &StoreKey, document: &Document) -> Result<()>;

    /// Moves what stands under a key to a name that ends in a word.
    async fn set_aside(&self, key: &StoreKey, ending: &str) -> Result<()>;

    /// Reads a key's document.
    async fn document(&self, key: &StoreKey) -> Result<Option<Document>> {
        match self.read(key).await? {
            Some(Content::Document(document)) => Ok(Some(document)),
            Some(Content::Other(_)) => {
                // In turn, and looked at again: another process may have replaced it meanwhile.
                let _turn = self.turn(key).await?;
                self.document_in_turn(key).await
            }
            None => Ok(None),
        }
    }

    /// Reads a key's document during a turn.
    async fn document_in_turn(&self, key: &StoreKey) -> Result<Option<Document>> {
        match self.read(key).await? {
            Some(Content::Document(document)) => Ok(Some(document)),
            Some(Content::Other(ending)) => self.set_aside(key, ending).await.map(|()| None),
            None => Ok(None),
        }
    }

    /// Replaces a key's document if `expected` is its revision; returns whether it was.
    async fn replace(&self, key: &StoreKey, document: &Document, expected: u64) -> Result<bool> {
        let _turn = self.turn(key).await?;
        let current = self.document_in_turn(key).await?.map_or(0, |document| document.revision);
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

    /// Looks at a text.
    pub fn of(text: &str) -> Self {
        match Record::version_and_revision(text) {
            Some((VERSION, revision)) => Self::Document(Document { revision, text: text.into() }),
            Some(_) => Self::Other(Self::NEWER),
            None => Self::Other(Self::CORRUPT),
        }
    }

    /// Warns of a text that was moved to another name, or could not be.
    pub fn warn_of_set_aside(name: &str, moved: bool) {
        tracing::warn!(
            name,
            moved,
            "a stored session can't be read by this version and is set aside; log in again"
        );
    }
}
