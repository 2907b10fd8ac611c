//! What a protected resource says of itself: its authorization server and its scopes (RFC 9728).
//!
//! Everything here comes from a place that nobody has configured. So a document is used only if it is of the resource
//! that was asked for, redirects stay within their origin, and a resource at a public address leads only to public ones.

mod document;
#[cfg(test)]
mod tests;

use authn::{
    Error, ErrorKind, Result, Url,
    http::{HttpClient, HttpResponse, Reach, StatusCode},
    private::Challenge,
};

use crate::token_endpoint::{Address, unavailable};

pub use document::Found;

/// Returns what a protected resource says of itself. Nothing is sent to the server that it names.
pub async fn discover_resource(url: &str, http: &HttpClient) -> Result<Found> {
    let address = Address::parse(url).ok_or_else(|| {
        Error::configuration("this is not the address of a resource")
            .with_help("write it like `https://api.example.com/mcp`")
    })?;
    discover(&address, None, http).await
}
use document::Document;

/// The path before the resource's own one at which its metadata are (RFC 9728, 3).
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// Asks a resource, and then the places where its metadata can be. Nothing is sent to the server that it names.
///
/// `configured` is the address as the user wrote it.
pub(super) async fn discover(
    configured: &Address,
    pinned: Option<&Address>,
    http: &HttpClient,
) -> Result<Found> {
    authn::http::check(configured.url(), false)?;
    let reach = http.reach(configured.url()).await?;
    let challenge = challenge(configured.url(), &within(reach, http)).await?;
    follow(challenge, configured, pinned, reach, http).await
}

/// Reads the metadata that a challenge names, or else those at the well-known places.
async fn follow(
    challenge: Answer,
    configured: &Address,
    pinned: Option<&Address>,
    reach: Reach,
    http: &HttpClient,
) -> Result<Found> {
    // What the resource itself says must come from the same kind of address as the resource.
    let of_resource = within(reach, http);
    let of_others = within(reach.of_named(), http);
    let mut seen = Vec::new();
    let named = match &challenge.metadata {
        Some(named) => vec![checked(named)?],
        None => well_known_urls(configured.url()),
    };
    let client = if challenge.metadata.is_some() { &of_others } else { &of_resource };
    for url in named {
        let response = client.get(&url).same_origin_redirects().send().await?;
        match response.status() {
            status if status.is_success() => {
                let document = Document::read(&response, configured)?;
                return document.found(challenge.scopes, reach, pinned);
            }
            status if is_unavailable(status) => return Err(unavailable(&response)),
            status => seen.push(format!("{}: status {}", url.path(), status.as_u16())),
        }
    }
    Err(Error::protocol(format!(
        "the resource names no authorization server ({})",
        seen.join("; ")
    ))
    .with_help("check `resource_url`, or set `issuer_url` in its place"))
}

fn within(reach: Reach, http: &HttpClient) -> HttpClient {
    let mut http = http.clone();
    http.set_reach(reach);
    http
}

/// What a resource answers to a request without a token.
#[derive(Default)]
struct Answer {
    metadata: Option<String>,
    scopes: Vec<String>,
}

/// Asks the resource itself. It fails only if the resource can't be reached: any other answer has no challenge.
async fn challenge(url: &Url, http: &HttpClient) -> Result<Answer> {
    match http.get(url).same_origin_redirects().head_only().send().await {
        Ok(response) => Ok(Answer::of(&response)),
        // Such as a redirect to a page where users log in.
        Err(error) if error.kind() == ErrorKind::Protocol => Ok(Answer::default()),
        Err(error) => Err(error),
    }
}

impl Answer {
    fn of(response: &HttpResponse) -> Self {
        if response.status() != StatusCode::UNAUTHORIZED {
            return Self::default();
        }
        let headers = response.headers();
        let metadata = |one: &Challenge| one.get("resource_metadata").map(str::to_owned);
        let scopes = |one: &Challenge| Some(one.scopes()).filter(|scopes| !scopes.is_empty());
        Self {
            metadata: Challenge::of_token(headers, metadata),
            scopes: Challenge::of_token(headers, scopes).unwrap_or_default(),
        }
    }
}

/// Checks the address of metadata that a challenge names.
fn checked(named: &str) -> Result<Url> {
    let Some(address) = Address::parse(named).filter(|address| !address.has_user()) else {
        return Err(Error::protocol("the resource names no address of its metadata")
            .with_help("correct `resource_metadata` at the resource"));
    };
    if authn::http::check(address.url(), false).is_err() {
        return Err(Error::protocol("the metadata of the resource are not at an https address")
            .with_help("correct `resource_metadata` at the resource"));
    }
    Ok(address.url().clone())
}

/// Returns the places of a resource's metadata: before its path, and at the root (RFC 9728, 3.1).
fn well_known_urls(resource: &Url) -> Vec<Url> {
    let at = |path: &str| {
        let mut url = resource.clone();
        url.set_path(path);
        url.set_fragment(None);
        url
    };
    let path = resource.path().trim_end_matches('/');
    let mut first = at(&format!("{WELL_KNOWN}{path}"));
    first.set_query(resource.query());
    let mut root = at(WELL_KNOWN);
    root.set_query(None);
    if first == root { vec![root] } else { vec![first, root] }
}

fn is_unavailable(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}
