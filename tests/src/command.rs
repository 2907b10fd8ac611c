//! Programs of the workspace, run without this machine's environment.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use tempfile::TempDir;

/// The `PATH` of programs; no other variable of the environment is passed on.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A program that the workspace has built, in the same profile as this test.
///
/// # Panics
///
/// If it isn't built.
pub fn binary(name: &str) -> PathBuf {
    built(&profile_folder(), name, "cargo build --workspace --all-targets --all-features")
}

/// A program that the workspace has built in the release profile.
///
/// # Panics
///
/// If it isn't built. Tests that need it begin with `release_`, so that `tests/run --fast` leaves them out.
pub fn release_binary(name: &str) -> PathBuf {
    built(&profile_folder().with_file_name("release"), name, "cargo build --release")
}

/// A temporary home and a temporary working folder for programs, removed when this is dropped.
///
/// A program that is run here sees the variables given with [`env`](Self::env), `PATH`, `HOME` and the `XDG_*`
/// folders, and no other: no configuration, no cache and no credential of the user who runs the test. Its files stay
/// for the next program that is run in the same sandbox.
#[derive(Debug)]
pub struct Sandbox {
    root: TempDir,
    variables: Vec<(OsString, OsString)>,
}

impl Sandbox {
    /// Creates an empty sandbox.
    pub fn new() -> Self {
        let root = tempfile::Builder::new().prefix("authn-test-").tempdir();
        let sandbox = Self { root: root.expect("a temporary folder"), variables: Vec::new() };
        for folder in ["home", "work", "config", "data", "state", "cache", "run", "system", "tmp"] {
            fs::create_dir(sandbox.root.path().join(folder)).expect("a new folder");
        }
        sandbox.make_private("run"); // the specification of XDG_RUNTIME_DIR demands it
        sandbox
    }

    /// The folder that contains all the others.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The user's home folder.
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// The folder that programs start in.
    pub fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// The user's configuration folder, `XDG_CONFIG_HOME`.
    pub fn config(&self) -> PathBuf {
        self.root.path().join("config")
    }

    /// The user's state folder, `XDG_STATE_HOME`.
    pub fn state(&self) -> PathBuf {
        self.root.path().join("state")
    }

    /// Sets a variable for every program that is run from now on.
    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.variables.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Writes a file, and the folders it needs. A relative path is below [`work`](Self::work). Returns its full path.
    pub fn file(&self, path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(path);
        let folder = path.parent().expect("a file is in a folder");
        fs::create_dir_all(folder).expect("folders for a file");
        fs::write(&path, contents).expect("a file for the test");
        path
    }

