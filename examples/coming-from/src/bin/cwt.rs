//! For users of the ESGF's cwt: its authenticators, and one of your own with a store.
//!
//! ```text
//! cwt bearer|keycloak|client|custom https://wps.example.com/wps
//! ```
//!
//! `bearer` sends `TOKEN`. `keycloak` logs a user in with a browser for the client `CLIENT_ID`. `client` asks for a client's
//! identifier and secret, which `REGISTRATION_URL` shows. Both use the realm `REALM` at `KEYCLOAK_URL`. `custom` sends a
//! code that it gets for `SECRET` at `CODE_URL`.

#![expect(clippy::print_stdout, reason = "it is a program for a terminal")]

use std::{env, error::Error};

use authn::{Context, Credentials, Login, Request, Result, SecretString, Token, TokenProvider};
use authn::{CredentialsBuilder, Url, reqwest::Client};
use authn_cli::TerminalPrompt;
use authn_providers::{Bearer, OAuth};
use coming_from::{optional, origin, variable};

/// Logs a user in with the public client of a realm: authorization code and PKCE.
fn keycloak() -> Result<CredentialsBuilder> {
    Ok(OAuth::builder()
        .keycloak_url(variable("KEYCLOAK_URL")?)
        .realm(variable("REALM")?)
        .client_id(variable("CLIENT_ID")?)
        .redirect_port(optional("REDIRECT_PORT")) // any free port if it is not set
        .scope("openid offline_access")
        .prompt("consent")
        .store("file")
        .credentials())
}

/// Asks the user once for the confidential client that the page has registered for them.
fn client() -> Result<CredentialsBuilder> {
    Ok(OAuth::builder()
        .keycloak_url(variable("KEYCLOAK_URL")?)
        .realm(variable("REALM")?)
        .grant_type("client_credentials")
        .registration_page_url(variable("REGISTRATION_URL")?)
        .store("file")
        .credentials())
}

/// Sends a code that a service issues once.
#[authn::token_provider("custom_code", kept, own_placement)]
struct Custom {
    /// Address that issues the code.
    url: Url,
    /// Secret for which it does.
    _secret: SecretString,
}

impl Custom {
    fn use_secret(&self, context: &Context) -> impl Future<Output = Result<SecretString>> + use<> {
        let request = context.http().post(&self.url).form(&[("secret", &self._secret.expose())]);
        async move { Ok(request.send().await?.success()?.json::<String>()?.into()) }
    }
}

impl TokenProvider for Custom {
    async fn token(&self, _: &Context) -> Result<Token> {
        Err(authn::Error::no_token()) // it is not a token that other programs could use
    }

    async fn authorize(&self, request: &mut Request<'_>, context: &Context) -> Result<()> {
        let code = context.kept().get_or_try_init("code", || self.use_secret(context)).await?;
        request.set_header("token", &*code.expose())?;
        request.set_query("format", "json")
    }
}

fn custom() -> Result<CredentialsBuilder> {
    let options = Custom::builder().url(variable("CODE_URL")?).secret(variable("SECRET")?);
    Ok(options.store("file").credentials())
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn Error>> {
    let [authenticator, url] = &env::args().skip(1).collect::<Vec<_>>()[..] else {
        return Err("usage: cwt bearer|keycloak|client|custom URL".into());
    };
    let builder = match authenticator.as_str() {
        "bearer" => Bearer::builder().token(variable("TOKEN")?).credentials(),
        "keycloak" => keycloak()?,
        "client" => client()?,
        "custom" => custom()?,
        other => return Err(format!("there is no authenticator {other}").into()),
    };
    let credentials: Credentials = builder.origin(&origin(url)?).build()?;
    // The first request that needs a login starts it.
    let client = Client::new(credentials.with_login(Login::new(TerminalPrompt::new())))?;
    let response = client.get(url).query(&[("service", "WPS")]).send().await?;
    println!("{}", response.status());
    Ok(())
}
