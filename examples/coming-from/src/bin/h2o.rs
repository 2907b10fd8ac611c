//! For users of h2o-authn: a token provider with all its arguments, with both interfaces, and one for each user of a
//! server program.
//!
//! ```text
//! h2o https://api.example.com/v1/things alice bob alice
//! h2o --service mlops-api alice   # discovers the server and the service
//! ```
//!
//! It requests the address once for each name, as a server program does that serves these users. The refresh tokens are
//! in `REFRESH_TOKEN` and, for each user, in `REFRESH_TOKEN_ALICE` and so on. The server is in `ISSUER_URL` or
//! `TOKEN_ENDPOINT_URL`, the client in `CLIENT_ID` and, if it has a secret, `CLIENT_SECRET`. With a discovery, the
//! address of the environment is in `H2O_CLOUD_ENVIRONMENT`, and the refresh token in
//! `H2O_CLOUD_CLIENT_PLATFORM_TOKEN`.

#![expect(clippy::print_stdout, reason = "it is a program for a terminal")]

use std::{
    collections::HashMap,
    env,
    error::Error,
    time::{Duration, SystemTime},
};

use authn::{Credentials, Result, blocking, reqwest::Client};
use authn_providers::{H2oCloud, H2oDiscovery, OAuth};
use coming_from::{optional, origin, variable};

/// Creates a provider for requests to the origin of an address.
fn provider(refresh_token: String, url: &str) -> Result<Credentials> {
    OAuth::builder()
        .refresh_token(refresh_token)
        .client_id(variable("CLIENT_ID")?)
        .client_secret(optional("CLIENT_SECRET")) // `None` leaves an option unset
        .issuer_url(optional("ISSUER_URL")) // this one
        .token_endpoint_url(optional("TOKEN_ENDPOINT_URL")) // or this one
        .scope("read write")
        .expiry_threshold(Duration::from_secs(5))
        .expires_in_fallback(Duration::from_secs(30))
        .minimal_refresh_period(Duration::from_secs(1))
        .credentials()
        .origin(&origin(url)?)
        .build()
}

/// Creates a provider for requests to the services that a discovery names. `None` leaves the refresh token to the variable
/// `H2O_CLOUD_CLIENT_PLATFORM_TOKEN`.
fn discovered(discovery: &H2oDiscovery, refresh_token: Option<String>) -> Result<Credentials> {
    H2oCloud::builder()
        .discovery(discovery)
        .client("platform")
        .refresh_token(refresh_token)
        .expiry_threshold(Duration::from_secs(5))
        .expires_in_fallback(Duration::from_secs(30))
        .minimal_refresh_period(Duration::from_secs(1))
        .build()
}

/// Requests a service of the environment, first for the user who runs the program, and then for each user.
fn discover(
    service: &str,
    users: impl Iterator<Item = String>,
) -> std::result::Result<(), Box<dyn Error>> {
    let discovery = H2oDiscovery::discover_blocking(None)?;
    let service = discovery.service(service).ok_or("the environment has no such service")?;
    let mut refresh_tokens = vec![None];
    for user in users {
        refresh_tokens.push(Some(variable(&format!("REFRESH_TOKEN_{}", user.to_uppercase()))?));
    }
    for refresh_token in refresh_tokens {
        let provider = discovered(&discovery, refresh_token)?;
        let client = blocking::reqwest::Client::new(provider.into())?;
        println!("{}", client.get(service.uri()).send()?.status());
    }
    Ok(())
}

/// The providers of a server program's users. Each user keeps one for all requests, because the server may replace the
/// refresh token at each exchange.
#[derive(Default)]
struct Users(HashMap<String, Client>);

impl Users {
    fn client(&mut self, user: &str, url: &str) -> std::result::Result<Client, Box<dyn Error>> {
        if let Some(client) = self.0.get(user) {
            return Ok(client.clone());
        }
        let refresh_token = variable(&format!("REFRESH_TOKEN_{}", user.to_uppercase()))?;
        let client = Client::new(provider(refresh_token, url)?)?;
        self.0.insert(user.to_owned(), client.clone());
        Ok(client)
    }
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let usage = "usage: h2o URL USER…, or h2o --service NAME USER…";
    let url = arguments.next().ok_or(usage)?;
    if url == "--service" {
        return discover(&arguments.next().ok_or(usage)?, arguments);
    }

    let provider = provider(variable("REFRESH_TOKEN")?, &url)?;
    let sync = blocking::Credentials::from(provider.clone());
    let token = sync.token()?;
    let text: &str = token.secret();
    println!("a token of {} characters", text.len());
    println!("exp: {:?}", token.expires_at().map(|exp| exp > SystemTime::now()));
    println!("scope: {:?}", token.scope());

    let runtime = tokio::runtime::Runtime::new()?;
    let same = runtime.block_on(provider.token())?;
    println!("both interfaces have the same token: {}", same.secret() == token.secret());
    let read = runtime.block_on(provider.with_scope(&["read"]).token())?;
    println!("scope of the clone: {:?}", read.scope());

    runtime.block_on(async {
        let mut users = Users::default();
        for user in arguments {
            let response = users.client(&user, &url)?.get(&url).send().await?;
            println!("{user}: {} {}", response.status(), response.text().await?);
        }
        Ok(())
    })
}
