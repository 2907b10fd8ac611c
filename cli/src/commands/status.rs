//! `status`: the stored session of each profile. Only a store's server is asked.

use std::{collections::BTreeMap, time::Duration};

use authn::{
    Entry, ErrorKind, LastFailure, Status,
    config::Config,
    private::sorted,
    store::{Examination, KnownLease},
};
use serde::Serialize;

use super::{
    active, entry, known_store,
    profiles::{self, Profile, Reporter},
    stores::{self, Lease},
    text,
};
use crate::{
    app::App,
    exit::{Failure, one_line},
    output,
    style::{
        Table, or_dash,
        time::{left, rfc_3339, since, words},
    },
};

/// Seconds by which two clocks may differ and still be shown as `ok`: a `Date` header has whole seconds, and takes
/// some time to arrive.
const SAME_CLOCK: u64 = 5;

/// The columns that a terminal shows only with `-v`.
const DETAILS: &[&str] = &["PROVIDER", "REFRESH", "CLOCK", "SCOPE", "ORIGINS"];

/// The arguments of `status`.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("status.txt"))]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The session of one profile, as in the JSON.
#[derive(Serialize)]
struct Row {
    profile: Option<String>,
    active: bool,
    provider: Option<String>,
    /// The key of the provider that serves for a chain.
    served_by: Option<String>,
    /// The username, else the user or client of the configuration.
    principal: Option<String>,
    /// The user of the session, as confirmed by the server.
    username: Option<String>,
    /// Null, like `has_token` and `has_refresh_token`, if it is unknown.
    authenticated: Option<bool>,
    has_token: Option<bool>,
    expires_at: Option<String>,
    /// Seconds from now on.
    expires_in: Option<u64>,
    scopes: Option<Vec<String>>,
    has_refresh_token: Option<bool>,
    store: Option<String>,
    /// What the store's server says of itself, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    store_server: BTreeMap<&'static str, String>,
    /// Who renews the session at present.
    #[serde(skip_serializing_if = "Option::is_none")]
    lease: Option<Lease>,
    server_clock_ahead_seconds: Option<i64>,
    last_failure: Option<Failed>,
    domain: Option<String>,
    origins: Vec<String>,
    error: Option<String>,
    /// The text of the column TOKEN.
    #[serde(skip)]
    token: String,
}

/// The failure of the last refresh, as in the JSON.
#[derive(Serialize)]
struct Failed {
    error: String,
    at: Option<String>,
    seconds_ago: u64,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let (rows, end) = profiles::each(app, |profile, reporter| {
        row(profile, reporter, (!arguments.json).then_some(app))
    })?;
    if arguments.json {
        output::json(&rows)?;
        return end;
    }
    if rows.iter().all(|row| !row.active) {
        output::message("no profile is active: choose one with `--profile NAME`");
    }
    let headings = &[
        "PROFILE", "ACTIVE", "PROVIDER", "USER", "TOKEN", "REFRESH", "STORE", "CLOCK", "SCOPE",
        "ORIGINS",
    ];
    let is_whole = app.global.verbose > 0;
    let mut table = Table::new(headings).hiding(if is_whole { &[] } else { DETAILS });
    for row in rows {
        table.row(cells(row));
    }
    app.output.table(&table)?;
    end
}

/// Returns the row of one profile, and reports its failure. For the text, which is printed by `app`, also reports the
/// failure of the last refresh, and for the active profile what to do if there is no token.
fn row(profile: &Profile, reporter: &mut Reporter<'_>, app: Option<&App>) -> Result<Row, Failure> {
    let config = &profile.config;
    let (mut principal, mut origins, mut needs_login) = (None, Vec::new(), false);
    let mut examination = Examination::default();
    let found = profile.attempt(reporter, async |credentials| {
        principal = credentials.principal();
        origins = credentials.origins().iter().collect();
        needs_login = credentials.needs_login();
        let status = credentials.status().await?;
        examination = examined(config, &status).await?;
        Ok(status)
    })?;
    match &found {
        // Another profile is not what the user works with: its row says what is wrong, and the others count.
        Err(error) if !profile.is_active && error.kind() == ErrorKind::Configuration => {
            reporter.broken(config, error);
        }
        Err(error) => reporter.failure(config, error, None),
        Ok(_) => {}
    }
    let status = found.as_ref().ok();
    let store = status.and_then(|status| {
        // A provider that caches tokens keeps them at least in memory.
        let in_memory = entry(config).is_some_and(Entry::is_cached).then_some("memory");
        status.store.as_deref().or(in_memory)
    });
    let failure = status.and_then(|status| status.last_failure.as_ref());
    if let (Some(app), Some(failure)) = (app, failure) {
        report(app, config, failure);
    }
    let session = status.and_then(Status::session);
    let lease = examination.leases().iter().find(|lease| Some(&lease.key) == session);
    if let (Some(_), Some(lease)) = (app, lease) {
        output::message(&renewed(config, lease));
    }
    let hints = app.filter(|_| profile.is_active);
    if let (Some(app), Some(status)) = (hints, status.filter(|status| !status.is_authenticated())) {
        output::message(&hint(app, config, needs_login && !status.has_session, store));
    }
    let username = status.and_then(|status| status.username.clone());
    let end = status.and_then(|status| status.expires_at);
    let scope = status.and_then(|status| status.scope.as_ref());
    Ok(Row {
        profile: config.profile().map(str::to_owned),
        active: profile.is_active,
        provider: config.provider().map(str::to_owned),
        served_by: status.and_then(|status| status.served_by.clone()),
        principal: username.clone().or(principal),
        username,
        authenticated: status.map(Status::is_authenticated),
        has_token: status.map(|status| status.has_token),
        expires_at: end.and_then(rfc_3339),
        expires_in: end.map(|end| left(end).as_secs()),
        scopes: scope.map(|scope| scope.split_whitespace().map(str::to_owned).collect()),
        has_refresh_token: status.map(|status| status.has_refresh_token),
        store: store.map(str::to_owned),
        store_server: sorted(examination.facts().iter().cloned()),
        lease: lease.map(stores::lease),
        server_clock_ahead_seconds: status.and_then(|status| status.server_clock_ahead),
        last_failure: failure.map(|failure| Failed {
            error: one_line(&failure.error),
            at: rfc_3339(failure.at),
            seconds_ago: since(failure.at).as_secs(),
        }),
        domain: text(&config.settings(), "credentials.domain").map(str::to_owned),
        origins,
        error: found.as_ref().err().map(one_line),
        token: token_text(&found),
    })
}

