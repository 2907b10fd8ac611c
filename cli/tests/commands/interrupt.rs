//! A signal during an exchange: the answer is waited for, unless a second signal comes.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStderr, Command, Stdio},
};

use crate::{
    sandbox::Sandbox,
    server::{Request, Server, TOKEN},
};

/// A program that waits for a server's answer.
struct Waiting {
    program: Child,
    errors: BufReader<ChildStderr>,
    request: Request,
    _sandbox: Sandbox,
}

impl Waiting {
    fn new() -> Self {
        let server = Server::new();
        let sandbox = server.sandbox();
        let mut command = sandbox.command(&["token"]);
        let mut program = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let errors = BufReader::new(program.stderr.take().unwrap());
        Self { request: server.request(), program, errors, _sandbox: sandbox }
    }

    /// Sends a signal to the program, and waits for its message.
    fn interrupt(&mut self, signal: &str) {
        self.send(signal);
        let mut line = String::new();
        self.errors.read_line(&mut line).unwrap();
        assert!(line.starts_with("interrupted: "), "{line}");
        assert!(self.program.try_wait().unwrap().is_none());
    }

    fn send(&self, signal: &str) {
        let process = self.program.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    }
}

/// Waits for the end, and checks that only the exit code reports it.
fn ends_with(code: i32, program: Child, mut errors: BufReader<ChildStderr>) {
    let output = program.wait_with_output().unwrap();
    let mut rest = String::new();
    errors.read_to_string(&mut rest).unwrap();
    assert_eq!(output.status.code(), Some(code));
    assert_eq!((output.stdout, &*rest), (Vec::new(), ""));
}

#[test]
fn the_exchange_in_progress_is_completed() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129), ("-QUIT", 131)] {
        let mut waiting = Waiting::new();
        waiting.interrupt(signal);
        waiting.request.answer("200 OK", TOKEN);
        ends_with(code, waiting.program, waiting.errors);
    }
}

#[test]
fn a_second_signal_ends_it() {
    for second in ["-INT", "-TERM"] {
        let mut waiting = Waiting::new();
        waiting.interrupt("-INT");
        waiting.send(second);
        ends_with(130, waiting.program, waiting.errors);
    }
}

/// `nohup` starts a program that ignores SIGHUP, which it does until its end.
#[test]
#[cfg(target_os = "linux")]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let server = Server::new();
    let sandbox = server.sandbox();
    let token = sandbox.command(&["token"]);
    let mut command = Command::new("nohup");
    command.arg(token.get_program()).args(token.get_args());
    command.env_clear().envs(token.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let program = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut request = server.request();
    assert!(
        Command::new("kill").args(["-HUP", &program.id().to_string()]).status().unwrap().success()
    );
    request.answer("200 OK", TOKEN);
    let output = program.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(0), false));
}
