//! All ways to log in at a real server: what the screen says is enough for a user, and none of it is secret.

use std::{fs, path::Path};

use authn_tests::{
    browser::Browser,
    command::{Sandbox, binary},
    rig::{self, Rig},
    terminal::Terminal,
};
use serde_json::Value;

/// A server, and a user who logs in at it.
struct Scene {
    rig: Rig,
    sandbox: Sandbox,
}

impl Scene {
    fn new(client: &str, options: &str) -> Self {
        let (rig, sandbox) = (Rig::start(), Sandbox::new());
        let issuer = rig.issuer();
        let text = format!(
            "[credentials]\norigins = ['{issuer}']\n[credentials.oauth]\nissuer_url = '{issuer}'\n\
             client_id = '{client}'\nscope = 'openid offline_access read'\n{options}\n"
        );
        sandbox.file(sandbox.config().join("authn/config.toml"), text);
        Self { rig, sandbox }
    }

    fn login(&self, arguments: &[&str]) -> Terminal {
        let program = binary("authn");
        let command = [&[program.to_str().expect("a path in UTF-8"), "login"], arguments].concat();
        Terminal::start(&self.sandbox, (100, 40), &command, &[])
    }

    /// Checks that a user is logged in, and that nothing of the stored session was shown.
    #[track_caller]
    fn is_logged_in(&self, terminal: &Terminal) {
        assert_eq!(terminal.wait_for_end(), 0, "{}", terminal.transcript());
        // A line that is full goes on in the next.
        let shown = terminal.transcript();
        assert!(
            shown.contains("\nLogged in as alice.\nTokens are kept in the file store"),
            "{shown}"
        );
        let shown = shown.replace('\n', "");
        let kept = self.kept();
        assert!(kept.len() > 1, "{kept:?}");
        assert!(kept.iter().all(|secret| !shown.contains(secret)), "{shown}");

        let token = self.sandbox.run(binary("authn"), &["token"]).success();
        let request = rig::agent().get(self.rig.resource_url("/rs/bearer"));
        let request = request.header("authorization", format!("Bearer {}", token.trim_end()));
        assert_eq!(request.call().expect("the server answers").status(), 200);
    }

    /// Returns every text in the store that is as long as a token.
    fn kept(&self) -> Vec<String> {
        let folder = self.sandbox.state().join("authn/tokens");
        let files = fs::read_dir(folder).expect("a store");
        let files = files.map(|file| file.expect("a file of the store").path());
        files
            .filter(|file| file.extension().is_some_and(|end| end == "json"))
            .flat_map(secrets)
            .collect()
    }
}

fn secrets(file: impl AsRef<Path>) -> Vec<String> {
    fn texts(value: &Value) -> Vec<String> {
        match value {
            Value::String(text) if text.len() > 40 => vec![text.clone()],
            Value::Array(list) => list.iter().flat_map(texts).collect(),
            Value::Object(members) => members.values().flat_map(texts).collect(),
            _ => Vec::new(),
        }
    }
    let text = fs::read_to_string(file).expect("a record");
    texts(&serde_json::from_str(&text).expect("a record is JSON"))
}

/// Returns the link on the screen, which may be wider than the terminal.
fn link(terminal: &Terminal, issuer: &str) -> String {
    let shown = terminal.screen();
    // The log has addresses without a query.
    let start = shown.find(&format!("{issuer}/auth?")).expect("a link");
    let mut link = String::new();
    for line in shown[start..].lines() {
        link += line;
        if line.chars().count() < usize::from(terminal.size().0) {
            break;
        }
    }
    link
}

#[test]
fn a_browser_brings_the_code_back() {
    let mut scene = Scene::new("native", "");
    let browser = Browser::fake();
    scene.sandbox.env("BROWSER", browser.program());
    let terminal = scene.login(&[]);
    scene.is_logged_in(&terminal);
    let shown = terminal.screen();
    assert!(shown.starts_with("Log in with your browser."), "{shown}");
    assert_eq!(browser.report()["status"], 200);
}

#[test]
fn no_login_is_started_for_a_session_that_is_not_stored() {
    let mut scene = Scene::new("native", "store = 'memory'");
    scene.sandbox.env("BROWSER", Browser::fake().program());
    let terminal = scene.login(&[]);
    assert_eq!(terminal.wait_for_end(), 3);
    let shown = terminal.screen();
    assert!(
        shown.starts_with("error: with `store = \"memory\"` the login would be lost"),
        "{shown}"
    );
    assert_eq!(scene.rig.count(&[]), 0, "no server was asked");
}

