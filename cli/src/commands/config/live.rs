//! `config check --network`: requests a new token, and reports each step.

use authn::{Credentials, Entry, Status, Token, config::Config};

use crate::{
    app::App,
    commands::{entry, new_token},
    exit::Failure,
    output,
    style::time::{left, words},
    waiting,
};

pub(super) fn run(app: &App, config: &Config) -> Result<(), Failure> {
    let credentials = config.credentials()?;
    if credentials.is_per_request() {
        output::message("token: it comes from the incoming request, so there is none to get here");
        return Ok(());
    }
    let Some(token) = waiting::wait(&credentials, obtain(config, &credentials))? else {
        output::message(&format!(
            "token: this provider has none, only headers or query parameters; `{}` prints the headers",
            app.command_line("header")
        ));
        return Ok(());
    };
    output::message(&format!("token: {}", described(&token)));
    Ok(())
}

/// Requests a new token, even if one is stored. Returns `None` if the provider never has a token.
async fn obtain(config: &Config, credentials: &Credentials) -> authn::Result<Option<Token>> {
    if entry(config).is_some_and(Entry::is_cached) {
        let status = credentials.status().await?;
        output::message(&format!("session: {}", described_status(&status)));
        output::message("exchange: requesting a new token");
        return new_token(credentials, status.has_token).await;
    }
    new_token(credentials, false).await
}

fn described_status(status: &Status) -> String {
    let token = match (status.has_token, status.expires_at) {
        (false, _) => "no token is stored",
        (true, None) => "a token is stored",
        (true, Some(end)) => &format!("a token with {} left is stored", words(left(end))),
    };
    let refresh = if status.has_refresh_token { ", and a refresh token" } else { "" };
    format!("{token}{refresh}")
}

fn described(token: &Token) -> String {
    let life = match token.expires_at() {
        Some(end) => format!("{} left", words(left(end))),
        None => "lifetime unknown".to_owned(),
    };
    match token.scope() {
        Some(scope) => format!("available, {life}, scope: {scope}"),
        None => format!("available, {life}"),
    }
}
