//! `status`: what is kept of each profile's session, without any network.

use std::time::{Duration, SystemTime};

use authn::{Entry, ErrorKind, Status, config::Config};
use serde::Serialize;

use super::{
    entry,
    profiles::{self, Profile, Teller},
    text,
};
use crate::{
    app::App,
    exit::{Failure, summary},
    output,
    style::{
        Table,
        time::{left, rfc_3339, words},
    },
};

/// Seconds by which two clocks may differ and count as the same: a `Date` has whole seconds, and takes a
/// while to come.
const SAME_CLOCK: u64 = 5;

/// What `status` takes.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
There is a row for the base of the configuration, if it is something by itself, and for each profile; with \
`--profile`, that one alone.

On a terminal the columns are aligned under headings, or a narrow one shows a block for each profile. \
Otherwise the rows are printed alone, with a tab between
  PROFILE   its name, `-` for the base
  IN FORCE  whether commands use it unless told otherwise: `yes` or `no`
  PROVIDER  its name
  IDENTITY  for whom it is: as the server says, else as the configuration does
  TOKEN     `59m left`; `valid` if nobody says how long; `none`; `wrong` if the configuration is;
            `unknown` if the store can't be read
  REFRESH   whether a refresh token is kept: `yes` or `no`
  STORE     where tokens are kept
  CLOCK     by how much the server's clock was ahead of this one's: `ok` for 5 seconds at most, `+12s`,
            `-3m`
  SCOPE     what the token is good for
  ORIGINS   where it is sent to
in this order; `-` is for what there is not, or is not known. The JSON is a list with an object for each \
row, with the times as RFC 3339 and in seconds, and null for what is not known.

That nobody is logged in is no failure. If a configuration is wrong the exit code is 3, and if a store \
can't be read it is 1: the row says so, standard error says why, and the other rows are printed all the \
same.")]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is kept for one profile, as JSON has it.
#[derive(Default, Serialize)]
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
    #[serde(skip)]
    end: Option<SystemTime>,
    #[serde(skip)]
    is_wrong: bool,
    #[serde(skip)]
    must_log_in: bool,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let (rows, end) = profiles::each(app, |profile, teller| {
        let kept = Kept::of(profile, teller)?;
        if let Some(hint) = kept.hint(&profile.config).filter(|_| kept.in_force && !arguments.json)
        {
            output::tell(&hint);
        }
        Ok(kept)
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
        table.row(kept.cells());
    }
    app.output.table(&table)?;
    end
}

impl Kept {
    /// Looks at one profile. What is wrong is told.
    fn of(profile: &Profile, teller: &mut Teller<'_>) -> Result<Self, Failure> {
        let config = &profile.config;
        let mut kept = Self {
            profile: config.profile().map(str::to_owned),
            in_force: profile.is_active,
            provider: config.provider().map(str::to_owned),
            domain: text(&config.settings(), "credentials.domain").map(str::to_owned),
            ..Self::default()
        };
        let status = profile.attempt(teller, async |credentials| {
            kept.identity = credentials.identity();
            kept.origins = credentials.origins().iter().collect();
            kept.must_log_in = credentials.needs_login();
            credentials.status().await
        })?;
        Ok(match status {
            Ok(status) => kept.with(config, status),
            Err(error) => {
                teller.failure(config, &error, None);
                let is_wrong = error.kind() == ErrorKind::Configuration;
                Self { is_wrong, error: Some(summary(&error)), ..kept }
            }
        })
    }

    fn with(self, config: &Config, status: Status) -> Self {
        let scopes = |scope: &String| scope.split_whitespace().map(str::to_owned).collect();
        // A provider whose tokens are cached keeps them at least as long as the program runs.
        let in_memory = || entry(config).is_some_and(Entry::is_cached).then(|| "memory".to_owned());
        Self {
            store: status.store.or_else(in_memory),
            identity: status.username.clone().or(self.identity),
            username: status.username,
            has_token: Some(status.has_token),
            expires_at: status.expires_at.and_then(rfc_3339),
            expires_in: status.expires_at.map(|end| left(end).as_secs()),
            scopes: status.scope.as_ref().map(scopes),
            has_refresh_token: Some(status.has_refresh_token),
            server_clock_ahead_seconds: status.server_clock_ahead,
            end: status.expires_at,
            must_log_in: self.must_log_in && !status.has_session,
            ..self
        }
    }

    fn cells(self) -> [String; 10] {
        let none = || "-".to_owned();
        let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
        let list = |list: Vec<String>, between| match &*list {
            [] => none(),
            list => list.join(between),
        };
        let token = match (self.has_token, self.end) {
            (None, _) if self.is_wrong => "wrong".to_owned(),
            (None, _) => "unknown".to_owned(),
            (Some(false), _) => "none".to_owned(),
            (Some(true), None) => "valid".to_owned(),
            (Some(true), Some(end)) => format!("{} left", words(left(end))),
        };
        [
            self.profile.unwrap_or_else(none),
            yes(self.in_force),
            self.provider.unwrap_or_else(none),
            self.identity.unwrap_or_else(none),
            token,
            self.has_refresh_token.map_or_else(none, yes),
            self.store.unwrap_or_else(none),
            self.server_clock_ahead_seconds.map_or_else(none, clock),
            list(self.scopes.unwrap_or_default(), " "),
            list(self.origins, ", "),
        ]
    }

    /// Says what to do where there is no token.
    fn hint(&self, config: &Config) -> Option<String> {
        if self.has_token? {
            return None;
        }
        if self.must_log_in {
            let command = config.login_command();
            return Some(format!("nobody is logged in: log in with `{command}`"));
        }
        let hint = match self.store.as_deref() {
            None => "no token is at hand: `authn token` says what this provider has",
            Some("memory") => {
                "no token is kept: in memory it ends with each program, and each gets its own"
            }
            Some(_) => "no valid token is kept: `authn token` gets one",
        };
        Some(hint.to_owned())
    }
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
