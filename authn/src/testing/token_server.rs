//! `TokenServer`: an authorization server for tests, on loopback.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    convert::Infallible,
    fmt, io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::time::before;

/// Longest body of a request.
const MAX_BODY: usize = 1 << 20;

/// A small OAuth 2 authorization server on the loopback interface, with an API that accepts its tokens.
///
/// It accepts every client. A refresh token is accepted once, and is answered with the next one; if a spent one comes
/// again, all refresh tokens are revoked (RFC 9700, 4.14.2). Access tokens are `access-1`, `access-2`, …, refresh tokens
/// `refresh-1`, …. It ends when it is dropped.
///
/// | path | what it does |
/// |---|---|
/// | `/.well-known/openid-configuration`, `/.well-known/oauth-authorization-server` | the metadata (RFC 8414) |
/// | `/token` | issues tokens for every grant |
/// | `/revoke` | revokes a refresh token or an access token (RFC 7009) |
/// | everything else | the API: 200 with a token of this server in `Authorization: Bearer`, else 401 |
///
/// ```
/// use authn::{Context, Credentials, Result, SecretString, Token, TokenSet, TokenSource, Url, testing::TokenServer};
///
/// /// The provider to test.
/// #[authn::token_provider("sts_of_test", cached)]
/// struct Sts {
///     /// Token endpoint.
///     url: Url,
///     /// Secret of the client.
///     _secret: SecretString,
/// }
///
/// impl TokenSource for Sts {
///     async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
///         let form = [("grant_type", "client_credentials"), ("client_secret", &self._secret.expose())];
///         let answer = context.http().post(&self.url).form(&form).send().await?.success()?;
///         Ok(Token::new(answer.required::<String>("access_token")?)?.into())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = TokenServer::start()?;
/// let credentials = Sts::builder().url(server.url("/token")).secret("s3cr3t").build()?;
/// assert_eq!(credentials.token().await?.secret(), "access-1");
/// assert_eq!(server.token_requests()[0].parameter("client_secret"), Some("s3cr3t"));
///
/// // An API, with requests of `authn::reqwest::Client`:
/// assert_eq!(server.api_requests(), 0);
/// server.revoke_access_tokens();
/// // Users' sessions, and short lifetimes:
/// server.accept_refresh_token("that of alice");
/// server.set_lifetime(std::time::Duration::from_mins(10));
/// // The server is down, and then refuses.
/// server.answer_next(503, "");
/// server.answer_next(400, r#"{ "error": "invalid_client" }"#);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct TokenServer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    /// Ends the server when it is dropped.
    _stop: oneshot::Sender<Infallible>,
}

#[derive(Debug)]
struct State {
    issuer: String,
    lifetime: Duration,
    issued: usize,
    access_tokens: HashSet<String>,
    refresh_tokens: HashSet<String>,
    spent: HashSet<String>,
    answers: VecDeque<(StatusCode, String)>,
    token_requests: Vec<TokenRequest>,
    api_requests: usize,
}

/// A token request that the server has received.
///
/// ```
/// # fn example(server: authn::testing::TokenServer) {
/// let request: &authn::testing::TokenRequest = &server.token_requests()[0];
/// assert_eq!(request.parameter("grant_type"), Some("refresh_token"));
/// assert!(request.authorization().is_none_or(|basic| basic.starts_with("Basic ")));
/// # }
/// ```
#[derive(Clone)]
pub struct TokenRequest {
    parameters: BTreeMap<String, String>,
    authorization: Option<String>,
}

