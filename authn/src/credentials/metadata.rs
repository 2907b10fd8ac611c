//! `Credentials::metadata`: the credential as metadata of gRPC calls.

use http::{HeaderMap, HeaderName, Method, Uri, uri::PathAndQuery};

use super::Credentials;
use crate::{Body, Error, Request, Result, Token, Used};

/// How often the credential is put together: a token may be replaced in between, but hardly twice.
const TRIES: usize = 3;

impl Credentials {
    /// Returns the credential as metadata of gRPC calls: pairs of a name in lower case and a value that is marked as
    /// sensitive. A call that finds a valid token does not wait.
    ///
    /// It is for clients that take metadata for each call, or for a stream of messages. The names are those of the configured
    /// place, such as `header = "token"` with `header_prefix = ""`. With tonic, [`authn::tonic`](crate::tonic) adds
    /// them to each call.
    ///
    /// No address is checked here, because metadata has none: pass the pairs only to a server that the credentials are for.
    /// Where a provider has several credentials, they are those of the configured `domain`, or else of the first origin. Where
    /// a server names the origins, the token is waited for first.
    ///
    /// # Errors
    ///
    /// It fails with [`Configuration`](crate::ErrorKind::Configuration) for a credential that is in the query or the body, that
    /// signs each request, or whose name ends in `-bin`, which gRPC has for binary values; and where no origin is
    /// known, because neither a domain nor an origin is configured.
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
        if self.awaits_server() {
            self.token().await?;
        }
        if let Some(metadata) = self.try_metadata() {
            return metadata;
        }
        for _ in 0..TRIES {
            let [mut one, mut other] = self.calls()?;
            self.authorize(one.request()).await?;
            self.authorize(other.request()).await?;
            if let Some(metadata) = same(&one, other) {
                return metadata;
            }
        }
        Err(signed())
    }

    /// Does what [`metadata`](Self::metadata) does; `None` if that needs waiting.
    pub fn try_metadata(&self) -> Option<Result<HeaderMap>> {
        if self.awaits_server() {
            return None;
        }
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
            if let Some(metadata) = same(&one, other) {
                return Some(metadata);
            }
        }
        Some(Err(signed()))
    }

    /// Returns an address of the server whose metadata they are.
    fn server(&self) -> Option<Uri> {
        let base = self.base_url().map(String::from);
        let origin = base.or_else(|| self.origins().iter().find(|origin| !origin.contains('*')));
        origin.and_then(|origin| origin.parse().ok())
    }

    /// Returns whether the first token tells which servers they are for.
    fn awaits_server(&self) -> bool {
        self.discovers_origins() && self.server().is_none()
    }

    /// Returns two calls at different addresses of the same origin.
    fn calls(&self) -> Result<[Call; 2]> {
        let origin = self.server().ok_or_else(|| {
            Error::configuration(
                "these credentials name no server, so they can't be the metadata of a call",
            )
            .with_help("set `credentials.domain` or `credentials.origins`")
        })?;
        Ok([("/a", Method::POST), ("/another/path", Method::GET)]
            .map(|(path, method)| Call::new(method, at(&origin, path))))
    }
}

/// A request whose headers alone are used.
struct Call {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    used: Used,
}

impl Call {
    fn new(method: Method, uri: Uri) -> Self {
        let (headers, used) = Default::default();
        Self { method, uri, headers, used }
    }

    fn request(&mut self) -> Request<'_> {
        Request::new(&self.method, &mut self.uri, &mut self.headers)
            .for_call()
            .with_known_body(Body::Bytes(b""))
            .with_used(&mut self.used)
    }

    fn token(&self) -> Option<&str> {
        self.used.token().map(Token::secret)
    }

    /// Returns the headers with a mark in place of the token.
    fn without_token(&self) -> Vec<(&HeaderName, String)> {
        let token = self.token().filter(|token| !token.is_empty());
        let shown = self.headers.iter().map(|(name, value)| {
            let text = String::from_utf8_lossy(value.as_bytes());
            (name, token.map_or_else(|| text.to_string(), |token| text.replace(token, "\0")))
        });
        shown.collect()
    }
}

/// Returns what two calls have in common, which is all but a token that is another one for each; `None` if something else was
/// replaced with the token in between. A signature is another one for each, too.
fn same(one: &Call, other: Call) -> Option<Result<HeaderMap>> {
    let is_same = one.headers == other.headers || one.without_token() == other.without_token();
    if is_same {
        return Some(Ok(other.headers));
    }
    (one.token() == other.token()).then(|| Err(signed()))
}

fn signed() -> Error {
    Error::configuration(
        "these credentials sign each request, so they can't be the metadata of a call",
    )
    .with_help("authorise each call, such as with `authn::tonic::AuthLayer`")
}

/// Returns an address of an origin.
fn at(origin: &Uri, path: &'static str) -> Uri {
    let mut parts = origin.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::from_static(path));
    Uri::from_parts(parts).unwrap_or_else(|_| origin.clone())
}
