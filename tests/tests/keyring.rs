//! Sessions and secrets in a desktop's keyring: unlocked, locked, not made yet, and not there.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Child, Stdio},
    time::Duration,
};

use authn::{
    Environment, Loader,
    conformance::Canary,
    time::{Clock, ManualClock},
};
use authn_providers as _;
use authn_tests::{
    command::{Outcome, Sandbox, binary},
    keyring::{Keyring, State},
    rig::{Rig, agent},
};
use serde_json::{Value, json};

/// A client that logs a user in by name and password, whose session is kept in the keyring.
fn password(rig: &Rig, more: &str) -> String {
    format!(
        "[credentials]\norigins = ['*']\n[credentials.oauth]\ntoken_endpoint_url = '{}/token'\n\
         grant_type = 'password'\nclient_id = 'pw'\nclient_secret = 'secret'\nusername = 'alice'\n\
         password = 'wonderland'\nscope = 'read offline_access'\nstore = 'keyring'\n{more}\n",
        rig.issuer()
    )
}

/// A user's surroundings, with a keyring among them.
fn sandbox(keyring: &Keyring, configuration: &str) -> Sandbox {
    let mut sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.config().join("authn")).unwrap();
    fs::write(sandbox.config().join("authn/config.toml"), configuration).unwrap();
    sandbox.env("DBUS_SESSION_BUS_ADDRESS", keyring.address());
    sandbox
}

fn authn(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    sandbox.run(binary("authn"), arguments)
}

/// Everything that the user's folders hold.
fn files(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.extend(path.to_str().unwrap().as_bytes());
            all.extend(fs::read(&path).unwrap());
        }
    }
    all
}

/// An answer with tokens of 4 KiB, each of which begins with the canary.
fn large_tokens(canary: &Canary) -> Value {
    let token = |end: char| canary.as_str().to_owned() + &end.to_string().repeat(4096);
    let body = json!({
        "access_token": token('a'), "refresh_token": token('r'), "token_type": "Bearer", "expires_in": 3600,
    });
    let headers = json!({ "content-type": "application/json" });
    json!([{ "status": 200, "headers": headers, "body": body.to_string() }])
}

#[test]
fn a_session_is_stored_until_the_logout_and_nowhere_else() {
    let (rig, keyring) = (Rig::start(), Keyring::start(State::Unlocked));
    let mut sandbox = sandbox(&keyring, &password(&rig, ""));
    sandbox.env("AUTHN_LOG", "trace").env("RUST_LOG", "trace");
    let canary = Canary::new();
    rig.faults(&large_tokens(&canary));
    let stores = |count: &str| {
        let listed = authn(&sandbox, &["stores"]).success();
        let row = format!("keyring\t{count}\tSecret Service (authn)\t");
        assert!(listed.contains(&row), "{listed}");
    };

    stores("0");
    let first = authn(&sandbox, &["token"]);
    assert_eq!(canary.find_in(first.stderr.as_bytes()), None, "{}", first.stderr);
    let token = first.success();
    assert_eq!(token.trim_end().len(), canary.as_str().len() + 4096);
    assert_eq!(authn(&sandbox, &["token"]).success(), token, "another process has the same");
    assert_eq!(rig.count(&[]), 1);

    stores("1");
    let kept = keyring.sessions();
    assert!(kept.contains("label = authn: oauth-default-"), "a name to people");
    assert!(kept.contains("attribute.service = authn\n"), "{kept}");
    assert!(canary.find_in(kept.as_bytes()).is_some());
    let place = sandbox.home().with_file_name("run").join("authn/keyring/YXV0aG4");
    assert!(fs::read_dir(&place).unwrap().count() > 0, "locks are files");
    for arguments in [
        &["status"][..],
        &["status", "--json"],
        &["stores", "--json"],
        &["config", "show"],
        &["config", "show", "--json"],
        &["-v", "header", "--url", "https://127.0.0.1:9/"],
    ] {
        let Outcome { code, stdout, stderr, .. } = authn(&sandbox, arguments);
        assert_eq!(code, 0, "{stderr}");
        // What is asked for is given.
        let stdout = if arguments.contains(&"header") { String::new() } else { stdout };
        let shown = stdout + &stderr;
        assert_eq!(canary.find_in(shown.as_bytes()), None, "{arguments:?} {shown}");
    }
    let status: Value =
        serde_json::from_str(&authn(&sandbox, &["status", "--json"]).success()).unwrap();
    assert_eq!(status[0]["store"], "keyring");
    assert_eq!(
        (&status[0]["has_token"], &status[0]["has_refresh_token"]),
        (&json!(true), &json!(true))
    );

    // A session of options that have changed is another one, which `--all` deletes too.
    rig.faults(&large_tokens(&canary));
    authn(&sandbox, &["--set", "credentials.oauth.audience=other", "token"]).success();
    stores("2");
    let listed = authn(&sandbox, &["stores", "keyring"]).success();
    assert_eq!(canary.find_in(listed.as_bytes()), None, "{listed}");
    let id = listed.split('\t').next().expect("an ID");
    authn(&sandbox, &["logout", "--session", id]).success();
    stores("1");
    let ended = authn(&sandbox, &["logout", "--all"]);
    assert!(ended.stderr.contains("from the store `keyring`"), "{}", ended.stderr);
    assert_eq!(canary.find_in(ended.stderr.as_bytes()), None, "{}", ended.stderr);
    assert_eq!(canary.find_in(keyring.sessions().as_bytes()), None, "its tokens are gone");
    stores("0");
    assert!(authn(&sandbox, &["status"]).success().contains("\tnone\t"));
    let home = sandbox.home();
    let all = files(home.parent().unwrap());
    assert_eq!(canary.find_in(&all), None, "no file has ever held it");
}

