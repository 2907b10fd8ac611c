//! `header`: prints the headers that authorise a request, for `curl -H @-`.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read as _},
};

use authn::{Body, Credentials, Error, Request, ResponseHead, Used, diagnostic::reason};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri,
    header::{CONTENT_TYPE, WWW_AUTHENTICATE},
    request::Parts,
};

use super::{login, token::warn_of_certificate};
use crate::{
    app::App,
    exit::{Code, Failure},
    output,
    protocols::{Address, address, choose_from},
    style::spelt,
    waiting,
};

/// The header of a proof (RFC 9449, 4.1).
const PROOF: &str = "dpop";

/// Longest nonce that is sent back.
const LONGEST_NONCE: usize = 1024;

/// The arguments of `header`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
A provider that signs requests signs the URL, the method and the body. Pass each of them as the request has it. `--data` \
and `--data-binary` mean the same bytes as in curl, and make the method POST. Without them, a GET or HEAD has no body. \
The body of any other method is then not known, which some providers refuse; `--data ''` says that it is empty. The body is \
taken as a form, as in curl, unless `--content-type` says otherwise.

A token that is bound to a key (`dpop`) is printed with a proof for this URL and method, which an API takes once and for a \
short time. If the API answers with a `DPoP-Nonce`, pass it with `--dpop-nonce`, and send the request again. A token that is \
bound to a client certificate needs it too: pass its files to curl with `--cert` and `--key`.

Examples:
  authn header --json https://mcp.example.com/
  authn header | curl -H @- https://api.example.com/v1/things
  authn header --data item=1 | curl -H @- --data item=1 https://api.example.com/
  authn header --data @a.json --content-type application/json \\
    | curl -H @- -H 'Content-Type: application/json' --data @a.json https://api.example.com/")]
pub(crate) struct Arguments {
    /// The same as `--url`
    #[arg(value_name = "URL", value_hint = clap::ValueHint::Url, conflicts_with = "url")]
    address: Option<String>,

    /// URL of the request; it chooses the profile too, unless the active one is for it. Defaults to the configured domain
    #[arg(long)]
    url: Option<String>,

    /// Method of the request [default: GET, or POST with a body]
    #[arg(long)]
    method: Option<Method>,

    /// Body of the request, for providers that sign it; `@FILE` reads a file without its line ends, `@-` the standard input
    #[arg(long, value_name = "TEXT|@FILE", conflicts_with = "data_binary")]
    data: Option<String>,

    /// The same, with the line ends of a file
    #[arg(long, value_name = "TEXT|@FILE")]
    data_binary: Option<String>,

    /// Content type of the body, for providers that sign it [default: application/x-www-form-urlencoded, as curl sends]
    #[arg(long, value_name = "TYPE")]
    content_type: Option<HeaderValue>,

    /// Nonce that the server has answered with as `DPoP-Nonce` (RFC 9449), for tokens that are bound to a key
    #[arg(long, value_name = "NONCE", value_parser = nonce)]
    dpop_nonce: Option<HeaderValue>,

    /// Print one JSON object of names and values
    #[arg(long)]
    json: bool,

    /// Log in first if no user is logged in
    #[arg(long)]
    login: bool,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    // The standard input can be read once.
    let body = body(arguments)?;
    login::first(app, arguments.login, || print(app, arguments, body.as_deref()))
}

fn print(app: &App, arguments: &Arguments, body: Option<&[u8]>) -> Result<(), Failure> {
    let url = arguments.url.as_deref().map(|url| ("--url", url));
    let url = url.or_else(|| Some(("URL", arguments.address.as_deref()?)));
    let (credentials, uri) = chosen(app, url)?;
    if credentials.uses_body() {
        let message = "this provider puts its parameters in the body, which no header can carry";
        return Err(Failure::new(Code::Configuration, message)
            .with_help("set `placement = \"header\"`, if the server accepts that"));
    }
    let usual = if body.is_some() { Method::POST } else { Method::GET };
    let (mut parts, ()) = http::Request::new(()).into_parts();
    parts.method = arguments.method.clone().unwrap_or(usual);
    parts.uri = uri.clone();
    let usual = body.map(|_| HeaderValue::from_static("application/x-www-form-urlencoded"));
    // It is a part of what is signed; the client that sends the request sets it.
    let content_type = arguments.content_type.clone().or(usual);
    parts.headers.extend(content_type.clone().map(|of| (CONTENT_TYPE, of)));
    if let Some(nonce) = &arguments.dpop_nonce {
        tell_nonce(&credentials, &parts, nonce);
    }
    let mut used = Used::default();
    let mut request = Request::from(&mut parts).with_used(&mut used);
    if let Some(body) = body {
        request = request.with_known_body(Body::Bytes(body));
    }
    let authorized = async { credentials.authorize(request).await.map_err(in_words_of_flags) };
    waiting::wait(&credentials, authorized)?;
    if credentials.client_identity(&used).is_some() {
        warn_of_certificate(&app.output);
    }
    if arguments.dpop_nonce.is_some() && !parts.headers.contains_key(PROOF) {
        let message = "`--dpop-nonce` has no effect, because this token is not bound to a key";
        return Err(Failure::new(Code::Usage, message).with_help("leave it out"));
    }
    if parts.uri != uri {
        let message = "this provider puts the credential in the query, not in a header";
        return Err(Failure::new(Code::Configuration, message)
            .with_help("configure a header in the provider's options, if the server accepts one"));
    }
    if parts.headers.get(CONTENT_TYPE) == content_type.as_ref() {
        parts.headers.remove(CONTENT_TYPE);
    }
    if parts.headers.is_empty() {
        let message = "this provider adds no header to such a request";
        return Err(Failure::new(Code::Configuration, message).with_help(format!(
            "run `{}` to see how it is configured",
            app.command_line("config show")
        )));
    }
    if arguments.json {
        return Ok(output::json(&object(&parts.headers)?)?);
    }
    Ok(output::data(lines(&parts.headers))?)
}