#[test]
fn without_a_browser_the_user_opens_the_link() {
    let scene = Scene::new("native", "");
    let terminal = scene.login(&["--no-browser", "-vvv", "--color", "never"]);
    terminal.wait_for("waiting for the browser");
    let opened = Browser::fake().open(&link(&terminal, scene.rig.issuer()));
    assert_eq!(opened["status"], 200);
    scene.is_logged_in(&terminal);
}

#[test]
fn the_address_that_a_browser_ends_at_is_pasted() {
    let scene = Scene::new("native", "");
    let terminal = scene.login(&["--console"]);
    terminal.wait_for("or the code: >");
    let opened = Browser::fake().open(&link(&terminal, scene.rig.issuer()));
    assert_eq!(opened["status"], Value::Null, "there is no listener there");
    terminal.press("Enter");
    terminal.wait_for("Note: this is empty;");
    terminal.send(opened["location"].as_str().expect("an address"));
    terminal.press("Enter");
    scene.is_logged_in(&terminal);
}

#[test]
fn a_code_is_typed_in_on_another_device() {
    let scene = Scene::new("device", "grant_type = 'device_code'");
    let terminal = scene.login(&[]);
    let address = scene.rig.wait_for_device();
    let shown = terminal.wait_for("waiting for the code");
    let (page, code) = address.split_once("?user_code=").expect("an address with the code");
    assert!(shown.contains(&format!("\n{page}\n")), "{shown}");
    assert!(shown.contains(&format!("\n    {code}\n")), "{shown}");
    assert!(shown.contains("Or scan this with a phone:"), "{shown}");
    Browser::fake().open(&address);
    scene.is_logged_in(&terminal);
}

#[test]
fn a_refusal_is_reported() {
    let scene = Scene::new("device", "grant_type = 'device_code'");
    let terminal = scene.login(&[]);
    Browser::fake().told("--deny").open(&scene.rig.wait_for_device());
    assert_eq!(terminal.wait_for_end(), 5);
    let shown = terminal.screen();
    assert!(shown.contains("\nerror: "), "{shown}");
    assert!(!shown.contains("waiting for"), "{shown}");
}

#[test]
fn typed_in_credentials_are_a_session() {
    let (rig, sandbox) = (Rig::start(), Sandbox::new());
    let issuer = rig.issuer();
    let text = format!(
        "[credentials]\norigins = ['{issuer}']\n[credentials.oauth]\nkeycloak_url = '{issuer}'\n\
         realm = 'test'\ngrant_type = 'client_credentials'\nclient_id = 'kc-cc'\n"
    );
    sandbox.file(sandbox.config().join("authn/config.toml"), text);
    let scene = Scene { rig, sandbox };
    let run = |arguments: &[&str]| scene.sandbox.run(binary("authn"), arguments);
    let logged_out = "not logged in";
    assert!(run(&["status"]).stderr.contains(logged_out));
    assert!(run(&["doctor", "--offline"]).stdout.contains(logged_out));

    let terminal = scene.login(&[]);
    terminal.wait_for("Client secret (not shown):");
    terminal.send("tell-nobody-4711");
    terminal.press("Enter");
    assert_eq!(terminal.wait_for_end(), 0, "{}", terminal.transcript());

    // As it is when the token has expired.
    let folder = scene.sandbox.state().join("authn/tokens");
    for entry in fs::read_dir(folder).expect("the store") {
        let path = entry.expect("an entry").path();
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let Ok(mut record) = serde_json::from_str::<Value>(&text) else { continue };
        for token in record["tokens"].as_object_mut().expect("the tokens").values_mut() {
            (token["asked_at"], token["expires_at"]) = (1.into(), 2.into());
        }
        fs::write(path, record.to_string()).expect("the session");
    }
    let said = run(&["status"]).stderr;
    assert_eq!(said, "no valid token is stored: run `authn token` to get one\n");
    let found = run(&["doctor", "--offline"]).success();
    assert!(found.contains("the client's typed-in credentials are stored"), "{found}");
    run(&["token"]).success();
}
