//! The leases: rows that have an end. A task of the holder moves the end, and the holder is told if it can't.

use std::{
    future::{Future as _, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    task::Poll,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use authn::{
    Error, Result,
    store::{Lease, StoreKey},
};
use rusqlite::{TransactionBehavior, params};
use tokio::{sync::oneshot, task::AbortHandle, time::sleep};

use super::Sqlite;

/// How often the lease of another is looked at.
const POLL: Duration = Duration::from_millis(50);

/// A row of the table of leases.
#[derive(Clone)]
struct Row {
    store: Sqlite,
    key: StoreKey,
    /// Random, so that nothing else renews or releases it.
    owner: [u8; 16],
    /// When the lease ends, in milliseconds since 1970, as the row has it. It is noted once it is written: a holder that
    /// trusts in an end which was not written would go on when another has the lease.
    ends: Arc<AtomicI64>,
}

/// Releases the lease when it is dropped.
struct Held {
    row: Row,
    renewal: AbortHandle,
}

/// Waits until the lease of a key is free, and acquires it.
pub(super) async fn acquire(store: &Sqlite, key: &StoreKey) -> Result<Lease> {
    let mut owner = [0; 16];
    getrandom::fill(&mut owner).map_err(|_| Error::internal("the system has no random numbers"))?;
    let row = Row { store: store.clone(), key: key.clone(), owner, ends: Arc::default() };
    // A task of its own: a caller that no longer waits must not leave a lease that was just taken.
    let (caller, acquired) = oneshot::channel();
    tokio::spawn(async move {
        while !caller.is_closed() {
            match row.take().await {
                Ok(false) => sleep(POLL).await,
                // If the caller is gone, the lease is dropped here.
                taken => return drop(caller.send(taken.map(|_| row.held()))),
            }
        }
    });
    acquired.await.unwrap_or_else(|_| Err(Error::store("the program is shutting down")))
}

impl Row {
    /// Returns the lease, which was taken, and begins to renew it.
    fn held(self) -> Lease {
        let (on_loss, loss) = oneshot::channel::<()>();
        let renewed = self.clone();
        let renewal = tokio::spawn(async move {
            renewed.renew_until_lost().await;
            drop(on_loss);
        });
        let held = Held { row: self.clone(), renewal: renewal.abort_handle() };
        Lease::new(held).with_lost(async move {
            let mut loss = pin!(loss);
            // A process that was stopped for longer than the lease sees it by the clock, before its task runs again.
            poll_fn(|context| {
                if self.has_ended() {
                    Poll::Ready(())
                } else {
                    loss.as_mut().poll(context).map(drop)
                }
            })
            .await;
        })
    }

    /// Takes the lease if it is free, and returns whether it was.
    async fn take(&self) -> Result<bool> {
        let row = self.clone();
        let now = millis(SystemTime::now());
        let ends = self.end_after(now);
        let taken = self.store.run(move |database| {
            let change = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let ended = params![row.key.as_str(), now];
            change.execute("DELETE FROM leases WHERE key = ?1 AND ends <= ?2", ended)?;
            let taken = change.execute(
                "INSERT OR IGNORE INTO leases (key, owner, ends) VALUES (?1, ?2, ?3)",
                params![row.key.as_str(), row.owner, ends],
            )?;
            change.commit()?;
            Ok(taken == 1)
        });
        let is_taken = taken.await?;
        if is_taken {
            self.ends.store(ends, Ordering::Release);
        }
        Ok(is_taken)
    }

    /// Moves the end of the lease until that fails, or the lease is another's.
    async fn renew_until_lost(&self) {
        loop {
            sleep(self.store.renewal()).await;
            let row = self.clone();
            let now = millis(SystemTime::now());
            let ends = self.end_after(now);
            let renewed = self.store.run(move |database| {
                let own = params![ends, row.key.as_str(), row.owner, now];
                database.execute(
                    "UPDATE leases SET ends = ?1 WHERE key = ?2 AND owner = ?3 AND ends > ?4",
                    own,
                )
            });
            if !matches!(renewed.await, Ok(1)) {
                self.ends.store(0, Ordering::Release);
                return;
            }
            self.ends.store(ends, Ordering::Release);
        }
    }

    fn has_ended(&self) -> bool {
        self.ends.load(Ordering::Acquire) <= millis(SystemTime::now())
    }

    /// Returns the end of a lease that begins at a time.
    fn end_after(&self, now: i64) -> i64 {
        now.saturating_add(i64::try_from(self.store.lease.as_millis()).unwrap_or(i64::MAX))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.renewal.abort();
        let row = self.row.clone();
        // The lease is dropped within the framework's runtime. If the program ends before this runs, the lease ends by itself.
        tokio::spawn(async move {
            let store = row.store.clone();
            let released = store.run(move |database| {
                let own = params![row.key.as_str(), row.owner];
                database.execute("DELETE FROM leases WHERE key = ?1 AND owner = ?2", own)
            });
            let _ = released.await;
        });
    }
}

fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
