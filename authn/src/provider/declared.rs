//! `Declared`: what `#[token_provider]` says of a provider's requests: the statuses that refuse a token, and its place.

use std::any::TypeId;

use crate::request::DefaultPlace;

/// The status that refuses a token unless a provider names others (RFC 9110, section 15.5.2).
pub(super) const REFUSING: &[u16] = &[401];

/// What the macro says of a provider's requests. It is submitted at link time, so that it holds as well for a provider
/// that a program makes in code.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub struct Declared {
    of: fn() -> TypeId,
    refusing: Option<&'static [u16]>,
    place: Option<DefaultPlace>,
}

inventory::collect!(Declared);

impl Declared {
    /// Says nothing of a type yet.
    pub const fn of<P: 'static>() -> Self {
        Self { of: TypeId::of::<P>, refusing: None, place: None }
    }

    /// Names the statuses that refuse a token.
    #[must_use]
    pub const fn with_refusing(mut self, statuses: &'static [u16]) -> Self {
        self.refusing = Some(statuses);
        self
    }

    /// Sets the place of the token, which the configuration can change.
    #[must_use]
    pub const fn with_place(mut self, place: DefaultPlace) -> Self {
        self.place = Some(place);
        self
    }

    /// Returns what the macro said of a type; `None` if it said nothing.
    pub(crate) fn find(of: TypeId) -> Option<&'static Self> {
        inventory::iter::<Self>.into_iter().find(|declared| (declared.of)() == of)
    }

    pub(crate) fn place(&self) -> Option<DefaultPlace> {
        self.place
    }

    pub(crate) fn refusing(&self) -> Option<&'static [u16]> {
        self.refusing
    }
}