/// Returns the credentials for a URL: those of the profile that answers for it, or else the active ones.
fn chosen(app: &App, url: Option<(&str, &str)>) -> Result<(Credentials, Uri), Failure> {
    let Some((option, url)) = url else {
        let (_, credentials) = waiting::load(app)?;
        let uri = default(&credentials)?;
        return Ok((credentials, uri));
    };
    let address = Address::of(address::url(option, url)?)?;
    match choose_from(app, &app.loader(), &address)? {
        Some(chosen) => Ok((chosen.credentials, chosen.uri)),
        None => Ok((waiting::load(app)?.1, address.uri().clone())),
    }
}

/// Returns the headers as an object of JSON. Several values of a header are one with commas (RFC 9110, 5.3).
fn object(headers: &HeaderMap) -> Result<BTreeMap<String, String>, Failure> {
    let mut object: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = str::from_utf8(value.as_bytes()).map_err(|_| {
            let message = "a header is not UTF-8, so it can't be written as JSON";
            Failure::new(Code::Configuration, message).with_help("leave out `--json`")
        })?;
        object
            .entry(spelt(name))
            .and_modify(|values| *values = format!("{values}, {value}"))
            .or_insert_with(|| value.to_owned());
    }
    Ok(object)
}

/// Returns the failure of a signature. What helps a program that does not pass the body is a flag here.
fn in_words_of_flags(error: Error) -> Failure {
    let needs_body = error.help().is_some_and(|help| help.contains("with_known_body"));
    let failure = Failure::from(error);
    if needs_body {
        return failure.with_help(
            "pass the body with `--data`, as curl gets it, or `--data ''` if there is none",
        );
    }
    failure
}

/// Parses a nonce of a server. The providers ignore any other text.
fn nonce(text: &str) -> Result<HeaderValue, String> {
    let is_nonce = (1..=LONGEST_NONCE).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    let value = HeaderValue::from_str(text).ok().filter(|_| is_nonce);
    value.ok_or_else(|| {
        format!("use the value of the header `DPoP-Nonce`: 1 to {LONGEST_NONCE} visible ASCII characters")
    })
}

/// Tells the credentials that the server has refused a request because of its nonce.
fn tell_nonce(credentials: &Credentials, parts: &Parts, nonce: &HeaderValue) {
    let mut headers = HeaderMap::new();
    headers.insert("dpop-nonce", nonce.clone());
    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("DPoP error=\"use_dpop_nonce\""));
    let refused = StatusCode::UNAUTHORIZED;
    let head = ResponseHead::new(&parts.method, &parts.uri, refused, &headers);
    // The request is authorised for the first time anyway.
    let _ = credentials.response(&head, &Used::default());
}

/// Returns the body that the arguments name, as curl would send it.
fn body(arguments: &Arguments) -> Result<Option<Vec<u8>>, Failure> {
    let (option, value) = match (&arguments.data, &arguments.data_binary) {
        (Some(text), _) => ("--data", text),
        (None, Some(text)) => ("--data-binary", text),
        (None, None) => return Ok(None),
    };
    let Some(file) = value.strip_prefix('@') else { return Ok(Some(value.clone().into_bytes())) };
    let mut bytes = Vec::new();
    let read = match file {
        "-" => io::stdin().read_to_end(&mut bytes).map(|_| ()),
        file => fs::read(file).map(|read| bytes = read),
    };
    read.map_err(|error| {
        let message = format!("the file of `{option}` can't be read ({})", reason(&error));
        Failure::new(Code::Usage, message).with_help("check its path and its permissions")
    })?;
    if option == "--data" {
        bytes.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
    }
    Ok(Some(bytes))
}

/// Returns the first origin that is a single host.
fn default(credentials: &Credentials) -> Result<Uri, Failure> {
    if credentials.discovers_origins() {
        return Err(Failure::new(
            Code::Usage,
            "discovery names the hosts, so none is the usual one",
        )
        .with_help("choose the host with `--url https://HOST/PATH`"));
    }
    let origins = credentials.origins();
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
