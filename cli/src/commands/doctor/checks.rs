//! The checks of the configuration and the session: each examines a snapshot, and returns its findings.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use authn::{
    Credentials, Entry, Error, Status,
    config::{Class, KnownStore, Problem, ProblemCode, Provenance, Severity, Source, SourceState},
    private::sorted,
    store::Examination,
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

/// What helps if something was left out because no server may be contacted.
pub(super) const ONLINE: &str = "leave out `--offline`";

/// The key of the file of additional certificate authorities.
pub(super) const CA_FILE: &str = "http.ca_file";

/// Returns the name of the check that reports a problem.
fn check_of(problem: &Problem) -> &'static str {
    match problem.code() {
        _ if problem.key() == Some(CA_FILE) => "authorities",
        ProblemCode::NoSuchFile
        | ProblemCode::NotAFile
        | ProblemCode::NotUtf8
        | ProblemCode::Syntax
        | ProblemCode::TooLarge
        | ProblemCode::Unreadable
        | ProblemCode::UnsafeFile
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

/// Returns the problems of the configuration that a check reports.
pub(super) fn problems(snapshot: &Snapshot, check: &str) -> Vec<Finding> {
    let problems = snapshot.config.problems().iter().filter(|problem| check_of(problem) == check);
    problems.map(|problem| Finding::of(Code::Configuration, problem)).collect()
}

/// Reports the version, and the linked providers and stores.
pub(super) fn version(snapshot: &Snapshot) -> Vec<Finding> {
    let config = &snapshot.config;
    let providers: Vec<&str> = config.registry().iter().map(Entry::name).collect();
    let stores = config.stores();
    let stores: Vec<&str> =
        ["memory"].into_iter().chain(stores.iter().map(KnownStore::name)).collect();
    let own = snapshot.program.as_ref().map_or_else(String::new, |own| format!("{own}, with "));
    vec![Finding::ok(format!(
        "{own}authn {}; providers {}; stores {}",
        env!("CARGO_PKG_VERSION"),
        providers.join(", "),
        stores.join(", "),
    ))]
}

/// Reports the configuration's files: found, unreadable, or withheld.
pub(super) fn files(snapshot: &Snapshot) -> Vec<Finding> {
    // A file that has failed or is not trusted is among the problems.
    let is_read =
        |source: &&Source| matches!(source.state, SourceState::Read | SourceState::Trusted);
    let read = snapshot.config.sources().iter().filter(is_read);
    let read = read.filter_map(|source| source.path.as_ref());
    let found = |path: &PathBuf| Finding::ok(format!("{} is read", path.display()));
    let mut findings: Vec<Finding> = read.map(found).collect();
    findings.extend(problems(snapshot, "files"));
    or_ok(findings, || {
        "there is no configuration file; `config path` lists the locations".to_owned()
    })
}

/// Reports the problems of the configuration that no other check reports.
pub(super) fn configuration(snapshot: &Snapshot) -> Vec<Finding> {
    let found = problems(snapshot, "configuration");
    if found.is_empty() && snapshot.is_unconfigured() {
        return vec![Finding::skipped("no option is set, so there is nothing to check")];
    }
    or_ok(found, || "all options are known and valid".to_owned())
}

/// Reports the active provider.
pub(super) fn provider(snapshot: &Snapshot) -> Vec<Finding> {
    let config = &snapshot.config;
    let mut findings = problems(snapshot, "provider");
    if findings.is_empty()
        && let (Some(name), Some(provenance)) = (config.provider(), config.provider_provenance())
    {
        findings.push(Finding::ok(format!("{name}, chosen by {provenance}")));
    }
    findings.extend(inapplicable(snapshot));
    findings
}

/// Reports the providers that do not apply here. A chain passes over them, as long as another one applies.
fn inapplicable(snapshot: &Snapshot) -> Vec<Finding> {
    let absent =
        snapshot.applicability.iter().filter_map(|(key, error)| Some((key, error.as_ref()?)));
    if snapshot.config.provider() != Some("chain") {
        // The check of the server reports it.
        let is_reported = matches!(snapshot.probe, Some(Err(_)));
        return absent.filter(|_| !is_reported).map(|(_, error)| Finding::failure(error)).collect();
    }
    let note = |(key, error): (&String, &Error)| {
        Finding::ok(format!("{key} does not apply here: {}", error.message()))
    };
    let mut findings: Vec<Finding> = absent.map(note).collect();
    if !findings.is_empty() && findings.len() == snapshot.applicability.len() {
        findings.push(Finding::problem(Code::Provider, "no provider of the chain applies here"));
    }
    findings
}

/// Reports the origins that credentials may be sent to.
pub(super) fn origins(snapshot: &Snapshot) -> Vec<Finding> {
    let mut findings = problems(snapshot, "origins");
    if let Some(credentials) = &snapshot.credentials {
        let origins: Vec<String> = credentials.origins().iter().collect();
        let named = origins.join(", ");
        findings.extend(
            match (origins.is_empty(), credentials.discovers_origins()) {
                (true, true) => Some("discovery names them in the first exchange".to_owned()),
                (false, true) => {
                    Some(format!("requests to {named} are authorised, as discovery has named them"))
                }
                (false, false) => Some(format!("requests to {named} are authorised")),
                (true, false) => None,
            }
            .map(Finding::ok),
        );
    }
    findings
}

/// Checks whether the secrets that are references are available.
pub(super) fn references(snapshot: &Snapshot) -> Vec<Finding> {
    let is_wrong = |key: &str| {
        let mut all = snapshot.config.problems().iter();
        all.any(|problem| check_of(problem) == "references" && problem.key() == Some(key))
    };
    // Those of other providers are not resolved.
    let used = format!("credentials.{}.", snapshot.config.provider().unwrap_or_default());
    let absent = snapshot.credentials.as_ref().map(Credentials::absences).unwrap_or_default();
    let is_absent = |key: &str| absent.iter().any(|absent| absent == key);
    let fine = snapshot.settings.iter().filter_map(|setting| {
        let reference = setting.reference.as_ref()?;
        let is_fine = setting.key.starts_with(&used) && !is_wrong(&setting.key);
        is_fine.then(|| {
            let what = if is_absent(&setting.key) {
                "is absent, so the chain passes over its provider"
            } else {
                "is available"
            };
            Finding::ok(format!("{} {what}: {reference}", setting.key))
        })
    });
    fine.chain(problems(snapshot, "references")).collect()
}

/// Checks who can read the configuration files that contain secrets. Files of references are checked when they are
/// read, and the store checks its own files.
pub(super) fn permissions(snapshot: &Snapshot) -> Vec<Finding> {
    let secrets = snapshot.settings.iter().filter(|setting| {
        setting.class == Class::Secret && setting.is_set && setting.reference.is_none()
    });
    let files: BTreeSet<&Path> = sorted(secrets.filter_map(|setting| match &setting.provenance {
        Provenance::File { path, .. } => Some(path.as_path()),
        _ => None,
    }));
    let finding = |path: &Path| {
        let shown = path.display().to_string();
        if !is_open(path) {
            return Finding::ok(format!(
                "{shown} contains a secret, and only its owner can read it"
            ));
        }
        // Quoting only fails for NUL, which no path contains.
        let word = shlex::try_quote(&shown).unwrap_or_default();
        Finding::warning(format!("{shown} contains a secret, and other users can read it"))
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

/// Checks whether the store of the session can be used.
pub(super) fn store(snapshot: &Snapshot) -> Vec<Finding> {
    let mut findings = problems(snapshot, "store");
    let Some(Store { name, place, examined }) = &snapshot.store else { return findings };
    let named = format!("{name}{}", with_name(" in ", place.as_deref()));
    let Some(examined) = examined else {
        let left_out = Finding::skipped(format!("the server of {named} was not asked"));
        findings.push(left_out.with_help(ONLINE));
        return findings;
    };
    // What is only left over does not stop the store.
    findings.extend((!examined.has_failed()).then(|| Finding::ok(format!("{named} can be used"))));
    let goes_on = needs_no_store(snapshot);
    findings.extend(examined.problems.iter().map(|problem| match problem.severity() {
        Severity::Error if goes_on => unstored(problem),
        _ => Finding::of(Code::Other, problem),
    }));
    findings.extend(of_server(name, &examined.server));
    findings
}

/// Reports what a store's server says of itself, and who renews which session at present.
fn of_server(name: &str, examination: &Examination) -> Vec<Finding> {
    let facts: Vec<String> =
        examination.facts().iter().map(|(fact, value)| format!("{fact} {value}")).collect();
    let server = (!facts.is_empty()).then(|| format!("{name}: {}", facts.join(", ")));
    let leases = examination.leases().iter().map(|lease| {
        let since = lease.since.and_then(|since| since.elapsed().ok());
        let since = since.map(|since| format!(" for {}", words(since))).unwrap_or_default();
        format!("{} renews {}{since}", lease.holder, lease.key)
    });
    server.into_iter().chain(leases).map(Finding::ok).collect()
}

/// Returns whether a store that fails is only a warning, because tokens can be requested without it.
fn needs_no_store(snapshot: &Snapshot) -> bool {
    snapshot.credentials.as_ref().is_some_and(Credentials::needs_no_store)
}

/// Reports a problem of a store that tokens don't need.
fn unstored(problem: &Problem) -> Finding {
    const WITHOUT: &str = "set `store` to `memory` to do without";
    let message = format!(
        "{}: tokens may not be stored, and each program then requests its own",
        problem.message()
    );
    Finding::warning(message).with_help(match problem.help() {
        Some(help) => format!("{help}, or {WITHOUT}"),
        None => WITHOUT.to_owned(),
    })
}

/// Reports the session, or how to start one.
pub(super) fn session(snapshot: &Snapshot) -> Vec<Finding> {
    let Some(credentials) = &snapshot.credentials else { return Vec::new() };
    let Some(status) = &snapshot.status else {
        let message = "the session is unknown, because its store was not asked";
        return vec![Finding::skipped(message).with_help(ONLINE)];
    };
    vec![match status {
        Err(_) if snapshot.store.as_ref().is_some_and(Store::has_failed) => {
            let message = "the session is unknown, because the store can't be used";
            if needs_no_store(snapshot) {
                Finding::warning(message)
            } else {
                Finding::problem(Code::Other, message)
            }
        }
        Err(error) => Finding::failure(error),
        Ok(status) if status.has_token || status.has_refresh_token => Finding::ok(stored(status)),
        Ok(status) if status.has_session => Finding::ok(
            "the client's typed-in credentials are stored, and tokens are requested with them",
        ),
        Ok(status) if status.is_authenticated() => {
            Finding::ok("requests are authorised without a token, and no login is needed")
        }
        Ok(_) if credentials.needs_login() => Finding::warning("not logged in")
            .with_help(format!("`{}`", snapshot.config.login_command())),
        Ok(_) => Finding::ok("no token is stored, and no login is needed"),
    }]
}

fn stored(status: &Status) -> String {
    let user = with_name(" of ", status.username.as_deref());
    let token = match (status.has_token, status.expires_at) {
        (true, Some(end)) => format!("a token{user} with {} left", words(left(end))),
        (true, None) => format!("a token{user}"),
        (false, _) => return format!("a refresh token{user} is stored"),
    };
    let refresh = if status.has_refresh_token { " and a refresh token" } else { "" };
    format!("{token}{refresh} is stored")
}

/// Returns the findings, or an `ok` with this message if there are none.
fn or_ok(findings: Vec<Finding>, message: impl FnOnce() -> String) -> Vec<Finding> {
    if findings.is_empty() { vec![Finding::ok(message())] } else { findings }
}
