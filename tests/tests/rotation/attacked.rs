//! The same with signals, a disk that fills up, few file descriptors, and a process that is stopped in its save.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use authn_tests::{
    command::{Sandbox, binary},
    rig::Rig,
    waiting,
};

use crate::scene::{exchanges, revision, session};

const PROCESSES: usize = 50;
const ROTATIONS: usize = 20;

/// A session in the sandbox, and the commands that rotate it.
struct Scene {
    rig: Rig,
    sandbox: Sandbox,
    configuration: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let (rig, sandbox) = (Rig::start(), Sandbox::new());
        let configuration = session(&rig, &sandbox);
        Self { rig, sandbox, configuration }
    }

    fn tokens(&self) -> PathBuf {
        self.sandbox.state().join("authn/tokens")
    }

    /// Returns a command whose last arguments print another token than the stored one. No token lives for 90 days, so
    /// each call asks the server, unless another process has done so meanwhile.
    fn rotate(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.command(program);
        command.args(arguments).arg("--config").arg(&self.configuration);
        command.args(["token", "--min-ttl", "90d"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn plain(&self) -> Command {
        self.rotate(binary("authn"), &[])
    }

    /// Fails unless the session lives, and each exchange was saved once.
    fn check(&self, folder: &Path) {
        assert_eq!(revision(folder), exchanges(&self.rig), "each exchange was saved");
    }

    fn check_in_place(&self) {
        self.check(&self.tokens());
        let last = self.plain().output().unwrap();
        assert!(last.status.success(), "the session lives: {}", error(&last));
        self.check(&self.tokens());
    }
}

fn error(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!text.contains("panicked"), "{text}");
    text
}

fn send(signal: &str, child: &Child) {
    let status = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
    assert!(status.unwrap().success());
}

/// Returns pseudo-random numbers: each run has the same, so that a failure can be repeated.
fn random() -> u64 {
    static STATE: AtomicU64 = AtomicU64::new(0x9e37_79b9_7f4a_7c15);
    let mut number = STATE.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number ^ (number >> 27)
}

/// Returns the number of the signal that ended a program, or that it says has ended it.
fn signal(status: ExitStatus) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal().or_else(|| status.code().filter(|code| *code > 128).map(|code| code - 128))
}

