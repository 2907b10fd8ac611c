//! `Connections`: the connections of one client certificate, or of none, and of one reach.

use std::sync::Arc;

use arc_swap::ArcSwap;
use reqwest::Client;

use super::{ClientIdentity, Reach};
use crate::{Result, per_process::PerProcess};

/// Most client certificates whose connections are kept.
const MOST: usize = 8;

/// Connections that only requests with the same client certificate use.
#[derive(Default)]
pub(super) struct Connections {
    identity: Option<ClientIdentity>,
    reach: Reach,
    /// With connections that the background thread of the process serves.
    client: PerProcess<Client>,
    /// For the loopback interface. Its requests can be plain http, so no proxy may see them.
    direct: PerProcess<Client>,
}

/// The connections of several client certificates. The last added are kept.
#[derive(Default)]
pub(super) struct Identified(ArcSwap<Vec<Arc<Connections>>>);

impl Connections {
    pub(super) fn within(reach: Reach) -> Self {
        Self { reach, ..Self::default() }
    }

    /// Returns the client, if it is made in this process.
    pub(super) fn made(&self, is_direct: bool) -> Option<Client> {
        Some(self.of(is_direct).made()?.value.clone())
    }

    /// Returns the client, and makes it if there is none. A failure is not kept: the next request tries again.
    pub(super) fn get(
        &self,
        is_direct: bool,
        make: impl FnOnce(Option<&ClientIdentity>, Reach) -> Result<Client>,
    ) -> Result<Client> {
        if let Some(made) = self.made(is_direct) {
            return Ok(made);
        }
        let client = make(self.identity.as_ref(), self.reach)?;
        Ok(self.of(is_direct).get(|_| client).value.clone())
    }

    fn of(&self, is_direct: bool) -> &PerProcess<Client> {
        if is_direct { &self.direct } else { &self.client }
    }
}

impl Identified {
    /// Returns the connections of a client certificate within a reach.
    pub(super) fn of(&self, identity: &ClientIdentity, reach: Reach) -> Arc<Connections> {
        let find = |all: &[Arc<Connections>]| {
            let is_it = |of: &&Arc<Connections>| {
                let is_same = |other: &ClientIdentity| other.is_same(identity);
                of.reach == reach && of.identity.as_ref().is_some_and(is_same)
            };
            all.iter().find(is_it).cloned()
        };
        loop {
            let all = self.0.load();
            if let Some(found) = find(&all) {
                return found;
            }
            let identity = Some(identity.clone());
            let new = Connections { identity, ..Connections::within(reach) };
            let kept = all.iter().rev().take(MOST - 1).rev().cloned();
            let next = kept.chain([Arc::new(new)]).collect::<Vec<_>>();
            // If another thread was faster, it may have added the same one.
            self.0.compare_and_swap(&all, Arc::new(next));
        }
    }
}
