//! `Metadata`: what a server says of itself at its well-known addresses (RFC 8414, 2; RFC 8628, 4; RFC 8705, 5;
//! RFC 9101, 10.5; RFC 9126, 5; RFC 9207, 3).

use std::{sync::Arc, time::Duration};

use authn::{Error, ErrorKind, Result, diagnostic::no_address, http::Said};

use super::{
    Address, Endpoint,
    response::{Member, Object},
    template, with,
};

/// The names of the documents, in the order in which they are asked for (OpenID Connect Discovery 1.0, 4; RFC 8414, 3).
pub(super) const DOCUMENTS: [&str; 2] = ["openid-configuration", "oauth-authorization-server"];

/// Longest issuer that is shown, in bytes.
const LONGEST: usize = 300;

/// The member with other addresses of endpoints, for clients that show a certificate (RFC 8705, 5).
pub(super) const ALIASES: &str = "mtls_endpoint_aliases";

/// A server's documents.
#[derive(Clone)]
pub(crate) struct Metadata {
    pub(super) documents: [Document; 2],
    /// Whether they come from an `https` address.
    pub(super) is_secure: bool,
}

/// What there is at one of the addresses.
#[derive(Clone)]
pub(super) enum Document {
    NotAsked,
    /// Metadata of the configured issuer. Members of any type are kept, because most are not used.
    Found(Arc<Object>),
    /// Anything else, in a few words, with what the server says.
    Missing {
        what: String,
        said: Said,
    },
    /// The server could not answer now.
    Unavailable {
        what: String,
        wait: Option<Duration>,
    },
    /// Metadata of another issuer than the expected one.
    OfAnother {
        named: String,
        expected: String,
    },
}

impl Document {
    pub(super) fn missing(what: impl Into<String>) -> Self {
        Self::Missing { what: what.into(), said: Said::default() }
    }

    /// Returns the error of metadata of another issuer. It shows both.
    fn mismatch(&self) -> Option<Error> {
        let Self::OfAnother { named, expected } = self else { return None };
        let expected = match expected.split_once(['?', '#']) {
            Some((before, _)) => &format!("{before}?***"),
            None => expected,
        };
        if let Some(what) = not_shown(named) {
            let message = format!("the server at `{expected}` names another issuer, {what}");
            return Some(Error::protocol(message).with_help("check `issuer_url`"));
        }
        let is_slash = named.trim_end_matches('/') == expected.trim_end_matches('/');
        let more = if is_slash { ", which differs in the slash at the end" } else { "" };
        let message = format!("the server at `{expected}` calls itself `{named}`{more}");
        Some(Error::protocol(message).with_help(format!(
            "if that is the right server, set `issuer_url` to `{named}`, exactly so"
        )))
    }

    /// Adds what the server says instead of its metadata.
    fn add_said(&self, error: Error) -> Error {
        match self {
            Self::Missing { said, .. } => said.clone().add_to(error),
            _ => error,
        }
    }
}

/// Returns why an issuer is not shown. Of an address, neither a user nor a query is: configurations don't show them either.
fn not_shown(issuer: &str) -> Option<&'static str> {
    let Some(address) = Address::parse(issuer) else { return Some(no_address(issuer)) };
    let url = address.url();
    if !matches!(url.scheme(), "https" | "http") {
        Some("an address of another scheme")
    } else if address.has_user() {
        Some("an address with a user name or a password")
    } else if url.query().is_some() || url.fragment().is_some() {
        Some("an address with a query or a fragment, which no issuer has")
    } else {
        (issuer.len() > LONGEST).then_some("an address that is too long to be shown")
    }
}

impl Metadata {
    /// Returns whether all documents that are needed have been read: one, and one with the endpoint if one is asked for.
    pub(super) fn suffices(&self, endpoint: Option<Endpoint>) -> bool {
        self.found().any(|found| endpoint.is_none_or(|endpoint| address(found, endpoint).is_some()))
    }

    /// Returns an endpoint of the server.
    pub(super) fn endpoint(&self, endpoint: Endpoint) -> Result<Address> {
        let Some(found) = self.found().find_map(|found| address(found, endpoint)) else {
            return Err(self.lacks(endpoint));
        };
        self.checked(found, endpoint, endpoint.member())
    }

