//! The key is never shown: not by the command line, in no error, in no `Debug`, in no log.

use std::{fs, sync::Arc};

use authn::{LoginMethod, Request, ResponseHead, Used, time::Clock};
use authn_tests::{
    browser::Browser,
    command::{Sandbox, binary},
    logs::Logs,
    rig::Rig,
};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tempfile::tempdir;

use super::{load_in, log_in, log_in_by_command, native, status};

/// Returns the private part of the only stored key.
fn private(folder: &std::path::Path) -> String {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let keys = files.filter_map(|file| {
        let record: Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
        let key: Value = serde_json::from_str(record["kept"]["dpop_key"].as_str()?).unwrap();
        Some(key["d"].as_str().unwrap().to_owned())
    });
    let [private] = &keys.collect::<Vec<_>>()[..] else { panic!("one key is stored") };
    private.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_in_no_debug_no_error_and_no_log() {
    let logs = Logs::of_process();
    let (rig, browser) = (Arc::new(Rig::start()), Browser::fake());
    let folder = tempdir().unwrap();
    let folder = folder.path().join("tokens");
    let credentials = load_in(&rig, &native(&rig, &browser), Some(&folder), Clock::system());
    log_in(&rig, &credentials, LoginMethod::Browser).await;
    let secret = private(&folder);
    assert_eq!(status(&rig, &credentials).await, 200);

    let mut shown = vec![format!("{credentials:?} {:?}", credentials.status().await)];
    let uri = rig.resource_url("/rs/dpop");
    let (mut parts, ()) = http::Request::get(&uri).body(()).unwrap().into_parts();
    let mut used = Used::default();
    credentials.authorize(Request::from(&mut parts).with_used(&mut used)).await.unwrap();
    let headers = HeaderMap::new();
    let head = ResponseHead::new(&parts.method, &parts.uri, StatusCode::UNAUTHORIZED, &headers);
    shown.push(format!("{used:?} {parts:?} {head:?} {:?}", credentials.response(&head, &used)));
    assert!(used.kept("dpop_key").unwrap().expose().contains(&secret));
    for (status, body) in [
        (400, json!({ "error": "invalid_dpop_proof" })),
        (400, json!({ "error": "use_dpop_nonce" })),
        (200, json!({ "access_token": "a", "token_type": "Bearer" })),
        (500, json!({})),
    ] {
        let fault = json!([{ "times": 2, "status": status, "body": body }]);
        rig.faults(&fault);
        let token = credentials.token().await;
        shown.push(format!("{token:?}"));
        if let Ok(token) = token {
            credentials.invalidate(&token);
        }
        if let Err(error) = credentials.token().await {
            shown.push(format!("{error} {error:?}"));
        }
    }
    assert!(shown.iter().any(|text| text.contains("invalid_dpop_proof")), "{shown:?}");
    assert!(!logs.is_empty());
    for text in shown.iter().map(String::as_str).chain([&*logs.text(0)]) {
        assert!(!text.contains(&secret), "the key is shown");
    }
}

#[test]
fn it_is_not_shown_by_the_command_line() {
    let (rig, sandbox) = (Rig::start(), Sandbox::new());
    let browser = Browser::fake();
    let text = format!(
        "[credentials]\norigins = ['*']\n[credentials.oauth]\n{}\n",
        native(&rig, &browser)
    );
    sandbox.file(sandbox.config().join("authn/config.toml"), text);
    let authn = |arguments: &[&str]| sandbox.run(binary("authn"), arguments);
    let shown = log_in_by_command(&sandbox, &["-vv"]);
    let secret = private(&sandbox.state().join("authn/tokens"));
    assert!(!shown.contains(&secret));
    let url = rig.resource_url("/rs/dpop");
    for arguments in [
        &["config", "show"][..],
        &["config", "show", "--json"],
        &["status"],
        &["status", "--json"],
        &["doctor"],
        &["token", "--json"],
        &["-vv", "header", "--url", &url],
        &["-vv", "logout"],
    ] {
        let printed = authn(arguments);
        let all = format!("{}{}", printed.stdout, printed.stderr);
        assert!(!all.is_empty() && !all.contains(&secret), "{arguments:?}");
    }
}
