//! `Credentials::metadata`: the credential as metadata of gRPC calls.

use http::{HeaderMap, Method, Uri, uri::PathAndQuery};

use super::Credentials;
use crate::{Body, Error, Request, Result, Token, Used, request::no_query};

/// How often the credential is put together: a token may be replaced in between, but hardly twice.
const TRIES: usize = 3;

impl Credentials {
    /// Returns the credential as metadata of gRPC calls: pairs of a name in lower case and a value that is marked as
    /// sensitive. A call that finds a valid token does not wait.
    ///
    /// It is for clients that take metadata for each call, or for a stream of messages. The names are those of the configured
    /// place, such as `header = "token"` with `header_prefix = ""`. With tonic, [`authn::tonic`](crate::tonic) adds them to each
    /// call.
    ///
    /// No address is checked here, because metadata has none: pass the pairs only to a server that the credentials are for.
    /// Where a provider has several credentials, they are those of the configured `domain`, or else of the first origin.
    ///
    /// # Errors
    ///
    /// It fails with [`Configuration`](crate::ErrorKind::Configuration) for a credential that is in the query or the body, or
    /// that signs each request, and where neither a domain nor an origin is configured.
    ///
    /// ```
    /// use authn::{Credentials, Placement, Token};
    /// # use http::HeaderName;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> authn::Result<()> {
    /// # let source = authn::from_fn(|_| async { Token::new("abc") });
    /// # let builder = Credentials::builder().source(source).domain("api.example.com");
    /// let place = Placement::header(HeaderName::from_static("token"), "");
    /// let credentials = builder.placement(place).build()?;
    /// for (name, value) in &credentials.metadata().await? {
    ///     assert_eq!((name.as_str(), value.to_str().unwrap()), ("token", "abc"));
    /// }
    /// assert!(credentials.try_metadata().is_some_and(|now| now.is_ok()));
    /// # Ok(()) }
    /// ```
    pub async fn metadata(&self) -> Result<HeaderMap> {
        if let Some(metadata) = self.try_metadata() {
            return metadata;
        }
        for _ in 0..TRIES {
            let [mut one, mut other] = self.calls()?;
            self.authorize(one.request()).await?;
            self.authorize(other.request()).await?;
            if let Some(metadata) = same(one, &other) {
                return metadata;
            }
        }
        Err(signed())
    }

    /// Does what [`metadata`](Self::metadata) does; `None` if that needs waiting.
    pub fn try_metadata(&self) -> Option<Result<HeaderMap>> {
        for _ in 0..TRIES {
            let [mut one, mut other] = match self.calls() {
                Ok(calls) => calls,
                Err(error) => return Some(Err(error)),
            };
            for call in [&mut one, &mut other] {
                if let Err(error) = self.try_authorize(&mut call.request())? {
                    return Some(Err(error));
                }
            }
            if let Some(metadata) = same(one, &other) {
                return Some(metadata);
            }
        }
        Some(Err(signed()))
    }

    /// Returns two calls at different addresses of the same origin.
    fn calls(&self) -> Result<[Call; 2]> {
        let base = self.base_url().map(String::from);
        let origin = base.or_else(|| self.origins().iter().find(|origin| !origin.contains('*')));
        let origin = origin.and_then(|origin| origin.parse::<Uri>().ok()).ok_or_else(|| {
            Error::configuration("these credentials name no server whose metadata they could be")
                .with_help("set `credentials.domain` or `credentials.origins`")
        })?;
        Ok([("/a", Method::POST), ("/another/path", Method::GET)]
            .map(|(path, method)| Call::new(method, at(&origin, path))))
    }
}

/// A request whose headers alone are used.
struct Call {
    method: Method,
    asked: Uri,
    uri: Uri,
    headers: HeaderMap,
    used: Used,
}

impl Call {
    fn new(method: Method, uri: Uri) -> Self {
        let (headers, used) = Default::default();
        Self { method, asked: uri.clone(), uri, headers, used }
    }

    fn request(&mut self) -> Request<'_> {
        Request::new(&self.method, &mut self.uri, &mut self.headers)
            .with_known_body(Body::Bytes(b""))
            .with_used(&mut self.used)
    }
}

/// Returns what two calls have in common, which is all; `None` if the token was replaced in between. A signature is another
/// one for each.
fn same(one: Call, other: &Call) -> Option<Result<HeaderMap>> {
    if one.uri != one.asked {
        return Some(Err(no_query()));
    }
    if one.headers == other.headers {
        return Some(Ok(one.headers));
    }
    let is_same_token =
        one.used.token().map(Token::secret) == other.used.token().map(Token::secret);
    is_same_token.then(|| Err(signed()))
}

fn signed() -> Error {
    Error::configuration("these credentials sign each request, so they are no metadata of calls")
        .with_help("authorise each call, such as with `authn::tonic::AuthLayer`")
}

/// Returns an address of an origin.
fn at(origin: &Uri, path: &'static str) -> Uri {
    let mut parts = origin.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::from_static(path));
    Uri::from_parts(parts).unwrap_or_else(|_| origin.clone())
}
