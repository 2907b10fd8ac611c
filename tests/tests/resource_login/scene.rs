//! A user without any configuration, a resource, and its server.

use std::{fs, path::PathBuf};

use authn_tests::{
    browser::Browser,
    command::{Outcome, Sandbox, binary},
    rig::{self, Rig},
    terminal::Terminal,
};

/// So wide that a link is one line.
const SIZE: (u16, u16) = (1000, 60);

/// The name of the profile that is proposed.
pub(crate) const PROFILE: &str = "127-0-0-1";

pub(crate) struct Scene {
    pub(crate) rig: Rig,
    pub(crate) sandbox: Sandbox,
    browser: Browser,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self { rig: Rig::start(), sandbox: Sandbox::new(), browser: Browser::fake() }
    }

    pub(crate) fn resource(&self) -> String {
        self.rig.resource_url("/rs/mcp")
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.sandbox.config().join("authn/config.toml")
    }

    pub(crate) fn authn(&self, arguments: &[&str]) -> Outcome {
        self.sandbox.run(binary("authn"), arguments)
    }

    /// Starts `authn` in a terminal, with a browser whose user agrees.
    pub(crate) fn start(&self, arguments: &[&str]) -> Terminal {
        let browser = self.browser.program();
        self.start_with(arguments, browser.to_str().unwrap())
    }

    /// Starts `authn` in a terminal, with this browser.
    pub(crate) fn start_with(&self, arguments: &[&str], browser: &str) -> Terminal {
        let program = binary("authn");
        let command = [&[program.to_str().unwrap()], arguments].concat();
        Terminal::start(&self.sandbox, SIZE, &command, &[("BROWSER", browser)])
    }

    /// Logs in to the resource as a new profile, and returns the terminal at its end.
    #[track_caller]
    pub(crate) fn log_in(&self) -> Terminal {
        let terminal = self.start(&["login", &self.resource()]);
        terminal.wait_for("Name of the profile [127-0-0-1]:");
        terminal.press("Enter");
        terminal.wait_for("save this profile? [y/N]");
        terminal.send("y\n");
        assert_eq!(terminal.wait_for_end(), 0, "{}", terminal.transcript());
        terminal
    }

    /// Logs in once more with the profile that there is.
    #[track_caller]
    pub(crate) fn log_in_again(&self) -> Terminal {
        let terminal = self.start(&["login", &self.resource()]);
        assert_eq!(terminal.wait_for_end(), 0, "{}", terminal.transcript());
        terminal
    }

    /// Returns the status of the resource for the token of the profile.
    #[track_caller]
    pub(crate) fn status(&self) -> u16 {
        let token = self.authn(&["-p", PROFILE, "token"]).success();
        let request = rig::agent().get(self.resource());
        let request = request.header("authorization", format!("Bearer {}", token.trim_end()));
        request.call().unwrap().status().as_u16()
    }

    /// Returns how many clients were registered.
    pub(crate) fn registrations(&self) -> u64 {
        self.rig.count(&[("endpoint", "registration"), ("status", "201")])
    }

    /// Returns the texts of all documents in the store.
    pub(crate) fn stored(&self) -> String {
        let files = fs::read_dir(self.sandbox.state().join("authn/tokens"));
        let files = files.into_iter().flatten().map(|file| file.unwrap().path());
        files.map(|file| fs::read_to_string(file).unwrap_or_default()).collect()
    }
}
