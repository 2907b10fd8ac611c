//! `Memory`: what is kept between the exchanges of one source.

use crate::{SessionPolicy, Status, TokenSet, store::Record};

/// What is kept between the exchanges of one source.
#[derive(Default)]
pub(super) struct Memory {
    /// Of which generation it is; see `ScopeSlots`.
    pub(super) generation: u64,
    /// The last grant of any scope, where there is no store.
    pub(super) last: Option<TokenSet>,
    /// What an exchange gave and the store did not take; the server counts on it.
    pub(super) unsaved: Option<Record>,
}

impl Memory {
    /// Forgets what is of another generation.
    pub(super) fn keep_if_of(&mut self, generation: u64) {
        if self.generation != generation {
            *self = Self { generation, ..Self::default() };
        }
    }

    /// Returns whether it holds what the store lacks.
    pub(super) fn has_unsaved(&self, generation: u64) -> bool {
        self.generation == generation && self.unsaved.is_some()
    }

    /// Returns whether the next exchange needs what the last one gave.
    pub(super) fn has_session(&self, session: SessionPolicy<'_>) -> bool {
        !matches!(session, SessionPolicy::None)
            || self.last.as_ref().is_some_and(|last| last.refresh_token().is_some())
    }

    /// Returns what is known of the session.
    pub(super) fn status(&self) -> Status {
        self.last.as_ref().map_or_else(Status::default, |last| Status {
            has_refresh_token: last.refresh_token().is_some(),
            has_session: last.has_session(),
            username: last.username().map(str::to_owned),
            server_clock_ahead: last.server_clock_ahead(),
            ..Status::default()
        })
    }
}
