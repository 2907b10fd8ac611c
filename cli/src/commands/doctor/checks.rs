//! The checks of what is configured and kept here: each looks at a snapshot, and returns what it has found.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use authn::{
    Entry, Status,
    config::{Class, KnownStore, Problem, ProblemCode, Provenance, Source, SourceState},
};

use super::{
    finding::Finding,
    snapshot::{Snapshot, Store},
};
use crate::{
    exit::Code,
    style::{
        time::{left, words},
        with_name,
    },
};

/// Returns the check that shows a problem.
fn check_of(problem: &Problem) -> &'static str {
    match problem.code() {
        ProblemCode::NoSuchFile
        | ProblemCode::NotAFile
        | ProblemCode::NotUtf8
        | ProblemCode::Syntax
        | ProblemCode::TooLarge
        | ProblemCode::Unreadable
        | ProblemCode::UntrustedProject => "files",
        ProblemCode::DuplicateProvider
        | ProblemCode::NoCredentials
        | ProblemCode::NoProvider
        | ProblemCode::TwoProviders
        | ProblemCode::UnknownProvider => "provider",
        ProblemCode::NoOrigins => "origins",
        ProblemCode::BadReference | ProblemCode::UnresolvedReference => "references",
        ProblemCode::NoStore | ProblemCode::UnknownStore => "store",
        _ => "configuration",
    }
}

/// Returns what the configuration has of problems for a check.
fn problems(snapshot: &Snapshot, check: &str) -> Vec<Finding> {
    let problems = snapshot.config.problems().iter().filter(|problem| check_of(problem) == check);
    problems.map(|problem| Finding::of(Code::Configuration, problem)).collect()
}

/// Which program this is, and what it is linked with.
pub(super) fn version(snapshot: &Snapshot) -> Vec<Finding> {
    let config = &snapshot.config;
    let providers: Vec<&str> = config.registry().iter().map(Entry::name).collect();
    let stores = config.stores();
    let stores: Vec<&str> =
        ["memory"].into_iter().chain(stores.iter().map(KnownStore::name)).collect();
    vec![Finding::ok(format!(
        "authn {}; providers {}; stores {}",
        env!("CARGO_PKG_VERSION"),
        providers.join(", "),
        stores.join(", "),
    ))]
}

/// The configuration's files: which were found, which can't be read, and which are withheld.
pub(super) fn files(snapshot: &Snapshot) -> Vec<Finding> {
    // What has failed, or is not trusted, is among the problems.
    let is_read =
        |source: &&Source| matches!(source.state, SourceState::Read | SourceState::Trusted);
    let read = snapshot.config.sources().iter().filter(is_read);
    let read = read.filter_map(|source| source.path.as_ref());
    let found = |path: &PathBuf| Finding::ok(format!("{} is read", path.display()));
    let mut findings: Vec<Finding> = read.map(found).collect();
    findings.extend(problems(snapshot, "files"));
    or(findings, || "no configuration file is there; `config path` lists the places".to_owned())
}

/// What is wrong with the configuration and is no other check's.
pub(super) fn configuration(snapshot: &Snapshot) -> Vec<Finding> {
    or(problems(snapshot, "configuration"), || {
        "every option is known and has a value that fits".to_owned()
    })
}

/// Which provider is active.
pub(super) fn provider(snapshot: &Snapshot) -> Vec<Finding> {
    let config = &snapshot.config;
    let mut findings = problems(snapshot, "provider");
    if findings.is_empty()
        && let (Some(name), Some(provenance)) = (config.provider(), config.provider_provenance())
    {
        findings.push(Finding::ok(format!("{name}, chosen by {provenance}")));
    }
    findings
}

/// Where credentials may be sent.
pub(super) fn origins(snapshot: &Snapshot) -> Vec<Finding> {
    let mut findings = problems(snapshot, "origins");
    if let Some(credentials) = &snapshot.credentials
        && !credentials.origins().is_empty()
    {
        let origins: Vec<String> = credentials.origins().iter().collect();
        findings.push(Finding::ok(format!("requests to {} are authorised", origins.join(", "))));
    }
    findings
}

