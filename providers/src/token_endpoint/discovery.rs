//! `Discovery`: a server's metadata with its endpoints (RFC 8414, OpenID Connect Discovery 1.0). They are fetched when
//! they are first needed, and cached for an hour.
//!
//! There are two addresses. The second one is asked if the first one fails, or lacks an endpoint that is needed: some
//! servers publish, for example, their device authorization endpoint only there.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use authn::{
    Context, Error, ErrorKind, Result, Url,
    http::{HttpResponse, StatusCode, describe, header},
    time::Moment,
};
use tracing::{Instrument as _, debug_span, info};

use super::{
    Address, Endpoint,
    metadata::{ALIASES, DOCUMENTS, Document, Metadata},
    response::Object,
    template, with,
};

/// How long metadata are cached. Endpoints rarely change, but a process can run for months.
const LIFETIME: Duration = Duration::from_hours(1);

/// Fetches and caches one issuer's metadata.
#[derive(Default)]
pub(crate) struct Discovery(Mutex<Option<Kept>>);

#[derive(Clone)]
struct Kept {
    metadata: Arc<Metadata>,
    until: Moment,
}

impl Discovery {
    /// Returns the metadata, if they were read, without asking for them.
    pub(crate) fn known(&self) -> Option<Arc<Metadata>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().map(|kept| Arc::clone(&kept.metadata))
    }

    /// Returns the metadata of the server at `address`, whose issuer identifier must be `issuer`.
    pub(crate) async fn metadata(
        &self,
        address: &Address,
        issuer: &str,
        context: &Context,
    ) -> Result<Arc<Metadata>> {
        self.read(address, issuer, None, context).await
    }

    /// Returns an endpoint of that server.
    pub(crate) async fn endpoint(
        &self,
        address: &Address,
        issuer: &str,
        endpoint: Endpoint,
        context: &Context,
    ) -> Result<Address> {
        self.read(address, issuer, Some(endpoint), context).await?.endpoint(endpoint)
    }

    /// Returns an endpoint of that server for clients that show a certificate.
    pub(crate) async fn mutual_tls_endpoint(
        &self,
        address: &Address,
        issuer: &str,
        endpoint: Endpoint,
        context: &Context,
    ) -> Result<Address> {
        self.read(address, issuer, Some(endpoint), context).await?.mutual_tls_endpoint(endpoint)
    }

    /// Asks for documents until they suffice.
    async fn read(
        &self,
        address: &Address,
        issuer: &str,
        endpoint: Option<Endpoint>,
        context: &Context,
    ) -> Result<Arc<Metadata>> {
        let now = context.clock().now();
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let kept = kept.filter(|kept| !kept.until.reached(now)).unwrap_or_else(|| Kept {
            metadata: Arc::new(Metadata {
                documents: [Document::NotAsked, Document::NotAsked],
                is_secure: address.url().scheme() == "https",
            }),
            until: now.plus(LIFETIME),
        });
        if kept.metadata.suffices(endpoint) {
            return Ok(kept.metadata);
        }
        let span = debug_span!(
            "discovery",
            server.address = address.url().host_str(),
            server.port = address.url().port_or_known_default(),
        );
        let (started, fields) = (Instant::now(), address.url());
        let known = Metadata::clone(&kept.metadata);
        // On the heap: the futures of logins, which have it in them, are large.
        let asked = Box::pin(ask_for_more(known, address, issuer, endpoint, context));
        let asked = asked.instrument(span).await;
        let error = asked.as_ref().err();
        info!(
            server.address = fields.host_str(),
            server.port = fields.port_or_known_default(),
            error.message = error.map(Error::message),
            authn.duration = started.elapsed().as_secs_f64(),
            "{}",
            if error.is_none() { "metadata read" } else { "metadata not read" }
        );
        let metadata = Arc::new(asked?);
        let kept = Kept { metadata: Arc::clone(&metadata), until: kept.until };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok(metadata)
    }
}

