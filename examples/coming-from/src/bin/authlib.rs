//! For users of Authlib's OAuth 2 clients: `update_token`, signed client assertions, a service account, and the login of a
//! web application.
//!
//! ```text
//! authlib update|client_secret_jwt|private_key_jwt|service_account|web https://api.example.com/v1/things
//! ```
//!
//! The server is `ISSUER_URL`, and the client `CLIENT_ID`. Its keys are `CLIENT_SECRET`, or `KEY_ID` in the file
//! `PRIVATE_KEY_FILE`. `update` starts with `REFRESH_TOKEN`. `web` prints the address for the user's browser, and reads the
//! one at `REDIRECT_URI` that the browser comes back to.

#![expect(clippy::print_stdout, reason = "it is a program for a terminal")]

use std::{collections::HashMap, env, error::Error, io, sync::Arc};

use authn::{
    Credentials, CredentialsBuilder, PendingLogin, Result, SecretString, TokenSet, Update,
    options::OptionValue, reqwest::Client,
};
use authn_providers::{JwtBearer, OAuth, OAuthBuilder};
use coming_from::{origin, variable};
use tokio::sync::Mutex;

/// The program's table of tokens. A row is found by its refresh token.
#[derive(Clone, Default)]
struct Database(Arc<Mutex<HashMap<String, Row>>>);

struct Row {
    user: &'static str,
    tokens: Option<TokenSet>,
    updates: u32,
}

impl Database {
    async fn insert(&self, refresh_token: &str, row: Row) {
        self.0.lock().await.insert(refresh_token.to_owned(), row);
    }

    /// Replaces the tokens of the row that has the previous refresh token, in one step.
    async fn update_token(self, update: Update) -> Result<()> {
        let Some(previous) = update.previous_refresh_token() else { return Ok(()) };
        let mut rows = self.0.lock().await;
        let Some(mut row) = rows.remove(&*previous.expose()) else {
            return Err(authn::Error::store("no row has the previous refresh token"));
        };
        let had = if update.previous_access_token().is_some() { "another" } else { "no" };
        row.updates += 1;
        println!("update {} of {}, who had {had} access token", row.updates, row.user);
        row.tokens = Some(update.tokens().clone());
        // A server that sends no new refresh token means the previous one.
        let refresh_token = update.tokens().refresh_token().unwrap_or(previous).expose();
        rows.insert(refresh_token.to_string(), row);
        Ok(())
    }

    async fn tokens_of(&self, user: &str) -> Option<TokenSet> {
        self.0.lock().await.values().find(|row| row.user == user)?.tokens.clone()
    }
}

/// A user's provider, which writes each change to the database.
fn of_user(refresh_token: &str, database: &Database) -> Result<CredentialsBuilder> {
    let database = database.clone();
    Ok(OAuth::builder()
        .issuer_url(variable("ISSUER_URL")?)
        .client_id(variable("CLIENT_ID")?)
        .client_secret(variable("CLIENT_SECRET")?)
        .refresh_token(refresh_token)
        .credentials()
        .on_update(move |update| database.clone().update_token(update)))
}

async fn update(url: &str) -> Result<Credentials> {
    let (database, first) = (Database::default(), variable("REFRESH_TOKEN")?);
    database.insert(&first, Row { user: "alice", tokens: None, updates: 0 }).await;
    let credentials = of_user(&first, &database)?.origin(&origin(url)?).build()?;
    credentials.token().await?;
    credentials.refresh().await?;
    credentials.close().await;

    // The program starts again, with the tokens that it has.
    let credentials = of_user(&first, &database)?.origin(&origin(url)?).build()?;
    if let Some(tokens) = database.tokens_of("alice").await {
        credentials.adopt(tokens).await?;
    }
    credentials.refresh().await?;
    Ok(credentials)
}

fn client_secret_jwt() -> Result<CredentialsBuilder> {
    Ok(OAuth::builder()
        .issuer_url(variable("ISSUER_URL")?)
        .client_id(variable("CLIENT_ID")?)
        .client_secret(variable("CLIENT_SECRET")?)
        .token_endpoint_auth_method("client_secret_jwt")
        .credentials())
}

fn private_key_jwt() -> Result<CredentialsBuilder> {
    Ok(OAuth::builder()
        .issuer_url(variable("ISSUER_URL")?)
        .client_id(variable("CLIENT_ID")?)
        .private_key(SecretString::read_file(variable("PRIVATE_KEY_FILE")?)?)
        .key_id(variable("KEY_ID")?)
        .credentials())
}

fn service_account() -> Result<CredentialsBuilder> {
    Ok(JwtBearer::builder()
        .issuer_url(variable("ISSUER_URL")?)
        .issuer("robot@example.com")
        .scope("read")
        .private_key(OptionValue::reference("file", &variable("PRIVATE_KEY_FILE")?))
        .key_id(variable("KEY_ID")?) // `kid` in the header
        .claims(OptionValue::table([("team", "reports")]))
        .client_id(variable("CLIENT_ID")?)
        .credentials())
}

/// A provider of the web application's client.
fn web_client() -> Result<OAuthBuilder> {
    Ok(OAuth::builder()
        .issuer_url(variable("ISSUER_URL")?)
        .client_id(variable("CLIENT_ID")?)
        .client_secret(variable("CLIENT_SECRET")?)
        .grant_type("authorization_code")
        .scope("openid offline_access read")
        .prompt("consent"))
}

/// The login of a web application: two requests of the user's browser to the program.
async fn web(url: &str) -> std::result::Result<Credentials, Box<dyn Error>> {
    let logins = web_client()?.build()?;
    let (address, pending) = logins.authorization_url(&variable("REDIRECT_URI")?).await?;
    let cookie = pending.to_secret(); // for the browser's encrypted cookie
    println!("{address}");

    let mut returned = String::new();
    io::stdin().read_line(&mut returned)?;
    let pending = PendingLogin::from_secret(&cookie)?;
    let tokens = logins.complete(pending, returned.trim()).await?;
    println!("logged in: {:?}", tokens.username());

    // Each user has credentials of their own.
    let user = web_client()?.credentials().origin(&origin(url)?).build()?;
    user.adopt(tokens).await?;
    Ok(user)
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn Error>> {
    let [what, url] = &env::args().skip(1).collect::<Vec<_>>()[..] else {
        return Err("usage: authlib update|client_secret_jwt|… URL".into());
    };
    let credentials = match what.as_str() {
        "update" => update(url).await?,
        "client_secret_jwt" => client_secret_jwt()?.origin(&origin(url)?).build()?,
        "private_key_jwt" => private_key_jwt()?.origin(&origin(url)?).build()?,
        "service_account" => service_account()?.origin(&origin(url)?).build()?,
        "web" => web(url).await?,
        other => return Err(format!("there is no {other}").into()),
    };
    let client = Client::new(credentials)?;
    println!("with the token: {}", client.get(url).send().await?.status());
    println!("without it: {}", client.get(url).withhold_token().send().await?.status());
    client.credentials().close().await; // waits for a running exchange, and starts no more
    Ok(())
}
