//! A network of a command's own, in which names are resolved by this test alone, so that no question leaves the machine.

use std::{
    env,
    net::UdpSocket,
    process::{Command, Stdio},
};

use authn_tests::command::{Outcome, Sandbox, binary};
use serde::Deserialize;

/// What the resolver says of every name.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// The name does not exist (RFC 1035, section 4.1.1: code 3).
    UnknownName,
    /// The resolver has failed (code 2).
    Failure,
    /// Nothing.
    Silence,
}

/// The variable that has the code of the answer.
const CODE: &str = "RESOLVER_CODE";

/// Starts the resolver, and then the command. The resolver of the system waits for 1 s and asks once.
const SCRIPT: &str = "ip link set lo up && \
    mount --bind \"$1/resolv.conf\" /etc/resolv.conf && mount --bind \"$1/nsswitch.conf\" /etc/nsswitch.conf && \
    mkfifo \"$1/ready\" && shift_to=\"$1/ready\" && \
    { RESOLVER_READY=\"$shift_to\" \"$0\" --exact dns::resolver --ignored >/dev/null 2>&1 & resolver=$!; } && \
    read -r _ <\"$shift_to\" && shift && \
    { \"$@\"; code=$?; kill $resolver; exit $code; }";

/// Runs the program with a resolver that gives this answer; `None` if this system lets no test make such a network.
#[expect(clippy::print_stderr, reason = "the output of the tests must say what was not tested")]
pub(crate) fn run(sandbox: &Sandbox, answer: Answer, arguments: &[&str]) -> Option<Outcome> {
    let folder = sandbox.root().display().to_string();
    for (name, text) in [
        ("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"),
        ("nsswitch.conf", "hosts: files dns\n"),
    ] {
        sandbox.file(sandbox.root().join(name), text);
    }
    let spaces = ["--net", "--mount", "--map-root-user"];
    let probe =
        Command::new("unshare").args(spaces).args(["ip", "link", "set", "lo", "up"]).output();
    let probe = probe.expect("unshare is missing: run tests/run, which installs it");
    if !probe.status.success() {
        let why = String::from_utf8_lossy(&probe.stderr);
        eprintln!("skipped, because this system makes no such network: {}", why.trim());
        return None;
    }
    let mut command = sandbox.command("unshare");
    command.args(spaces).args(["sh", "-c", SCRIPT]).arg(env::current_exe().unwrap()).arg(folder);
    command.arg(binary("authn")).args(arguments).env(CODE, answer.code()).stdin(Stdio::null());
    Some(Outcome::of(command.output().unwrap()))
}

impl Answer {
    fn code(self) -> &'static str {
        match self {
            Self::UnknownName => "3",
            Self::Failure => "2",
            Self::Silence => "",
        }
    }
}

/// Answers every question with the code, or not at all.
#[test]
#[ignore = "it is run by the others, in a network of its own"]
fn resolver() {
    let code: Option<u8> = env::var(CODE).unwrap().parse().ok();
    let socket = UdpSocket::bind("127.0.0.1:53").unwrap();
    std::fs::write(env::var("RESOLVER_READY").unwrap(), "\n").unwrap();
    let mut question = [0; 512];
    loop {
        let (length, client) = socket.recv_from(&mut question).unwrap();
        if let Some(code) = code {
            // A response that has the question and no record; recursion is available.
            question[2] |= 0x80;
            question[3] = 0x80 | code;
            // Of the additional records (EDNS) none is returned.
            question[10..12].fill(0);
            socket.send_to(&question[..length], client).unwrap();
        }
    }
}