/// Asks for the documents that are not known until they suffice.
async fn ask_for_more(
    mut metadata: Metadata,
    address: &Address,
    issuer: &str,
    endpoint: Option<Endpoint>,
    context: &Context,
) -> Result<Metadata> {
    for (index, url) in well_known_urls(address.url()).into_iter().enumerate() {
        let known = &mut metadata.documents[index];
        if matches!(known, Document::NotAsked | Document::Unavailable { .. }) {
            *known = ask(&url, issuer, context).await?;
            if metadata.suffices(endpoint) {
                break;
            }
        }
    }
    metadata.check()?;
    Ok(metadata)
}

/// Requests the metadata of the server at `address`, and returns any answer: the second one if the server can't answer
/// at the first address.
pub(crate) async fn ask_for_metadata(address: &Address, context: &Context) -> Result<HttpResponse> {
    let [first, second] = well_known_urls(address.url());
    let response = context.http().get(&first).send().await?;
    if is_unavailable(response.status()) {
        return context.http().get(&second).send().await;
    }
    Ok(response)
}

/// Asks for one document. Fails only if the server can't be reached, because the other address is at the same server.
async fn ask(url: &Url, issuer: &str, context: &Context) -> Result<Document> {
    let response = match context.http().get(url).send().await {
        Ok(response) => response,
        Err(error) if error.kind() == ErrorKind::Network => return Err(error),
        Err(error) => return Ok(Document::missing(error.message())),
    };
    let status = response.status();
    if !status.is_success() {
        let said = response.said();
        let what = said.summary(status.as_u16());
        return Ok(if is_unavailable(status) {
            Document::Unavailable { what, wait: response.retry_after() }
        } else {
            Document::Missing { what, said }
        });
    }
    let Some(mut found) = Object::parse(response.bytes(), None) else {
        let content_type = response.header(&header::CONTENT_TYPE);
        return Ok(Document::missing(describe(content_type, response.bytes())));
    };
    found.add_members_of(ALIASES, response.bytes());
    // The metadata must name exactly the configured issuer (RFC 8414, 3.3). Otherwise another server could answer in
    // its place.
    Ok(match found.get("issuer").text() {
        None => Document::missing("no `issuer`"),
        Some(named) if named == issuer || template::is_of(named, issuer) => {
            Document::Found(Arc::new(found))
        }
        Some(named) => Document::OfAnother { named: named.to_owned(), expected: issuer.to_owned() },
    })
}

fn is_unavailable(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

/// Returns both well-known URLs: after the issuer's path (OpenID Connect), and before it (RFC 8414, 3).
fn well_known_urls(issuer: &Url) -> [Url; 2] {
    let path = issuer.path().trim_end_matches('/');
    let at = |path: String| {
        let mut url = issuer.clone();
        url.set_path(&path);
        url
    };
    let [openid, oauth] = DOCUMENTS.map(|name| format!(".well-known/{name}"));
    [at(format!("{path}/{openid}")), at(format!("/{oauth}{path}"))]
}

/// Returns the error of a server that can't answer now.
pub(crate) fn unavailable(response: &HttpResponse) -> Error {
    let said = response.said();
    let what = said.summary(response.status().as_u16());
    let error = Error::network(format!("{} answered with {what}", response.place()));
    let error = said.add_to(error.with_help("try again later"));
    with(error, response.retry_after(), Error::with_retry_after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_are_after_or_before_the_issuers_path() {
        let urls = |issuer: &str| well_known_urls(&Url::parse(issuer).unwrap()).map(String::from);
        assert_eq!(
            urls("https://a.test"),
            [
                "https://a.test/.well-known/openid-configuration",
                "https://a.test/.well-known/oauth-authorization-server",
            ]
        );
        assert_eq!(
            urls("https://a.test/realms/x/"),
            [
                "https://a.test/realms/x/.well-known/openid-configuration",
                "https://a.test/.well-known/oauth-authorization-server/realms/x",
            ]
        );
    }
}
