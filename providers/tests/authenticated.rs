//! `Status::is_authenticated`, provider by provider, as the table in its documentation says.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::time::Duration;

use authn::{
    Credentials, Environment, Loader, Token, TokenSet,
    hooks::{self, Hook},
    time::{Clock, ManualClock, Time as _},
};
use authn_providers as _;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

const MINUTE: Duration = Duration::from_mins(1);

fn load(text: &str, clock: &ManualClock) -> Credentials {
    let text = format!("[credentials]\ndomain = 'api.example.com'\n{text}\n");
    let loader = Loader::new().environment(Environment::empty());
    loader.clock(Clock::custom(clock.clone())).defaults(&text).load().unwrap()
}

fn jwt(payload: &str) -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", encode(r#"{"alg":"RS256"}"#), encode(payload), encode("signature"))
}

async fn is_authenticated(credentials: &Credentials) -> bool {
    credentials.status().await.unwrap().is_authenticated()
}

/// Before any request, and two minutes later.
#[tokio::test]
async fn configured_credentials() {
    let clock = ManualClock::new();
    let seconds = clock.now().wall().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let first = Token::new("first").unwrap().with_expires_at(clock.now().wall() + MINUTE);
    let hook = Hook::new(|_| async { Token::new("later") });
    hooks::register("with a first token", hook.clone().with_initial(first)).unwrap();
    hooks::register("without one", hook).unwrap();
    let oauth = "token_endpoint_url = 'https://i.test'\nclient_id = 'c'\nclient_secret = 's'";
    let key = "-----BEGIN PRIVATE KEY-----\n\
               MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
               -----END PRIVATE KEY-----";
    let all = [
        ("api_key = { key = 'k', header = 'X-Key' }".to_owned(), [true, true]),
        ("[credentials.basic]\nusername = 'u'\npassword = 'p'".to_owned(), [true, true]),
        ("bearer = 'abc'".to_owned(), [true, true]),
        (format!("jwt = '{}'", jwt("{}")), [true, true]),
        (format!("jwt = '{}'", jwt(&format!("{{\"exp\":{}}}", seconds + 60))), [true, false]),
        (format!("jwt = '{}'", jwt("{\"exp\":1}")), [false, false]),
        ("provider = 'app_service'".to_owned(), [false, false]),
        ("hook = 'with a first token'".to_owned(), [true, false]),
        ("hook = 'without one'".to_owned(), [false, false]),
        ("[credentials.cached]\nbearer = 'abc'".to_owned(), [true, true]),
        ("[credentials.cached]\nhook = 'with a first token'".to_owned(), [true, false]),
        (format!("[credentials.oauth]\nstore = 'memory'\n{oauth}"), [false, false]),
        (
            "[credentials.h2o_cloud]\nstore = 'memory'\nenvironment = 'https://i.test'\n\
             refresh_token = 'r'"
                .to_owned(),
            [false, false],
        ),
        (
            format!(
                "[credentials.jwt_bearer]\ntoken_endpoint_url = 'https://i.test'\nissuer = 'me'\n\
                 private_key = '''{key}'''"
            ),
            [false, false],
        ),
    ];
    let all = all.map(|(text, expected)| (load(&text, &clock), text, expected));
    for (point, now) in ["at first", "two minutes later"].into_iter().enumerate() {
        for (credentials, text, expected) in &all {
            assert_eq!(is_authenticated(credentials).await, expected[point], "{now}: {text}");
        }
        clock.advance(2 * MINUTE);
    }
}

/// With a cached token, and after its end, whatever could replace it.
#[tokio::test]
async fn cached_tokens() {
    let clock = ManualClock::new();
    hooks::register("never asked", Hook::new(|_| async { Token::new("later") })).unwrap();
    let oauth = "token_endpoint_url = 'https://i.test'\nclient_id = 'c'\nrefresh_token = 'r'";
    for text in [
        "hook = 'never asked'".to_owned(),
        "[credentials.cached]\nhook = 'never asked'".to_owned(),
        format!("[credentials.oauth]\nstore = 'memory'\n{oauth}"),
    ] {
        let credentials = load(&text, &clock);
        let token = Token::new("held").unwrap().with_expires_at(clock.now().wall() + MINUTE);
        let held = TokenSet::new(token).with_refresh_token("r1".into());
        credentials.adopt(held).await.unwrap();
        assert!(is_authenticated(&credentials).await, "{text}");
        credentials.invalidate_all();
        assert!(!is_authenticated(&credentials).await, "{text}: it was invalidated");
        let token = Token::new("again").unwrap().with_expires_at(clock.now().wall() + MINUTE);
        credentials.adopt(TokenSet::new(token).with_refresh_token("r2".into())).await.unwrap();
        clock.advance(2 * MINUTE);
        let status = credentials.status().await.unwrap();
        assert!(!status.is_authenticated() && status.has_session, "{text}: {status:?}");
    }
}