#[test]
fn processes_that_are_ended_by_signals_lose_no_session() {
    let scene = Scene::new();
    assert!(scene.plain().output().unwrap().status.success());
    let ended = AtomicU64::new(0);
    let rotates = || {
        for _ in 0..ROTATIONS {
            let child = scene.plain().spawn().unwrap();
            let wait = Duration::from_millis(random() % 64);
            let is_ended = random().is_multiple_of(2);
            let name = if random().is_multiple_of(2) { "TERM" } else { "HUP" };
            if is_ended {
                // Any moment will do: none may lose the session.
                thread::sleep(wait);
                send(name, &child);
            }
            let output = child.wait_with_output().unwrap();
            let error = error(&output);
            match signal(output.status) {
                None => assert!(output.status.success(), "{error}"),
                Some(number) => {
                    assert!([1, 15].contains(&number) && is_ended, "{number}: {error}");
                    ended.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..PROCESSES {
            scope.spawn(rotates);
        }
    });
    assert!(ended.into_inner() > 50, "few were ended");
    assert!(exchanges(&scene.rig) > 50, "few rotated");
    scene.check_in_place();
}

/// Mounts 64 KiB over the store, and runs a script there with the command that rotates as `rotate`.
const SMALL_DISK: &str = r#"
mount -t tmpfs -o size=64k,mode=700 none "$TOKENS"
rotate() { "$AUTHN" --config "$CONFIGURATION" token --min-ttl 90d; }
fill() { cat /dev/zero > "$TOKENS/filler" 2>/dev/null || true; }
"#;

#[test]
fn a_disk_that_fills_up_loses_no_session() {
    let scene = Scene::new();
    std::fs::create_dir_all(scene.tokens()).unwrap();
    private(&scene.tokens());
    let script = format!(
        "set -u\n{SMALL_DISK}\n{}",
        r#"
        rotate > /dev/null || exit 10
        # Full: nothing is sent.
        fill
        rotate && exit 11
        rm "$TOKENS/filler"
        rotate > /dev/null || exit 12
        # Full and not full at any moment.
        : > "$TOKENS/../go"
        while [ -e "$TOKENS/../go" ]; do fill; rm -f "$TOKENS/filler"; done &
        for process in 1 2 3 4 5 6 7 8 9 10; do
            ( for rotation in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
                rotate > /dev/null; echo "$?" >> "$TOKENS/../results"
            done ) &
            processes="${processes-} $!"
        done
        wait $processes
        rm "$TOKENS/../go"
        wait
        rm -f "$TOKENS/filler"
        rotate > /dev/null || exit 13
        cp "$TOKENS"/*.json "$COPY"
        "#
    );
    let copy = scene.sandbox.work().join("copy");
    std::fs::create_dir(&copy).unwrap();
    let mut command = scene.sandbox.command("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", &script]);
    command.env("TOKENS", scene.tokens()).env("COPY", &copy);
    command.env("AUTHN", binary("authn")).env("CONFIGURATION", &scene.configuration);
    let output = command.output().unwrap();
    let error = error(&output);
    assert!(output.status.success(), "{}: {error}", output.status);
    assert!(error.contains("the disk is full"), "{error}");
    assert!(!error.contains("is lost when this program ends"), "{error}");
    let results = scene.tokens().with_file_name("results");
    let results = std::fs::read_to_string(results).unwrap();
    assert_eq!(results.lines().count(), 200);
    assert!(results.lines().any(|line| line == "0"), "some rotated");
    scene.check(&copy);
}

fn private(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn few_file_descriptors_lose_no_session() {
    let scene = Scene::new();
    assert!(scene.plain().output().unwrap().status.success());
    let mut rotated = 0;
    let mut refused = 0;
    for limit in 3..=30 {
        for _ in 0..3 {
            let limited = format!("ulimit -n {limit}; exec \"$0\" \"$@\"");
            let authn = binary("authn");
            let output =
                scene.rotate("sh", &["-c", &limited, authn.to_str().unwrap()]).output().unwrap();
            let error = error(&output);
            if output.status.success() {
                rotated += 1;
            } else {
                refused += 1;
                assert_eq!(signal(output.status), None, "{limit}: {error}");
            }
        }
    }
    assert!(rotated > 10 && refused > 10, "{rotated} rotated, {refused} were refused");
    scene.check_in_place();
}

#[test]
fn a_process_that_is_stopped_in_its_save_blocks_no_other_session() {
    let scene = Scene::new();
    let first = scene.plain().output().unwrap();
    assert!(first.status.success());
    let before = exchanges(&scene.rig);
    // It is stopped where it syncs the record, with all its locks.
    let log = scene.sandbox.work().join("trace");
    let authn = binary("authn");
    let arguments = [
        "-f",
        "-o",
        log.to_str().unwrap(),
        "-e",
        "trace=fsync",
        "-e",
        "inject=fsync:signal=SIGSTOP:when=1",
        authn.to_str().unwrap(),
    ];
    let stopped = scene.rotate("strace", &arguments).spawn().unwrap();
    let pid = waiting::until("a process that is stopped", || {
        let text = std::fs::read_to_string(&log).ok()?;
        let line = text.lines().find(|line| line.contains("stopped by SIGSTOP"))?;
        let thread = line.split_whitespace().next()?;
        let status = std::fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
        let group = status.lines().find_map(|line| line.strip_prefix("Tgid:"))?;
        Some(group.trim().to_owned())
    });
    assert_eq!(exchanges(&scene.rig), before + 1, "the server has rotated");

    // The stored token is served, and another session of the same store is renewed.
    let mut stored = scene.sandbox.command(&authn);
    let stored = stored.arg("--config").arg(&scene.configuration).arg("token").output().unwrap();
    assert_eq!(stored.stdout, first.stdout, "{}", error(&stored));
    let mut unrelated = scene.sandbox.command(&authn);
    unrelated.arg("--config").arg(session_beside(&scene)).args(["token", "--min-ttl", "90d"]);
    let unrelated = unrelated.output().unwrap();
    assert!(unrelated.status.success(), "{}", error(&unrelated));

    // One that needs the session waits, and goes on with it.
    let waits = scene.plain().spawn().unwrap();
    let status = Command::new("kill").args(["-s", "CONT", &pid]).status().unwrap();
    assert!(status.success());
    for child in [stopped, waits] {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", error(&output));
    }
}

/// Writes the configuration of another session in the same store.
fn session_beside(scene: &Scene) -> PathBuf {
    let text = std::fs::read_to_string(&scene.configuration).unwrap();
    let text = text.replace("grant_type = 'refresh_token'", "grant_type = 'client_credentials'");
    let lines = text.lines().filter(|line| !line.starts_with("refresh_token"));
    let text = lines.collect::<Vec<_>>().join("\n");
    let text = text.replace("client_id = 'pw'", "client_id = 'cc-basic'\nstore = 'file'");
    scene.sandbox.file("other.toml", text)
}
