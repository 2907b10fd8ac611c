//! A service that calls another one with the token of whoever asks it.
//!
//! ```text
//! user ── X-Foundry-AccessToken: … ──> service ── Authorization: Bearer … ──> downstream
//! ```
//!
//! The service holds no token and names none: [`AppServiceLayer`] lends each incoming request to the code
//! that serves it, and the provider `app_service` takes the token from there, for that request alone. The
//! two users in `tests/two_users.rs` never get each other's answers, though all their questions go over one
//! connection.

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

/// What the downstream takes for a token: this, and the user's name.
pub const TOKEN_PREFIX: &str = "token-of-";

/// Gives the configuration of the service, whose downstream is at an address.
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

/// Makes the credentials of a configuration. A program would call [`authn::load`]; this one shall do the
/// same on every machine, so it looks at nothing else.
pub fn credentials(configuration: &str) -> authn::Result<Credentials> {
    Loader::new()
        .environment(Environment::empty())
        .inline("the example's configuration", configuration)
        .load()
}

/// Makes a client that sends many requests over one connection. Everything here is on the loopback
/// interface, so the machine's proxy has no part in it.
pub fn client(credentials: Credentials) -> Result<Client> {
    Client::from_builder(reqwest::Client::builder().no_proxy().http2_prior_knowledge(), credentials)
}

/// Makes the service. It asks its downstream twice to answer one question.
pub fn router(client: Client, downstream: SocketAddr) -> Router {
    Router::new()
        .route("/", get(answer))
        .with_state(Downstream { client, address: downstream })
        .layer(AppServiceLayer::new())
}

/// Makes the downstream API, which wants a token on every request.
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

/// Gives the user whom the token of a request belongs to.
fn user(headers: &HeaderMap) -> std::result::Result<String, StatusCode> {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| value.strip_prefix("Bearer "));
    let user = token.and_then(|token| token.strip_prefix(TOKEN_PREFIX));
    user.map(str::to_owned).ok_or(StatusCode::UNAUTHORIZED)
}
