//! The command line against a real authorization server: its tokens are accepted, kept, renewed and forgotten.

#![cfg(unix)]

use std::{fs, path::PathBuf, thread};

use authn_tests::{
    command::{Outcome, Sandbox, binary},
    rig::{Rig, agent},
};
use serde_json::{Value, json};

/// A client whose secret is like nothing else that may be printed.
const CLIENT: &str = "cc:special id";
const SECRET: &str = "p@ss w%rd+&=:/?~";

/// A user who logs in with a password, and gets a refresh token.
const USER: &str = "client_id = 'pw'\nclient_secret = 'secret'\ngrant_type = 'password'\n\
    username = 'alice'\npassword = 'wonderland'\nscope = 'read offline_access'";

/// A server, and a user who runs the command line.
struct Scene {
    rig: Rig,
    sandbox: Sandbox,
}

impl Scene {
    /// A user without a configuration.
    fn new() -> Self {
        let mut sandbox = Sandbox::new();
        sandbox.env("AUTHN_LOG", "trace");
        Self { rig: Rig::start(), sandbox }
    }

    /// A user whose client gets tokens that outlive a program.
    fn with_store() -> Self {
        Self::with(&format!(
            "client_id = '{CLIENT}'\nclient_secret = '{SECRET}'\nscope = 'read'\nstore = 'file'"
        ))
    }

    /// A user with these options of `oauth`.
    fn with(options: &str) -> Self {
        let scene = Self::new();
        scene.configure(options);
        scene
    }

    /// A user who was given a refresh token.
    fn with_refresh_token() -> Self {
        let scene = Self::new();
        scene.configure(&scene.refresh_token_options());
        scene
    }

    fn configure(&self, options: &str) {
        let issuer = self.rig.issuer();
        let text = format!(
            "[credentials]\norigins = ['{issuer}']\n[credentials.oauth]\nissuer_url = '{issuer}'\n{options}\n"
        );
        self.sandbox.file(self.sandbox.config().join("authn/config.toml"), text);
    }

    /// Returns options with a new refresh token.
    fn refresh_token_options(&self) -> String {
        let members = [
            ("grant_type", "password"),
            ("username", "alice"),
            ("password", "wonderland"),
            ("scope", "read offline_access"),
        ];
        let answer = self.ask_for_token(&members);
        let refresh_token = answer["refresh_token"].as_str().expect("a refresh token");
        format!("client_id = 'pw'\nclient_secret = 'secret'\nrefresh_token = '{refresh_token}'")
    }

    /// Runs `authn`, and checks that only standard output of `token` and `header` contains a secret.
    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Outcome {
        self.checked(arguments[0], self.sandbox.run(binary("authn"), arguments))
    }

    /// Runs `authn` so much later, and the server's clock goes with it.
    #[track_caller]
    fn run_later(&self, seconds: i64, arguments: &[&str]) -> Outcome {
        self.rig.clock(seconds);
        let authn = binary("authn");
        let later = format!("+{seconds}s");
        let faketime = ["-f", &later, authn.to_str().expect("a path in UTF-8")];
        self.checked(arguments[0], self.sandbox.run("faketime", &[&faketime, arguments].concat()))
    }

    #[track_caller]
    fn checked(&self, command: &str, outcome: Outcome) -> Outcome {
        let prints_secrets = ["token", "header", "sh"].contains(&command);
        let data = if prints_secrets { "" } else { &outcome.stdout };
        let mut secrets = vec![SECRET.to_owned(), "p%40ss".to_owned(), "wonderland".to_owned()];
        secrets.extend(self.kept().into_iter().flat_map(|(_, record)| secrets_of(&record)));
        for secret in secrets {
            for shown in [data, &outcome.stderr] {
                assert!(!shown.contains(&secret), "{command} shows {secret}: {shown}");
            }
        }
        outcome
    }

    /// Returns the token that `authn token` prints, which the resource server must accept.
    #[track_caller]
    fn token(&self, arguments: &[&str]) -> String {
        let arguments = [&["token"], arguments].concat();
        let token = self.run(&arguments).success().trim_end().to_owned();
        assert!(self.accepts(&token), "{arguments:?}");
        token
    }

