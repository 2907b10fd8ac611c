//! A service that calls another one with the token of its caller.
//!
//! ```text
//! user ── X-Foundry-AccessToken: … ──> service ── Authorization: Bearer … ──> downstream
//! ```
//!
//! The service has no token of its own. [`AppServiceLayer`] provides each incoming request to the code that serves it, and
//! the provider `app_service` reads the token from it, only for that request. The two users in `tests/two_users.rs` never
//! get each other's answers, though all their requests use one connection.

use std::{io, net::SocketAddr};

use authn::{
    Credentials, Environment, ErrorKind, Loader,
    app_service::AppServiceLayer,
    reqwest::{Client, Error, Result},
};
use authn_providers as _;
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    routing::get,
};
use tokio::net::TcpListener;

/// The prefix of a token of the downstream API; the rest is the user's name.
pub const TOKEN_PREFIX: &str = "token-of-";

/// Returns the configuration of the service for a downstream at an address.
pub fn configuration(downstream: SocketAddr) -> String {
    format!(
        "[credentials]\n\
         scheme = \"http\"\n\
         domain = \"{downstream}\"\n\
         \n\
         [credentials.app_service]\n\
         incoming_headers = [\"x-foundry-accesstoken\", \"authorization\"]\n\
         lifetime = \"30m\"\n"
    )
}

/// Creates the credentials of a configuration. A program would call [`authn::load`]; this one reads nothing else, so that
/// it does the same on every machine.
pub fn credentials(configuration: &str) -> authn::Result<Credentials> {
    Loader::new().environment(Environment::empty()).defaults(configuration).load()
}

/// Creates a client that sends many requests over one connection. Everything is on the loopback interface, so no proxy is
/// used.
pub fn client(credentials: Credentials) -> Result<Client> {
    Client::from_builder(reqwest::Client::builder().no_proxy().http2_prior_knowledge(), credentials)
}

/// Creates the service. It makes two downstream requests for each incoming one.
pub fn router(client: Client, downstream: SocketAddr) -> Router {
    Router::new()
        .route("/", get(answer))
        .with_state(Downstream { client, address: downstream })
        .layer(AppServiceLayer::new())
}

/// Creates the downstream API, which requires a token on every request.
pub fn downstream() -> Router {
    let name = async |headers: HeaderMap| user(&headers);
    let orders =
        async |headers: HeaderMap| user(&headers).map(|user| format!("2 orders of {user}"));
    Router::new().route("/name", get(name)).route("/orders", get(orders))
}

/// Serves a router on a free port of the loopback interface until the program ends.
pub async fn serve(router: Router) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

#[derive(Clone)]
struct Downstream {
    client: Client,
    address: SocketAddr,
}

impl Downstream {
    async fn ask(&self, path: &str) -> Result<String> {
        let response = self.client.get(format!("http://{}{path}", self.address)).send().await?;
        Ok(response.error_for_status()?.text().await?)
    }
}

async fn answer(
    State(downstream): State<Downstream>,
) -> std::result::Result<String, (StatusCode, String)> {
    let name = downstream.ask("/name").await.map_err(|error| refuse(&error))?;
    let orders = downstream.ask("/orders").await.map_err(|error| refuse(&error))?;
    Ok(format!("{name} has {orders}"))
}

fn refuse(error: &Error) -> (StatusCode, String) {
    let status = match error {
        Error::Authorization(error)
            if matches!(
                error.kind(),
                ErrorKind::NotApplicable | ErrorKind::InvalidToken | ErrorKind::Expired
            ) =>
        {
            StatusCode::UNAUTHORIZED
        }
        _ => StatusCode::BAD_GATEWAY,
    };
    (status, error.to_string())
}

/// Returns the user of a request's token.
fn user(headers: &HeaderMap) -> std::result::Result<String, StatusCode> {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| value.strip_prefix("Bearer "));
    let user = token.and_then(|token| token.strip_prefix(TOKEN_PREFIX));
    user.map(str::to_owned).ok_or(StatusCode::UNAUTHORIZED)
}
