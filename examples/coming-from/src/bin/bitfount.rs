//! For users of Bitfount's session: its four authentication handlers, as credentials that one session uses.
//!
//! ```text
//! bitfount api_keys|own|device|external [URL…]
//! ```
//!
//! It authenticates, and then requests `HUB_URL`, `AM_URL` (the access manager) and the given addresses, and calls the
//! message service at `MESSAGE_URL`, by gRPC. `BITFOUNT_USER` is the user, `API_KEY_ID` and `API_KEY` are the keys, and
//! `CLIENT_ID` is the client at the authorization server `AUTH_URL`. `JWT` is a first JWT, and `JWT_FILE` the file in
//! which another application renews it.

#![expect(clippy::print_stdout, reason = "it is a program for a terminal")]

use std::time::{Duration, SystemTime};
use std::{env, error::Error};

use authn::options::OptionValue;
use authn::reqwest::Client;
use authn::{Context, Credentials, Login, Request, Result, SecretString, Token, TokenProvider};
use authn::{CredentialsBuilder, hooks::Hook};
use authn_cli::TerminalPrompt;
use authn_providers::{ApiKey, OAuth};
use coming_from::{message_service, optional, variable};

/// API keys, in other headers for each service.
fn api_keys() -> Result<CredentialsBuilder> {
    let (id, key) = (variable("API_KEY_ID")?, variable("API_KEY")?);
    let keys = |service: &str, names: [&str; 2]| -> Result<OptionValue> {
        let headers = OptionValue::table([(names[0], &id), (names[1], &key)]);
        Ok(OptionValue::table([("origin", variable(service)?.into()), ("headers", headers)]))
    };
    let (hub, am) = (keys("HUB_URL", ["x-id", "x-key"])?, keys("AM_URL", ["x-am-id", "x-am-key"])?);
    let messages = keys("MESSAGE_URL", ["x-ms-id", "x-ms-key"])?;
    Ok(ApiKey::builder()
        .r#for([hub, am, messages])
        .username(variable("BITFOUNT_USER")?)
        .credentials())
}

/// A handler of your own.
#[derive(Debug)]
struct Own(SecretString);

impl TokenProvider for Own {
    async fn token(&self, _: &Context) -> Result<Token> {
        Token::new(&*self.0.expose())
    }

    async fn authorize(&self, request: &mut Request<'_>, _: &Context) -> Result<()> {
        request.set_header("x-own", &*self.0.expose())
    }

    fn principal(&self, _: &Context) -> Option<String> {
        optional("BITFOUNT_USER")
    }
}

/// A login by a code on any device, kept in a file, for one user.
fn device() -> Result<CredentialsBuilder> {
    let options = OAuth::builder().grant_type("device_code").issuer_url(variable("AUTH_URL")?);
    let options = options.client_id(variable("CLIENT_ID")?).scope("openid offline_access");
    let options = options.audience(optional("AUDIENCE")).store("file");
    Ok(options.expected_username(optional("BITFOUNT_USER")).credentials())
}

/// A JWT that another application renews. It is asked whenever a new one is needed.
fn external() -> Result<CredentialsBuilder> {
    let in_a_minute = || SystemTime::now() + Duration::from_mins(1);
    let first = Token::new(variable("JWT")?)?.with_expires_at(in_a_minute());
    let get_token = move |_: &Context| {
        let jwt = SecretString::read_file(variable("JWT_FILE")?)?;
        Ok((jwt.expose().to_string(), in_a_minute()))
    };
    let hook = Hook::sync(get_token).with_initial(first).with_username(variable("BITFOUNT_USER")?);
    Ok(Credentials::builder().source(hook))
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn Error>> {
    let (hub, am, messages) = (variable("HUB_URL")?, variable("AM_URL")?, variable("MESSAGE_URL")?);
    let builder = match env::args().nth(1).as_deref() {
        Some("api_keys") => api_keys()?,
        Some("own") => Credentials::builder().provider(Own(variable("API_KEY")?.into())),
        Some("device") => device()?,
        Some("external") => external()?,
        _ => return Err("usage: bitfount api_keys|own|device|external [URL…]".into()),
    };
    // The first origin is that of `metadata`.
    let credentials = builder.origin(&messages).origin(&hub).origin(&am).build()?;
    println!("authenticated: {}", credentials.status().await?.is_authenticated());
    credentials.login(Login::new(TerminalPrompt::new())).await?; // authenticate()
    let status = credentials.status().await?;
    let username = credentials.principal().or_else(|| status.username.clone());
    println!("authenticated: {}, username: {username:?}", status.is_authenticated());
    let client = Client::new(credentials.clone())?;
    for url in [hub, am].into_iter().chain(env::args().skip(2)) {
        println!("{url}: {}", client.get(&url).send().await?.status());
    }
    println!("{messages}: {}", message_service::check(&credentials, &messages).await?);
    Ok(())
}
