//! `header`: prints the headers that authorise a request, for `curl -H @-`.

use authn::{Origins, Url};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use super::waiting;
use crate::{
    app::App,
    exit::{Code, Failure},
    output,
};

/// The arguments of `header`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example: authn header | curl -H @- https://api.example.com/v1/things")]
pub(crate) struct Arguments {
    /// URL of the request; defaults to the configured domain
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
        None => default(&credentials.origins())?,
    };
    let (mut parts, ()) = http::Request::new(()).into_parts();
    parts.method = arguments.method.clone();
    parts.uri = uri.clone();
    waiting::wait(&credentials, credentials.authorize(&mut parts))?;
    if parts.uri != uri {
        let message = "this provider puts the credential in the query, not in a header";
        return Err(Failure::new(Code::Configuration, message)
            .with_help("configure a header in the provider's options, if the server accepts one"));
    }
    if parts.headers.is_empty() {
        let message = "this provider adds no header to such a request";
        return Err(Failure::new(Code::Configuration, message).with_help(format!(
            "run `{}` to see how it is configured",
            app.command_line("config show")
        )));
    }
    Ok(output::data(lines(&parts.headers))?)
}

/// Parses a URL. The error does not repeat it, because it may contain a password.
fn parse(url: &str) -> Result<Uri, Failure> {
    let url = Url::parse(url).ok().filter(Url::has_host);
    url.and_then(|url| url.as_str().parse().ok()).ok_or_else(|| {
        Failure::new(Code::Usage, "the value of `--url` is not a URL")
            .with_help("write it like `--url https://api.example.com/path`")
    })
}

/// Returns the first origin that is a single host.
fn default(origins: &Origins) -> Result<Uri, Failure> {
    if origins.is_empty() {
        let message = "these credentials have no origin, so they are added to no request";
        return Err(Failure::new(Code::Configuration, message)
            .with_help("set `credentials.domain` or `credentials.origins`"));
    }
    let one_host = origins.iter().find(|origin| !origin.contains('*'));
    one_host.and_then(|origin| format!("{origin}/").parse().ok()).ok_or_else(|| {
        Failure::new(Code::Usage, "no configured origin is a single host")
            .with_help("choose the host with `--url https://HOST/PATH`")
    })
}

/// Returns one line for each header, as bytes: a header's value may not be UTF-8.
fn lines(headers: &HeaderMap) -> Vec<u8> {
    let line = |(name, value): (&HeaderName, &HeaderValue)| {
        [spelt(name).as_bytes(), b": ", value.as_bytes(), b"\n"].concat()
    };
    headers.iter().flat_map(line).collect()
}

/// Returns a header's name with capitals, such as `X-Api-Key`. It is ASCII, and not empty.
fn spelt(name: &HeaderName) -> String {
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    name.as_str().split_inclusive('-').map(capital).collect()
}
