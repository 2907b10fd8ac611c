//! `token`: prints a valid token, for anything that takes one.

use std::time::Duration;

use authn::{Credentials, Error, ErrorKind, Token};
use serde::Serialize;

use super::waiting;
use crate::{
    app::App,
    exit::{Code, Failure},
    output::{self, Output},
    style::time,
};

/// What `token` takes.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("token.txt"))]
pub(crate) struct Arguments {
    /// Get a new token if the one that is kept ends sooner: `90`, `5m`, `1h30m`
    #[arg(long, value_name = "DURATION", value_parser = time::duration)]
    min_ttl: Option<Duration>,

    /// Ask for this scope, not the configured one; several with a space or a comma, or the flag again
    #[arg(long, value_name = "SCOPE", value_parser = scope)]
    scope: Vec<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A token, as JSON has it.
#[derive(Serialize)]
struct Document<'a> {
    token: &'a str,
    r#type: Option<&'a str>,
    expires_at: Option<String>,
    scopes: Option<Vec<&'a str>>,
    profile: Option<&'a str>,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let (config, credentials) = waiting::load(app)?;
    let scopes: Vec<&str> = arguments.scope.iter().flat_map(|scopes| split(scopes)).collect();
    let credentials = if scopes.is_empty() { credentials } else { credentials.with_scope(&scopes) };
    let token = waiting::wait(&credentials, obtain(&credentials, arguments.min_ttl))?;
    if let Some(min_ttl) = arguments.min_ttl {
        warn_if_short(&token, min_ttl, &app.output);
    }
    warn_if_narrow(&token, &scopes, &app.output);
    if !arguments.json {
        return Ok(output::line(token.secret())?);
    }
    Ok(output::json(&Document {
        token: token.secret(),
        r#type: token.token_type(),
        expires_at: token.expires_at().and_then(time::rfc_3339),
        scopes: token.scope().map(|scope| scope.split_whitespace().collect()),
        profile: config.profile(),
    })?)
}

/// Returns a token that lives so long, if one exchange can bring it.
async fn obtain(credentials: &Credentials, min_ttl: Option<Duration>) -> Result<Token, Failure> {
    let Some(min_ttl) = min_ttl else {
        return credentials.token().await.map_err(explained);
    };
    let kept = credentials.status().await?;
    let token = credentials.token().await.map_err(explained)?;
    // Another one would live no longer than a token that the server has just given.
    let is_kept = kept.has_token && kept.expires_at == token.expires_at();
    if !is_kept || ttl(&token).is_none_or(|ttl| ttl >= min_ttl) {
        return Ok(token);
    }
    credentials.invalidate(&token);
    credentials.token().await.map_err(|error| {
        Failure::from(error).with_help(
            "the token that is kept ends too soon for `--min-ttl`; leave that out to get it all the same",
        )
    })
}

/// Returns how long a token lives, if that is known.
fn ttl(token: &Token) -> Option<Duration> {
    token.expires_at().map(time::left)
}

fn warn_if_short(token: &Token, min_ttl: Duration, output: &Output) {
    match ttl(token) {
        None => output.warning(
            "nobody says when this token ends, so it may be sooner than `--min-ttl` asks for",
        ),
        Some(ttl) if ttl < min_ttl => output.warning(&format!(
            "this token ends in {}, sooner than `--min-ttl` asks for, and there is none that lives longer",
            time::words(ttl)
        )),
        Some(_) => {}
    }
}

/// Servers may grant less than what is asked for (RFC 6749, 3.3), and say so.
fn warn_if_narrow(token: &Token, asked: &[&str], output: &Output) {
    let Some(granted) = token.scope() else { return };
    let is_missing = |scope: &&&str| granted.split_whitespace().all(|one| one != **scope);
    let missing: Vec<&str> = asked.iter().filter(is_missing).copied().collect();
    if !missing.is_empty() {
        output.warning(&format!("the server has not granted the scope {}", missing.join(" ")));
    }
}

/// Says what to do with a provider that never has a token.
fn explained(error: Error) -> Failure {
    if error.kind() == ErrorKind::NoToken {
        return Failure::new(Code::Provider, "this provider has no token, only headers or a query")
            .with_help("`authn header` prints what it puts on a request");
    }
    error.into()
}

fn scope(text: &str) -> Result<String, &'static str> {
    if split(text).next().is_none() {
        return Err("name at least one");
    }
    Ok(text.to_owned())
}

fn split(scopes: &str) -> impl Iterator<Item = &str> {
    scopes.split([' ', ',']).filter(|scope| !scope.is_empty())
}
