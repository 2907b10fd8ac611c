//! `status`: what is kept of the session, without any network.

use std::time::SystemTime;

use authn::{Credentials, Entry, Status, View, config::Config};
use serde::Serialize;

use super::waiting;
use crate::{
    exit::Failure,
    output,
    session::Session,
    table::Table,
    time::{left, rfc_3339, words},
};

/// What `status` takes.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
On a terminal the columns are aligned under headings; otherwise the row is printed alone, with a tab \
between PROFILE, PROVIDER, IDENTITY, TOKEN (`59m left`, `valid` if nobody says how long, or `none`), \
REFRESH (whether a refresh token is kept: `yes` or `no`), STORE, SCOPE and ORIGINS; `-` is for what there \
is not. The JSON is a list of one, with the times as RFC 3339 and in seconds. That nobody is logged in is \
no failure: the exit code is 0.")]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is kept for one profile, as JSON has it.
#[derive(Serialize)]
struct Kept {
    profile: Option<String>,
    provider: Option<String>,
    identity: Option<String>,
    has_token: bool,
    expires_at: Option<String>,
    /// Seconds from now on.
    expires_in: Option<u64>,
    scopes: Option<Vec<String>>,
    has_refresh_token: bool,
    store: Option<String>,
    domain: Option<String>,
    origins: Vec<String>,
    #[serde(skip)]
    end: Option<SystemTime>,
}

pub(super) fn run(session: &Session, arguments: &Arguments) -> Result<(), Failure> {
    let (config, credentials) = waiting::load(session)?;
    let status = waiting::wait(&credentials, credentials.status())?;
    let kept = Kept::of(&config, &credentials, &status);
    if arguments.json {
        return output::json(&[kept]);
    }
    if !kept.has_token {
        output::tell(kept.why_no_token());
    }
    let mut table = Table::new(&[
        "PROFILE", "PROVIDER", "IDENTITY", "TOKEN", "REFRESH", "STORE", "SCOPE", "ORIGINS",
    ]);
    table.row(kept.cells());
    session.output.table(&table)
}

impl Kept {
    fn of(config: &Config, credentials: &Credentials, status: &Status) -> Self {
        let scopes = |scope: &String| scope.split_whitespace().map(str::to_owned).collect();
        Self {
            profile: config.profile().map(str::to_owned),
            provider: config.provider().map(str::to_owned),
            identity: credentials.identity(),
            has_token: status.has_token,
            expires_at: status.expires_at.and_then(rfc_3339),
            expires_in: status.expires_at.map(|end| left(end).as_secs()),
            scopes: status.scope.as_ref().map(scopes),
            has_refresh_token: status.has_refresh_token,
            store: store(config, status),
            domain: domain(config),
            origins: credentials.origins().iter().collect(),
            end: status.expires_at,
        }
    }

    fn cells(self) -> [String; 8] {
        let none = || "-".to_owned();
        let list = |list: Vec<String>, between| match &*list {
            [] => none(),
            list => list.join(between),
        };
        let token = match (self.has_token, self.end) {
            (false, _) => "none".to_owned(),
            (true, None) => "valid".to_owned(),
            (true, Some(end)) => format!("{} left", words(left(end))),
        };
        let refresh = if self.has_refresh_token { "yes" } else { "no" };
        [
            self.profile.unwrap_or_else(none),
            self.provider.unwrap_or_else(none),
            self.identity.unwrap_or_else(none),
            token,
            refresh.to_owned(),
            self.store.unwrap_or_else(none),
            list(self.scopes.unwrap_or_default(), " "),
            list(self.origins, ", "),
        ]
    }

    fn why_no_token(&self) -> &'static str {
        match self.store.as_deref() {
            None => "no token is at hand: `authn token` says what this provider has",
            Some("memory") => {
                "no token is kept: in memory it ends with each program, and each gets its own"
            }
            Some(_) => "no valid token is kept: `authn token` gets one",
        }
    }
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
