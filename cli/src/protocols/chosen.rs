//! The profile that answers for an address.

use authn::{
    Credentials, Loader, Origins, View,
    config::{Config, Problem, ProblemCode, Severity},
};
use http::Uri;

use super::address::Address;
use crate::{
    app::App,
    exit::{Code, Failure},
    waiting,
};

/// The credentials that answer, and for what.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) config: Config,
    pub(crate) credentials: Credentials,
    pub(crate) uri: Uri,
    /// The user that the tool asks for.
    pub(super) username: Option<String>,
}

/// Chooses the profile for the address that a tool names; `None` if no profile's credentials are bound to it.
///
/// The active profile answers if it is for the address. Otherwise the one answers whose user is asked for, or else the one
/// with the narrowest origin. The options outside of the profiles are one, too. A profile that the user names with `--profile`
/// is the only one. A profile for the address that is invalid is an error, and never skipped.
pub(super) fn choose(app: &App, address: &Address) -> Result<Option<Chosen>, Failure> {
    choose_from(app, &loader(app), address)
}

/// Chooses the same among the profiles of a loader.
pub(crate) fn choose_from(
    app: &App,
    loader: &Loader,
    address: &Address,
) -> Result<Option<Chosen>, Failure> {
    let config = loader.clone().read();
    let origins = origins(&config);
    if let Some((uri, _)) = fitting(&origins, address) {
        return Chosen::new(app, config, uri, address).map(Some);
    }
    let has_choice = app.global.profile.is_none();
    let others = if has_choice { others(loader, &config, address) } else { Vec::new() };
    if let Some(other) = narrowest(others, address.username())? {
        let config = other.loader.read();
        return Chosen::new(app, config, other.uri, address).map(Some);
    }
    // What can't be read may be for this address.
    if origins.is_empty() && config.credentials().is_err() && !has_none(&config) {
        load(app, &config)?;
    }
    Ok(None)
}

/// Returns the credentials of the active profile, for a tool that names no address.
pub(super) fn active(app: &App) -> Result<Credentials, Failure> {
    load(app, &loader(app).read())
}

/// Returns the hosts that all profiles together are for, without patterns, each with the name of its user.
pub(super) fn hosts(app: &App) -> Result<Vec<(String, Option<String>)>, Failure> {
    let loader = loader(app);
    let config = loader.clone().explaining().read();
    if config.credentials().is_err() && !has_none(&config) {
        load(app, &config)?;
    }
    let others = if app.global.profile.is_none() { inactive(&loader, &config) } else { Vec::new() };
    let others = others.into_iter().map(|(_, loader)| loader.explaining().read());
    let mut hosts: Vec<(String, Option<String>)> = Vec::new();
    for credentials in [config].into_iter().chain(others).filter_map(|it| it.credentials().ok()) {
        for origin in credentials.origins().iter().filter(|origin| !origin.contains('*')) {
            if hosts.iter().all(|(known, _)| *known != origin) {
                hosts.push((origin, credentials.principal()));
            }
        }
    }
    Ok(hosts)
}

impl Chosen {
    fn new(app: &App, config: Config, uri: Uri, address: &Address) -> Result<Self, Failure> {
        let credentials = load(app, &config)?;
        let username = address.username().map(str::to_owned);
        Ok(Self { config, credentials, uri, username })
    }
}

/// A profile that is not active, but is for the address.
struct Other {
    /// `None` is what is outside of the profiles.
    profile: Option<String>,
    loader: Loader,
    uri: Uri,
    username: Option<String>,
    width: Width,
}

/// How many hosts an origin stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Width {
    Host,
    Pattern,
    Any,
}

fn others(loader: &Loader, config: &Config, address: &Address) -> Vec<Other> {
    let other = |(profile, loader): (Option<String>, Loader)| {
        let config = loader.clone().explaining().read();
        let (uri, width) = fitting(&origins(&config), address)?;
        let username = config.credentials().ok().and_then(|credentials| credentials.principal());
        Some(Other { profile, loader, uri, username, width })
    };
    inactive(loader, config).into_iter().filter_map(other).collect()
}

