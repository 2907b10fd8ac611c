//! `Document`: the text that a store keeps under a key.

use crate::SecretString;

/// The text that a store keeps under a key, with its revision.
///
/// [`TokenStore`](super::TokenStore) loads and saves it. `Debug` hides the text.
///
/// ```
/// use authn::store::Document;
///
/// let document = Document { revision: 1, text: "s3cr3t".into() };
/// assert_eq!(format!("{document:?}"), "Document { revision: 1, text: (set) }");
/// ```
#[derive(Clone, Debug)]
pub struct Document {
    /// Number of the document's changes, from 1.
    pub revision: u64,
    /// The text, which contains secrets.
    pub text: SecretString,
}