impl TokenServer {
    /// Starts a server on a free port of `127.0.0.1`.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State {
            issuer: format!("http://{address}"),
            lifetime: Duration::from_hours(1),
            issued: 0,
            access_tokens: HashSet::new(),
            refresh_tokens: HashSet::new(),
            spent: HashSet::new(),
            answers: VecDeque::new(),
            token_requests: Vec::new(),
            api_requests: 0,
        }));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let served = Arc::clone(&state);
        thread::Builder::new().name("token-server".to_owned()).spawn(move || {
            // The sender is dropped with the server.
            let end = Box::pin(async {
                let _ = stopped.await;
            });
            let _ = runtime.block_on(before(serve(listener, served), end));
        })?;
        Ok(Self { address, state, _stop: stop })
    }

    /// Returns the address of a path, such as `/token`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns the issuer identifier, for `issuer_url`.
    pub fn issuer_url(&self) -> String {
        self.lock().issuer.clone()
    }

    /// Accepts a refresh token that the server has not issued, such as that of a user.
    pub fn accept_refresh_token(&self, refresh_token: &str) {
        self.lock().refresh_tokens.insert(refresh_token.to_owned());
    }

    /// Sets the lifetime of the next tokens, which is one hour.
    pub fn set_lifetime(&self, lifetime: Duration) {
        self.lock().lifetime = lifetime;
    }

    /// Answers the next token request with this status and body. Several answers are given in their order.
    ///
    /// # Panics
    ///
    /// If the status is not between 100 and 999.
    pub fn answer_next(&self, status: u16, body: impl Into<String>) {
        let Ok(status) = StatusCode::from_u16(status) else {
            panic!("{status} is not an HTTP status")
        };
        self.lock().answers.push_back((status, body.into()));
    }

    /// Revokes all access tokens, so that the API answers with 401 until a request has a new one.
    pub fn revoke_access_tokens(&self) {
        self.lock().access_tokens.clear();
    }

    /// Returns the token requests so far.
    pub fn token_requests(&self) -> Vec<TokenRequest> {
        self.lock().token_requests.clone()
    }

    /// Returns the number of requests to the API so far.
    pub fn api_requests(&self) -> usize {
        self.lock().api_requests
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl TokenRequest {
    /// Returns a parameter of the form.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// Returns the header `Authorization`, by which a client authenticates.
    pub fn authorization(&self) -> Option<&str> {
        self.authorization.as_deref()
    }
}

/// Shows the names of the parameters without their values.
impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.parameters.keys()).finish()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let state = Arc::clone(&state);
        let service = service_fn(move |request| {
            let state = Arc::clone(&state);
            async move { Ok::<_, Infallible>(answer(request, &state).await) }
        });
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(request: Request<Incoming>, state: &Mutex<State>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
        return response(StatusCode::PAYLOAD_TOO_LARGE, &json!({}));
    };
    let authorization = head.headers.get(header::AUTHORIZATION);
    let authorization = authorization.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let form = url::form_urlencoded::parse(&body.to_bytes()).into_owned().collect();
    let request = TokenRequest { parameters: form, authorization };
    let mut state = lock(state);
    let (status, body) = match (&head.method, head.uri.path()) {
        (&Method::GET, path) if path.starts_with("/.well-known/") => {
            (StatusCode::OK, state.metadata())
        }
        (&Method::POST, "/token") => {
            state.token_requests.push(request.clone());
            if let Some((status, body)) = state.answers.pop_front() {
                return with_body(status, body);
            }
            state.issue(&request)
        }
        (&Method::POST, "/revoke") => state.revoke(&request),
        _ => state.api(&request),
    };
    drop(state);
    response(status, &body)
}

impl State {
    fn metadata(&self) -> Value {
        let Self { issuer, .. } = self;
        json!({
            "issuer": issuer,
            "token_endpoint": format!("{issuer}/token"),
            "revocation_endpoint": format!("{issuer}/revoke"),
            "response_types_supported": ["code"],
        })
    }

    fn issue(&mut self, request: &TokenRequest) -> (StatusCode, Value) {
        let renews = request.parameter("grant_type") == Some("refresh_token");
        if let Some(sent) = request.parameter("refresh_token").filter(|_| renews) {
            if !self.refresh_tokens.remove(sent) {
                if self.spent.contains(sent) {
                    self.refresh_tokens.clear();
                }
                return (StatusCode::BAD_REQUEST, json!({ "error": "invalid_grant" }));
            }
            self.spent.insert(sent.to_owned());
        }
        self.issued += 1;
        let access_token = format!("access-{}", self.issued);
        self.access_tokens.insert(access_token.clone());
        let mut answer = json!({
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": self.lifetime.as_secs(),
        });
        if renews {
            let refresh_token = format!("refresh-{}", self.issued);
            self.refresh_tokens.insert(refresh_token.clone());
            answer["refresh_token"] = refresh_token.into();
        }
        if let Some(scope) = request.parameter("scope") {
            answer["scope"] = scope.into();
        }
        (StatusCode::OK, answer)
    }

    fn revoke(&mut self, request: &TokenRequest) -> (StatusCode, Value) {
        if let Some(token) = request.parameter("token") {
            self.refresh_tokens.remove(token);
            self.access_tokens.remove(token);
        }
        (StatusCode::OK, json!({}))
    }

    fn api(&mut self, request: &TokenRequest) -> (StatusCode, Value) {
        self.api_requests += 1;
        let token = request.authorization().and_then(|value| value.strip_prefix("Bearer "));
        if token.is_some_and(|token| self.access_tokens.contains(token)) {
            (StatusCode::OK, json!({ "authorized": true }))
        } else {
            (StatusCode::UNAUTHORIZED, json!({ "authorized": false }))
        }
    }
}

fn response(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    with_body(status, body.to_string())
}

fn with_body(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}
