//! A user and a browser, for a program that logs in.
//!
//! ```no_run
//! use authn_tests::browser::Browser;
//! use authn_tests::command::{Sandbox, binary};
//!
//! let browser = Browser::fake().told("--deny");
//! let mut sandbox = Sandbox::new();
//! sandbox.env("BROWSER", browser.program()); // or an option of the program: browser.command()
//! let outcome = sandbox.run(binary("authn"), &["login", "--browser"]);
//! assert_eq!(browser.report()["status"], 200, "what the program answered the browser");
//! ```
//!
//! `tests/rig/browser/options.mjs` lists the options of a browser: another user, to refuse, to close the page, to
//! ask for the site's icon first, to change `state`, to call back twice, to take pictures.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;

use crate::waiting;

/// A browser, and the behaviour of its user. A clone shares the report.
#[derive(Clone, Debug)]
pub struct Browser {
    script: &'static str,
    options: Vec<String>,
    folder: Arc<TempDir>,
}

impl Browser {
    /// A program that follows the pages by plain HTTP: it takes a fifth of a second, and needs no browser.
    pub fn fake() -> Self {
        Self::new("fake-browser.mjs")
    }

    /// Headless Chromium. Tests that use it begin with `browser_`, so that `tests/run` installs it for them, and
    /// `tests/run --fast` leaves them out.
    ///
    /// # Panics
    ///
    /// If what drives it is missing.
    pub fn real() -> Self {
        let packages = folder().join("node_modules");
        assert!(packages.is_dir(), "{} is missing: run `tests/run`", packages.display());
        Self::new("login-browser.mjs")
    }

    fn new(script: &'static str) -> Self {
        let folder = tempfile::Builder::new().prefix("authn-test-browser-").tempdir();
        let folder = Arc::new(folder.expect("a temporary folder"));
        Self { script, options: Vec::new(), folder }
    }

    /// Sets the behaviour of the user, with an option of the script: `--deny`, `--user=bob`.
    #[must_use]
    pub fn told(mut self, option: &str) -> Self {
        self.options.push(option.to_owned());
        self
    }

    /// The command as a list of arguments; the address comes after them.
    pub fn command(&self) -> Vec<String> {
        let script = folder().join(self.script);
        let report = self.report_file();
        let mut command = vec!["node".into(), path_text(&script)];
        command.extend(self.options.iter().cloned());
        command.extend(["--report".into(), path_text(&report)]);
        command
    }

    /// The command as one program that only accepts an address, for the variable `BROWSER`.
    #[cfg(unix)]
    pub fn program(&self) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let quoted: Vec<_> = self
            .command()
            .iter()
            .map(|word| format!("'{}'", word.replace('\'', r"'\''")))
            .collect();
        let program = self.folder.path().join("browser");
        fs::write(&program, format!("#!/bin/sh\nexec {} \"$@\"\n", quoted.join(" ")))
            .expect("a script for the browser");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("its mode");
        program
    }

    /// Opens an address itself, and returns its report. For a login whose address was only printed.
    ///
    /// # Panics
    ///
    /// If the browser fails.
    #[track_caller]
    pub fn open(&self, url: &str) -> Value {
        let command = self.command();
        let run = Command::new(&command[0]).args(&command[1..]).arg(url).output();
        let run = run
            .unwrap_or_else(|error| panic!("`node` can't be started ({error}): install Node.js"));
        assert!(
            run.status.success(),
            "the browser failed: {}",
            String::from_utf8_lossy(&run.stderr)
        );
        self.report()
    }

    /// Waits until the browser that a program has started has ended, and takes its report.
    ///
    /// `url` is what was opened, `location` the callback's address, `form` what was sent there in a form, `status` and `words`
    /// are the last page's;
    /// `favicon` and `again` are the statuses of the icon and of the second callback. A status of null is an address
    /// without a listener.
    #[track_caller]
    pub fn report(&self) -> Value {
        let file = self.report_file();
        let text = waiting::until("the end of the browser", || fs::read(&file).ok());
        fs::remove_file(&file).expect("a report is taken once");
        serde_json::from_slice(&text).expect("a report is JSON")
    }

    /// Returns whether a browser has ended whose report was not read yet.
    pub fn has_ended(&self) -> bool {
        self.report_file().exists()
    }

    fn report_file(&self) -> PathBuf {
        self.folder.path().join("report.json")
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rig/browser")
}

fn path_text(path: &Path) -> String {
    path.to_str().expect("paths of tests are UTF-8").to_owned()
}