/// Asks the server of the session's store.
async fn examined(config: &Config, status: &Status) -> authn::Result<Examination> {
    match known_store(config, status.store.as_deref()) {
        Some(store) => store.examination().await,
        None => Ok(Examination::default()),
    }
}

/// Says who renews the session.
fn renewed(config: &Config, lease: &KnownLease) -> String {
    let since = lease.since.map(|at| format!(" for {}", words(since(at)))).unwrap_or_default();
    format!("{} has been renewing the session{since} ({})", lease.holder, active(config))
}

fn token_text(found: &authn::Result<Status>) -> String {
    match found {
        Err(error) if error.kind() == ErrorKind::Configuration => "wrong".to_owned(),
        Err(_) => "unknown".to_owned(),
        Ok(status) if !status.is_authenticated() => "none".to_owned(),
        Ok(status) => match status.expires_at {
            None => "valid".to_owned(),
            Some(end) => format!("{} left", words(left(end))),
        },
    }
}

fn cells(row: Row) -> [String; 10] {
    let yes = |yes: bool| if yes { "yes" } else { "no" };
    let list = |list: Vec<String>, between| {
        or_dash(Some(list).filter(|list| !list.is_empty()).map(|list| list.join(between)))
    };
    [
        or_dash(row.profile),
        yes(row.active).to_owned(),
        or_dash(row.provider.map(|name| with_link(&name, row.served_by.as_deref()))),
        or_dash(row.principal),
        row.token,
        or_dash(row.has_refresh_token.map(yes)),
        or_dash(row.store),
        or_dash(row.server_clock_ahead_seconds.map(clock)),
        list(row.scopes.unwrap_or_default(), " "),
        list(row.origins, ", "),
    ]
}

/// Returns a provider's name, and for a chain the place of the provider in it that serves: `chain: 1.oauth`.
fn with_link(name: &str, served_by: Option<&str>) -> String {
    let link = served_by.and_then(|key| key.split_once(".providers."));
    link.map_or_else(|| name.to_owned(), |(_, link)| format!("{name}: {link}"))
}

/// Reports that the last refresh failed.
fn report(app: &App, config: &Config, failure: &LastFailure) {
    let (ago, error) = (words(since(failure.at)), &failure.error);
    let message =
        format!("the last refresh failed {ago} ago: {} ({})", error.message(), active(config));
    app.output.warning(&message, error.help());
}

/// Returns what to do if there is no token.
fn hint(app: &App, config: &Config, must_log_in: bool, store: Option<&str>) -> String {
    if must_log_in {
        let command = config.login_command();
        return format!("not logged in: run `{command}`");
    }
    let command = app.command_line("token");
    match store {
        None => format!("no token is stored: run `{command}` for details"),
        Some("memory") => {
            "no token is stored: this provider keeps tokens in memory, so each program gets its own"
                .to_owned()
        }
        Some(_) => format!("no valid token is stored: run `{command}` to get one"),
    }
}

/// Returns by how much a clock is ahead, as text.
fn clock(ahead: i64) -> String {
    let difference = ahead.unsigned_abs();
    if difference <= SAME_CLOCK {
        return "ok".to_owned();
    }
    let sign = if ahead < 0 { '-' } else { '+' };
    format!("{sign}{}", words(Duration::from_secs(difference)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_difference_of_clocks_is_ok() {
        for (ahead, expected) in [
            (0, "ok"),
            (5, "ok"),
            (-5, "ok"),
            (12, "+12s"),
            (-180, "-3m"),
            (5_400, "+1h30m"),
            (i64::MIN, "-106751991167300d15h"),
        ] {
            assert_eq!(clock(ahead), expected);
        }
    }
}
