//! A user with `authn` and a browser, and a server that knows them.

use std::{fs, net::SocketAddr, path::PathBuf};

use authn_tests::{
    browser::Browser,
    command::{Outcome, Sandbox, binary},
    rig::{self, Rig},
    terminal::Terminal,
};
use serde_json::Value;

/// So wide that a link is one line.
const SIZE: (u16, u16) = (1000, 50);

/// A user with `authn` and a browser, and a server that knows them.
pub(crate) struct Scene {
    pub(crate) rig: Rig,
    pub(crate) sandbox: Sandbox,
}

impl Scene {
    /// Creates a scene with this client at the server, and more options.
    pub(crate) fn new(client: &str, more: &str) -> Self {
        Self::with(|rig| {
            format!(
                "issuer_url = '{}'\nclient_id = '{client}'\nscope = 'openid offline_access read'\n{more}",
                rig.issuer()
            )
        })
    }

    /// Creates a scene with these options of the provider.
    pub(crate) fn with(options: impl FnOnce(&Rig) -> String) -> Self {
        let (rig, sandbox) = (Rig::start(), Sandbox::new());
        let scene = Self { rig, sandbox };
        scene.configure(&options(&scene.rig));
        scene
    }

    /// Sets the options of the provider.
    pub(crate) fn configure(&self, options: &str) {
        let text = format!("[credentials]\norigins = ['*']\n[credentials.oauth]\n{options}\n");
        self.sandbox.file(self.sandbox.config().join("authn/config.toml"), text);
    }

    /// Starts `authn login` in a terminal.
    pub(crate) fn login(&self, arguments: &[&str]) -> Terminal {
        self.login_within(&[], arguments)
    }

    /// Starts `authn login` in a terminal, with these variables.
    pub(crate) fn login_within(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Terminal {
        let program = program();
        let command = [&[&*program, "login"], arguments].concat();
        Terminal::start(&self.sandbox, SIZE, &command, variables)
    }

    /// Starts a login that starts this browser, which must outlive it.
    pub(crate) fn login_with(&self, browser: &Browser, arguments: &[&str]) -> Terminal {
        let browser = browser.program();
        let browser = browser.to_str().expect("a path in UTF-8");
        self.login_within(&[("BROWSER", browser)], arguments)
    }

    /// Starts a script with the program as `$1`, which outlives an interrupt.
    pub(crate) fn script(&self, script: &str) -> Terminal {
        let script = format!("trap : INT\n{script}");
        Terminal::start(&self.sandbox, SIZE, &["sh", "-c", &script, "sh", &program()], &[])
    }

    /// Logs alice in.
    #[track_caller]
    pub(crate) fn log_in(&self) {
        self.log_in_as("alice");
    }

    /// Logs a user in.
    #[track_caller]
    pub(crate) fn log_in_as(&self, who: &str) {
        let browser = Browser::fake().told(&format!("--user={who}"));
        is_logged_in(&self.login_with(&browser, &[]), who);
    }

    pub(crate) fn authn(&self, arguments: &[&str]) -> Outcome {
        self.sandbox.run(binary("authn"), arguments)
    }

    /// Runs the program as if so many seconds had passed. The server's clock is its own.
    pub(crate) fn later(&self, seconds: u32, arguments: &[&str]) -> Outcome {
        let mut command = self.sandbox.command(binary("authn"));
        command.args(arguments).env("LD_PRELOAD", faketime());
        command.env("FAKETIME", format!("+{seconds}s"));
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        Outcome::of(command.output().expect("the program can be started"))
    }

    /// Returns the token that `authn token` prints, which the resource server must accept.
    #[track_caller]
    pub(crate) fn token(&self) -> String {
        let token = self.authn(&["token"]).success().trim_end().to_owned();
        assert_eq!(self.status_of(&token), 200);
        token
    }

    /// Returns the status of the resource server for a token.
    pub(crate) fn status_of(&self, token: &str) -> u16 {
        let request = rig::agent().get(self.rig.resource_url("/rs/bearer"));
        let request = request.header("authorization", format!("Bearer {token}"));
        request.call().expect("the server answers").status().as_u16()
    }

    /// Returns the only stored session.
    #[track_caller]
    pub(crate) fn kept(&self) -> Value {
        let [session] = &self.sessions()[..] else { panic!("one session is kept") };
        serde_json::from_str(session).expect("a session is JSON")
    }

    /// Returns all stored sessions, as text.
    pub(crate) fn sessions(&self) -> Vec<String> {
        let files = fs::read_dir(self.sandbox.state().join("authn/tokens"));
        let files = files.into_iter().flatten().map(|file| file.expect("a file").path());
        files
            .filter(|file| file.extension().is_some_and(|end| end == "json"))
            .map(|file| fs::read_to_string(file).expect("a file of the store"))
            .collect()
    }

    /// Checks that no session is stored.
    #[track_caller]
    pub(crate) fn keeps_nothing(&self) {
        let kept = self.sessions().concat();
        for name in ["\"refresh_token\"", "\"tokens\"", "\"kept\"", "\"username\""] {
            assert!(!kept.contains(name), "{kept}");
        }
        let outcome = self.authn(&["token"]);
        assert_eq!((outcome.code, &*outcome.stdout), (4, ""), "{}", outcome.stderr);
    }
}

/// Checks that a login has succeeded.
#[track_caller]
pub(crate) fn is_logged_in(terminal: &Terminal, who: &str) {
    assert_eq!(terminal.wait_for_end(), 0, "{}", terminal.transcript());
    let shown = terminal.transcript();
    assert!(shown.contains(&format!("Logged in as {who}.\nTokens are kept in the ")), "{shown}");
}

/// Waits until a login waits for a browser, and returns its link.
#[track_caller]
pub(crate) fn link(terminal: &Terminal) -> String {
    let shown = terminal.wait_for("waiting for the browser");
    let link = shown.lines().find(|line| line.starts_with("http"));
    link.unwrap_or_else(|| panic!("no link:\n{shown}")).to_owned()
}

/// Returns the redirect address in a link.
pub(crate) fn port_of(link: &str) -> SocketAddr {
    let (_, rest) = link.split_once("redirect_uri=http%3A%2F%2F").expect("a redirect URI");
    let (address, _) = rest.split_once("%2F").expect("a path");
    address.replace("%3A", ":").parse().expect("an address with its port")
}

/// The path of `authn`.
pub(crate) fn program() -> String {
    binary("authn").to_str().expect("a path in UTF-8").to_owned()
}

/// Debian's library, under the folder of whichever architecture this is.
fn faketime() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").expect("the system's libraries");
    let mut files =
        folders.map(|folder| folder.expect("one").path().join("faketime/libfaketime.so.1"));
    files
        .find(|file| file.exists())
        .expect("libfaketime is missing: run tests/run, which installs it")
}