#[test]
fn a_keyring_that_can_not_keep_a_session_is_an_error_before_any_exchange() {
    let rig = Rig::start();
    let no_keyring = ["choose another `store`", "there is no D-Bus session"];
    for (state, words) in [
        (Some(State::Locked), ["unlock it in its application", "the keyring is locked"]),
        (Some(State::Empty), ["create one in its application", "no default keyring yet"]),
        (None, no_keyring),
    ] {
        let keyring = Keyring::start(state.unwrap_or(State::Unlocked));
        let mut sandbox = sandbox(&keyring, &password(&rig, ""));
        if state.is_none() {
            sandbox.env("DBUS_SESSION_BUS_ADDRESS", "").env("XDG_RUNTIME_DIR", "");
        }
        let outcome = authn(&sandbox, &["token"]);
        assert_eq!((outcome.code, &*outcome.stdout), (1, ""), "{}", outcome.stderr);
        for words in words {
            assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
        }
        // What a keyring that is not made yet holds is known: nothing.
        let code = i32::from(state != Some(State::Empty));
        assert_eq!(authn(&sandbox, &["stores"]).code, code);
        assert_eq!(authn(&sandbox, &["status"]).code, code);
        assert!(!sandbox.state().join("authn/tokens").exists(), "no file stands in for it");
    }
    assert_eq!(rig.count(&[]), 0);
}

#[test]
fn a_session_in_a_keyring_that_is_locked_is_there_again_later() {
    let (rig, keyring) = (Rig::start(), Keyring::start(State::Unlocked));
    let sandbox = sandbox(&keyring, &password(&rig, ""));
    authn(&sandbox, &["token"]).success();
    keyring.lock();
    for command in ["token", "status", "stores", "logout"] {
        let outcome = authn(&sandbox, &[command]);
        let shown =
            if command == "status" { "-\tyes\toauth\talice\tunknown\t-\t-\t-\t-\t*\n" } else { "" };
        assert_eq!((outcome.code, &*outcome.stdout), (1, shown), "{command}: {}", outcome.stderr);
        for words in ["the keyring is locked", "unlock it in its application"] {
            assert!(outcome.stderr.contains(words), "{command}: {}", outcome.stderr);
        }
    }
    assert_eq!(rig.count(&[("client", "pw")]), 1);
}

/// Logs a user in, as an earlier login would.
fn refresh_token(rig: &Rig) -> String {
    let form = [
        ("grant_type", "password"),
        ("username", "alice"),
        ("password", "wonderland"),
        ("scope", "read offline_access"),
    ];
    let url = format!("{}/token", rig.issuer());
    let request = agent().post(&url).header("authorization", "Basic cHc6c2VjcmV0");
    let answer: Value = request.send_form(form).unwrap().body_mut().read_json().unwrap();
    answer["refresh_token"].as_str().unwrap().to_owned()
}

#[test]
fn processes_that_share_a_session_rotate_it_one_after_the_other() {
    const PROCESSES: usize = 6;
    const ROTATIONS: usize = 5;
    let (rig, keyring) = (Rig::start(), Keyring::start(State::Unlocked));
    let text = format!(
        "[credentials]\norigins = ['*']\n[credentials.oauth]\ntoken_endpoint_url = '{}/token'\n\
         grant_type = 'refresh_token'\nclient_id = 'pw'\nclient_secret = 'secret'\nstore = 'keyring'\n\
         refresh_token = '{}'\n",
        rig.issuer(),
        refresh_token(&rig)
    );
    let sandbox = sandbox(&keyring, "");
    let configuration = sandbox.file("session.toml", text);
    let start = || {
        let mut command = sandbox.command(binary("rotator"));
        command.arg(&configuration).arg(ROTATIONS.to_string());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let processes: Vec<Child> = (0..PROCESSES).map(|_| start()).collect();
    let mut seen = BTreeSet::new();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stdout).unwrap();
        let tokens = said.lines().filter_map(|line| line.strip_prefix("got ")).map(str::to_owned);
        let tokens: Vec<String> = tokens.collect();
        assert_eq!(tokens.len(), ROTATIONS);
        seen.extend(tokens);
    }
    let exchanges = rig.count(&[("grant", "refresh_token")]);
    assert_eq!(rig.count(&[("grant", "refresh_token"), ("status", "200")]), exchanges, "no logout");
    assert_eq!(
        seen.len() as u64,
        exchanges,
        "every exchange is a rotation, and every rotation one"
    );
}

