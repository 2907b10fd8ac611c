//! What is known about a request and its credentials, collected once.

use authn::{
    Credentials, Environment, Explained, Origins, Url,
    config::{Config, Provenance, Setting},
    reqwest::ExplainedRedirect,
};
use http::{Method, Uri};

use crate::{app::App, commands::known_store};

/// All that the explanation consists of.
pub(super) struct Reading<'a> {
    pub(super) config: &'a Config,
    pub(super) url: &'a Url,
    pub(super) method: &'a Method,
    pub(super) explained: Explained,
    /// Whether the credentials are bound to the URL's origin.
    pub(super) is_bound: bool,
    /// Whether a server names the origins, which may include that of the URL.
    pub(super) depends_on_discovery: bool,
    pub(super) origins: Vec<String>,
    /// The values that are set, without those that have no effect.
    pub(super) settings: Vec<Setting>,
    /// The other profiles whose credentials are bound to the URL's origin.
    pub(super) other_profiles: Vec<String>,
    /// The address of the proxy.
    pub(super) proxy: Option<String>,
    pub(super) redirect: Option<(Url, ExplainedRedirect)>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(
        app: &App,
        config: &'a Config,
        credentials: &Credentials,
        url: &'a Url,
        method: &'a Method,
        target: Option<Url>,
    ) -> Self {
        let uri = uri(url);
        let explained = credentials.explain(method, &uri);
        let mut settings = config.settings();
        settings.retain(|setting| {
            setting.is_set && !setting.is_withheld && setting.provenance != Provenance::Default
        });
        let redirect = target.map(|target| {
            let redirect = ExplainedRedirect::of(credentials, &explained, url, &target);
            (target, redirect)
        });
        let environment = Environment::of_process();
        let is_other = |name: &&String| config.profile() != Some(name.as_str());
        let is_bound = |name: &String| {
            let other = app.loader().profile(name.as_str()).explaining().load();
            other.is_ok_and(|other| other.origins().allows(&uri))
        };
        let others = config.profiles().iter().filter(is_other).filter(|name| is_bound(name));
        Self {
            config,
            url,
            method,
            explained,
            is_bound: credentials.origins().allows(&uri),
            depends_on_discovery: credentials.discovers_origins() && can_be_named(url),
            origins: credentials.origins().iter().collect(),
            settings,
            other_profiles: others.cloned().collect(),
            proxy: config.proxy(&environment).and_then(|proxy| proxy.address),
            redirect,
        }
    }

    /// Returns the values of a provider, with those of the providers nested in it.
    pub(super) fn values_of(&self, key: &str) -> impl Iterator<Item = &Setting> {
        let is_its = move |setting: &&Setting| {
            setting
                .key
                .strip_prefix(key)
                .is_some_and(|rest| rest.starts_with('.') || rest.is_empty())
        };
        self.settings.iter().filter(is_its)
    }

    /// Returns the values that hold for each provider.
    pub(super) fn common_values(&self) -> impl Iterator<Item = &Setting> {
        self.settings.iter().filter(|setting| {
            let rest = setting.key.strip_prefix("credentials.");
            let is_binding = |rest: &str| ["domain", "scheme", "origins"].contains(&first(rest));
            rest.is_some_and(is_binding) || setting.key.starts_with("http.")
        })
    }

    /// Returns where a store keeps its sessions.
    pub(super) fn place_of_store(&self, name: &str) -> Option<String> {
        known_store(self.config, Some(name))?.place()
    }
}

/// Returns whether a server can name the origin of a URL: it is https, or on the loopback interface.
fn can_be_named(url: &Url) -> bool {
    Origins::none().add_named(url)
}

fn first(key: &str) -> &str {
    key.split('.').next().unwrap_or(key)
}

/// The URL was checked before.
fn uri(url: &Url) -> Uri {
    let mut url = url.clone();
    url.set_fragment(None);
    url.as_str().parse().unwrap_or_default()
}
