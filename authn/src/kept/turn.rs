//! `Turn`: the right to change what a provider keeps, and what it keeps meanwhile.

use std::{sync::Arc, time::Duration};

use tokio::sync::OwnedMutexGuard;

use super::{InMemory, Kept, MOST, Place, lock};
use crate::{
    Error, Result, SecretString, SessionPolicy,
    store::{Lease, Record, StoredSession},
    time::before,
};

/// Longest time to wait for other calls and processes that change the same secrets: as for an exchange.
const LEASE: Duration = Duration::from_mins(5);

/// The right to change what a provider keeps: that of this process, and with a store that of all processes.
pub(super) struct Turn {
    secrets: Present,
    /// Released after the lease, so that the next call of this process need not try again for it.
    _gate: OwnedMutexGuard<()>,
}

/// What is kept.
enum Present {
    Memory { shared: Arc<InMemory>, logouts: u64 },
    Store(Box<Stored>),
}

struct Stored {
    session: StoredSession,
    record: Record,
    lease: Lease,
}

impl Turn {
    /// Waits for the right, and reads what is kept.
    pub(super) async fn of(kept: &Kept) -> Result<Self> {
        let end = kept.clock.sleep(LEASE);
        let gate = Arc::clone(&kept.gate().get(|_| Arc::default()).value);
        let (gate, secrets) = match &kept.place {
            Place::Memory(shared) => {
                let gate = before(gate.lock_owned(), end).await;
                let gate = gate.ok_or_else(|| busy("memory"))?;
                let shared = Arc::clone(&lock(shared));
                let logouts = lock(&shared.memory).logouts;
                (gate, Present::Memory { shared, logouts })
            }
            Place::Store(spec, _) => {
                let session = spec.open(SessionPolicy::Begun).await?;
                let rights = async { Ok((gate.lock_owned().await, session.lock().await?)) };
                let rights = before(rights, end).await;
                let (gate, lease) = rights.ok_or_else(|| busy(&session.place()))??;
                let mut record = session.load().await?;
                session.keep_session(&mut record);
                (gate, Present::Store(Box::new(Stored { session, record, lease })))
            }
        };
        Ok(Self { secrets, _gate: gate })
    }

    /// Returns the secret under a name.
    pub(super) fn get(&self, name: &str) -> Option<SecretString> {
        match &self.secrets {
            Present::Memory { shared, .. } => lock(&shared.memory).secrets.get(name).cloned(),
            Present::Store(stored) => stored.record.kept().get(name).cloned(),
        }
    }

    /// Makes sure that a secret under a name can be saved.
    pub(super) async fn reserve(&mut self, name: &str) -> Result<()> {
        self.check_room(name)?;
        let Present::Store(stored) = &mut self.secrets else { return Ok(()) };
        let Stored { session, record, lease } = &mut **stored;
        if lease.is_lost() {
            return Err(Error::store(format!(
                "the lease of what is kept in {} was lost",
                session.place()
            ))
            .with_help("try again"));
        }
        session.reserve(record).await?.then_some(()).ok_or_else(deleted)
    }

    /// Saves a secret under a name, or with `None` removes it.
    pub(super) async fn put(&mut self, name: &str, secret: Option<&SecretString>) -> Result<()> {
        if secret.is_some() {
            self.check_room(name)?;
        }
        match &mut self.secrets {
            Present::Memory { shared, logouts } => {
                let mut memory = lock(&shared.memory);
                if memory.logouts != *logouts {
                    return Err(deleted());
                }
                match secret {
                    Some(secret) => memory.secrets.insert(name.to_owned(), secret.clone()),
                    None => memory.secrets.remove(name),
                };
                Ok(())
            }
            Present::Store(stored) => {
                let Stored { session, record, .. } = &mut **stored;
                let is_saved = !record.keep(name, secret) || session.save(record).await?;
                is_saved.then_some(()).ok_or_else(deleted)
            }
        }
    }

    fn check_room(&self, name: &str) -> Result<()> {
        let count = match &self.secrets {
            Present::Memory { shared, .. } => lock(&shared.memory).secrets.len(),
            Present::Store(stored) => stored.record.kept_count(),
        };
        if count < MOST || self.get(name).is_some() {
            return Ok(());
        }
        Err(Error::internal(format!("a provider keeps more than {MOST} secrets"))
            .with_help("remove those that it no longer needs"))
    }
}

fn deleted() -> Error {
    Error::store("what a provider keeps was deleted by a logout meanwhile").with_help("try again")
}

fn busy(place: &str) -> Error {
    Error::store(format!(
        "another call or process has held what is kept in {place} for {} minutes",
        LEASE.as_secs() / 60
    ))
    .with_help("end it, or try again")
}
