//! git, whose server is its own `git http-backend`.

use std::path::PathBuf;

use authn_tests::{
    browser::Browser,
    command::{Outcome, binary},
    terminal::Terminal,
    tools::{access::Access, git::Repositories, server::Server},
};

use crate::{
    guide::{Section, Tool},
    scene::{CLIENT, Scene, skipped},
};

pub(crate) const SECTION: Section = Section("git");

/// The first version whose helpers can name the scheme.
const SCHEMES: (u32, u32) = (2, 46);

/// Columns and rows of the user's terminal.
const WINDOW: (u16, u16) = (80, 24);

struct Git {
    scene: Scene,
    repositories: PathBuf,
}

impl Git {
    /// Creates a user of git, and a bare repository `things.git` with one commit.
    fn new() -> Self {
        let mut scene = Scene::new();
        for role in ["AUTHOR", "COMMITTER"] {
            scene.sandbox.env(format!("GIT_{role}_NAME"), "Alice");
            scene.sandbox.env(format!("GIT_{role}_EMAIL"), "alice@example.com");
        }
        // A question that nobody answers must be an error.
        scene.sandbox.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0");
        let repositories = scene.sandbox.root().join("repositories");
        let bare = repositories.join("things.git");
        scene
            .shell(&format!(
                "git init -q -b main \"$HOME/first\"\ncd \"$HOME/first\"\n\
                 git commit -q --allow-empty -m first\ngit clone -q --bare . {}",
                bare.display()
            ))
            .success();
        Self { scene, repositories }
    }

    fn serve(&self, access: &Access) -> Server {
        Server::start(Repositories::new(&self.repositories, access.clone()))
    }

    /// Returns the subjects of the commits that the server has, from the newest on.
    fn commits(&self) -> Vec<String> {
        let bare = self.repositories.join("things.git");
        let log = self.scene.shell(&format!("git -C {} log --format=%s main", bare.display()));
        log.success().lines().map(str::to_owned).collect()
    }

    fn set_up(&self, origin: &Server) {
        self.scene.configure(&[&origin.url()]);
        self.scene.shell("authn setup git --yes").success();
    }

    fn list(&self, server: &Server) -> Outcome {
        self.scene.shell(&format!("git ls-remote {}/things.git", server.url()))
    }
}

/// Returns whether git's helpers can name the scheme. If not, a test says why it is skipped.
fn names_schemes(scene: &Scene) -> bool {
    let shown = scene.shell("git --version").success();
    let mut numbers = shown.split([' ', '.']).filter_map(|part| part.parse().ok());
    let version = (numbers.next().unwrap(), numbers.next().unwrap());
    let knows = version >= SCHEMES;
    if !knows {
        skipped(&format!("git {version:?} sends no token as Bearer"));
    }
    knows
}

#[test]
fn it_clones_pulls_fetches_and_pushes_with_the_token() {
    let git = Git::new();
    if !names_schemes(&git.scene) {
        return;
    }
    let access = Access::bearer(&git.scene.token());
    let (server, foreign) = (git.serve(&access), git.serve(&access));
    git.scene.configure(&[&server.url()]);
    let guide =
        SECTION.run(&git.scene, Tool::Present, &[("https://git.example.com", &server.url())]);
    let pushed = git.scene.shell(
        "git clone -q things other\ncd things\ngit commit -q --allow-empty -m second\ngit push -q",
    );
    assert_eq!(pushed.code, 0, "{pushed:?}");
    assert_eq!(git.commits(), ["second", "first"]);
    let url = server.url();
    let fetched = git.scene.shell(&format!(
        "cd other\ngit remote set-url origin {url}/things.git\ngit fetch -q\ngit log -1 --format=%s FETCH_HEAD"
    ));
    assert_eq!(fetched.clone().success(), "second\n");

    let refused = git.list(&foreign);
    assert!(refused.stderr.contains("terminal prompts disabled"), "{refused:?}");
    access.assert_only_at(&server, None);
    let services = ["git-upload-pack", "git-receive-pack"];
    for request in services.map(|service| format!("POST /things.git/{service}")) {
        assert!(server.authorized().contains(&request), "{request}");
    }
    git.scene.assert_foreign(&foreign);
    git.scene.assert_secrecy(&[&guide, &pushed, &fetched, &refused]);
    assert_eq!(git.scene.rig.count(&[("endpoint", "token")]), 1, "git erased no token");
}

