//! A pseudo-terminal: a program in it, what it shows, and the terminal's modes.

use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Read as _, Write as _},
    os::unix::ffi::OsStrExt as _,
    process::{Child, Command, ExitStatus},
};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, tcgetattr},
};

pub(crate) struct Pty {
    controller: File,
    child: Child,
    shown: String,
}

impl Pty {
    /// Runs a shell script in a terminal of its own, whose jobs can be stopped. `$@` is the command, and `job` runs it
    /// and notes its process in the file `pid`.
    pub(crate) fn start(script: &str, command: &Command) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap();
        let path = std::path::Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
        let terminal = OpenOptions::new().read(true).write(true).open(path).unwrap();
        let copy = || terminal.try_clone().unwrap();
        // A shell ends with a job that SIGINT ended, unless it has a trap.
        let job =
            "set -m\ntrap : INT QUIT\njob() { sh -c 'echo $$ >pid; exec \"$@\"' sh \"$@\"; }\n";
        let child = Command::new("setsid")
            .args(["--ctty", "sh", "-c", &format!("{job}{script}"), "sh"])
            .arg(command.get_program())
            .args(command.get_args())
            .env_clear()
            .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TERM", "dumb")
            .current_dir(command.get_current_dir().unwrap())
            .stdin(copy())
            .stdout(copy())
            .stderr(copy())
            .spawn()
            .unwrap();
        Self { controller: controller.into(), child, shown: String::new() }
    }

    /// Reads until the terminal has shown a text, and returns everything before it.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let mut bytes = [0; 1024];
        loop {
            if let Some((before, after)) = self.shown.split_once(text) {
                let before = before.to_owned();
                self.shown = after.to_owned();
                return before;
            }
            match self.controller.read(&mut bytes) {
                Ok(0) => panic!("no {text:?}: {}", self.shown),
                Ok(count) => self.shown += &String::from_utf8_lossy(&bytes[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("no {text:?} ({error}): {}", self.shown),
            }
        }
    }

    pub(crate) fn type_in(&mut self, text: &str) {
        self.controller.write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn echoes(&self) -> bool {
        tcgetattr(&self.controller).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    pub(crate) fn end(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

/// A test that fails leaves no shell behind: an interactive one ignores most signals, and keeps what it has inherited.
impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