    /// Sends a token request of the client `pw`, without `authn`.
    fn ask_for_token(&self, members: &[(&str, &str)]) -> Value {
        let request = agent().post(self.rig.resource_url("/token"));
        let request = request.header("authorization", "Basic cHc6c2VjcmV0");
        let response = request.send_form(members.iter().copied());
        response.expect("the server answers").body_mut().read_json().expect("a token response")
    }

    fn accepts(&self, token: &str) -> bool {
        let request = agent().get(self.rig.resource_url("/rs/bearer"));
        let response = request.header("authorization", format!("Bearer {token}")).call();
        response.expect("the server answers").status() == 200
    }

    /// Returns what `authn status --json` says.
    #[track_caller]
    fn status(&self) -> Value {
        let shown = self.run(&["status", "--json"]).success();
        let mut shown: Vec<Value> = serde_json::from_str(&shown).expect("a list");
        assert_eq!(shown.len(), 1);
        shown.remove(0)
    }

    fn exchanges(&self) -> u64 {
        self.rig.count(&[("path", "/token"), ("method", "POST")])
    }

    /// Returns the files of the store, with what is in them.
    fn kept(&self) -> Vec<(PathBuf, Value)> {
        let folder = self.sandbox.state().join("authn/tokens");
        let files = fs::read_dir(folder).into_iter().flatten();
        let files = files.map(|file| file.expect("a file of the store").path());
        let records = files.filter(|path| path.extension().is_some_and(|end| end == "json"));
        let read = |path: PathBuf| {
            let text = fs::read_to_string(&path).expect("a readable record");
            (path, serde_json::from_str(&text).expect("a record is JSON"))
        };
        records.map(read).collect()
    }
}

