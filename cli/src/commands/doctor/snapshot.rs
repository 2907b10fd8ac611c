//! The data that the checks examine, collected once: the configuration, the store, the server.

use std::{io, net::TcpStream, time::Duration};

use authn::{
    Credentials, Entry, Environment, Error, ErrorKind, Probe, Status, Token, Url,
    config::{Config, KnownStore, Problem, Provenance, Setting, Severity},
    store::{Examination, TokenStore as _},
};

use crate::{
    commands::{entry, known_store, new_token, text},
    exit::Failure,
    waiting,
};

/// The port of a SOCKS proxy that names none (RFC 1928, 3).
const SOCKS: u16 = 1080;
/// Longest time to wait for a connection to the proxy.
const PROXY: Duration = Duration::from_secs(5);

/// All data that a check may examine. A failure is stored as an error, and does not stop the others.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) config: Config,
    /// The name and the version of a program of one's own.
    pub(super) program: Option<String>,
    /// The command that requests a token, too.
    pub(super) with_token: String,
    /// Without the withheld ones.
    pub(super) settings: Vec<Setting>,
    /// `None` if the configuration is invalid, like all fields below.
    pub(super) credentials: Option<Credentials>,
    /// `None` also if the store has a server, and no server may be contacted.
    pub(super) status: Option<Result<Status, Error>>,
    pub(super) store: Option<Store>,
    /// `None` if no server may be contacted.
    pub(super) probe: Option<Result<Option<Probe>, Error>>,
    /// Why the proxy can't be reached, if the server can't be reached either.
    pub(super) proxy_failure: Option<io::Error>,
    /// A new token; `None` if none was to be requested.
    pub(super) token: Option<Result<Option<Token>, Error>>,
    /// The providers, each with the error of one that does not apply here.
    pub(super) applicability: Vec<(String, Option<Error>)>,
}

/// How far the checks may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// No server is contacted.
    Offline,
    /// The server gets requests that need no secret.
    Server,
    /// A new token is requested.
    Token,
}

/// The store of the session.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) name: String,
    pub(super) place: Option<String>,
    /// `None` if it has a server, and no server may be contacted.
    pub(super) examined: Option<Examined>,
}

/// What was found in a store.
#[derive(Debug, Default)]
pub(super) struct Examined {
    pub(super) problems: Vec<Problem>,
    /// What its server says of itself, and who renews which session.
    pub(super) server: Examination,
}

impl Snapshot {
    /// Reads the store, and contacts servers as far as it may.
    pub(super) fn take(
        config: Config,
        program: Option<String>,
        reach: Reach,
    ) -> Result<Self, Failure> {
        let mut settings = config.settings();
        settings.retain(|setting| !setting.is_withheld);
        let credentials = config.credentials().ok();
        let mut snapshot = Self {
            config,
            program,
            with_token: String::new(),
            settings,
            credentials: None,
            status: None,
            store: None,
            probe: None,
            proxy_failure: None,
            token: None,
            applicability: Vec::new(),
        };
        if let Some(credentials) = credentials {
            // The only failure is an interrupt.
            let work = async {
                snapshot.collect(&credentials, reach).await;
                Ok::<_, Failure>(())
            };
            waiting::wait(&credentials, work)?;
            snapshot.credentials = Some(credentials);
        }
        Ok(snapshot)
    }

    async fn collect(&mut self, credentials: &Credentials, reach: Reach) {
        let is_left_out = |known: &KnownStore| reach == Reach::Offline && known.is_remote();
        let name = credentials.store();
        let status = match known_store(&self.config, name.as_deref()).filter(is_left_out) {
            None => Some(credentials.status().await),
            Some(_) => None,
        };
        let found = status.as_ref().and_then(|status| status.as_ref().ok());
        let name = found.and_then(|status| status.store.clone()).or(name);
        let is_cached = entry(&self.config).is_some_and(Entry::is_cached);
        let is_stored = is_cached && found.is_some_and(|status| status.has_token);
        self.status = status;
        if let Some(name) = name {
            let known = known_store(&self.config, Some(&name));
            let place = known.as_ref().and_then(KnownStore::place);
            let examined = match known {
                Some(known) if is_left_out(&known) => None,
                Some(known) => Some(Examined::of(&known).await),
                None => Some(Examined::default()),
            };
            self.store = Some(Store { name, place, examined });
        }
        if reach != Reach::Offline {
            let probe = credentials.probe().await;
            let is_cut_off = probe.as_ref().is_err_and(|error| error.kind() == ErrorKind::Network);
            self.proxy_failure = is_cut_off.then(|| self.reach_proxy().err()).flatten();
            self.probe = Some(probe);
        }
        if reach == Reach::Token && !credentials.is_per_request() {
            self.token = Some(new_token(credentials, is_stored).await);
        }
        // The probe may have found out more.
        self.applicability = credentials.applicability();
    }

    /// Connects to the proxy, if there is one.
    fn reach_proxy(&self) -> io::Result<()> {
        let proxy = self.config.proxy(&Environment::of_process());
        let address = proxy.and_then(|proxy| Url::parse(&proxy.address?).ok());
        let Some(address) = address else { return Ok(()) };
        let mut failure = None;
        for address in address.socket_addrs(|| Some(SOCKS))? {
            match TcpStream::connect_timeout(&address, PROXY) {
                Ok(_) => return Ok(()),
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Returns whether a new token was issued.
    pub(super) fn has_new_token(&self) -> bool {
        matches!(self.token, Some(Ok(Some(_))))
    }

    /// Returns whether no source sets any option.
    pub(super) fn is_unconfigured(&self) -> bool {
        self.settings.iter().all(|setting| setting.provenance == Provenance::Default)
    }

    /// Returns the text of an option.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        text(&self.settings, key)
    }
}

impl Store {
    /// Returns whether the store can't be used.
    pub(super) fn has_failed(&self) -> bool {
        self.examined.as_ref().is_some_and(Examined::has_failed)
    }
}

impl Examined {
    async fn of(store: &KnownStore) -> Self {
        let (problems, server) = store.examine_all().await;
        Self { problems, server }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity() == Severity::Error)
    }
}
