//! An interrupt during an exchange: the answer is waited for, unless a second interrupt comes.

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

    /// Interrupts the program, and waits for its message.
    fn interrupt(&mut self) {
        self.send_interrupt();
        let mut line = String::new();
        self.errors.read_line(&mut line).unwrap();
        assert!(line.starts_with("interrupted: "), "{line}");
        assert!(self.program.try_wait().unwrap().is_none());
    }

    fn send_interrupt(&self) {
        let process = self.program.id().to_string();
        assert!(Command::new("kill").args(["-INT", &process]).status().unwrap().success());
    }
}

/// Waits for the end, and checks that only the exit code reports it.
fn is_interrupted(program: Child, mut errors: BufReader<ChildStderr>) {
    let output = program.wait_with_output().unwrap();
    let mut rest = String::new();
    errors.read_to_string(&mut rest).unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!((output.stdout, &*rest), (Vec::new(), ""));
}

#[test]
fn the_exchange_in_progress_is_completed() {
    let mut waiting = Waiting::new();
    waiting.interrupt();
    waiting.request.answer("200 OK", TOKEN);
    is_interrupted(waiting.program, waiting.errors);
}

#[test]
fn a_second_interrupt_ends_it() {
    let mut waiting = Waiting::new();
    waiting.interrupt();
    waiting.send_interrupt();
    is_interrupted(waiting.program, waiting.errors);
}
