//! The data that the checks examine, collected once: the configuration, the store, the server.

use authn::{
    Credentials, Error, Probe, Status,
    config::{Config, KnownStore, Problem, Setting, Severity},
};

use crate::{
    commands::{known_store, text},
    exit::Failure,
    waiting,
};

/// All data that a check may examine. A failure is stored as an error, and does not stop the others.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) config: Config,
    /// The name and the version of a program of one's own.
    pub(super) program: Option<String>,
    /// Without the withheld ones.
    pub(super) settings: Vec<Setting>,
    /// `None` if the configuration is invalid, like all fields below.
    pub(super) credentials: Option<Credentials>,
    pub(super) status: Option<Result<Status, Error>>,
    pub(super) store: Option<Store>,
    /// `None` if no server may be contacted.
    pub(super) probe: Option<Result<Option<Probe>, Error>>,
    /// The providers, each with the error of one that does not apply here.
    pub(super) applicability: Vec<(String, Option<Error>)>,
}

/// The store of the session.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) name: String,
    pub(super) place: Option<String>,
    pub(super) problems: Vec<Problem>,
}

impl Snapshot {
    /// Reads the store, and contacts the server unless `offline` is set.
    pub(super) fn take(
        config: Config,
        program: Option<String>,
        offline: bool,
    ) -> Result<Self, Failure> {
        let mut settings = config.settings();
        settings.retain(|setting| !setting.is_withheld);
        let credentials = config.credentials().ok();
        let mut snapshot = Self {
            config,
            program,
            settings,
            credentials: None,
            status: None,
            store: None,
            probe: None,
            applicability: Vec::new(),
        };
        if let Some(credentials) = credentials {
            // The only failure is an interrupt.
            let work = async {
                snapshot.collect(&credentials, offline).await;
                Ok::<_, Failure>(())
            };
            waiting::wait(&credentials, work)?;
            snapshot.credentials = Some(credentials);
        }
        Ok(snapshot)
    }

    async fn collect(&mut self, credentials: &Credentials, offline: bool) {
        let status = credentials.status().await;
        let stored_in = status.as_ref().ok().and_then(|status| status.store.clone());
        let name = stored_in.or_else(|| credentials.store());
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
        // The probe may have found out more.
        self.applicability = credentials.applicability();
    }

    /// Returns the text of an option.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        text(&self.settings, key)
    }
}

impl Store {
    /// Returns whether the store can't be used.
    pub(super) fn has_failed(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity() == Severity::Error)
    }
}
