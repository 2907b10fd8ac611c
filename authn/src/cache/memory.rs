//! `Memory`: the state between the exchanges of one source.

use std::sync::Weak;

use super::{scopes::ScopeSlot, update::Pending};
use crate::{SessionPolicy, Status, TokenSet, store::Record};

/// The state between the exchanges of one source.
#[derive(Clone, Default)]
pub(super) struct Memory {
    /// The generation that it belongs to; see `ScopeSlots`.
    pub(super) generation: u64,
    /// The last tokens of any scopes, if there is no store.
    pub(super) last: Option<TokenSet>,
    /// The scopes that their access token is for.
    pub(super) last_of: Weak<ScopeSlot>,
    /// Whether the server has ended the session. A login starts another one.
    pub(super) has_ended: bool,
    pub(super) unsaved: Option<Unsaved>,
    /// The revision of the record that was read or saved last, in a store of which the records are read without the lease.
    /// Its tokens have been looked at already.
    pub(super) seen: Option<u64>,
    /// The token sets that `on_update` has not accepted. No other token is handed out before.
    pub(super) pending: Vec<Pending>,
}

/// The record that the store failed to save. The server may accept its refresh token only.
#[derive(Clone)]
pub(super) struct Unsaved {
    /// The record that it was made from.
    pub(super) begun: Record,
    pub(super) record: Record,
    /// The name of the tokens that it was made for.
    pub(super) scope: String,
}

impl Memory {
    /// Empties it if it belongs to another generation.
    pub(super) fn keep_if_of(&mut self, generation: u64) {
        if self.generation != generation {
            *self = Self { generation, ..Self::default() };
        }
    }

    /// Returns whether it has what the store or the program does not have, so that no stored token may be used.
    pub(super) fn is_ahead(&self, generation: u64) -> bool {
        self.generation == generation && (self.unsaved.is_some() || !self.pending.is_empty())
    }

    /// Returns whether the next exchange needs the tokens of the last one.
    pub(super) fn has_session(&self, session: SessionPolicy<'_>) -> bool {
        !matches!(session, SessionPolicy::None)
            || self.last.as_ref().is_some_and(|last| last.refresh_token().is_some())
    }

    /// Returns the state of the session.
    pub(super) fn status(&self) -> Status {
        let none = || Status { has_ended: self.has_ended, ..Status::default() };
        self.last.as_ref().map_or_else(none, |last| Status {
            has_refresh_token: last.refresh_token().is_some(),
            has_session: last.has_session(),
            username: last.username().map(str::to_owned),
            server_clock_ahead: last.server_clock_ahead(),
            ..Status::default()
        })
    }
}
