//! `token`: prints a valid token.

use std::time::Duration;

use authn::{Credentials, Error, ErrorKind, Introspection, Token, config::Config};
use serde::Serialize;

use super::login;
use crate::{
    app::App,
    exit::{Code, Failure},
    output::{self, Output},
    protocols::{Address, address, choose_from},
    style::time,
    waiting,
};

/// The arguments of `token`.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("token.txt"))]
pub(crate) struct Arguments {
    #[command(flatten)]
    wanted: Wanted,

    /// Ask the server about the token, and print its answer as JSON instead of the token
    #[arg(long)]
    introspect: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Which token is wanted.
#[derive(clap::Args, Debug)]
pub(super) struct Wanted {
    /// Get a new token if the cached one expires sooner: `90` (seconds), `5m`, `1h30m`
    #[arg(long, value_name = "DURATION", value_parser = time::duration)]
    min_ttl: Option<Duration>,

    /// Request this scope instead of the configured one; separate several by spaces or commas
    #[arg(long, value_name = "SCOPE", value_parser = scope)]
    scope: Vec<String>,

    /// Use the profile that is for this address, and fail if none is. For tools that send the token there
    #[arg(long, value_name = "URL", value_hint = clap::ValueHint::Url)]
    url: Option<String>,

    /// Log in first if no user is logged in
    #[arg(long)]
    pub(super) login: bool,
}

/// A token, and what else was found out.
pub(super) struct Obtained {
    profile: Option<String>,
    pub(super) token: Token,
    /// What the server says about it, if that was asked for.
    described: Option<Introspection>,
}

/// A token, as in the JSON.
#[derive(Serialize)]
struct Document<'a> {
    token: &'a str,
    r#type: Option<&'a str>,
    expires_at: Option<String>,
    scopes: Option<Vec<&'a str>>,
    profile: Option<&'a str>,
}

/// What the server says about a token, as in the JSON.
#[derive(Serialize)]
struct Description<'a> {
    active: bool,
    scopes: Option<Vec<&'a str>>,
    client_id: Option<&'a str>,
    username: Option<&'a str>,
    subject: Option<&'a str>,
    r#type: Option<&'a str>,
    issuer: Option<&'a str>,
    audience: Vec<&'a str>,
    issued_at: Option<String>,
    expires_at: Option<String>,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    login::first(app, arguments.wanted.login, || print(app, arguments))
}

fn print(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let obtained = obtained(app, &arguments.wanted, arguments.introspect)?;
    if let Some(described) = obtained.described {
        return describe(&described);
    }
    let token = obtained.token;
    if !arguments.json {
        return Ok(output::line(token.secret())?);
    }
    Ok(output::json(&Document {
        token: token.secret(),
        r#type: token.token_type(),
        expires_at: token.expires_at().and_then(time::rfc_3339),
        scopes: token.scope().map(|scope| scope.split_whitespace().collect()),
        profile: obtained.profile.as_deref(),
    })?)
}

/// Gets a token, and warns if it is not all that is wanted.
pub(super) fn obtained(app: &App, wanted: &Wanted, introspect: bool) -> Result<Obtained, Failure> {
    let (config, credentials) = match &wanted.url {
        Some(url) => for_address(app, url)?,
        None => waiting::load(app)?,
    };
    let scopes: Vec<&str> = wanted.scope.iter().flat_map(|scopes| split(scopes)).collect();
    let credentials = if scopes.is_empty() { credentials } else { credentials.with_scope(&scopes) };
    // The question needs the credentials too, so it is asked before the wait closes them.
    let work = async {
        if !credentials.gives_tokens() {
            return Err(without_tokens(app));
        }
        let token = obtain(app, &credentials, wanted.min_ttl).await?;
        let described =
            if introspect { Some(credentials.introspect_token(&token).await?) } else { None };
        Ok((token, described))
    };
    let (token, described) = waiting::wait(&credentials, work)?;
    if described.is_none() {
        if let Some(min_ttl) = wanted.min_ttl {
            warn_if_short(&token, min_ttl, &app.output);
        }
        warn_if_narrow(&token, &scopes, &app.output);
        warn_if_bound(&token, app);
        if credentials.identity_for(&token).is_some() {
            warn_of_certificate(&app.output);
        }
    }
    Ok(Obtained { profile: config.profile().map(str::to_owned), token, described })
}

/// Returns the configuration and the credentials of the profile that is for an address.
fn for_address(app: &App, url: &str) -> Result<(Config, Credentials), Failure> {
    let address = Address::of(address::url("--url", url)?)?;
    let chosen = choose_from(app, &app.loader(), &address)?;
    chosen.map(|chosen| (chosen.config, chosen.credentials)).ok_or_else(|| {
        Failure::new(Code::Configuration, "no profile's credentials are for the address of `--url`")
            .with_help("add it to `credentials.origins` of the profile")
    })
}

