//! `status`: what is kept of each profile's session, without any network.

use std::time::SystemTime;

use authn::{Credentials, Entry, Error, ErrorKind, Status, View, config::Config};
use serde::Serialize;

use super::{
    profiles::{self, Profile, Teller, summary},
    waiting,
};
use crate::{
    exit::Failure,
    output,
    session::Session,
    table::Table,
    time::{left, rfc_3339, words},
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
    has_session: bool,
}

pub(super) fn run(session: &Session, arguments: &Arguments) -> Result<(), Failure> {
    let profiles = profiles::all(session);
    if profiles.is_empty() {
        return session.loader().load().map(drop).map_err(Failure::from);
    }
    let mut teller = Teller::new(&session.output);
    let mut rows = Vec::new();
    for profile in &profiles {
        let (kept, hint) = Kept::of(profile, &mut teller)?;
        if let Some(hint) = hint.filter(|_| profile.in_force && !arguments.json) {
            output::tell(&hint);
        }
        rows.push(kept);
    }
    if !arguments.json && profiles.iter().all(|profile| !profile.in_force) {
        output::tell("no profile is in force: choose one with `--profile NAME`");
    }
    if arguments.json {
        output::json(&rows)?;
    } else {
        session.output.table(&table(rows))?;
    }
    teller.worst().map_or(Ok(()), |code| Err(Failure::Silent(code)))
}

fn table(rows: Vec<Kept>) -> Table {
    let headings = &[
        "PROFILE", "IN FORCE", "PROVIDER", "IDENTITY", "TOKEN", "REFRESH", "STORE", "CLOCK",
        "SCOPE", "ORIGINS",
    ];
    let mut table = Table::new(headings).in_blocks_if_narrow();
    for kept in rows {
        table.row(kept.cells());
    }
    table
}

impl Kept {
    /// Looks at one profile, and gives with it what its user may want to know. What is wrong is told.
    fn of(profile: &Profile, teller: &mut Teller<'_>) -> Result<(Self, Option<String>), Failure> {
        let config = &profile.config;
        let kept = Self {
            profile: config.profile().map(str::to_owned),
            in_force: profile.in_force,
            provider: config.provider().map(str::to_owned),
            domain: domain(config),
            ..Self::default()
        };
        let credentials = match profile.credentials(teller) {
            Ok(credentials) => credentials,
            Err(error) => {
                teller.failure(config, &error, None);
                return Ok((kept.failed(&error), None));
            }
        };
        let kept = Self {
            identity: credentials.identity(),
            origins: credentials.origins().iter().collect(),
            ..kept
        };
        // An outer failure is an interrupt.
        let status = async { Ok::<_, Failure>(credentials.status().await) };
        match waiting::wait(&credentials, status)? {
            Ok(status) => {
                let kept = kept.with(config, status);
                let hint = kept.hint(config, &credentials);
                Ok((kept, hint))
            }
            Err(error) => {
                teller.failure(config, &error, None);
                Ok((kept.failed(&error), None))
            }
        }
    }

    fn with(self, config: &Config, status: Status) -> Self {
        let scopes = |scope: &String| scope.split_whitespace().map(str::to_owned).collect();
        Self {
            store: store(config, &status),
            identity: status.username.clone().or(self.identity),
            username: status.username,
            has_token: Some(status.has_token),
            expires_at: status.expires_at.and_then(rfc_3339),
            expires_in: status.expires_at.map(|end| left(end).as_secs()),
            scopes: status.scope.as_ref().map(scopes),
            has_refresh_token: Some(status.has_refresh_token),
            server_clock_ahead_seconds: status.server_clock_ahead,
            end: status.expires_at,
            has_session: status.has_session,
            ..self
        }
    }

    fn failed(self, error: &Error) -> Self {
        let is_wrong = error.kind() == ErrorKind::Configuration;
        Self { is_wrong, error: Some(summary(error)), ..self }
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
    fn hint(&self, config: &Config, credentials: &Credentials) -> Option<String> {
        if self.has_token == Some(true) {
            return None;
        }
        let needs_login = credentials.needs_login() && !self.has_session;
        if needs_login {
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
    format!("{sign}{}", words(std::time::Duration::from_secs(difference)))
}

/// Gives where tokens are kept; `None` for a provider that keeps none.
fn store(config: &Config, status: &Status) -> Option<String> {
    let entry = config.provider().and_then(|name| config.registry().get(name));
    let in_memory = || entry.is_some_and(Entry::is_cached).then(|| "memory".to_owned());
    status.store.clone().or_else(in_memory)
}

fn domain(config: &Config) -> Option<String> {
    let settings = config.settings().into_iter();
    let mut in_force = settings.filter(|setting| !setting.is_withheld);
    match in_force.find(|setting| setting.key == "credentials.domain")?.value {
        Some(View::Text(domain)) => Some(domain),
        _ => None,
    }
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