    /// Returns an endpoint for clients that show a certificate: its alias (RFC 8705, 5), or else the endpoint itself.
    pub(super) fn mutual_tls_endpoint(&self, endpoint: Endpoint) -> Result<Address> {
        let member = format!("{ALIASES}.{}", endpoint.member());
        let alias = |found: &Object| Address::parse(found.get(&member).text()?);
        match self.found().find_map(alias).filter(|_| endpoint.can_be_mutual_tls()) {
            Some(found) => self.checked(found, endpoint, &member),
            None => self.endpoint(endpoint),
        }
    }

    /// Fails if an address in the metadata is not as secure as the issuer's.
    fn checked(&self, found: Address, endpoint: Endpoint, member: &str) -> Result<Address> {
        if self.is_secure && found.url().scheme() != "https" {
            let [_, option, _] = endpoint.texts();
            return Err(Error::protocol(format!(
                "`{member}` in the metadata of an https issuer is not an https address"
            ))
            .with_help(format!("correct the server's metadata, or set `{option}`")));
        }
        // A browser opens the authorization endpoint, so the HTTP client would not check it.
        authn::http::check(found.url(), false)
            .map_err(|error| error.at(format_args!("`{member}` in the metadata")))?;
        Ok(found)
    }

    /// Returns whether the server promises to name its issuer in answers to the redirect address (RFC 9207, 3). If
    /// so, an answer without `iss` is not the server's.
    pub(crate) fn names_itself_in_answers(&self) -> bool {
        self.says("authorization_response_iss_parameter_supported")
    }

    /// Returns whether the server accepts only pushed authorization requests (RFC 9126, 5).
    pub(crate) fn wants_pushed_requests(&self) -> bool {
        self.says("require_pushed_authorization_requests")
    }

    /// Returns whether the server accepts only signed request objects (RFC 9101, 10.5).
    pub(crate) fn wants_request_objects(&self) -> bool {
        self.says("require_signed_request_object")
    }

    /// Returns the algorithms that may sign a request object; none if the server does not name them (OpenID Connect
    /// Discovery 1.0, 3).
    pub(crate) fn request_object_algorithms(&self) -> impl Iterator<Item = &str> {
        self.found()
            .flat_map(|found| found.get("request_object_signing_alg_values_supported").texts())
    }

    /// Returns whether a document that was read names an endpoint.
    pub(crate) fn names(&self, endpoint: Endpoint) -> bool {
        self.found().any(|found| address(found, endpoint).is_some())
    }

    /// Returns the algorithms of the proofs that the server takes (RFC 9449, 5.1); `None` if it takes none.
    pub(crate) fn proof_algorithms(&self) -> Option<Vec<String>> {
        self.found().find_map(|found| match found.get("dpop_signing_alg_values_supported") {
            Member::List(algorithms) => {
                Some(algorithms.iter().map(|name| name.as_str().to_owned()).collect())
            }
            _ => None,
        })
    }

    /// Returns whether the server offers PKCE with SHA-256 (RFC 7636, 6.2).
    pub(crate) fn offers_s256(&self) -> bool {
        self.lists("code_challenge_methods_supported", "S256")
    }

    /// Returns whether the server takes the address of a client's metadata as its identifier.
    pub(crate) fn takes_client_documents(&self) -> bool {
        self.says("client_id_metadata_document_supported")
    }

    /// Returns whether the server names a grant type among those that it supports (RFC 8414, 2).
    pub(crate) fn names_grant_type(&self, name: &str) -> bool {
        self.lists("grant_types_supported", name)
    }

    /// Returns whether a list of the metadata has a text; `None` if there is no such list.
    pub(crate) fn list_has(&self, member: &str, wanted: &str) -> Option<bool> {
        let is_list = |found: &Object| matches!(found.get(member), Member::List(_));
        self.found().any(is_list).then(|| self.lists(member, wanted))
    }

    /// Fails if there are no metadata at all.
    pub(super) fn check(&self) -> Result<()> {
        if self.suffices(None) {
            return Ok(());
        }
        let all = self.summary(|_| String::new());
        if let Some(error) =
            self.unavailable(&format!("the issuer's metadata can't be read ({all})"))
        {
            return Err(error.with_help("try again later"));
        }
        Err(self.documents.iter().find_map(Document::mismatch).unwrap_or_else(|| {
            let error = Error::protocol(format!("the issuer has no metadata ({all})"))
                .with_help("check `issuer_url` or, of Keycloak, `keycloak_url` and `realm`; without metadata, set `token_endpoint_url` instead");
            self.documents[0].add_said(error)
        }))
    }

