//! `LoginOnce`: a login that a request starts, once for all requests that wait for it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::Credentials;
use crate::{Error, ErrorKind, Login, Result, runtime, time::before};

/// A login, and whether it is under way.
pub(super) struct LoginOnce {
    login: Login,
    running: Mutex<Option<Arc<watch::Sender<Option<Ended>>>>>,
}

#[derive(Clone)]
enum Ended {
    By(Result<()>),
    /// All requests had stopped waiting.
    Abandoned,
}

impl LoginOnce {
    pub(super) fn new(login: Login) -> Self {
        Self { login, running: Mutex::default() }
    }

    /// Waits for the login that is under way, or starts one. `credentials` start no login themselves.
    pub(super) async fn run(&self, credentials: &Credentials) -> Result<()> {
        loop {
            let mut waiter = self.join(credentials)?;
            let ended = waiter.wait_for(Option::is_some).await.map(|ended| ended.clone());
            match ended {
                Ok(Some(Ended::By(result))) => return result,
                Ok(Some(Ended::Abandoned)) => {}
                Ok(None) | Err(_) => {
                    return Err(Error::internal("the login ended by a fault in its code")
                        .with_help("report it"));
                }
            }
        }
    }

    fn join(&self, credentials: &Credentials) -> Result<watch::Receiver<Option<Ended>>> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = running.as_ref().filter(|sender| sender.borrow().is_none()) {
            return Ok(sender.subscribe());
        }
        let runtime = runtime::handle()?;
        let (sender, waiter) = watch::channel(None);
        let sender = Arc::new(sender);
        *running = Some(Arc::clone(&sender));
        let end = End(sender);
        let work = log_in(credentials.clone(), self.login.clone());
        runtime.spawn(async move {
            let ended = before(Box::pin(work), Box::pin(end.0.closed())).await;
            end.0.send_replace(Some(ended.map_or(Ended::Abandoned, Ended::By)));
        });
        Ok(waiter)
    }
}

/// Ends the login also if its task panics.
struct End(Arc<watch::Sender<Option<Ended>>>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.send_if_modified(|ended| {
            let crashed = ended.is_none();
            if crashed {
                let error = Error::internal("the login ended by a fault in its code");
                *ended = Some(Ended::By(Err(error.with_help("report it"))));
            }
            crashed
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
