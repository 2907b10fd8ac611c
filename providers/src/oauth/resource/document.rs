//! `Document`: the metadata of a resource (RFC 9728, 2), and their checks; `Found`: what is used of them.

use authn::{
    Error, Result,
    config::printable,
    http::{HttpResponse, Reach},
};
use serde::Deserialize;

use crate::token_endpoint::Address;

/// Longest name of a resource that is shown, in characters.
const LONGEST_NAME: usize = 64;

/// What a resource says of itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Found {
    /// The resource as it calls itself, which is the value of the parameter `resource`.
    pub resource: String,
    /// Its name, made safe for a terminal.
    pub name: Option<String>,
    /// The issuer of its authorization server.
    pub issuer: String,
    /// The scopes that it asks for.
    pub scopes: Vec<String>,
    /// Which addresses it may lead to.
    pub(in crate::oauth) reach: Reach,
}

/// The members that are used. Each of another type than expected is an error, because all of them decide where secrets
/// are sent.
#[derive(Deserialize)]
pub(super) struct Document {
    resource: String,
    #[serde(default)]
    authorization_servers: Vec<String>,
    #[serde(default)]
    scopes_supported: Option<Vec<String>>,
    #[serde(default)]
    resource_name: Option<String>,
}

impl Document {
    /// Reads the metadata of a resource. Those of another resource are an error (RFC 9728, 3.3).
    pub(super) fn read(response: &HttpResponse, configured: &Address) -> Result<Self> {
        let document: Self = response.json()?;
        if is_same(&document.resource, configured) {
            return Ok(document);
        }
        Err(Error::protocol(format!(
            "{} has the metadata of another resource than the one that was asked for (RFC 9728, 3.3)",
            response.place()
        ))
        .with_help("log in with the address that the resource's documentation names"))
    }

    /// Returns what is used: `challenged` are the scopes that the resource itself has asked for, and of the servers it is the
    /// first one, unless `pinned` is another one.
    pub(super) fn found(
        self,
        challenged: Vec<String>,
        reach: Reach,
        pinned: Option<&Address>,
    ) -> Result<Found> {
        let is_pinned = |issuer: &&String| pinned.is_some_and(|pinned| pinned.as_str() == **issuer);
        let servers = self.authorization_servers;
        let chosen = servers.iter().find(is_pinned).or_else(|| servers.first());
        let Some(issuer) = chosen.cloned() else {
            return Err(Error::protocol(
                "the metadata of the resource name no authorization server",
            )
            .with_help("set `issuer_url` in place of `resource_url`"));
        };
        let address = Address::parse(&issuer).filter(|address| {
            let url = address.url();
            // Written in another form, it could look like another address to the user who is asked about it.
            let is_plain = url.as_str().trim_end_matches('/') == issuer.trim_end_matches('/');
            authn::http::check(url, false).is_ok()
                && is_plain
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
        });
        if address.is_none() {
            return Err(Error::protocol(
                "the authorization server of the resource is not an https address",
            )
            .with_help("correct `authorization_servers` in the resource's metadata"));
        }
        let is_scope = |scope: &String| {
            let is_part = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
            !scope.is_empty() && scope.bytes().all(is_part)
        };
        let mut scopes = challenged;
        if scopes.is_empty() {
            scopes = self.scopes_supported.unwrap_or_default();
            scopes.retain(is_scope);
        }
        let cut = |name: String| name.chars().take(LONGEST_NAME).collect::<String>();
        let name = self.resource_name.map(|name| printable(&cut(name)));
        Ok(Found { resource: self.resource, name, issuer, scopes, reach })
    }
}

/// Returns whether a resource calls itself what the user has written. The user may write a URL in another form of the
/// same meaning; the resource must not.
fn is_same(named: &str, configured: &Address) -> bool {
    let url = configured.url().as_str();
    // A URL without a path has the path `/` (RFC 3986, 6.2.3).
    let without_path = url.strip_suffix('/').filter(|_| configured.url().path() == "/");
    named == configured.as_str() || named == url || Some(named) == without_path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_calls_itself_what_was_asked_for() {
        for (configured, named, is_expected) in [
            ("https://a.test/mcp", "https://a.test/mcp", true),
            ("HTTPS://A.test:443/mcp", "https://a.test/mcp", true),
            ("https://a.test", "https://a.test/", true),
            ("https://a.test/", "https://a.test", true),
            ("https://a.test/mcp", "https://A.test/mcp", false),
            ("https://a.test/mcp", "https://a.test:443/mcp", false),
            ("https://a.test/mcp", "https://a.test/mcp/", false),
            ("https://a.test/mcp/", "https://a.test/mcp", false),
            ("https://a.test/mcp", "https://a.test", false),
            ("https://a.test/mcp", "https://a.test/mcp#x", false),
            ("https://a.test/mcp", "https://a.test/%6dcp", false),
            ("https://a.test/mcp", "https://b.test/mcp", false),
        ] {
            let address = Address::parse(configured).unwrap();
            assert_eq!(is_same(named, &address), is_expected, "{configured} {named}");
        }
    }
}