/// Returns the loaders of all other profiles, and of what is outside of them.
fn inactive(loader: &Loader, config: &Config) -> Vec<(Option<String>, Loader)> {
    let base = config.profile().map(|_| (None, loader.clone().without_profile()));
    let others = config.profiles().iter().filter(|name| config.profile() != Some(name.as_str()));
    let others = others.map(|name| (Some(name.clone()), loader.clone().profile(name)));
    base.into_iter().chain(others).collect()
}

/// Returns the first way to read an address that is for one of the origins, and the narrowest of these.
fn fitting(origins: &Origins, address: &Address) -> Option<(Uri, Width)> {
    let found = |uri: &Uri| {
        let fits = |origin: &String| Origins::none().and(origin).is_ok_and(|it| it.allows(uri));
        let width = |origin: String| match origin.as_str() {
            "*" => Width::Any,
            origin if origin.contains('*') => Width::Pattern,
            _ => Width::Host,
        };
        Some((uri.clone(), origins.iter().filter(fits).map(width).min()?))
    };
    address.uris().iter().find_map(found)
}

/// Returns the origins of a configuration, also of one that is invalid otherwise.
fn origins(config: &Config) -> Origins {
    if let Ok(credentials) = config.credentials() {
        return credentials.origins();
    }
    let settings = config.settings();
    let text = |view: &View| match view {
        View::Text(text) => Some(text.clone()),
        _ => None,
    };
    let value =
        |key: &str| settings.iter().find(|it| it.key == key && !it.is_withheld)?.value.as_ref();
    let scheme = value("credentials.scheme").and_then(text).unwrap_or_else(|| "https".to_owned());
    let domain = value("credentials.domain").and_then(text);
    let domain = domain.map(|domain| format!("{scheme}://{domain}"));
    let listed = match value("credentials.origins") {
        Some(View::List(list)) => list.iter().filter_map(text).collect(),
        _ => Vec::new(),
    };
    let all = domain.into_iter().chain(listed);
    all.fold(Origins::none(), |origins, origin| origins.clone().and(&origin).unwrap_or(origins))
}

/// Chooses among the profiles by the user, or else by their origins. Two that are equal are a failure, but what is outside of
/// the profiles precedes those that have only inherited its origins.
fn narrowest(mut others: Vec<Other>, username: Option<&str>) -> Result<Option<Other>, Failure> {
    let is_asked = |other: &Other| username.is_some() && other.username.as_deref() == username;
    if others.iter().any(is_asked) {
        others.retain(is_asked);
    }
    let narrowest = others.iter().map(|other| other.width).min();
    others.retain(|other| Some(other.width) == narrowest);
    if others.iter().any(|other| other.profile.is_none()) {
        others.retain(|other| other.profile.is_none());
    }
    if others.len() > 1 {
        let names: Vec<&str> = others.iter().filter_map(|other| other.profile.as_deref()).collect();
        let message = format!("the profiles {} are all for this address", names.join(", "));
        return Err(Failure::new(Code::Configuration, message)
            .with_help("set `default_profile` to one of them, or name one with `--profile NAME`"));
    }
    Ok(others.pop())
}

fn load(app: &App, config: &Config) -> Result<Credentials, Failure> {
    Ok(waiting::credentials(config, |problem| app.output.problems([problem]))?)
}

fn loader(app: &App) -> Loader {
    app.loader().unattended()
}

/// Returns whether all that is wrong is that no profile is active, or nothing is configured.
pub(crate) fn has_none(config: &Config) -> bool {
    let is_none = |problem: &Problem| {
        matches!(problem.code(), ProblemCode::NoCredentials | ProblemCode::NoProvider)
    };
    let mut errors =
        config.problems().iter().filter(|it| it.severity() == Severity::Error).peekable();
    errors.peek().is_some() && errors.all(is_none)
}
