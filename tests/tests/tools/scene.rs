//! A user with a session, whose tools can reach nothing but the servers of the test.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use authn::conformance::Canary;
use authn_tests::{
    command::{Outcome, Sandbox, binary},
    rig::Rig,
    tools::{
        program,
        server::{Nothing, Server},
        traces,
    },
};
use serde_json::json;

/// The folders of programs that every sandbox has.
const FOLDERS: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

/// Head and claims of a token in the form of a JWT, for tools that check the form: `RS256`, and a `sub`.
const JWT: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ0aGluZ3MifQ";

/// The client that the credentials name as their user.
pub(crate) const CLIENT: &str = "cc-basic";

pub(crate) struct Scene {
    pub(crate) rig: Rig,
    pub(crate) sandbox: Sandbox,
    canary: Canary,
    /// What takes every request to another address than loopback, as a proxy.
    outside: Server,
}

impl Scene {
    /// Creates a user with `authn` in `~/.local/bin`, and a server that issues one and the same token.
    pub(crate) fn new() -> Self {
        let scene = Self {
            rig: Rig::start(),
            sandbox: Sandbox::new(),
            canary: Canary::new(),
            outside: Server::start(Nothing),
        };
        scene.issue(&scene.token());
        fs::create_dir_all(scene.programs()).unwrap();
        symlink(binary("authn"), scene.programs().join("authn")).unwrap();
        scene.with_surroundings()
    }

    fn with_surroundings(mut self) -> Self {
        let path = format!("{}:{}", self.programs().display(), FOLDERS.join(":"));
        self.sandbox.env("PATH", path);
        for name in ["http_proxy", "https_proxy", "all_proxy"] {
            let proxy = self.outside.url();
            self.sandbox.env(name, &proxy).env(name.to_uppercase(), proxy);
        }
        for name in ["no_proxy", "NO_PROXY"] {
            self.sandbox.env(name, "127.0.0.1,localhost");
        }
        self
    }

    /// The user's folder of programs.
    pub(crate) fn programs(&self) -> PathBuf {
        self.sandbox.home().join(".local/bin")
    }

    /// The token that the server issues.
    pub(crate) fn token(&self) -> String {
        format!("{JWT}.{}", self.canary.as_str())
    }

    /// Has the server issue this token from now on.
    pub(crate) fn issue(&self, token: &str) {
        let lifetime = 3600;
        self.rig.answers(&json!({ "token": { "access_token": token, "expires_in": lifetime } }));
    }

    /// Writes the user's configuration: a client of the server, for these origins.
    pub(crate) fn configure(&self, origins: &[&str]) {
        let options = format!(
            "grant_type = 'client_credentials'\nclient_id = '{CLIENT}'\nclient_secret = 'secret'"
        );
        self.configure_with(origins, &options);
    }

    /// Writes the user's configuration with these options of the provider `oauth`.
    pub(crate) fn configure_with(&self, origins: &[&str], options: &str) {
        let text = format!(
            "[credentials]\norigins = {origins:?}\n[credentials.oauth]\nissuer_url = '{}'\n\
             store = 'file'\n{options}\n",
            self.rig.issuer()
        );
        self.sandbox.file(self.sandbox.config().join("authn/config.toml"), text);
    }

    /// Puts a program that is somewhere else among the user's programs.
    pub(crate) fn install(&self, name: &str, path: PathBuf) {
        symlink(path, self.programs().join(name)).unwrap();
    }

    /// Returns whether this machine has a tool that works in the sandbox. If not, it says so.
    pub(crate) fn has(&self, tool: &str, version: &[&str]) -> bool {
        let Some(path) = program::find(tool) else {
            skipped(&format!("{tool} is not installed"));
            return false;
        };
        if !FOLDERS.iter().any(|folder| path.parent() == Some(Path::new(folder))) {
            self.install(tool, path);
        }
        let outcome = self.sandbox.run(tool, version);
        if outcome.code != 0 {
            skipped(&format!("{tool} does not work here: {outcome:?}"));
        }
        outcome.code == 0
    }

    /// Runs lines of a shell, up to the first that fails.
    pub(crate) fn shell(&self, script: &str) -> Outcome {
        self.sandbox.run("sh", &["-e", "-c", script])
    }

    /// Checks that the token went to no other place than where it belongs: not to what a tool shows, nor to a file that is
    /// not authn's own, nor beyond loopback.
    #[track_caller]
    pub(crate) fn assert_secrecy(&self, outcomes: &[&Outcome]) {
        for outcome in outcomes {
            let shown = format!("{}{}", outcome.stdout, outcome.stderr);
            assert_eq!(self.canary.find_in(shown.as_bytes()), None, "{outcome:?}");
        }
        let own = self.sandbox.state().join("authn/tokens");
        assert!(own.is_dir(), "the search leaves out the folder of tokens");
        let found = traces::of(&self.canary, self.sandbox.root(), &own);
        assert!(found.is_empty(), "{found:?}");
        assert_eq!(self.outside.requests(), [""; 0], "nothing is sent beyond loopback");
    }

    /// Checks that a server was asked, and got no token.
    #[track_caller]
    pub(crate) fn assert_foreign(&self, server: &Server) {
        let log = format!("{:?}", server.log());
        assert!(!server.log().is_empty(), "it was asked");
        assert_eq!(self.canary.find_in(log.as_bytes()), None, "{log}");
    }
}

/// Says why a tool is not used itself.
#[expect(clippy::print_stderr, reason = "whoever runs the tests must know what was not tested")]
pub(crate) fn skipped(reason: &str) {
    eprintln!("skipped: {reason}; only its published exchange is tested");
}

#[test]
fn what_goes_beyond_loopback_is_noticed() {
    let scene = Scene::new();
    scene.shell("curl -sS http://a.test/b || true\ncurl -sS https://a.test/ || true").success();
    assert_eq!(scene.outside.requests(), ["GET http://a.test/b", "CONNECT a.test:443"]);
}

#[test]
#[should_panic(expected = "home/kept")]
fn a_token_in_a_file_is_noticed() {
    let scene = Scene::new();
    scene.configure(&["https://api.example.com"]);
    let outcome = scene.shell("authn header > ~/kept");
    scene.assert_secrecy(&[&outcome]);
}

#[test]
#[should_panic(expected = "the password is")]
fn a_token_that_is_shown_is_noticed() {
    let scene = Scene::new();
    scene.configure(&["https://api.example.com"]);
    let outcome = scene.shell("echo \"the password is $(authn token | base64)\" >&2");
    scene.assert_secrecy(&[&outcome]);
}
