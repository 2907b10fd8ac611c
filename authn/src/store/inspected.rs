//! `Inspected`: how a stored document is encrypted, for the commands that list and encrypt sessions.

use super::{Document, envelope::Envelope};

/// A stored document, and how it is encrypted.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Inspected {
    pub revision: u64,
    /// The document; `None` if it can't be read.
    pub document: Option<Document>,
    /// The name of the key that it is encrypted with; `None` if it is not encrypted.
    pub key_id: Option<String>,
    pub seal: Seal,
}

/// How a stored document is encrypted.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// The store does not encrypt, and the document is not encrypted.
    Unused,
    /// With the current key.
    Current,
    /// With a previous key, or not at all, although the store has a key. The next lock encrypts it.
    Outdated,
    /// It was changed since it was encrypted.
    Damaged,
    /// With a key that the store does not have.
    Locked,
}

impl Inspected {
    /// Returns what a document of a store is that does not encrypt.
    pub(super) fn without_key(document: Document) -> Self {
        let revision = document.revision;
        match Envelope::of(&document.text.expose()) {
            None => Self { revision, document: Some(document), key_id: None, seal: Seal::Unused },
            Some(Envelope { key_id, .. }) => {
                Self { revision, document: None, key_id: Some(key_id), seal: Seal::Locked }
            }
        }
    }
}
