//! What the checks look at, asked for once: the configuration, the store, the server.

use authn::{
    Credentials, Error, Probe, Status, View,
    config::{Config, Problem, Setting, Severity},
};

use crate::{commands::waiting, exit::Failure};

/// Everything that a check may look at. What is wrong is an error in its place, and ends nothing.
#[derive(Debug)]
pub(super) struct Patient {
    pub(super) config: Config,
    /// Without those that are not in force.
    pub(super) settings: Vec<Setting>,
    /// `None` if the configuration is wrong, as all below.
    pub(super) credentials: Option<Credentials>,
    pub(super) status: Option<Result<Status, Error>>,
    pub(super) store: Option<Store>,
    /// `None` if nobody was to be asked.
    pub(super) probe: Option<Result<Option<Probe>, Error>>,
}

/// The store that the session is kept in.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) name: String,
    pub(super) place: Option<String>,
    pub(super) problems: Vec<Problem>,
}

impl Patient {
    /// Asks the store, and the server unless it is to be left alone.
    pub(super) fn examine(config: Config, offline: bool) -> Result<Self, Failure> {
        let settings = config.settings().into_iter();
        let settings = settings.filter(|setting| !setting.is_withheld).collect();
        let credentials = config.credentials().ok();
        let mut patient = Self {
            config,
            settings,
            credentials: credentials.clone(),
            status: None,
            store: None,
            probe: None,
        };
        if let Some(credentials) = &credentials {
            let ask = patient.ask(credentials, offline);
            // An outer failure is an interrupt.
            let (status, store, probe) =
                waiting::wait(credentials, async { Ok::<_, Failure>(ask.await) })?;
            (patient.status, patient.store, patient.probe) = (Some(status), store, probe);
        }
        Ok(patient)
    }

    async fn ask(
        &self,
        credentials: &Credentials,
        offline: bool,
    ) -> (Result<Status, Error>, Option<Store>, Option<Result<Option<Probe>, Error>>) {
        let status = credentials.status().await;
        let kept_in = status.as_ref().ok().and_then(|status| status.store.clone());
        let name = kept_in.or_else(|| credentials.store());
        let store = match self
            .config
            .stores()
            .into_iter()
            .find(|known| Some(known.name()) == name.as_deref())
        {
            Some(known) => Some(Store {
                name: known.name().to_owned(),
                place: known.place(),
                problems: known.examine().await,
            }),
            None => name.map(|name| Store { name, place: None, problems: Vec::new() }),
        };
        let probe = if offline { None } else { Some(credentials.probe().await) };
        (status, store, probe)
    }

    /// Gives an option's text.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match &self.settings.iter().find(|setting| setting.key == key)?.value {
            Some(View::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Tells whether an option is set.
    pub(super) fn has(&self, key: &str) -> bool {
        self.settings.iter().any(|setting| {
            let is_below = setting.key.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
            setting.is_set && (setting.key == key || is_below)
        })
    }

    /// Gives the problems of the configuration with one of these codes.
    pub(super) fn problems<'p>(&'p self, codes: &'p [&str]) -> impl Iterator<Item = &'p Problem> {
        self.config.problems().iter().filter(|problem| codes.contains(&problem.code()))
    }
}

impl Store {
    /// Tells whether it can't be used.
    pub(super) fn has_failed(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity() == Severity::Error)
    }
}