#[test]
fn it_has_a_password_where_the_server_takes_no_other_scheme() {
    let git = Git::new();
    for user in [CLIENT, "alice"] {
        let access = Access::basic(user, &git.scene.token());
        let server = git.serve(&access);
        git.set_up(&server);
        let mut url = server.url();
        if user != CLIENT {
            url = url.replace("://", &format!("://{user}@"));
        }
        let script = format!(
            "git clone -q {url}/things.git {user}\ncd {user}\n\
             git commit -q --allow-empty -m {user}\ngit push -q"
        );
        let outcome = git.scene.shell(&script);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        assert_eq!(git.commits()[0], user);
        access.assert_only_at(&server, Some(user));
        git.scene.assert_secrecy(&[&outcome]);
    }
}

#[test]
fn it_finds_the_helper_by_its_name() {
    let git = Git::new();
    let access = Access::basic(CLIENT, &git.scene.token());
    let server = git.serve(&access);
    git.scene.configure(&[&server.url()]);
    git.scene.install("git-credential-authn", binary("authn"));
    let url = server.url();
    let listed =
        git.scene.shell(&format!("git -c credential.helper=authn ls-remote {url}/things.git"));
    assert!(listed.stdout.contains("refs/heads/main"), "{listed:?}");
    access.assert_only_at(&server, None);
    git.scene.assert_secrecy(&[&listed]);
}

#[test]
fn a_refused_token_is_replaced_by_the_next_command() {
    let git = Git::new();
    let access = Access::basic(CLIENT, &git.scene.token());
    let server = git.serve(&access);
    git.set_up(&server);
    // Its server has forgotten a token that is stored.
    git.scene.issue("stale");
    git.scene.shell("authn token").success();
    git.scene.issue(&git.scene.token());
    let refused = git.list(&server);
    assert!(refused.stderr.contains("Authentication failed"), "{refused:?}");
    assert!(git.list(&server).success().contains("refs/heads/main"));
    assert_eq!(git.scene.rig.count(&[("endpoint", "token")]), 2);
    git.scene.assert_secrecy(&[&refused]);
}

#[test]
fn it_says_how_to_log_in_asks_nothing_and_goes_on_after_the_login() {
    let git = Git::new();
    let server = git.serve(&Access::basic("oauth2", &git.scene.token()));
    git.scene.configure_with(
        &[&server.url()],
        "grant_type = 'device_code'\nclient_id = 'device-quick'\nscope = 'openid offline_access read'",
    );
    git.scene.shell("authn setup git --yes").success();
    // If git asked for a name, this program would answer.
    let asked = git.scene.sandbox.file("asked.sh", "#!/bin/sh\ntouch \"$HOME/asked\"\necho me\n");
    let outcome = git.scene.shell(&format!(
        "chmod +x {0}\nGIT_ASKPASS={0} git ls-remote {1}/things.git",
        asked.display(),
        server.url()
    ));
    assert_ne!(outcome.code, 0);
    for said in ["no user is logged in", "`authn login`"] {
        assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    }
    assert!(!git.scene.sandbox.home().join("asked").exists(), "git has asked");
    assert_eq!(server.authorized(), [""; 0]);

    let authn = binary("authn");
    let login = [authn.to_str().unwrap(), "login", "--device"];
    let terminal = Terminal::start(&git.scene.sandbox, WINDOW, &login, &[]);
    Browser::fake().open(&git.scene.rig.wait_for_device());
    assert_eq!(terminal.wait_for_end(), 0, "{}", terminal.transcript());
    assert!(git.list(&server).success().contains("refs/heads/main"));
}