    /// Runs a program to its end, with empty standard input.
    pub fn run(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Outcome {
        self.run_with_input(program, arguments, b"")
    }

    /// Runs a program to its end, with this on standard input.
    pub fn run_with_input(
        &self,
        program: impl AsRef<OsStr>,
        arguments: &[&str],
        input: &[u8],
    ) -> Outcome {
        let mut command = self.command(program);
        command.args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        let output = thread::scope(|scope| {
            // A program may end without reading its input; that is not a failure of the test.
            scope.spawn(move || stdin.write_all(input));
            child.wait_with_output().expect("the program's output")
        });
        Outcome::of(output)
    }

    /// Prepares a program with this sandbox's environment and working folder, for a test that runs it in another way:
    /// under another program, in the background, ended by a signal.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.work()).env_clear().env("PATH", PATH).env("HOME", self.home());
        for (name, folder) in [
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_RUNTIME_DIR", "run"),
            ("XDG_CONFIG_DIRS", "system"),
            ("XDG_DATA_DIRS", "system"),
            ("TMPDIR", "tmp"),
        ] {
            command.env(name, self.root.path().join(folder));
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    #[cfg(unix)]
    fn make_private(&self, folder: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.root.path().join(folder);
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).expect("a private folder");
    }

    #[cfg(not(unix))]
    fn make_private(&self, _folder: &str) {}
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

/// The outcome of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The exit code; -1 if a signal ended it.
    pub code: i32,
    /// Everything on standard output.
    pub stdout: String,
    /// Everything on standard error.
    pub stderr: String,
}

impl Outcome {
    /// Converts an output of the standard library.
    ///
    /// # Panics
    ///
    /// If an output isn't UTF-8: our programs always write UTF-8.
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Returns standard output of a program that succeeded.
    ///
    /// # Panics
    ///
    /// If the exit code isn't 0; the message has both outputs.
    #[track_caller]
    pub fn success(self) -> String {
        assert_eq!(self.code, 0, "the program failed\n{}\n{}", self.stderr, self.stdout);
        self.stdout
    }
}

fn built(folder: &Path, name: &str, how: &str) -> PathBuf {
    let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(path.is_file(), "{} is not built: run `tests/run`, or `{how}` first", path.display());
    path
}

/// Returns `target/PROFILE`: a test is in its folder `deps`.
fn profile_folder() -> PathBuf {
    let test = std::env::current_exe().expect("the path of the test");
    let deps = test.parent().expect("a test is in a folder");
    assert!(deps.ends_with("deps"), "{} is not a test that cargo has built", test.display());
    deps.parent().expect("the folder of a profile").to_owned()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("the program's output is UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_sees_the_sandbox_and_nothing_else() {
        let mut sandbox = Sandbox::new();
        sandbox.env("AUTHN_PROFILE", "from the test");
        let listed = sandbox.run("env", &[]).success();
        let mut names: Vec<_> = listed.lines().filter_map(|line| line.split('=').next()).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "AUTHN_PROFILE",
                "HOME",
                "PATH",
                "TMPDIR",
                "XDG_CACHE_HOME",
                "XDG_CONFIG_DIRS",
                "XDG_CONFIG_HOME",
                "XDG_DATA_DIRS",
                "XDG_DATA_HOME",
                "XDG_RUNTIME_DIR",
                "XDG_STATE_HOME",
            ]
        );
        assert!(listed.contains("AUTHN_PROFILE=from the test\n"));
        let home = format!("HOME={}\n", sandbox.home().display());
        assert!(listed.contains(&home), "{listed}");
    }

    #[test]
    fn files_input_outputs_and_code_go_through() {
        let sandbox = Sandbox::new();
        sandbox.file("folder/a.txt", "from the file\n");
        let script = "cat folder/a.txt -; echo to stderr >&2; exit 3";
        let outcome = sandbox.run_with_input("sh", &["-c", script], b"from the input\n");
        assert_eq!(outcome.stdout, "from the file\nfrom the input\n");
        assert_eq!(outcome.stderr, "to stderr\n");
        assert_eq!(outcome.code, 3);
    }

    #[test]
    fn unread_input_is_not_a_failure() {
        let input = vec![b'x'; 1 << 20]; // more than a pipe holds
        assert_eq!(Sandbox::new().run_with_input("true", &[], &input).code, 0);
    }

    #[test]
    fn files_of_a_program_stay_for_the_next() {
        let sandbox = Sandbox::new();
        sandbox.run("sh", &["-c", "echo kept > \"$XDG_STATE_HOME/x\""]).success();
        assert_eq!(sandbox.run("sh", &["-c", "cat \"$XDG_STATE_HOME/x\""]).success(), "kept\n");
        assert!(sandbox.state().join("x").is_file());
    }

    #[test]
    fn sandboxes_do_not_meet() {
        assert_ne!(Sandbox::new().home(), Sandbox::new().home());
    }

    #[test]
    #[should_panic(expected = "the program failed")]
    fn success_is_not_taken_for_granted() {
        Sandbox::new().run("false", &[]).success();
    }

    #[test]
    #[should_panic(expected = "is not built: run `tests/run`")]
    fn a_program_that_is_not_built_is_named() {
        binary("there-is-no-such-program");
    }

    #[test]
    fn programs_are_beside_the_folder_of_the_tests() {
        // This test is used as the program, because it is certainly built.
        let test = std::env::current_exe().unwrap();
        let name = Path::new("deps").join(test.file_stem().unwrap());
        assert_eq!(binary(name.to_str().unwrap()), test);
    }
}
