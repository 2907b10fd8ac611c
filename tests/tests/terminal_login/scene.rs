//! A user whose provider logs in by steps, controlled by the test.

use std::net::{TcpListener, TcpStream};

use authn_tests::{
    command::{Outcome, Sandbox, binary},
    terminal::Terminal,
    waiting,
};
use serde_json::Value;

/// A user whose provider logs in by steps, controlled by the test.
pub(crate) struct Scene {
    pub(crate) sandbox: Sandbox,
    pub(crate) gate: TcpListener,
}

impl Scene {
    pub(crate) fn new(steps: &[&str]) -> Self {
        Self::with("user = 'alice'", steps)
    }

    pub(crate) fn with(options: &str, steps: &[&str]) -> Self {
        let mut sandbox = Sandbox::new();
        let state = sandbox.home().join(".local/state");
        sandbox.env("XDG_STATE_HOME", state);
        let gate = TcpListener::bind("127.0.0.1:0").expect("a free port");
        gate.set_nonblocking(true).expect("a gate that can be looked at");
        let address = gate.local_addr().expect("the port");
        let text = format!(
            "[credentials]\norigins = ['*']\n[credentials.staged]\naddress = '{address}'\n\
             steps = {steps:?}\n{options}\n[profile.work]\n"
        );
        sandbox.file(sandbox.config().join("authn/config.toml"), text);
        Self { sandbox, gate }
    }

    /// Starts `login` with these arguments.
    pub(crate) fn login(&self, size: (u16, u16), arguments: &[&str]) -> Terminal {
        let program = binary("staged");
        let command = [&[program.to_str().expect("a path in UTF-8"), "login"], arguments].concat();
        Terminal::start(&self.sandbox, size, &command, &[])
    }

    /// Starts a script with the program as `$1`, which outlives an interrupt.
    pub(crate) fn script(&self, script: &str) -> Terminal {
        let program = binary("staged");
        let script = format!("trap : INT\n{script}");
        let command = ["sh", "-c", &script, "sh", program.to_str().expect("a path in UTF-8")];
        Terminal::start(&self.sandbox, (80, 24), &command, &[])
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        self.sandbox.run(binary("staged"), arguments)
    }

    /// Waits until the login is at its gate. It continues when the returned value is dropped.
    #[track_caller]
    pub(crate) fn at_the_gate(&self) -> TcpStream {
        waiting::until("the login at its gate", || self.gate.accept().ok()).0
    }

    pub(crate) fn status(&self) -> Value {
        let shown = self.run(&["status", "--json"]).success();
        let mut shown: Value = serde_json::from_str(&shown).expect("a list");
        shown[0].take()
    }
}
