//! `Locked`: what became of a lease that was asked for with a revision.

use super::{Document, Lease};

/// What became of a lease that was asked for with the revision of a document.
#[doc(hidden)]
#[derive(Debug)]
pub enum Locked<D = Document> {
    /// The document has that revision, or had it when the lease was acquired.
    Acquired(Lease),
    /// The document has another revision. `None` if it must be read.
    Replaced(Option<D>),
}

impl<D> Locked<D> {
    /// Returns the lease, if it was acquired.
    pub fn lease(self) -> Option<Lease> {
        match self {
            Self::Acquired(lease) => Some(lease),
            Self::Replaced(_) => None,
        }
    }
}
