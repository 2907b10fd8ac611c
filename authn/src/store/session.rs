//! `StoredSession`: one session in a store.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use super::{
    Lease, Locked, NamedStore, Owner, Record, StoreKey, fingerprint::is_session,
    spec::ConfiguredScope,
};
use crate::Result;

/// A session is removed if no exchange has used it for this long.
const UNUSED: Duration = Duration::from_hours(24 * 90);

/// A store, and the key under which it keeps one session.
#[derive(Clone, Debug)]
pub(crate) struct StoredSession {
    pub(super) store: NamedStore,
    pub(super) key: StoreKey,
    /// Where earlier versions kept it, if that is elsewhere.
    pub(super) old_key: Option<StoreKey>,
    /// Of the configured secrets; `None` if the store has no key for it, so that no record has one.
    pub(super) fingerprint: Option<String>,
    /// The fingerprint of earlier versions.
    pub(super) old_fingerprint: String,
    pub(super) scope: ConfiguredScope,
    pub(super) owner: Owner,
}

impl StoredSession {
    /// Empties a record that belongs to other secrets than the configured ones.
    pub(crate) fn keep_session(&self, record: &mut Record) {
        let is_of_now = record.fingerprint.is_some() && record.fingerprint == self.fingerprint;
        if !is_of_now && !self.is_old(record) {
            record.forget();
        }
        record.fingerprint.clone_from(&self.fingerprint);
    }

    /// Returns whether an earlier version has stored a record, for the configured secrets.
    fn is_old(&self, record: &Record) -> bool {
        record.key.is_none() && record.fingerprint.as_deref() == Some(&self.old_fingerprint)
    }

    /// Returns the name of the store.
    pub(crate) fn name(&self) -> &str {
        self.store.name()
    }

    /// Returns under which key the store has the session.
    pub(crate) fn key(&self) -> &StoreKey {
        &self.key
    }

    /// Returns the name of the tokens of a call's scopes and parameters in the record.
    pub(crate) fn entry(&self, scopes: &[String], parameters: &BTreeMap<String, String>) -> String {
        self.scope.entry(scopes, parameters)
    }

    /// Acquires the lease, and takes over the record of an earlier version.
    pub(crate) async fn lock(&self) -> Result<Lease> {
        let lease = self.store.lock(&self.key).await?;
        self.take_over().await?;
        Ok(lease)
    }

    /// Does the same, or returns as soon as the record has another revision.
    pub(crate) async fn lock_unless_replaced(&self, revision: u64) -> Result<Locked<Box<Record>>> {
        Ok(match self.store.lock_unless_replaced(&self.key, revision).await? {
            Locked::Acquired(lease) => {
                self.take_over().await?;
                Locked::Acquired(lease)
            }
            Locked::Replaced(None) => Locked::Replaced(None),
            Locked::Replaced(Some(document)) => {
                self.store.check_is_readable(&self.key, &document)?;
                Locked::Replaced(Some(Box::new(self.read(&self.key, &document))))
            }
        })
    }

    /// Returns whether the record is read before the lease is asked for.
    pub(crate) fn is_remote(&self) -> bool {
        self.store.is_remote()
    }

    /// Acquires the right to log a user in. The holder may wait for a user, so this waits as long as its caller does.
    pub(crate) async fn lock_login(&self) -> Result<Lease> {
        self.store.lock(&StoreKey::new(&format!("{}.login", self.key))).await
    }

    /// Returns where the session is, for users.
    pub(crate) fn place(&self) -> String {
        self.store.place().unwrap_or_else(|| self.name().to_owned())
    }

    /// Reads the record; an empty one with the revision 0 if there is none.
    pub(crate) async fn load(&self) -> Result<Record> {
        let record = self.load_at(&self.key).await?;
        if record.revision == 0
            && let Some(old) = self.load_old().await?
        {
            return Ok(Record { revision: 0, ..old });
        }
        Ok(record)
    }

    /// Reads the record without waiting; `None` if there is none or the store can't.
    pub(crate) fn load_now(&self) -> Option<Record> {
        self.store.load_now(&self.key).map(|document| self.read(&self.key, &document))
    }

