//! The client's certificate (RFC 8705): read again for each exchange, and remembered for the tokens that are bound to it.
//!
//! A rotation replaces two files, the certificate and its key, and an exchange can find one of them replaced and the
//! other not, or half a file. For a while, the last pair that fitted is used then.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use authn::{
    Error, Result, SecretString, Token, Used,
    http::ClientIdentity,
    time::{Clock, Moment},
};
use aws_lc_rs::digest::{SHA256, digest};

/// How long the last pair is used while the files do not fit. A rotation takes seconds. A mistake must not go unnoticed
/// until the old certificate expires.
const GRACE: Duration = Duration::from_mins(5);

/// Most tokens whose certificates are remembered. A token is refused with another certificate, and then replaced.
const MOST: usize = 16;

/// The certificates of one client. A clone shares them.
#[derive(Clone, Default)]
pub(super) struct Certificates(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// The last pair that fitted.
    current: Option<ClientIdentity>,
    /// The last tokens, by their digests, with the certificates that they were issued for. The newest is first.
    issued: VecDeque<(Vec<u8>, ClientIdentity)>,
    /// Since when the files do not fit.
    unfit_since: Option<Moment>,
}

/// The options that name a certificate and its key.
#[derive(Clone)]
pub(super) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) key: SecretString,
}

impl Certificates {
    /// Reads the files when the configuration is loaded. It may block.
    pub(super) fn load(&self, files: &Files) -> Result<()> {
        let identity = ClientIdentity::read_file(&files.certificate, &files.key).map_err(place)?;
        self.state().current = Some(identity);
        Ok(())
    }

    /// Reads the files for an exchange. The key is that of the last resolution of its reference.
    pub(super) async fn read(&self, files: &Files, clock: &Clock) -> Result<ClientIdentity> {
        let read = ClientIdentity::read_file_aside(&files.certificate, &files.key).await;
        let mut state = self.state();
        match read {
            Ok(identity) => {
                state.unfit_since = None;
                state.current = Some(identity.clone());
                Ok(identity)
            }
            Err(error) => state.bridge(place(error), &files.certificate, clock.now()),
        }
    }

    /// Remembers that a token was issued for a certificate.
    pub(super) fn note(&self, token: &Token, identity: ClientIdentity) {
        let mut state = self.state();
        state.issued.push_front((name(token), identity));
        state.issued.truncate(MOST);
    }

    /// Returns the certificate that a token was issued for. If it is not known, such as for a token of another process, it
    /// is the current one.
    pub(super) fn of(&self, used: &Used) -> Option<ClientIdentity> {
        let state = self.state();
        let current = state.current.as_ref()?;
        let is_current =
            |(_, of): &(_, ClientIdentity)| of.thumbprint() == current.thumbprint();
        if !state.issued.iter().all(is_current)
            && let Some(name) = used.token().map(name)
            && let Some((_, of)) = state.issued.iter().find(|(of, _)| *of == name)
        {
            return Some(of.clone());
        }
        Some(current.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns the last pair that fitted, unless the files have not fitted for too long.
    fn bridge(&mut self, error: Error, path: &Path, now: Moment) -> Result<ClientIdentity> {
        let since = *self.unfit_since.get_or_insert(now);
        match &self.current {
            Some(last) if !since.plus(GRACE).reached(now) => {
                tracing::warn!(
                    certificate = %path.display(),
                    problem = error.message(),
                    "the last client certificate is used, because the new files do not fit yet"
                );
                Ok(last.clone())
            }
            _ => Err(error),
        }
    }
}

fn name(token: &Token) -> Vec<u8> {
    digest(&SHA256, token.secret().as_bytes()).as_ref().to_vec()
}

fn place(error: Error) -> Error {
    error.at("`certificate` and `certificate_key`")
}
