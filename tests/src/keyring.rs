//! A private D-Bus session with GNOME's keyring on it, one for each test.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
};

/// The state of a keyring at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Unlocked, as after a login.
    Unlocked,
    /// The keyring is locked, and no prompt can be shown.
    Locked,
    /// The service runs, and there is no keyring yet.
    Empty,
}

/// A running keyring, which ends when this is dropped or the test's process ends.
#[derive(Debug)]
pub struct Keyring {
    session: Child,
    address: String,
}

impl Keyring {
    /// Starts one and waits until it can be asked.
    ///
    /// # Panics
    ///
    /// If `gnome-keyring-daemon`, `dbus-run-session` or `dbus-send` is missing.
    pub fn start(state: State) -> Self {
        let mut command = Command::new(rig("with-keyring.sh"));
        command.args(["sh", "-c", "echo \"$DBUS_SESSION_BUS_ADDRESS\"; cat"]);
        command.env_remove("LOCKED").env_remove("EMPTY");
        match state {
            State::Unlocked => {}
            State::Locked => drop(command.env("LOCKED", "1")),
            State::Empty => drop(command.env("EMPTY", "1")),
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut session = command.spawn().expect("bash can be started");
        let mut address = String::new();
        let stdout = session.stdout.as_mut().expect("standard output is a pipe");
        BufReader::new(stdout).read_line(&mut address).expect("the address is text");
        assert!(!address.is_empty(), "no keyring: run `tests/run`, which installs what is needed");
        Self { session, address: address.trim_end().to_owned() }
    }

    /// The value of `DBUS_SESSION_BUS_ADDRESS` for programs that use it.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Stores a secret like a user, and replaces an existing one.
    ///
    /// # Panics
    ///
    /// If the keyring rejects it.
    pub fn keep(&self, service: &str, user: &str, secret: &str) {
        let attributes = ["service", service, "username", user];
        self.run("secret-tool", &[&["store", "--label=test"], &attributes[..]].concat(), secret);
    }

    /// Locks it.
    ///
    /// # Panics
    ///
    /// If it can't be locked.
    pub fn lock(&self) {
        self.run(&rig("lock.sh"), &[], "");
    }

    /// Returns all data of authn's sessions in it: labels, attributes and secrets.
    ///
    /// # Panics
    ///
    /// If it is locked.
    pub fn sessions(&self) -> String {
        let arguments = ["search", "--all", "--unlock", "xdg:schema", "authn.Session"];
        self.run("secret-tool", &arguments, "")
    }

    fn run(&self, program: &str, arguments: &[&str], input: &str) -> String {
        let mut command = Command::new(program);
        command.args(arguments).env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!("`{program}` can't be started ({error}): run `tests/run`")
        });
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        stdin.write_all(input.as_bytes()).expect("the program reads its input");
        drop(stdin);
        let output = child.wait_with_output().expect("the program's output");
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert!(output.status.success(), "{program} {arguments:?}: {stderr}");
        // Attributes go to the other one.
        stdout + &stderr
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        // The session ends with its input.
        drop(self.session.stdin.take());
        let _ = self.session.wait();
    }
}

/// A script of the rig.
fn rig(name: &str) -> String {
    format!("{}/rig/keyring/{name}", env!("CARGO_MANIFEST_DIR"))
}
