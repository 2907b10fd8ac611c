//! The servers of the example: one that issues tokens and has an API, and one at another origin.
//!
//! In practice, others run these servers. You need not read this file to use authn.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;

/// How long a token lives: short enough to watch it expire.
const LIFETIME: Duration = Duration::from_secs(3);

/// The authorization server with its API, and its one client.
#[derive(Clone)]
pub(crate) struct Server(Arc<Inner>);

struct Inner {
    origin: String,
    stranger: String,
    client_secret: String,
    /// The tokens that were issued, and the expiry of each.
    tokens: Mutex<HashMap<String, Instant>>,
}

impl Server {
    /// The identifier of the one client.
    pub(crate) const CLIENT_ID: &str = "quickstart";

    /// Starts both servers on free ports of the loopback interface. They end with the program.
    pub(crate) async fn start() -> io::Result<Self> {
        let stranger = listen().await?;
        let listener = listen().await?;
        let server = Self(Arc::new(Inner {
            origin: origin(&listener)?,
            stranger: origin(&stranger)?,
            client_secret: random(),
            tokens: Mutex::default(),
        }));
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/token", post(issue))
            .route("/notes", get(notes))
            .route("/moved", get(moved))
            .with_state(server.clone());
        tokio::spawn(axum::serve(listener, routes).into_future());
        tokio::spawn(axum::serve(stranger, Router::new().route("/", get(look))).into_future());
        Ok(server)
    }

    /// Scheme, host and port of the server.
    pub(crate) fn origin(&self) -> &str {
        &self.0.origin
    }

    /// Scheme, host and port of the other server.
    pub(crate) fn stranger(&self) -> &str {
        &self.0.stranger
    }

    /// The secret of the registered client.
    pub(crate) fn client_secret(&self) -> &str {
        &self.0.client_secret
    }

    /// The number of tokens that were issued.
    pub(crate) fn issued(&self) -> usize {
        self.tokens(|tokens| tokens.len())
    }

    fn tokens<T>(&self, look: impl FnOnce(&mut HashMap<String, Instant>) -> T) -> T {
        look(&mut self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn knows_client(&self, headers: &HeaderMap) -> bool {
        let expected = format!("{}:{}", Self::CLIENT_ID, self.0.client_secret);
        credential(headers, "Basic ") == Some(&STANDARD.encode(expected))
    }
}

/// A request to the token endpoint.
#[derive(Deserialize)]
struct TokenRequest {
    grant_type: String,
    #[serde(default)]
    scope: String,
}

/// The discovery document.
async fn metadata(State(server): State<Server>) -> Response {
    let issuer = server.origin();
    Json(json!({ "issuer": issuer, "token_endpoint": format!("{issuer}/token") })).into_response()
}

/// The token endpoint: it knows one client and one grant.
async fn issue(
    State(server): State<Server>,
    headers: HeaderMap,
    Form(request): Form<TokenRequest>,
) -> Response {
    if !server.knows_client(&headers) {
        let error = Json(json!({ "error": "invalid_client" }));
        return (StatusCode::UNAUTHORIZED, error).into_response();
    }
    if request.grant_type != "client_credentials" {
        let error = Json(json!({ "error": "unsupported_grant_type" }));
        return (StatusCode::BAD_REQUEST, error).into_response();
    }
    let token = random();
    server.tokens(|tokens| tokens.insert(token.clone(), Instant::now() + LIFETIME));
    Json(json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": LIFETIME.as_secs(),
        "scope": request.scope,
    }))
    .into_response()
}

/// The API: it answers requests with a valid token.
async fn notes(State(server): State<Server>, headers: HeaderMap) -> Response {
    let until = credential(&headers, "Bearer ")
        .and_then(|token| server.tokens(|tokens| tokens.get(token).copied()));
    if until.is_some_and(|until| Instant::now() < until) {
        "buy milk".into_response()
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

/// A page of the API that redirects to the other server.
async fn moved(State(server): State<Server>) -> Redirect {
    Redirect::temporary(server.stranger())
}

/// The other server: it answers whether it received a token.
async fn look(headers: HeaderMap) -> &'static str {
    if headers.contains_key(header::AUTHORIZATION) {
        "thank you for your token"
    } else {
        "I was sent no token"
    }
}

fn credential<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix(scheme)
}

async fn listen() -> io::Result<TcpListener> {
    TcpListener::bind("127.0.0.1:0").await
}

fn origin(listener: &TcpListener) -> io::Result<String> {
    Ok(format!("http://{}", listener.local_addr()?))
}

/// Returns a random text, good enough for a server that runs for some seconds on loopback.
fn random() -> String {
    let half = || RandomState::new().hash_one(Instant::now());
    format!("{:016x}{:016x}", half(), half())
}
