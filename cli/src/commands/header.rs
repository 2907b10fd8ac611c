//! `header`: prints the headers that authorise a request, for `curl -H @-`.

use authn::{Origins, Url};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use super::waiting;
use crate::{
    app::App,
    exit::{Code, Failure},
    output,
};

/// What `header` takes.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example: authn header | curl -H @- https://api.example.com/v1/things")]
pub(crate) struct Arguments {
    /// Address of the request; the configured domain's unless given
    #[arg(long)]
    url: Option<String>,

    /// Method of the request
    #[arg(long, default_value = "GET")]
    method: Method,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let (_, credentials) = waiting::load(app)?;
    let uri = match &arguments.url {
        Some(url) => parse(url)?,
        None => default(credentials.origins())?,
    };
    let (mut parts, ()) = http::Request::new(()).into_parts();
    parts.method = arguments.method.clone();
    parts.uri = uri.clone();
    waiting::wait(&credentials, credentials.authorize(&mut parts))?;
    if parts.uri != uri {
        let message = "this provider puts the credential into the query, not into a header";
        return Err(Failure::new(Code::Configuration, message)
            .with_help("choose a header in its options, if the server takes one"));
    }
    if parts.headers.is_empty() {
        let message = "this provider adds no header to such a request";
        return Err(Failure::new(Code::Configuration, message)
            .with_help("`authn config show` tells how it is configured"));
    }
    Ok(output::data(lines(&parts.headers))?)
}

/// Reads an address. What is wrong with it is said without repeating it: it may hold a password.
fn parse(url: &str) -> Result<Uri, Failure> {
    let url = Url::parse(url).ok().filter(Url::has_host);
    url.and_then(|url| url.as_str().parse().ok()).ok_or_else(|| {
        Failure::new(Code::Usage, "what `--url` gives is no address")
            .with_help("write it as `--url https://api.example.com/path`")
    })
}

/// The first origin that is one host's.
fn default(origins: &Origins) -> Result<Uri, Failure> {
    if origins.is_empty() {
        let message = "these credentials are bound to no origin, so no request gets any";
        return Err(Failure::new(Code::Configuration, message)
            .with_help("set `credentials.domain` or `credentials.origins`"));
    }
    let one_host = origins.iter().find(|origin| !origin.contains('*'));
    one_host.and_then(|origin| format!("{origin}/").parse().ok()).ok_or_else(|| {
        Failure::new(Code::Usage, "the configured origins name no single host")
            .with_help("say which with `--url https://host/path`")
    })
}

/// One header a line, in bytes: a header's value need not be a text.
fn lines(headers: &HeaderMap) -> Vec<u8> {
    let line = |(name, value): (&HeaderName, &HeaderValue)| {
        [spelt(name).as_bytes(), b": ", value.as_bytes(), b"\n"].concat()
    };
    headers.iter().flat_map(line).collect()
}

/// Spells a header's name as people do: `X-Api-Key`. It is ASCII, and not empty.
fn spelt(name: &HeaderName) -> String {
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    name.as_str().split_inclusive('-').map(capital).collect()
}
