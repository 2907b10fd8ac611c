//! For users of foundry-dev-tools: token providers of your own, in a command line that a configuration chooses them for.
//!
//! ```text
//! foundry config show    # the configuration, with secrets hidden
//! foundry whoami         # requests /whoami three times, the last time with a new token
//! foundry serve          # does the same for an incoming request, whose token is in INCOMING_TOKEN
//! ```
//!
//! The configuration is that of foundry-dev-tools, `~/.config/foundry-dev-tools/config.toml`. Its other tables are left
//! alone:
//!
//! ```toml
//! [credentials]
//! domain = "foundry.example.com"
//! static_jwt = "eyJ…"
//!
//! [config]
//! cache_dir = "/tmp/cache"
//! ```

use std::{
    process::ExitCode,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, SystemTime},
};

use authn::{
    Context, Error, IntoTokenSet as _, Result, SecretString, Token, TokenProvider, TokenSet,
    TokenSource, app_service, reqwest::Client,
};
use authn_cli::{
    BoxError, Cli, Run,
    clap::{ArgMatches, Command},
};
use authn_providers as _; // links the built-in providers
use coming_from::variable;
use http::{HeaderMap, HeaderValue};

/// Sends the token of the configuration.
#[authn::token_provider("static_jwt")]
struct StaticJwt {
    /// The token.
    #[shorthand]
    _token: SecretString,
}

impl TokenProvider for StaticJwt {
    async fn token(&self, _: &Context) -> Result<Token> {
        Token::new(&*self._token.expose())
    }
}

/// Gets a token that is valid for 100 seconds.
#[authn::token_provider("example_cached", cached)]
struct ExampleCached {
    /// Name of the team, which is shown.
    team: String,
    /// Key of the team, which is not shown.
    _key: SecretString,
    __requested: AtomicU32,
}

impl TokenSource for ExampleCached {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let number = self.__requested.fetch_add(1, Ordering::Relaxed) + 1;
        let token = format!("{}-{}-{number}", self.team, &*self._key.expose());
        (token, SystemTime::now() + Duration::from_secs(100)).into_token_set()
    }
}

fn main() -> ExitCode {
    Cli::new()
        .app("foundry-dev-tools") // its files, and variables with FOUNDRY_DEV_TOOLS_
        .name("foundry")
        .configure(|loader| loader.ignore_tables(["config"])) // a table of the other program
        .command(Command::new("whoami").about("Request /whoami three times"), whoami)
        .command(Command::new("serve").about("Do so for an incoming request"), serve)
        .run()
}

fn whoami(run: &Run<'_>, _: &ArgMatches) -> std::result::Result<ExitCode, BoxError> {
    ask(run, HeaderMap::new())
}

fn serve(run: &Run<'_>, _: &ArgMatches) -> std::result::Result<ExitCode, BoxError> {
    let mut incoming = HeaderMap::new();
    let token = HeaderValue::try_from(variable("INCOMING_TOKEN")?)?;
    incoming.insert("x-foundry-accesstoken", token);
    ask(run, incoming)
}

fn ask(run: &Run<'_>, incoming: HeaderMap) -> std::result::Result<ExitCode, BoxError> {
    let credentials = run.credentials()?;
    let host = credentials.host().ok_or_else(|| {
        Error::configuration("there is no domain to ask").with_help("set `credentials.domain`")
    })?;
    let origin = credentials.origins().iter().next().unwrap_or_default();
    let client = Client::new(credentials.clone())?;
    let mut lines = vec![format!("host: {host}")];
    run.wait(&credentials, async {
        let serving = async {
            for is_last in [false, false, true] {
                if is_last {
                    credentials.invalidate_all();
                }
                let response = client.get(format!("{origin}/whoami")).send().await?;
                lines.push(response.status().to_string());
            }
            Ok(())
        };
        app_service::scope(incoming, serving).await
    })?;
    run.print(&lines.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}
