//! What the checks look at, asked for once: the configuration, the store, the server.

use authn::{
    Credentials, Error, Probe, Status,
    config::{Config, KnownStore, Problem, Setting, Severity},
};

use crate::{
    commands::{known_store, text, waiting},
    exit::Failure,
};

/// Everything that a check may look at. What is wrong is an error in its place, and ends nothing.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) config: Config,
    /// Without those that are withheld.
    pub(super) settings: Vec<Setting>,
    /// `None` if the configuration is wrong, as all below.
    pub(super) credentials: Option<Credentials>,
    pub(super) status: Option<Result<Status, Error>>,
    pub(super) store: Option<Store>,
    /// `None` if no server was to be asked.
    pub(super) probe: Option<Result<Option<Probe>, Error>>,
}

/// The store that the session is kept in.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) name: String,
    pub(super) place: Option<String>,
    pub(super) problems: Vec<Problem>,
}

impl Snapshot {
    /// Asks the store, and the server unless it is to be left alone.
    pub(super) fn take(config: Config, offline: bool) -> Result<Self, Failure> {
        let mut settings = config.settings();
        settings.retain(|setting| !setting.is_withheld);
        let credentials = config.credentials().ok();
        let mut snapshot =
            Self { config, settings, credentials: None, status: None, store: None, probe: None };
        if let Some(credentials) = credentials {
            // The only failure is an interrupt.
            let look = async {
                snapshot.look(&credentials, offline).await;
                Ok::<_, Failure>(())
            };
            waiting::wait(&credentials, look)?;
            snapshot.credentials = Some(credentials);
        }
        Ok(snapshot)
    }

    async fn look(&mut self, credentials: &Credentials, offline: bool) {
        let status = credentials.status().await;
        let kept_in = status.as_ref().ok().and_then(|status| status.store.clone());
        let name = kept_in.or_else(|| credentials.store());
        let known = known_store(&self.config, name.as_deref());
        self.status = Some(status);
        if let Some(name) = name {
            let place = known.as_ref().and_then(KnownStore::place);
            let problems = match known {
                Some(known) => known.examine().await,
                None => Vec::new(),
            };
            self.store = Some(Store { name, place, problems });
        }
        if !offline {
            self.probe = Some(credentials.probe().await);
        }
    }

    /// Returns an option's text.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        text(&self.settings, key)
    }
}

impl Store {
    /// Returns whether it can't be used.
    pub(super) fn has_failed(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity() == Severity::Error)
    }
}