#[test]
fn applications_with_one_service_take_turns_at_its_sessions() {
    let (rig, keyring) = (Rig::start(), Keyring::start(State::Unlocked));
    let text = password(&rig, "[stores.keyring]\nservice = 'shared service'");
    let sandbox = sandbox(&keyring, "");
    let configuration = sandbox.file("session.toml", text);
    let start = |number: u8| {
        let mut command = sandbox.command(binary("authn"));
        command.env("XDG_STATE_HOME", sandbox.home().join(number.to_string()));
        command.args(["--app", &format!("app{number}"), "token", "--config"]).arg(&configuration);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let processes: Vec<Child> = (0..6).map(start).collect();
    let outcomes = processes.into_iter().map(|process| process.wait_with_output().unwrap());
    let tokens: BTreeSet<String> = outcomes.map(|output| Outcome::of(output).success()).collect();
    assert_eq!((tokens.len(), rig.count(&[])), (1, 1), "one has asked, and all have its session");
}

#[test]
fn a_secret_is_referred_to_from_everywhere() {
    let (rig, keyring) = (Rig::start(), Keyring::start(State::Unlocked));
    keyring.keep("https://idp.example.com", "cc-basic", "secret");
    let text = |secret: &str| {
        format!(
            "[credentials]\norigins = ['*']\n[credentials.oauth]\ntoken_endpoint_url = '{}/token'\n\
             client_id = 'cc-basic'\n{secret}\n",
            rig.issuer()
        )
    };
    let place = "https://idp.example.com/cc-basic";
    let written = sandbox(&keyring, &text(&format!("client_secret = {{ keyring = '{place}' }}")));
    let mut variable = sandbox(&keyring, &text(""));
    variable.env("AUTHN_CREDENTIALS__OAUTH__CLIENT_SECRET__KEYRING", place);
    let flag = sandbox(&keyring, &text(""));
    let set = format!("credentials.oauth.client_secret.keyring={place}");
    for (sandbox, more) in
        [(&written, &[][..]), (&variable, &[]), (&flag, &["--set", set.as_str()])]
    {
        let run = |arguments: &[&str]| authn(sandbox, &[more, arguments].concat());
        assert!(!run(&["token"]).success().is_empty());
        let shown = run(&["config", "show"]).success();
        let line = shown.lines().find(|line| line.contains("client_secret\t")).unwrap();
        assert!(
            line.contains("(set)") && line.contains(&format!("from keyring {place}")),
            "{line}"
        );
        run(&["config", "check"]).success();
    }
    assert_eq!(rig.count(&[("client", "cc-basic"), ("status", "200")]), 3);

    let wrong = sandbox(&keyring, &text("client_secret = { keyring = 'idp/other' }"));
    let outcome = authn(&wrong, &["token"]);
    assert_eq!(outcome.code, 3, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("has no secret of service `idp` and user `other`"),
        "{}",
        outcome.stderr
    );
    let shorthand =
        sandbox(&keyring, &format!("[credentials]\nbearer = {{ keyring = '{place}' }}\n"));
    assert_eq!(authn(&shorthand, &["token"]).success(), "secret\n");
    keyring.lock();
    let outcome = authn(&written, &["token"]);
    for words in ["the keyring is locked", "unlock it in its application"] {
        assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    }
}

#[tokio::test]
async fn a_running_program_uses_a_rotated_secret() {
    let (rig, keyring) = (Rig::start(), Keyring::start(State::Unlocked));
    keyring.keep("rig", "cc-basic", "secret");
    let clock = ManualClock::new();
    let text = format!(
        "[credentials]\norigins = ['*']\n[credentials.oauth]\ntoken_endpoint_url = '{}/token'\n\
         client_id = 'cc-basic'\nclient_secret = {{ keyring = 'rig/cc-basic' }}\n",
        rig.issuer()
    );
    let bus = ("DBUS_SESSION_BUS_ADDRESS", keyring.address());
    let credentials = Loader::new()
        .environment(Environment::empty().variable(bus.0, bus.1))
        .clock(Clock::custom(clock.clone()))
        .defaults(&text)
        .load()
        .unwrap();
    let first = credentials.token().await.unwrap();
    keyring.keep("rig", "cc-basic", "another");
    clock.advance(Duration::from_hours(1));
    let error = credentials.token().await.unwrap_err();
    assert!(error.to_string().contains("invalid_client"), "{error}");
    keyring.keep("rig", "cc-basic", "secret");
    clock.advance(Duration::from_hours(1));
    assert_ne!(credentials.token().await.unwrap().secret(), first.secret());

    keyring.lock();
    clock.advance(Duration::from_hours(1));
    let error = credentials.token().await.unwrap_err().to_string();
    assert!(error.contains("client_secret (defaults:"), "{error}");
    assert!(error.contains("the keyring is locked; unlock it"), "{error}");
}
