//! `LoginOnce`: a login that a request starts, once for all requests that wait for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::Credentials;
use crate::{
    Error, ErrorKind, Login, Result,
    per_process::{Made, PerProcess},
    runtime,
    time::before,
};

/// A login, and whether it is under way.
pub(super) struct LoginOnce {
    login: Login,
    /// A login of the parent never ends in its child.
    last: PerProcess<Mutex<Attempt>>,
}

/// The last login that was started.
#[derive(Default)]
struct Attempt {
    number: u64,
    ended: Option<Arc<watch::Sender<Option<Ended>>>>,
}

#[derive(Clone)]
enum Ended {
    By(Result<()>),
    /// All requests had stopped waiting.
    Abandoned,
}

impl LoginOnce {
    pub(super) fn new(login: Login) -> Self {
        Self { login, last: PerProcess::default() }
    }

    /// Returns how many logins have been started. A call reads it before it asks for a token.
    pub(super) fn started(&self) -> u64 {
        lock(&self.last().value).number
    }

    /// Waits for a login that has been started since the call began, or starts one. A login that has failed meanwhile is not
    /// repeated: the user would be asked once for each call. `credentials` start no login themselves.
    pub(super) async fn run(&self, credentials: &Credentials, before_call: u64) -> Result<()> {
        loop {
            let mut waiter = self.join(credentials, before_call)?;
            let ended = waiter.wait_for(Option::is_some).await.map(|ended| ended.clone());
            match ended {
                Ok(Some(Ended::By(result))) => return result,
                Ok(Some(Ended::Abandoned)) => {}
                Ok(None) | Err(_) => return Err(crashed()),
            }
        }
    }

    fn last(&self) -> Arc<Made<Mutex<Attempt>>> {
        self.last.get(|_| Mutex::default())
    }

    fn join(
        &self,
        credentials: &Credentials,
        before_call: u64,
    ) -> Result<watch::Receiver<Option<Ended>>> {
        let runtime = runtime::handle()?;
        let last = self.last();
        let mut last = lock(&last.value);
        if let Some(ended) = &last.ended {
            let is_usable = match &*ended.borrow() {
                // Once nobody waits it is cancelled, and its user may have left. The next login waits for its end.
                None => ended.receiver_count() > 0,
                Some(Ended::By(_)) => last.number > before_call,
                Some(Ended::Abandoned) => false,
            };
            if is_usable {
                return Ok(ended.subscribe());
            }
        }
        let (sender, waiter) = watch::channel(None);
        let sender = Arc::new(sender);
        *last = Attempt { number: last.number + 1, ended: Some(Arc::clone(&sender)) };
        let end = End(sender);
        let work = log_in(credentials.clone(), self.login.clone());
        runtime.spawn(async move {
            let ended = before(Box::pin(work), Box::pin(end.0.closed())).await;
            end.0.send_replace(Some(ended.map_or(Ended::Abandoned, Ended::By)));
        });
        Ok(waiter)
    }
}

fn lock(last: &Mutex<Attempt>) -> MutexGuard<'_, Attempt> {
    last.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the login also if its task panics.
struct End(Arc<watch::Sender<Option<Ended>>>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.send_if_modified(|ended| {
            let is_running = ended.is_none();
            if is_running {
                *ended = Some(Ended::By(Err(crashed())));
            }
            is_running
        });
    }
}

/// Logs a user in, unless one is logged in by now.
async fn log_in(credentials: Credentials, login: Login) -> Result<()> {
    match credentials.token().await {
        Err(error) if error.kind() == ErrorKind::LoginRequired => {
            credentials.login(login).await.map(drop)
        }
        other => other.map(drop),
    }
}

fn crashed() -> Error {
    Error::internal("the login ended by a fault in its code").with_help("report it")
}
