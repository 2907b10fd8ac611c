//! `StoredSession`: one session in a store.

use std::sync::Arc;

use super::{ErasedStore, Lease, Record, SessionPolicy, StoreKey, fingerprint};
use crate::Result;

/// A store, and the key under which it keeps one session.
#[derive(Clone, Debug)]
pub(crate) struct StoredSession {
    pub(crate) name: Arc<str>,
    pub(crate) store: Arc<dyn ErasedStore>,
    pub(crate) key: StoreKey,
    /// Of all configured secrets: with others it is another session.
    pub(crate) fingerprint: String,
}

impl StoredSession {
    /// Empties a record that belongs to other secrets than the configured ones.
    pub(crate) fn keep_session(&self, record: &mut Record, session: SessionPolicy<'_>) {
        let now = match session {
            SessionPolicy::From(secret) => fingerprint(secret),
            SessionPolicy::None | SessionPolicy::Begun => self.fingerprint.clone(),
        };
        record.keep_if_of(&now);
    }

    /// Acquires the lease.
    pub(crate) async fn lock(&self) -> Result<Lease> {
        self.store.lock_boxed(&self.key).await
    }

    /// Acquires the right to log a user in. The holder may wait for a user, so this waits as long as its caller does.
    pub(crate) async fn lock_login(&self) -> Result<Lease> {
        self.store.lock_boxed(&StoreKey::new(&format!("{}.login", self.key))).await
    }

    /// Returns where the session is, for users.
    pub(crate) fn place(&self) -> String {
        self.store.place().unwrap_or_else(|| self.name.to_string())
    }

    /// Reads the record; an empty one with the revision 0 if there is none.
    pub(crate) async fn load(&self) -> Result<Record> {
        Ok(self.store.load_boxed(&self.key).await?.as_ref().map(Record::read).unwrap_or_default())
    }

    /// Reads the record without waiting; `None` if there is none or the store can't.
    pub(crate) fn load_now(&self) -> Option<Record> {
        self.store.load_now(&self.key).as_ref().map(Record::read)
    }

    /// Makes sure that the next save can succeed; `false` if another process has replaced the record since it was read.
    pub(crate) async fn reserve(&self, record: &mut Record) -> Result<bool> {
        let expected = record.revision;
        let document = match expected {
            0 => record.write(record.next_revision()),
            _ => record.write(expected),
        };
        let revision = self.store.reserve_boxed(&self.key, &document, expected).await?;
        record.revision = revision.unwrap_or(expected);
        Ok(revision.is_some())
    }

    /// Replaces the record; `false` if another process has replaced it since it was read.
    pub(crate) async fn save(&self, record: &mut Record) -> Result<bool> {
        let expected = record.revision;
        let next = record.next_revision();
        let document = record.write(next);
        let saved = self.store.save_boxed(&self.key, &document, expected).await?;
        if saved {
            record.revision = next;
        }
        Ok(saved)
    }

    /// Replaces the record with an empty one, and tries again if another process replaces it meanwhile.
    pub(crate) async fn clear(&self) -> Result<()> {
        loop {
            let revision = self.load().await?.revision;
            if self.save(&mut Record { revision, ..Record::default() }).await? {
                return Ok(());
            }
        }
    }
}
