//! `config check --network`: gets a new token, and says what happens step by step.

use authn::{Credentials, Entry, ErrorKind, Status, Token, config::Config};

use crate::{
    commands::{entry, waiting},
    exit::Failure,
    output,
    style::time::{left, words},
};

pub(super) fn run(config: &Config) -> Result<(), Failure> {
    let credentials = config.credentials()?;
    if credentials.is_per_request() {
        output::tell("token: it is that of the request being served, so there is none to get here");
        return Ok(());
    }
    let Some(token) = waiting::wait(&credentials, obtain(config, &credentials))? else {
        output::tell(
            "token: this provider has none, only headers or a query; `authn header` prints headers",
        );
        return Ok(());
    };
    output::tell(&format!("token: {}", described(&token)));
    Ok(())
}

/// Gets a token that no store had; `None` from a provider that never has one.
async fn obtain(config: &Config, credentials: &Credentials) -> authn::Result<Option<Token>> {
    if entry(config).is_some_and(Entry::is_cached) {
        let kept = credentials.status().await?;
        output::tell(&format!("session: {}", described_kept(&kept)));
        if kept.has_token {
            let old = credentials.token().await?;
            credentials.invalidate(&old);
        }
        output::tell("exchange: asking for a new token");
    }
    match credentials.token().await {
        Err(error) if error.kind() == ErrorKind::NoToken => Ok(None),
        token => token.map(Some),
    }
}

fn described_kept(kept: &Status) -> String {
    let token = match (kept.has_token, kept.expires_at) {
        (false, _) => "no token is kept",
        (true, None) => "a token is kept",
        (true, Some(end)) => &format!("a token with {} left is kept", words(left(end))),
    };
    let refresh = if kept.has_refresh_token { ", and a refresh token" } else { "" };
    format!("{token}{refresh}")
}

fn described(token: &Token) -> String {
    let life = match token.expires_at() {
        Some(end) => format!("{} left", words(left(end))),
        None => "nobody says how long it lives".to_owned(),
    };
    match token.scope() {
        Some(scope) => format!("there is one, {life}, good for {scope}"),
        None => format!("there is one, {life}"),
    }
}
