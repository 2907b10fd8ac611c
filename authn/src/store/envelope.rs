//! `Envelope`: the text of an encrypted document, which keeps its revision and the name of its key readable.
//!
//! It is recognised also by a program that has no key, so that such a program does not replace it.

use serde::{Deserialize, Serialize, de::IgnoredAny};

/// The version of the texts that are envelopes. A program that does not know envelopes takes one for a record of a later
/// version: it does not use it, and the file and keyring stores set it aside before a save.
const VERSION: u32 = 2;

/// An encrypted document.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Envelope {
    version: u32,
    /// Of the document. Stores compare it, and what is sealed is bound to it.
    pub(super) revision: u64,
    /// Which key it is sealed with. It reveals nothing of the key.
    pub(super) key_id: String,
    /// The nonce, the encrypted text and its tag, in base64.
    pub(super) sealed: String,
}

/// What a stored text is.
pub(super) enum Form {
    /// A document that is not encrypted, of any version.
    Plain,
    Envelope(Envelope),
    /// An encrypted document of a later version.
    Later,
    /// Neither a document nor an envelope.
    Damaged,
}

impl Envelope {
    #[cfg_attr(
        not(feature = "encryption"),
        expect(dead_code, reason = "only encryption makes one")
    )]
    pub(super) fn new(revision: u64, key_id: String, sealed: String) -> Self {
        Self { version: VERSION, revision, key_id, sealed }
    }

    /// Parses an envelope; `None` if the text is not one.
    pub(super) fn of(text: &str) -> Option<Self> {
        match Form::of(text) {
            Form::Envelope(envelope) => Some(envelope),
            Form::Plain | Form::Later | Form::Damaged => None,
        }
    }
}

impl Form {
    pub(super) fn of(text: &str) -> Self {
        #[derive(Deserialize)]
        struct Any {
            version: u32,
            #[serde(rename = "revision")]
            _revision: u64,
            key_id: Option<IgnoredAny>,
            sealed: Option<IgnoredAny>,
        }
        let Ok(any) = serde_json::from_str::<Any>(text) else { return Self::Damaged };
        let is_sealed = any.key_id.is_some() || any.sealed.is_some();
        match any.version {
            VERSION => serde_json::from_str(text).map_or(Self::Damaged, Self::Envelope),
            version if is_sealed && version > VERSION => Self::Later,
            _ if is_sealed => Self::Damaged,
            _ => Self::Plain,
        }
    }
}
