//! The session that a fleet shares, and the processes of the fleet.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use authn_tests::{
    command::{Outcome, Sandbox, binary},
    redis::Server,
    rig::{Rig, agent},
    waiting::until,
};
use serde_json::Value;

/// Longer than any token lives.
pub(crate) const EXPIRY: &str = "pass 7200";
/// Longer than a failure is held back.
pub(crate) const PAUSE: &str = "pass 300";

/// A session whose tokens are in Redis.
pub(crate) struct Scene {
    pub(crate) rig: Rig,
    sandbox: Sandbox,
    configuration: String,
}

impl Scene {
    /// A session in a store with these options.
    pub(crate) fn new(store: &str) -> Self {
        let rig = Rig::start();
        let text = format!(
            "[credentials]\norigins = ['*']\n[credentials.oauth]\nissuer_url = '{}'\n\
             grant_type = 'refresh_token'\nclient_id = 'pw'\nclient_secret = 'secret'\nstore = 'redis'\n\
             refresh_token = '{}'\n\n[stores.redis]\n{store}\n\
             encryption_key = '{}'\n",
            rig.issuer(),
            refresh_token(&rig),
            "5a".repeat(32),
        );
        let sandbox = Sandbox::new();
        let configuration = sandbox.file("fleet.toml", text).to_str().unwrap().to_owned();
        Self { rig, sandbox, configuration }
    }

    /// A session in one server.
    pub(crate) fn in_one(server: &Server) -> Self {
        Self::new(&format!("url = '{}'", server.url()))
    }

    /// Runs the command line with the same configuration.
    pub(crate) fn authn(&self, arguments: &[&str]) -> Outcome {
        let arguments = [&["--config", &self.configuration], arguments].concat();
        self.sandbox.run(binary("authn"), &arguments)
    }

    /// Starts processes with as many clients each.
    pub(crate) fn fleet(&self, processes: usize, clients: usize) -> Fleet {
        let start = |_| Process::start(&self.sandbox, &self.configuration, clients);
        Fleet { processes: (0..processes).map(start).collect(), clients }
    }

    /// Runs a program with the configuration of the fleet, and returns its output.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = self.sandbox.command(binary(program));
        command.args(arguments).arg("--config").arg(&self.configuration);
        Outcome::of(command.output().unwrap()).success()
    }

    /// Returns the number of exchanges so far.
    ///
    /// # Panics
    ///
    /// If one was refused: then a refresh token was sent twice, and the server has revoked the family.
    pub(crate) fn exchanges(&self) -> u64 {
        let exchanges = self.rig.count(&[("grant", "refresh_token")]);
        let successes = self.rig.count(&[("grant", "refresh_token"), ("status", "200")]);
        assert_eq!(successes, exchanges, "no family was revoked");
        exchanges
    }
}

/// Processes that share a session.
pub(crate) struct Fleet {
    pub(crate) processes: Vec<Process>,
    clients: usize,
}

impl Fleet {
    /// Has all clients carry out a command at the same time.
    pub(crate) fn all(&mut self, command: &str) -> Vec<Value> {
        self.send(command);
        self.processes.iter_mut().map(Process::answer).collect()
    }

    pub(crate) fn send(&mut self, command: &str) {
        for process in &mut self.processes {
            process.send(command);
        }
    }

    /// Has all clients get a token, and returns the one that all have got.
    pub(crate) fn token(&mut self) -> String {
        let answers = self.all("get");
        self.one_of(&answers)
    }

    /// Returns the token that all clients have got.
    pub(crate) fn one_of(&self, answers: &[Value]) -> String {
        let tokens: BTreeSet<&str> = answers.iter().flat_map(tokens).collect();
        for answer in answers {
            assert_eq!(answer["got"], self.clients, "{answer}");
        }
        assert_eq!(tokens.len(), 1, "all have the same token");
        (*tokens.first().unwrap()).to_owned()
    }

    /// Has all clients fail to get a token, and returns the errors.
    pub(crate) fn errors(&mut self) -> BTreeSet<String> {
        let answers = self.all("get");
        let mut errors = BTreeSet::new();
        for answer in &answers {
            assert_eq!(answer["got"], 0, "{answer}");
            errors.extend(answer["errors"].as_object().unwrap().keys().cloned());
        }
        errors
    }

    /// Takes the process out that holds the lease of the session.
    pub(crate) fn holder(&mut self, server: &Server) -> Process {
        let pid = until("a holder of the lease", || {
            let lease = server.ask(&["--scan", "--pattern", "*:lease"]);
            let owner = server.ask(&["GET", lease.lines().next()?]);
            owner.split(' ').nth(2)?.parse::<u32>().ok()
        });
        let place = self.processes.iter().position(|process| process.child.id() == pid).unwrap();
        self.processes.swap_remove(place)
    }
}

/// A process of the fleet. It ends with the test.
pub(crate) struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start(sandbox: &Sandbox, configuration: &str, clients: usize) -> Self {
        let mut command = sandbox.command(binary("fleet"));
        command.args([configuration, &clients.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, input, output: BufReader::new(output) }
    }

    pub(crate) fn send(&mut self, command: &str) {
        writeln!(self.input, "{command}").unwrap();
    }

    pub(crate) fn ask(&mut self, command: &str) -> Value {
        self.send(command);
        self.answer()
    }

    pub(crate) fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("a process has ended: {line:?}"))
    }

    /// Ends it at once.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the tokens of an answer.
pub(crate) fn tokens(answer: &Value) -> impl Iterator<Item = &str> {
    answer["tokens"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Logs a user in, as an earlier login would.
fn refresh_token(rig: &Rig) -> String {
    let form = [
        ("grant_type", "password"),
        ("username", "alice"),
        ("password", "wonderland"),
        ("scope", "read offline_access"),
    ];
    let url = format!("{}/token", rig.issuer());
    let request = agent().post(&url).header("authorization", "Basic cHc6c2VjcmV0");
    let answer: Value = request.send_form(form).unwrap().body_mut().read_json().unwrap();
    answer["refresh_token"].as_str().unwrap().to_owned()
}
