//! The profile that answers for an address.

use authn::{
    Credentials, Loader, Origins,
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
    pub(crate) credentials: Credentials,
    pub(super) uri: Uri,
    /// The user that the tool asks for.
    pub(super) username: Option<String>,
}

/// Chooses the profile for the address that a tool names; `None` if no profile's credentials are bound to it.
///
/// The active profile answers if it is for the address. Otherwise the one answers whose user is asked for, or else the one
/// with the narrowest origin. A profile that the user names with `--profile` is the only one.
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
    let credentials = waiting::credentials(&config, |problem| app.output.problems([problem]));
    let chosen = |credentials: Credentials, uri| Chosen {
        credentials,
        uri,
        username: address.username().map(str::to_owned),
    };
    let broken = match credentials {
        Ok(credentials) => {
            let origins = credentials.origins();
            if let Some(uri) = address.uris().iter().find(|uri| origins.allows(uri)) {
                return Ok(Some(chosen(credentials, uri.clone())));
            }
            None
        }
        Err(_) if has_none(&config) => None,
        Err(error) => Some(error),
    };
    let has_choice = app.global.profile.is_none();
    let others = if has_choice { others(loader, &config, address) } else { Vec::new() };
    match (narrowest(others, address.username())?, broken) {
        (Some(other), _) => {
            let credentials = load(app, loader.clone().profile(&other.profile))?;
            Ok(Some(chosen(credentials, other.uri)))
        }
        // Its credentials may be the ones for this address.
        (None, Some(error)) => Err(error.into()),
        (None, None) => Ok(None),
    }
}

/// Returns the credentials of the active profile, for a tool that names no address.
pub(super) fn active(app: &App) -> Result<Credentials, Failure> {
    load(app, loader(app))
}

/// Returns the hosts that all profiles together are for, without patterns, each with the name of its user.
pub(super) fn hosts(app: &App) -> Vec<(String, Option<String>)> {
    let loader = loader(app);
    let config = loader.clone().explaining().read();
    let active = config.credentials().ok();
    let mut all: Vec<Credentials> = active.into_iter().collect();
    if app.global.profile.is_none() {
        let others = inactive(&config).filter_map(|profile| explained(&loader, profile));
        all.extend(others);
    }
    let mut hosts: Vec<(String, Option<String>)> = Vec::new();
    for credentials in &all {
        for origin in credentials.origins().iter().filter(|origin| !origin.contains('*')) {
            if hosts.iter().all(|(known, _)| *known != origin) {
                hosts.push((origin, credentials.principal()));
            }
        }
    }
    hosts
}

/// A profile that is not active, but is for the address.
struct Other {
    profile: String,
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
    let other = |profile: &String| {
        let credentials = explained(loader, profile)?;
        let origins = credentials.origins();
        let (uri, width) =
            address.uris().iter().find_map(|uri| Some((uri.clone(), width(&origins, uri)?)))?;
        Some(Other { profile: profile.clone(), uri, username: credentials.principal(), width })
    };
    inactive(config).filter_map(other).collect()
}

/// Returns the narrowest width of the origins that are for an address.
fn width(origins: &Origins, uri: &Uri) -> Option<Width> {
    let fits = |origin: &String| Origins::none().and(origin).is_ok_and(|it| it.allows(uri));
    let width = |origin: String| match origin.as_str() {
        "*" => Width::Any,
        origin if origin.contains('*') => Width::Pattern,
        _ => Width::Host,
    };
    origins.iter().filter(fits).map(width).min()
}

/// Chooses among the profiles by the user, or else by their origins. Two that are equal are a failure.
fn narrowest(mut others: Vec<Other>, username: Option<&str>) -> Result<Option<Other>, Failure> {
    let is_asked = |other: &Other| username.is_some() && other.username.as_deref() == username;
    if others.iter().any(is_asked) {
        others.retain(is_asked);
    }
    let narrowest = others.iter().map(|other| other.width).min();
    others.retain(|other| Some(other.width) == narrowest);
    if others.len() > 1 {
        let names: Vec<&str> = others.iter().map(|other| other.profile.as_str()).collect();
        let message = format!("the profiles {} are all for this address", names.join(", "));
        return Err(Failure::new(Code::Configuration, message).with_help(
            "set `default_profile` to one of them, or call the helper with `--profile NAME`",
        ));
    }
    Ok(others.pop())
}

fn inactive(config: &Config) -> impl Iterator<Item = &String> {
    config.profiles().iter().filter(|name| config.profile() != Some(name.as_str()))
}

/// Returns the credentials of a profile to look at, without any secret; `None` if the profile is invalid.
fn explained(loader: &Loader, profile: &str) -> Option<Credentials> {
    match loader.clone().profile(profile).explaining().load() {
        Ok(credentials) => Some(credentials),
        Err(error) => {
            tracing::warn!(profile, %error, "a profile is invalid, so it answers for no address");
            None
        }
    }
}

fn load(app: &App, loader: Loader) -> Result<Credentials, Failure> {
    let report = |problem: &_| app.output.problems([problem]);
    Ok(waiting::credentials(&loader.read(), report)?)
}

fn loader(app: &App) -> Loader {
    app.loader().unattended()
}

/// Returns whether all that is wrong is that no profile is active, or nothing is configured.
fn has_none(config: &Config) -> bool {
    let is_none = |problem: &Problem| {
        matches!(problem.code(), ProblemCode::NoCredentials | ProblemCode::NoProvider)
    };
    let mut errors =
        config.problems().iter().filter(|it| it.severity() == Severity::Error).peekable();
    errors.peek().is_some() && errors.all(is_none)
}
