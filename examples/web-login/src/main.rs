//! A web application that logs its users in with OAuth 2, and calls an API for each of them.
//!
//! ```text
//! GET  /          who is logged in, and what the API answers to them
//! GET  /login     sends the browser to the authorization server
//! GET  /callback  the browser comes back
//! POST /logout    revokes the tokens
//! ```
//!
//! Several instances can run behind a proxy: what one of them knows of a browser is in the browser's encrypted cookies,
//! and the rotating refresh tokens are in authn's store. So the key and the store's folder are the same for all.
//!
//! The configuration has the server and the client, and the profile `login` for what only a login needs:
//!
//! ```toml
//! [credentials]
//! domain = "api.example.com"
//! [credentials.oauth]
//! issuer_url = "https://idp.example.com"
//! client_id = "shop"
//! client_secret = { file = "/run/secrets/shop" }
//! scope = "openid offline_access"
//! [profile.login.credentials.oauth]
//! grant_type = "authorization_code"
//! ```
//!
//! The rest are variables:
//!
//! | variable | what |
//! |---|---|
//! | `LISTEN` | address to listen on, such as `127.0.0.1:3000` |
//! | `PUBLIC_URL` | address that browsers see, such as `https://shop.example.com`; `/callback` of it is registered at the server |
//! | `API_URL` | what is asked for each user, such as `https://api.example.com/orders` |
//! | `COOKIE_KEY_FILE` | file with at least 32 random bytes as text: `head -c 48 /dev/urandom \| base64` |
//! | `LOG` | level of the log on standard error, `info` unless set |

#![expect(clippy::print_stdout, reason = "it tells where it listens")]

mod cookies;
mod page;
mod user;

use std::{env, error::Error};

use authn::{Credentials, ErrorKind, SecretString, TokenSet, Url};
use authn_providers as _; // links the built-in providers
use axum::{
    Router,
    extract::{OriginalUri, State},
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY},
    },
    middleware::map_response,
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use axum_extra::extract::cookie::{Key, PrivateCookieJar};
use tokio::net::TcpListener;
use tracing::{info, warn};
use tracing_subscriber::filter::LevelFilter;

use cookies::Cookies;
use user::User;

/// What all requests share.
#[derive(Clone)]
struct App {
    /// For logins alone. Each user has credentials of their own.
    logins: Credentials,
    redirect_uri: Url,
    api: Url,
    cookie_key: Key,
    cookies: Cookies,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let level = env::var("LOG").ok().map_or(Ok(LevelFilter::INFO), |level| level.parse())?;
    // No address of a request is logged, because that of the callback contains the code.
    tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).init();

    let public_url: Url = variable("PUBLIC_URL")?.parse()?;
    let app = App {
        logins: authn::load_profile("login")?,
        redirect_uri: public_url.join("/callback")?,
        api: variable("API_URL")?.parse()?,
        cookie_key: cookies::key(&SecretString::read_file(variable("COOKIE_KEY_FILE")?)?)?,
        cookies: Cookies { are_secure: public_url.scheme() == "https" },
    };
    let router = Router::new()
        .route("/", get(home))
        .route("/login", get(login))
        .route("/callback", get(callback))
        // A POST, because browsers send cookies that are `SameSite=Lax` with no POST of another site.
        .route("/logout", post(logout))
        .layer(map_response(protect))
        .with_state(app);
    let listener = TcpListener::bind(variable("LISTEN")?).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

/// Shows who is logged in, and what the API answers to them.
async fn home(State(app): State<App>, jar: PrivateCookieJar) -> Response {
    let Some(user) = app.cookies.user(&jar) else { return page::welcome().into_response() };
    match user.call(app.api.clone()).await {
        Ok(answer) => page::home(&user.name, &answer).into_response(),
        // The server has ended the session.
        Err(error) if user::is_logged_out(&error) => {
            (app.cookies.without_user(jar), page::welcome()).into_response()
        }
        Err(error) => {
            warn!(%error, "the API did not answer");
            page::failed(StatusCode::BAD_GATEWAY, "The API does not answer. Try again later.")
                .into_response()
        }
    }
}

/// Sends the browser to the authorization server. A cookie keeps the login until it comes back.
async fn login(State(app): State<App>, jar: PrivateCookieJar) -> Response {
    match app.logins.authorization_url(app.redirect_uri.as_str()).await {
        Ok((url, pending)) => {
            (app.cookies.with_login(jar, &pending), Redirect::to(url.as_str())).into_response()
        }
        Err(error) => {
            warn!(%error, "a login was not started");
            page::failed(StatusCode::BAD_GATEWAY, "Nobody can log in now. Try again later.")
                .into_response()
        }
    }
}

/// Completes the login of the browser that has come back. Any instance can: the cookie has all that it takes.
async fn callback(
    State(app): State<App>,
    OriginalUri(requested): OriginalUri,
    jar: PrivateCookieJar,
) -> Response {
    // The cookie is deleted whatever happens, because a login is completed once.
    let (jar, pending) = app.cookies.take_login(jar);
    let completed = match pending {
        Ok(pending) => app.logins.complete(pending, &requested.to_string()).await,
        Err(error) => Err(error),
    };
    match completed {
        Ok(tokens) => log_in(&app, jar, &tokens),
        Err(error) => {
            info!(%error, "a login was not completed");
            let text = match error.kind() {
                ErrorKind::Cancelled => "You did not log in.",
                ErrorKind::LoginRequired => "The login took too long, or was started elsewhere.",
                ErrorKind::Network => "The server can't be reached. Try again later.",
                _ => "The login failed.",
            };
            (jar, page::failed(StatusCode::BAD_REQUEST, text)).into_response()
        }
    }
}

/// Starts the session of a user who has logged in.
fn log_in(app: &App, jar: PrivateCookieJar, tokens: &TokenSet) -> Response {
    match User::of(tokens) {
        Ok(user) => (app.cookies.with_user(jar, &user), Redirect::to("/")).into_response(),
        Err(why) => {
            warn!("{why}");
            (jar, page::failed(StatusCode::BAD_REQUEST, "The login failed.")).into_response()
        }
    }
}

/// Ends the session here and at the authorization server.
async fn logout(State(app): State<App>, jar: PrivateCookieJar) -> Response {
    if let Some(user) = app.cookies.user(&jar)
        && let Err(error) = user.log_out().await
    {
        warn!(%error, "the tokens were not revoked");
    }
    (app.cookies.without_user(jar), Redirect::to("/")).into_response()
}

/// Keeps addresses and pages to this browser: the address of the callback contains the code.
async fn protect(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let policy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'";
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("the environment variable {name} is not set"))
}