    /// Returns the issuer if it is a [template].
    pub(crate) fn template(&self) -> Option<&str> {
        let issuer = self.found().find_map(|found| found.get("issuer").text());
        issuer.filter(|issuer| template::is_one(issuer))
    }

    /// Returns the methods by which clients can authenticate (RFC 8414, 2); none if the server does not name them.
    pub(crate) fn client_methods(&self) -> impl Iterator<Item = &str> {
        const MEMBER: &str = "token_endpoint_auth_methods_supported";
        self.found().flat_map(|found| found.get(MEMBER).texts())
    }

    /// Returns the error of an endpoint that no document names.
    fn lacks(&self, endpoint: Endpoint) -> Error {
        let ([name, option, more], member) = (endpoint.texts(), endpoint.member());
        let all = self.summary(|found| match found.get(member) {
            Member::Absent => format!("no `{member}`"),
            _ => format!("`{member}` is not an address"),
        });
        let message = format!("the server's metadata name no {name} ({all})");
        let error = self.unavailable(&message).unwrap_or_else(|| Error::protocol(message));
        error.with_help(format!("set `{option}` {more}"))
    }

    /// Returns the error if the server could not answer now at one of the addresses.
    fn unavailable(&self, message: &str) -> Option<Error> {
        let wait = |document: &Document| match document {
            Document::Unavailable { wait, .. } => Some(*wait),
            _ => None,
        };
        let wait = self.documents.iter().filter_map(wait).max()?;
        Some(with(Error::new(ErrorKind::Network, message), wait, Error::with_retry_after))
    }

    /// Returns what there is at each address. `of_found` is what to say of metadata.
    fn summary(&self, of_found: impl Fn(&Object) -> String) -> String {
        let lines = DOCUMENTS.iter().zip(&self.documents).map(|(name, document)| {
            let what = match document {
                Document::NotAsked => "not asked for".to_owned(),
                Document::Found(found) => of_found(found),
                Document::Missing { what, .. } | Document::Unavailable { what, .. } => what.clone(),
                Document::OfAnother { .. } => "of another issuer".to_owned(),
            };
            format!("{name}: {what}")
        });
        lines.collect::<Vec<_>>().join("; ")
    }

    fn says(&self, member: &str) -> bool {
        self.found().any(|found| matches!(found.get(member), Member::Boolean(true)))
    }

    fn lists(&self, member: &str, wanted: &str) -> bool {
        self.found().any(|found| found.get(member).texts().any(|text| text == wanted))
    }

    fn found(&self) -> impl Iterator<Item = &Object> {
        self.documents.iter().filter_map(|document| match document {
            Document::Found(found) => Some(&**found),
            _ => None,
        })
    }
}

fn address(found: &Object, endpoint: Endpoint) -> Option<Address> {
    Address::parse(found.get(endpoint.member()).text()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(is_secure: bool, json: &str) -> Metadata {
        let found = Object::parse(json.as_bytes(), None).unwrap();
        let documents = [Document::Found(Arc::new(found)), Document::missing("status 404")];
        Metadata { documents, is_secure }
    }

    #[test]
    fn metadata_of_an_https_issuer_name_https_endpoints() {
        for endpoint in [
            Endpoint::Authorization,
            Endpoint::DeviceAuthorization,
            Endpoint::Token,
            Endpoint::Revocation,
            Endpoint::Jwks,
        ] {
            let member = endpoint.member();
            let of = |is_secure, url: &str| {
                metadata(is_secure, &format!("{{\"{member}\":\"{url}\"}}")).endpoint(endpoint)
            };
            assert!(of(true, "https://a.test/x").is_ok());
            for url in [
                "http://127.0.0.1/x",
                "http://localhost:8080/x",
                "http://a.test/x",
                "ws://a.test/x",
            ] {
                let error = of(true, url).map(drop).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Protocol, "{url}");
                assert!(
                    error.message().starts_with(&format!("`{member}` in the metadata")),
                    "{error}"
                );
            }
            assert!(of(false, "http://127.0.0.1/x").is_ok());
            assert!(of(false, "http://a.test/x").is_err());
        }
    }
}
