//! What Prometheus collects after known exchanges, at a clock that the test moves.

use std::{collections::BTreeSet, error::Error, future::IntoFuture as _, time::Duration};

use authn::{
    Context, Environment, InteractiveSource, Loader, Login, SecretString, Token, TokenSet,
    TokenSource,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    testing::TokenServer,
    time::{Clock, ManualClock},
};
use metrics_example::{install, router};
use reqwest::StatusCode;
use tokio::net::TcpListener;

const LIFETIME: Duration = Duration::from_mins(10);

/// Of the provider and the profile of the configuration below.
const LABELS: &str = "authn_provider=\"oauth\",authn_profile=\"prod\"";

/// A provider at which users log in.
#[authn::token_provider("desk", cached, login)]
struct Desk {}

impl TokenSource for Desk {
    async fn request_token(
        &self,
        context: &Context,
        _: Option<&TokenSet>,
    ) -> authn::Result<TokenSet> {
        Err(context.login_required("no user is logged in"))
    }
}

impl InteractiveSource for Desk {
    async fn login(&self, _: &Context, _: &Login) -> authn::Result<Option<TokenSet>> {
        Ok(Some(Token::new("of-a-user")?.with_expires_in(LIFETIME).into()))
    }
}

/// A user who is asked nothing.
#[derive(Debug)]
struct Silent;

impl Prompt for Silent {
    fn show_link(&self, _: &Link) {}

    fn show_code(&self, _: &UserCode) {}

    async fn ask(&self, _: &Question) -> authn::Result<SecretString> {
        Err(authn::Error::cancelled("no user is here"))
    }

    fn progress(&self, _: &Progress) {}
}

/// An exposition, as Prometheus reads it.
struct Exposition(String);

impl Exposition {
    /// Returns the value of a time series; 0 if there is none.
    fn value(&self, name: &str, labels: &str) -> u64 {
        let series = format!("{name}{{{labels}}} ");
        let line = self.0.lines().find_map(|line| line.strip_prefix(&series));
        line.map_or(0, |value| value.parse().expect("a value is a whole number"))
    }

    /// Returns the count of a histogram, of what succeeded and of what failed in one way.
    fn counts(&self, name: &str, error: &str) -> [u64; 2] {
        let failed = format!("{LABELS},error_type=\"{error}\"");
        [LABELS, &failed].map(|labels| self.value(&format!("{name}_count"), labels))
    }

    /// Returns the names in the lines with the help.
    fn names(&self) -> BTreeSet<String> {
        let help = self.0.lines().filter_map(|line| line.strip_prefix("# HELP "));
        help.filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
    }
}

/// The names that the guide gives the metrics in Prometheus.
fn documented() -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
    let guide = std::fs::read_to_string(path).expect("the guide is there");
    let (_, rest) = guide.split_once("<!-- metrics -->\n").expect("its table is there");
    let (table, _) = rest.split_once("<!-- /metrics -->").expect("its table ends");
    let rows = table.lines().skip(2);
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let suffix = if cells[2] == "counter" { "_total" } else { "_seconds" };
        format!("{}{suffix}", cells[1].replace('.', "_"))
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_collects_what_has_happened() -> Result<(), Box<dyn Error>> {
    let (server, clock, folder) = (TokenServer::start()?, ManualClock::new(), tempfile::tempdir()?);
    server.set_lifetime(LIFETIME);
    let text = format!(
        "[profile.prod.credentials]\norigins = ['{origin}']\n\
         [profile.prod.credentials.oauth]\nissuer_url = '{origin}'\nclient_id = 'canary-client'\n\
         client_secret = 'canary-secret'\nstore = 'file'\n\
         [profile.users.credentials]\norigins = ['{origin}']\ndesk = {{}}\n",
        origin = server.issuer_url()
    );
    let load = |profile| {
        let environment = Environment::empty().state_directory(folder.path());
        let loader = Loader::new().environment(environment).clock(Clock::custom(clock.clone()));
        loader.defaults(&text).profile(profile).load()
    };
    let credentials = load("prod")?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let service = router(credentials.clone(), install()?);
    tokio::spawn(axum::serve(listener, service).into_future());
    let client = reqwest::Client::builder().no_proxy().build()?;
    let get = async |path: &str| client.get(format!("http://{address}{path}")).send().await;
    let work = async || get("/").await.map(|answer| answer.status());
    let scrape = async || get("/metrics").await?.text().await.map(Exposition);

    // The first token, and three expiries. Calls with a valid token are not measured.
    for _ in 0..4 {
        for _ in 0..5 {
            assert_eq!(work().await?, StatusCode::OK);
        }
        clock.advance(LIFETIME);
    }
    let now = scrape().await?;
    assert_eq!(server.token_requests().len(), 4);
    assert_eq!(now.counts("authn_exchange_duration_seconds", "network"), [4, 0]);
    assert_eq!(now.counts("authn_wait_duration_seconds", "network"), [4, 0]);
    assert_eq!(now.counts("authn_store_lease_wait_duration_seconds", "store"), [4, 0]);
    let lifetimes = now.value("authn_token_lifetime_seconds_sum", LABELS);
    assert_eq!(lifetimes, 4 * LIFETIME.as_secs());

    // The server is down while the token is in its last seconds, and then longer than that.
    assert_eq!(work().await?, StatusCode::OK);
    clock.advance(LIFETIME.saturating_sub(Duration::from_secs(5)));
    server.answer_next(503, "");
    assert_eq!(work().await?, StatusCode::OK);
    clock.advance(Duration::from_mins(2));
    server.answer_next(503, "");
    assert_eq!(work().await?, StatusCode::BAD_GATEWAY);
    let now = scrape().await?;
    assert_eq!(now.counts("authn_exchange_duration_seconds", "network"), [5, 2]);
    assert_eq!(now.counts("authn_wait_duration_seconds", "network"), [6, 1]);
    assert_eq!(now.value("authn_token_stale_uses_total", LABELS), 1);

    // The API refuses a token.
    clock.advance(Duration::from_mins(2));
    let api = authn::reqwest::Client::new(credentials)?;
    let url = server.url("/api");
    assert_eq!(api.get(&url).send().await?.status(), StatusCode::OK);
    server.revoke_access_tokens();
    assert_eq!(api.get(&url).send().await?.status(), StatusCode::OK);
    let now = scrape().await?;
    assert_eq!(now.value("authn_token_refusals_total", LABELS), 1);
    assert_eq!(now.counts("authn_exchange_duration_seconds", "network"), [7, 2]);

    // A new process finds the stored token, and asks no server.
    assert!(load("prod")?.token().await.is_ok());
    let now = scrape().await?;
    assert_eq!(now.counts("authn_exchange_duration_seconds", "network"), [7, 2]);

    // A user logs in.
    load("users")?.login(Login::new(Silent)).await?;
    let now = scrape().await?;
    let of_users = "authn_provider=\"desk\",authn_profile=\"users\"";
    assert_eq!(now.value("authn_logins_total", of_users), 1);

    let reads = now.counts("authn_store_read_duration_seconds", "store");
    let writes = now.counts("authn_store_write_duration_seconds", "store");
    assert!(reads[0] >= 9 && writes[0] >= 7 && reads[1] + writes[1] == 0);
    assert_eq!(now.names(), documented());
    for secret in ["canary-", "access-", "of-a-user", "127.0.0.1", "/token"] {
        assert!(!now.0.contains(secret), "{secret} is in\n{}", now.0);
    }
    Ok(())
}