/// Returns every text of a record that is as long as a token.
fn secrets_of(record: &Value) -> Vec<String> {
    match record {
        Value::String(text) if text.len() > 40 => vec![text.clone()],
        Value::Array(list) => list.iter().flat_map(secrets_of).collect(),
        Value::Object(members) => {
            // The name of the session and an error are shown.
            let secret = members.iter().filter(|(name, _)| !["key", "failure"].contains(&&***name));
            secret.flat_map(|(_, value)| secrets_of(value)).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn a_file_alone_is_enough() {
    let scene = Scene::with(&format!("client_id = '{CLIENT}'\nclient_secret = '{SECRET}'"));
    scene.token(&[]);
    let shown = scene.run(&["token", "--json"]).success();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert!(scene.accepts(shown["token"].as_str().unwrap()));
    assert_eq!((&shown["type"], &shown["profile"]), (&json!("Bearer"), &Value::Null));
    assert!(shown["expires_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(scene.exchanges(), 1, "the first program has stored it");
}

#[test]
fn the_environment_alone_is_enough() {
    let mut scene = Scene::new();
    let issuer = scene.rig.issuer().to_owned();
    scene
        .sandbox
        .env("AUTHN_CREDENTIALS__ORIGINS", &issuer)
        .env("AUTHN_CREDENTIALS__OAUTH__ISSUER_URL", &issuer)
        .env("AUTHN_CREDENTIALS__OAUTH__CLIENT_ID", CLIENT)
        .env("AUTHN_CREDENTIALS__OAUTH__CLIENT_SECRET", SECRET);
    scene.token(&[]);
    assert_eq!(scene.exchanges(), 1);
}

#[test]
fn flags_alone_are_enough_and_take_the_secret_by_reference() {
    let mut scene = Scene::new();
    let file = scene.sandbox.file("secret", SECRET);
    private(&file);
    scene.sandbox.env("CLIENT_SECRET", SECRET);
    let issuer = format!("credentials.oauth.issuer_url={}", scene.rig.issuer());
    let client = format!("credentials.oauth.client_id={CLIENT}");
    let by_file = format!("credentials.oauth.client_secret.file={}", file.display());
    for reference in ["credentials.oauth.client_secret.env=CLIENT_SECRET", &by_file] {
        let settings = ["credentials.oauth.store=memory", &issuer, &client, reference];
        scene.token(&settings.map(|setting| ["--set", setting]).concat());
    }
    assert_eq!(scene.exchanges(), 2);
    let literal = format!("credentials.oauth.client_secret={SECRET}");
    let outcome = scene.run(&["token", "--set", &issuer, "--set", &client, "--set", &literal]);
    assert_eq!((outcome.code, &*outcome.stdout), (3, ""));
    assert_eq!(scene.exchanges(), 2);
}

#[test]
fn curl_sends_the_header() {
    let scene = Scene::with_store();
    let pipe = "\"$1\" header | curl -sS -o \"$2\" -w '%{http_code}' -H @- \"$3\"";
    let authn = binary("authn");
    let url = scene.rig.resource_url("/rs/bearer");
    let arguments = ["-c", pipe, "sh", authn.to_str().unwrap(), "answer.json", &url];
    let outcome = scene.checked("sh", scene.sandbox.run("sh", &arguments));
    assert_eq!(outcome.success(), "200");
    let anonymous = ["-sS", "-o", "answer.json", "-w", "%{http_code}", &url];
    assert_eq!(scene.sandbox.run("curl", &anonymous).success(), "401");
}

#[test]
fn one_exchange_serves_program_after_program_until_logout() {
    let scene = Scene::with_store();
    assert_eq!(scene.status()["has_token"], false);
    let token = scene.token(&[]);
    assert_eq!(scene.token(&[]), token);
    let header = scene.run(&["header"]).success();
    assert_eq!(header, format!("Authorization: Bearer {token}\n"));
    assert_eq!(scene.exchanges(), 1);

    let status = scene.status();
    assert_eq!((&status["has_token"], &status["store"]), (&json!(true), &json!("file")));
    assert_eq!(status["scopes"], json!(["read"]));
    assert_eq!(status["principal"], CLIENT);
    assert!(status["expires_in"].as_u64().unwrap() <= 60);

    let said = scene.run(&["logout"]);
    assert!(said.stderr.contains("deleted the session from the store"), "{}", said.stderr);
    assert_eq!(scene.status()["has_token"], false);
    assert!(scene.run(&["logout"]).stderr.contains("has no session"));
    assert_ne!(scene.token(&[]), token);
    assert_eq!(scene.exchanges(), 2);
}

#[test]
fn a_minimum_time_to_live_forces_one_exchange() {
    let scene = Scene::with_store();
    let token = scene.token(&[]);
    assert_eq!(scene.token(&["--min-ttl", "1s"]), token);
    assert_eq!(scene.exchanges(), 1);

    let outcome = scene.run(&["token", "--min-ttl", "5m"]);
    assert!(outcome.stderr.contains("sooner than `--min-ttl`"), "{}", outcome.stderr);
    let forced = outcome.success().trim_end().to_owned();
    assert!(forced != token && scene.accepts(&forced));
    assert_eq!(scene.exchanges(), 2);
    assert_eq!(scene.token(&[]), forced, "it is kept");

    scene.rig.faults(&json!([{ "status": 401, "body": "{\"error\":\"invalid_client\"}",
        "headers": { "content-type": "application/json" } }]));
    let outcome = scene.run(&["token", "--min-ttl", "5m"]);
    assert_eq!((outcome.code, &*outcome.stdout), (5, ""), "{}", outcome.stderr);
    assert_eq!(scene.token(&[]), forced, "it is kept still");
    assert_eq!(scene.exchanges(), 3);
}

#[test]
fn a_token_that_has_ended_is_replaced() {
    let scene = Scene::with_store();
    let token = scene.token(&[]);
    let status = scene.run_later(120, &["status"]).success();
    assert_eq!(status.split('\t').nth(4), Some("none"), "{status}");
    let next = scene.run_later(120, &["token"]).success().trim_end().to_owned();
    assert!(next != token && scene.accepts(&next) && !scene.accepts(&token));
    assert_eq!(scene.exchanges(), 2);
}

#[test]
fn programs_at_once_make_one_exchange() {
    let scene = Scene::with_store();
    let tokens: Vec<String> = thread::scope(|scope| {
        let program = || scope.spawn(|| scene.token(&[]));
        let programs: Vec<_> = (0..4).map(|_| program()).collect();
        programs.into_iter().map(|program| program.join().unwrap()).collect()
    });
    assert!(tokens.iter().all(|token| *token == tokens[0]));
    assert_eq!(scene.exchanges(), 1);
}

#[test]
fn scopes_have_tokens_side_by_side() {
    let scene = Scene::with_store();
    let configured = scene.token(&[]);
    let shown = scene.run(&["token", "--json", "--scope", "read,write"]).success();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["scopes"], json!(["read", "write"]));
    assert!(scene.accepts(shown["token"].as_str().unwrap()));
    assert_eq!(scene.token(&["--scope", "read write"]), shown["token"].as_str().unwrap());
    assert_eq!(scene.token(&[]), configured);
    assert_eq!(scene.exchanges(), 2);
    let stores = scene.run(&["stores", "--json"]).success();
    let stores: Value = serde_json::from_str(&stores).unwrap();
    assert_eq!(stores[1]["sessions"].as_array().unwrap().len(), 1, "they are one session");
}

#[test]
fn a_users_session_is_refreshed_and_revoked() {
    let scene = Scene::with(USER);
    let token = scene.token(&[]);
    let status = scene.status();
    assert_eq!((&status["principal"], &status["store"]), (&json!("alice"), &json!("file")));
    assert_eq!((&status["has_token"], &status["has_refresh_token"]), (&json!(true), &json!(true)));

    let later = scene.run_later(120, &["token"]).success().trim_end().to_owned();
    assert!(later != token && scene.accepts(&later));
    assert_eq!(scene.rig.count(&[("grant", "password")]), 1);
    assert_eq!(scene.rig.count(&[("grant", "refresh_token"), ("status", "200")]), 1);

    let refresh_token = scene.kept()[0].1["refresh_token"].as_str().unwrap().to_owned();
    let said = scene.run_later(120, &["logout", "--revoke"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.stderr.contains("revoked the session at the server"), "{}", said.stderr);
    // The access token has expired.
    assert_eq!(scene.rig.count(&[("path", "/token/revocation"), ("status", "200")]), 1);
    let members = [("grant_type", "refresh_token"), ("refresh_token", &*refresh_token)];
    assert_eq!(scene.ask_for_token(&members)["error"], "invalid_grant");
    let status = scene.status();
    assert_eq!(
        (&status["has_token"], &status["has_refresh_token"]),
        (&json!(false), &json!(false))
    );
}

#[test]
fn a_session_whose_server_is_down_is_stored_until_it_is_deleted_locally() {
    let scene = Scene::with(USER);
    let token = scene.token(&[]);
    let Scene { rig, sandbox } = scene;
    drop(rig);
    let run = |arguments: &[&str]| sandbox.run(binary("authn"), arguments);
    let outcome = run(&["logout", "--revoke"]);
    assert_eq!((outcome.code, &*outcome.stdout), (5, ""), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("help: try again, or leave out `--revoke`"),
        "{}",
        outcome.stderr
    );
    assert_eq!(run(&["token"]).success(), format!("{token}\n"));
    assert!(run(&["logout"]).stderr.contains("deleted the session from the store"));
    assert_eq!(run(&["token"]).code, 5);
}

#[test]
fn a_rotating_refresh_token_outlives_programs_until_another_is_configured() {
    let scene = Scene::with_refresh_token();
    let first = scene.token(&[]);
    assert_eq!(scene.token(&[]), first);
    for minutes in 1..4 {
        let token = scene.run_later(120 * minutes, &["token"]).success();
        assert!(scene.accepts(token.trim_end()));
    }
    // The server ends a session whose refresh token comes twice.
    assert_eq!(scene.rig.count(&[("grant", "refresh_token"), ("status", "200")]), 4);
    assert_eq!(scene.rig.count(&[("grant", "refresh_token")]), 4);

    scene.configure(&scene.refresh_token_options());
    assert_eq!(scene.status()["has_token"], false, "it is of the old one");
    let token = scene.run_later(600, &["token"]).success();
    assert!(scene.accepts(token.trim_end()));
    assert_eq!(scene.rig.count(&[("grant", "refresh_token"), ("status", "200")]), 5);
}

/// Makes a file readable only by its owner, as required for a secret.
fn private(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("a file of ours");
}