    async fn load_at(&self, key: &StoreKey) -> Result<Record> {
        let document = self.store.load(key).await?;
        Ok(document.map(|document| self.read(key, &document)).unwrap_or_default())
    }

    fn read(&self, key: &StoreKey, document: &super::Document) -> Record {
        let mut record = Record::read(document);
        match &record.key {
            // It was moved there.
            Some(named) if named != key.as_str() => {
                record = Record { revision: document.revision, ..Record::default() };
            }
            Some(_) => {}
            None => record.name_tokens(&self.entry(&[], &BTreeMap::new())),
        }
        record
    }

    /// Reads the record that an earlier version has stored under its own key, if it is of the configured secrets.
    async fn load_old(&self) -> Result<Option<Record>> {
        let Some(key) = &self.old_key else { return Ok(None) };
        let record = self.load_at(key).await?;
        Ok((self.is_old(&record) && !record.is_empty()).then_some(record))
    }

    /// Moves the record of an earlier version to this version's key, so that no user has to log in again. The caller holds
    /// the lease; the one of the earlier version is acquired here.
    async fn take_over(&self) -> Result<()> {
        let Some(old_key) = &self.old_key else { return Ok(()) };
        if self.load_at(&self.key).await?.revision != 0 || self.load_old().await?.is_none() {
            return Ok(());
        }
        let _lease = self.store.lock(old_key).await?;
        let Some(record) = self.load_old().await? else { return Ok(()) };
        let fingerprint = self.fingerprint.clone();
        if self.save(&mut Record { revision: 0, fingerprint, ..record.clone() }).await? {
            let next = record.next_revision();
            let empty = Record::default().write(next);
            self.store.save(old_key, &empty, record.revision).await?;
        }
        Ok(())
    }

    /// Makes sure that the next save can succeed; `false` if another process has replaced the record since it was read.
    pub(crate) async fn reserve(&self, record: &mut Record) -> Result<bool> {
        let expected = record.revision;
        self.sign(record);
        let document = match expected {
            0 => record.write(record.next_revision()),
            _ => record.write(expected),
        };
        let revision = self.store.reserve(&self.key, &document, expected).await?;
        record.revision = revision.unwrap_or(expected);
        Ok(revision.is_some())
    }

    /// Replaces the record; `false` if another process has replaced it since it was read.
    pub(crate) async fn save(&self, record: &mut Record) -> Result<bool> {
        let expected = record.revision;
        let next = record.next_revision();
        self.sign(record);
        let document = record.write(next);
        let saved = self.store.save(&self.key, &document, expected).await?;
        if saved {
            record.revision = next;
        }
        Ok(saved)
    }

    /// Notes whose a record is. A logout leaves one without an owner, which tells it
    /// from one that was reserved.
    fn sign(&self, record: &mut Record) {
        record.key = Some(self.key.to_string());
        record.owner = Some(self.owner.clone());
    }

    /// Ends the session: replaces the record with an empty one.
    pub(crate) async fn clear(&self) -> Result<()> {
        self.store.clear(&self.key).await?;
        if let Some(key) = &self.old_key
            && self.load_old().await?.is_some()
        {
            self.store.clear(key).await?;
        }
        Ok(())
    }

    /// Removes the sessions of the store that no exchange has used for 90 days. They pile up where configured secrets
    /// change.
    pub(crate) async fn remove_unused(&self, now: SystemTime) -> Result<()> {
        let Some(before) = now.checked_sub(UNUSED) else { return Ok(()) };
        for key in self.store.list().await? {
            if key == self.key || !is_session(&key) {
                continue;
            }
            // One that can't be read, such as one whose key is missing, must not keep the others from being removed.
            let Ok(record) = self.load_at(&key).await else { continue };
            if record.is_unused(before, now) {
                let empty = Record::default().write(record.next_revision());
                self.store.save(&key, &empty, record.revision).await?;
            }
        }
        Ok(())
    }
}
