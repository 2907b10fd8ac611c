//! The key of a login: it outlives a restart, and ends with the logout.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use authn::{
    Credentials, ErrorKind, LoginMethod, PendingLogin, SecretString, Token, TokenSet,
    time::{Clock, ManualClock},
};
use authn_providers::OAuth;
use authn_tests::{browser::Browser, rig::Rig};
use serde_json::Value;
use tempfile::tempdir;

use super::{load, load_in, log_in, native, status, thumbprint};

/// More than the lifetime of a token of the rig.
const LIFETIME: Duration = Duration::from_mins(2);

/// Returns the stored sessions.
fn records(folder: &Path) -> Vec<Value> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|file| file.extension().is_some_and(|end| end == "json"));
    files.map(|file| serde_json::from_slice(&fs::read(file).unwrap()).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_outlives_a_restart_and_ends_with_the_logout() {
    let (rig, browser) = (Arc::new(Rig::start()), Browser::fake());
    let folder = tempdir().unwrap();
    let folder = folder.path().join("tokens");
    let clock = ManualClock::new();
    let options = native(&rig, &browser);
    let load = || load_in(&rig, &options, Some(&folder), Clock::custom(clock.clone()));
    let here = load();
    log_in(&rig, &here, LoginMethod::Browser).await;
    let first = here.token().await.unwrap();
    assert_eq!(status(&rig, &here).await, 200);
    let key = thumbprint(first.secret());
    // The server gave the code only for this key.
    let log = rig.log();
    let begun = log.iter().find(|entry| entry["params"]["dpop_jkt"].is_string()).unwrap();
    assert_eq!(begun["params"]["dpop_jkt"], *key);

    let restarted = load();
    assert_eq!(restarted.token().await.unwrap().secret(), first.secret());
    assert_eq!(status(&rig, &restarted).await, 200);
    // The refresh token of a client without a secret is bound to the key.
    for (round, credentials) in (1_u32..).zip([&restarted, &here, &load()]) {
        clock.advance(LIFETIME);
        rig.clock((LIFETIME * round).as_secs().try_into().unwrap());
        let token = credentials.token().await.unwrap();
        assert_ne!(token.secret(), first.secret());
        assert_eq!(thumbprint(token.secret()), key, "round {round}");
        assert_eq!(status(&rig, credentials).await, 200, "round {round}");
    }
    assert_eq!(rig.count(&[("grant", "refresh_token"), ("status", "200")]), 3);

    let kept = records(&folder);
    assert!(kept.iter().any(|record| record["kept"]["dpop_key"].is_string()), "{}", kept.len());
    restarted.logout().await.unwrap();
    let left: Vec<String> = records(&folder).iter().map(Value::to_string).collect();
    assert!(!left.iter().any(|record| record.contains("dpop_key") || record.contains("\"d\\\"")));
    let error = load().token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired);

    log_in(&rig, &here, LoginMethod::Browser).await;
    let next = here.token().await.unwrap();
    assert_ne!(thumbprint(next.secret()), key, "each session has a key of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_algorithm_is_for_the_next_session() {
    let (rig, browser) = (Arc::new(Rig::start()), Browser::fake());
    let folder = tempdir().unwrap();
    let folder = folder.path().join("tokens");
    let options = native(&rig, &browser);
    let load =
        |more: &str| load_in(&rig, &format!("{options}\n{more}"), Some(&folder), Clock::system());
    log_in(&rig, &load(""), LoginMethod::Browser).await;
    let first = load("").token().await.unwrap();
    let changed = load("dpop_algorithm = 'EdDSA'");
    assert_eq!(changed.token().await.unwrap().secret(), first.secret());
    assert_eq!(status(&rig, &changed).await, 200);
    log_in(&rig, &changed, LoginMethod::Browser).await;
    assert_eq!(status(&rig, &changed).await, 200);
    assert_ne!(thumbprint(changed.token().await.unwrap().secret()), thumbprint(first.secret()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_by_a_code_has_a_key_too() {
    let rig = Arc::new(Rig::start());
    let options = format!(
        "issuer_url = '{}'\nclient_id = 'device-quick'\ngrant_type = 'device_code'\n\
         scope = 'openid offline_access read'\nresource = 'urn:rig:api'\ndpop = 'auto'",
        rig.issuer()
    );
    let credentials = load(&rig, &options);
    log_in(&rig, &credentials, LoginMethod::Device).await;
    assert_eq!(status(&rig, &credentials).await, 200);
    let first = credentials.token().await.unwrap();
    credentials.invalidate(&first);
    let second = credentials.token().await.unwrap();
    assert_eq!(thumbprint(first.secret()), thumbprint(second.secret()));
    assert_eq!(status(&rig, &credentials).await, 200);
}

/// The builder of a web application's credentials, and of those of each of its users.
fn web(rig: &Rig) -> authn::CredentialsBuilder {
    OAuth::builder()
        .issuer_url(rig.issuer())
        .client_id("native-dpop")
        .scope(["openid", "offline_access", "read"])
        .prompt("consent")
        .resource(["urn:rig:api"])
        .dpop(true)
        .credentials()
        .origin(rig.issuer())
}

/// Logs alice in at the server, and returns where it sends the browser.
fn come_back(rig: &Rig, link: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rig/oidc-provider");
    let mut command = Command::new("node");
    let command = command.args(["approve.mjs", "code", rig.issuer(), link]).current_dir(folder);
    let run = command.output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_with_a_database_of_its_own_stores_the_key_with_the_tokens() {
    /// A row of the database.
    #[derive(Clone)]
    struct Row {
        access_token: String,
        refresh_token: String,
        key: String,
    }

    impl Row {
        fn of(tokens: &TokenSet) -> Self {
            let text = |secret: Option<&SecretString>| secret.unwrap().expose().to_owned();
            Self {
                access_token: tokens.token().secret().to_owned(),
                refresh_token: text(tokens.refresh_token()),
                key: text(tokens.kept("dpop_key")),
            }
        }
    }

    async fn session(rig: &Rig, row: &Arc<Mutex<Row>>) -> Credentials {
        let tokens = {
            let row = row.lock().unwrap();
            TokenSet::new(Token::new(&row.access_token).unwrap().with_token_type("DPoP"))
                .with_refresh_token(row.refresh_token.as_str().into())
                .with_kept("dpop_key", row.key.as_str().into())
        };
        let stored = Arc::clone(row);
        let credentials = web(rig).on_update_sync(move |update| {
            *stored.lock().unwrap() = Row::of(update.tokens());
            Ok(())
        });
        let credentials = credentials.build().unwrap();
        credentials.adopt(tokens).await.unwrap();
        credentials
    }

    let rig = Rig::start();
    let app = web(&rig).build().unwrap();
    let (link, pending) = app.authorization_url("http://127.0.0.1:9/callback").await.unwrap();
    let returned = come_back(&rig, link.as_str());
    // Another process of the application completes the login.
    let text = pending.to_secret();
    let pending = PendingLogin::from_secret(&text).unwrap();
    let tokens = web(&rig).build().unwrap().complete(pending, &returned).await.unwrap();
    let key = thumbprint(tokens.token().secret());
    let row = Arc::new(Mutex::new(Row::of(&tokens)));

    let user = session(&rig, &row).await;
    assert_eq!(status(&rig, &user).await, 200);
    user.invalidate(&user.token().await.unwrap());
    assert_eq!(status(&rig, &user).await, 200);
    assert_eq!(thumbprint(&row.lock().unwrap().access_token), key);
    assert_ne!(row.lock().unwrap().access_token, tokens.token().secret());
    // After a restart.
    let user = session(&rig, &row).await;
    assert_eq!(status(&rig, &user).await, 200);
}