/// Prints what the server says about a token.
fn describe(found: &Introspection) -> Result<(), Failure> {
    Ok(output::json(&Description {
        active: found.is_active(),
        scopes: found.scope().map(|scope| scope.split_whitespace().collect()),
        client_id: found.client_id(),
        username: found.username(),
        subject: found.subject(),
        r#type: found.token_type(),
        issuer: found.issuer(),
        audience: found.audience(),
        issued_at: found.issued_at().and_then(time::rfc_3339),
        expires_at: found.expires_at().and_then(time::rfc_3339),
    })?)
}

/// Returns a token that lives for at least `min_ttl`, if one exchange provides it.
async fn obtain(
    app: &App,
    credentials: &Credentials,
    min_ttl: Option<Duration>,
) -> Result<Token, Failure> {
    let Some(min_ttl) = min_ttl else {
        return credentials.token().await.map_err(|error| with_help(app, error));
    };
    let before = credentials.status().await?;
    let token = credentials.token().await.map_err(|error| with_help(app, error))?;
    // A token that was just issued would not be replaced by one that lives longer.
    let is_cached = before.has_token && before.expires_at == token.expires_at();
    if !is_cached || ttl(&token).is_none_or(|ttl| ttl >= min_ttl) {
        return Ok(token);
    }
    credentials.invalidate(&token);
    credentials.token().await.map_err(|error| {
        // A store's error has its own fix, and a session that has ended needs a login.
        if matches!(error.kind(), ErrorKind::Store | ErrorKind::LoginRequired) {
            return error.into();
        }
        Failure::from(error)
            .with_help("leave out `--min-ttl` to print the cached token, which expires sooner")
    })
}

/// Returns the time until a token expires, if it is known.
fn ttl(token: &Token) -> Option<Duration> {
    token.expires_at().map(time::left)
}

fn warn_if_short(token: &Token, min_ttl: Duration, output: &Output) {
    match ttl(token) {
        None => output.warning(
            "the lifetime of this token is unknown, so it may expire sooner than `--min-ttl`",
            None,
        ),
        Some(ttl) if ttl < min_ttl => output.warning(
            &format!(
                "this token expires in {}, sooner than `--min-ttl`, and none with a longer lifetime is available",
                time::words(ttl)
            ),
            None,
        ),
        Some(_) => {}
    }
}

/// Warns if the server granted less than the requested scope (RFC 6749, 3.3).
fn warn_if_narrow(token: &Token, asked: &[&str], output: &Output) {
    let Some(granted) = token.scope() else { return };
    let is_missing = |scope: &&&str| granted.split_whitespace().all(|one| one != **scope);
    let missing: Vec<&str> = asked.iter().filter(is_missing).copied().collect();
    if !missing.is_empty() {
        output.warning(&format!("the server did not grant the scope {}", missing.join(" ")), None);
    }
}

/// Warns if the token is of no use by itself (RFC 9449, 7.1).
fn warn_if_bound(token: &Token, app: &App) {
    if !token.token_type().is_some_and(|name| name.eq_ignore_ascii_case("DPoP")) {
        return;
    }
    let command = app.command_line("header --url URL --method METHOD");
    app.output.warning(
        "this token is bound to a key (DPoP), so an API takes it only with a proof for each request",
        Some(&format!("run `{command}` to print both")),
    );
}

/// Warns that the token is of no use without the client's certificate (RFC 8705, 3).
pub(super) fn warn_of_certificate(output: &Output) {
    output.warning(
        "this token is bound to a client certificate, so an API takes it only on a connection with that certificate",
        Some("pass the files of `certificate` and `certificate_key` to curl with `--cert FILE --key FILE`"),
    );
}

/// Adds help to the error of a provider that never has a token.
fn with_help(app: &App, error: Error) -> Failure {
    if error.kind() == ErrorKind::NoToken { without_tokens(app) } else { error.into() }
}

fn without_tokens(app: &App) -> Failure {
    let message = "this provider has no token that is good by itself: it signs requests, or adds a key to them";
    Failure::new(Code::Usage, message).with_help(format!(
        "run `{}` to print the headers of a request",
        app.command_line("header")
    ))
}

fn scope(text: &str) -> Result<String, &'static str> {
    if split(text).next().is_none() {
        return Err("name at least one scope");
    }
    Ok(text.to_owned())
}

fn split(scopes: &str) -> impl Iterator<Item = &str> {
    scopes.split([' ', ',']).filter(|scope| !scope.is_empty())
}
