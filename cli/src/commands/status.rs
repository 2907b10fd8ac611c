//! `status`: what is kept of each profile's session, without any network.

use std::time::Duration;

use authn::{Entry, ErrorKind, Status, config::Config};
use serde::Serialize;

use super::{
    entry,
    profiles::{self, Profile, Teller},
    text,
};
use crate::{
    app::App,
    exit::{Failure, one_line},
    output,
    style::{
        Table, or_dash,
        time::{left, rfc_3339, words},
    },
};

/// Seconds by which two clocks may differ and count as the same: a `Date` has whole seconds, and takes a
/// while to come.
const SAME_CLOCK: u64 = 5;

/// What `status` takes.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("status.txt"))]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is kept for one profile, as JSON has it.
#[derive(Serialize)]
struct Kept {
    profile: Option<String>,
    in_force: bool,
    provider: Option<String>,
    /// The username, else what the configuration says.
    identity: Option<String>,
    /// Whose session it is, as the server has vouched for it.
    username: Option<String>,
    /// Null, as `has_refresh_token`, if it can't be told.
    has_token: Option<bool>,
    expires_at: Option<String>,
    /// Seconds from now on.
    expires_in: Option<u64>,
    scopes: Option<Vec<String>>,
    has_refresh_token: Option<bool>,
    store: Option<String>,
    server_clock_ahead_seconds: Option<i64>,
    domain: Option<String>,
    origins: Vec<String>,
    error: Option<String>,
    /// The token in words.
    #[serde(skip)]
    token: String,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let (rows, end) = profiles::each(app, |profile, teller| {
        kept(profile, teller, profile.is_active && !arguments.json)
    })?;
    if arguments.json {
        output::json(&rows)?;
        return end;
    }
    if rows.iter().all(|kept| !kept.in_force) {
        output::tell("no profile is in force: choose one with `--profile NAME`");
    }
    let mut table = Table::new(&[
        "PROFILE", "IN FORCE", "PROVIDER", "IDENTITY", "TOKEN", "REFRESH", "STORE", "CLOCK",
        "SCOPE", "ORIGINS",
    ])
    .in_blocks_if_narrow();
    for kept in rows {
        table.row(cells(kept));
    }
    app.output.table(&table)?;
    end
}

/// Looks at one profile. What is wrong is told, and what to do where there is no token if hints are wanted.
fn kept(profile: &Profile, teller: &mut Teller<'_>, hints: bool) -> Result<Kept, Failure> {
    let config = &profile.config;
    let (mut identity, mut origins, mut needs_login) = (None, Vec::new(), false);
    let found = profile.attempt(teller, async |credentials| {
        identity = credentials.principal();
        origins = credentials.origins().iter().collect();
        needs_login = credentials.needs_login();
        credentials.status().await
    })?;
    if let Err(error) = &found {
        teller.failure(config, error, None);
    }
    let status = found.as_ref().ok();
    let store = status.and_then(|status| {
        // A provider whose tokens are cached keeps them at least as long as the program runs.
        let in_memory = entry(config).is_some_and(Entry::is_cached).then_some("memory");
        status.store.as_deref().or(in_memory)
    });
    if let Some(status) = status.filter(|status| hints && !status.has_token) {
        output::tell(&hint(config, needs_login && !status.has_session, store));
    }
    let username = status.and_then(|status| status.username.clone());
    let end = status.and_then(|status| status.expires_at);
    let scope = status.and_then(|status| status.scope.as_ref());
    Ok(Kept {
        profile: config.profile().map(str::to_owned),
        in_force: profile.is_active,
        provider: config.provider().map(str::to_owned),
        identity: username.clone().or(identity),
        username,
        has_token: status.map(|status| status.has_token),
        expires_at: end.and_then(rfc_3339),
        expires_in: end.map(|end| left(end).as_secs()),
        scopes: scope.map(|scope| scope.split_whitespace().map(str::to_owned).collect()),
        has_refresh_token: status.map(|status| status.has_refresh_token),
        store: store.map(str::to_owned),
        server_clock_ahead_seconds: status.and_then(|status| status.server_clock_ahead),
        domain: text(&config.settings(), "credentials.domain").map(str::to_owned),
        origins,
        error: found.as_ref().err().map(one_line),
        token: in_words(&found),
    })
}

fn in_words(found: &authn::Result<Status>) -> String {
    match found {
        Err(error) if error.kind() == ErrorKind::Configuration => "wrong".to_owned(),
        Err(_) => "unknown".to_owned(),
        Ok(status) if !status.has_token => "none".to_owned(),
        Ok(status) => match status.expires_at {
            None => "valid".to_owned(),
            Some(end) => format!("{} left", words(left(end))),
        },
    }
}

fn cells(kept: Kept) -> [String; 10] {
    let yes = |yes: bool| if yes { "yes" } else { "no" };
    let list = |list: Vec<String>, between| {
        or_dash(Some(list).filter(|list| !list.is_empty()).map(|list| list.join(between)))
    };
    [
        or_dash(kept.profile),
        yes(kept.in_force).to_owned(),
        or_dash(kept.provider),
        or_dash(kept.identity),
        kept.token,
        or_dash(kept.has_refresh_token.map(yes)),
        or_dash(kept.store),
        or_dash(kept.server_clock_ahead_seconds.map(clock)),
        list(kept.scopes.unwrap_or_default(), " "),
        list(kept.origins, ", "),
    ]
}

/// Says what to do where there is no token.
fn hint(config: &Config, must_log_in: bool, store: Option<&str>) -> String {
    if must_log_in {
        let command = config.login_command();
        return format!("nobody is logged in: log in with `{command}`");
    }
    let hint = match store {
        None => "no token is at hand: `authn token` says what this provider has",
        Some("memory") => {
            "no token is kept: in memory it ends with each program, and each gets its own"
        }
        Some(_) => "no valid token is kept: `authn token` gets one",
    };
    hint.to_owned()
}

/// Says by how much a clock is ahead.
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
    fn a_clock_differs_by_more_than_its_reading_takes() {
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