/// Whether the secrets are there that stand elsewhere.
pub(super) fn references(snapshot: &Snapshot) -> Vec<Finding> {
    let is_wrong = |key: &str| {
        let mut all = snapshot.config.problems().iter();
        all.any(|problem| check_of(problem) == "references" && problem.key() == Some(key))
    };
    // Those of other providers are not resolved.
    let used = format!("credentials.{}.", snapshot.config.provider().unwrap_or_default());
    let fine = snapshot.settings.iter().filter_map(|setting| {
        let reference = setting.reference.as_ref()?;
        let is_fine = setting.key.starts_with(&used) && !is_wrong(&setting.key);
        is_fine.then(|| Finding::ok(format!("{} is there: {reference}", setting.key)))
    });
    fine.chain(problems(snapshot, "references")).collect()
}

/// Who can read the configuration files that hold secrets. The files that are referred to are refused when
/// they are read, and the store's are its own matter.
pub(super) fn permissions(snapshot: &Snapshot) -> Vec<Finding> {
    let secrets = snapshot.settings.iter().filter(|setting| {
        setting.class == Class::Secret && setting.is_set && setting.reference.is_none()
    });
    let files: BTreeSet<&Path> = secrets
        .filter_map(|setting| match &setting.provenance {
            Provenance::File { path, .. } => Some(path.as_path()),
            _ => None,
        })
        .collect();
    let finding = |path: &Path| {
        let shown = path.display().to_string();
        if !is_open(path) {
            return Finding::ok(format!("{shown} holds a secret, and is for its owner alone"));
        }
        // No path has the NUL that no shell can be given.
        let word = shlex::try_quote(&shown).unwrap_or_default();
        Finding::warning(format!("{shown} holds a secret, and other users can read it"))
            .with_help(format!("`chmod 600 {word}`"))
    };
    files.into_iter().map(finding).collect()
}

#[cfg(unix)]
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    path.metadata().is_ok_and(|metadata| metadata.mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open(_: &Path) -> bool {
    false
}

/// Whether the store that the session is kept in can be used.
pub(super) fn store(snapshot: &Snapshot) -> Vec<Finding> {
    let mut findings = problems(snapshot, "store");
    let Some(Store { name, place, problems }) = &snapshot.store else { return findings };
    findings.extend(problems.iter().map(|problem| Finding::of(Code::Other, problem)));
    or(findings, || format!("{name}{} can be used", with_name(" in ", place.as_deref())))
}

/// Whether there is a session, and how to begin one.
pub(super) fn session(snapshot: &Snapshot) -> Vec<Finding> {
    let (Some(credentials), Some(status)) = (&snapshot.credentials, &snapshot.status) else {
        return Vec::new();
    };
    vec![match status {
        Err(_) if snapshot.store.as_ref().is_some_and(Store::has_failed) => {
            Finding::problem(Code::Other, "nobody can tell before the store is mended")
        }
        Err(error) => Finding::failure(error),
        Ok(status) if status.has_token || status.has_refresh_token => Finding::ok(kept(status)),
        Ok(status) if status.has_session => {
            Finding::ok("what somebody has typed in is kept, and a token is had by it")
        }
        Ok(_) if credentials.needs_login() => Finding::warning("nobody is logged in")
            .with_help(format!("`{}`", snapshot.config.login_command())),
        Ok(_) => Finding::ok("no token is kept, and nobody has to log in for one"),
    }]
}

fn kept(status: &Status) -> String {
    let whose = with_name(" of ", status.username.as_deref());
    let token = match (status.has_token, status.expires_at) {
        (true, Some(end)) => format!("a token{whose} with {} left", words(left(end))),
        (true, None) => format!("a token{whose}"),
        (false, _) => return format!("a refresh token{whose} is there"),
    };
    let refresh = if status.has_refresh_token { " and a refresh token" } else { "" };
    format!("{token}{refresh} is there")
}

/// Returns the findings, or that all is well if there are none.
fn or(findings: Vec<Finding>, well: impl FnOnce() -> String) -> Vec<Finding> {
    if findings.is_empty() { vec![Finding::ok(well())] } else { findings }
}
