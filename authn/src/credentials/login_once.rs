//! `LoginOnce`: a login that a request starts, once for all requests that wait for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::Credentials;
use crate::{Error, ErrorKind, Login, Result, runtime, time::before};

/// A login, and whether it is under way.
pub(super) struct LoginOnce {
    login: Login,
    last: Mutex<Attempt>,
}

/// The last login that was started.
#[derive(Default)]
struct Attempt {
    number: u64,
    ended: Option<Arc<watch::Sender<Option<Result<()>>>>>,
}

impl LoginOnce {
    pub(super) fn new(login: Login) -> Self {
        Self { login, last: Mutex::default() }
    }

    /// Returns how many logins have been started. A call reads it before it asks for a token.
    pub(super) fn started(&self) -> u64 {
        self.last().number
    }

    /// Waits for a login that has been started since the call began, or starts one. A login that has failed meanwhile is not
    /// repeated: the user would be asked once for each call. `credentials` start no login themselves.
    pub(super) async fn run(&self, credentials: &Credentials, before_call: u64) -> Result<()> {
        let mut waiter = self.join(credentials, before_call)?;
        let ended = waiter.wait_for(Option::is_some).await;
        match ended.as_deref() {
            Ok(Some(result)) => result.clone(),
            Ok(None) | Err(_) => Err(crashed()),
        }
    }

    fn last(&self) -> MutexGuard<'_, Attempt> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(
        &self,
        credentials: &Credentials,
        before_call: u64,
    ) -> Result<watch::Receiver<Option<Result<()>>>> {
        let mut last = self.last();
        if let Some(ended) = &last.ended {
            let is_usable = match &*ended.borrow() {
                // Once nobody waits it is cancelled, and its user may have left. The next login waits for its end.
                None => ended.receiver_count() > 0,
                Some(_) => last.number > before_call,
            };
            if is_usable {
                return Ok(ended.subscribe());
            }
        }
        let runtime = runtime::handle()?;
        let (sender, waiter) = watch::channel(None);
        let sender = Arc::new(sender);
        *last = Attempt { number: last.number + 1, ended: Some(Arc::clone(&sender)) };
        let end = End(sender);
        let work = log_in(credentials.clone(), self.login.clone());
        runtime.spawn(async move {
            if let Some(result) = before(Box::pin(work), Box::pin(end.0.closed())).await {
                end.0.send_replace(Some(result));
            }
        });
        Ok(waiter)
    }
}

/// Ends the login for those who wait, also if its task panics.
struct End(Arc<watch::Sender<Option<Result<()>>>>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.send_if_modified(|ended| {
            let is_running = ended.is_none() && self.0.receiver_count() > 0;
            if is_running {
                *ended = Some(Err(crashed()));
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
