//! Steps of the real wall clock, by faketime: a suspend and a wrong date neither keep a dead token alive
//! nor end the program.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::Stdio,
};

use authn_tests::{
    command::{Sandbox, binary},
    rig::Rig,
};

/// Debian's library, under the folder of whichever architecture this is.
fn library() -> PathBuf {
    let found = fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
    let mut found = found.map(|folder| folder.join("faketime/libfaketime.so.1"));
    found
        .find(|path| path.exists())
        .expect("libfaketime is missing: run tests/run, which installs it")
}

#[test]
fn the_wall_clock_may_jump_either_way() {
    let rig = Rig::start();
    let sandbox = Sandbox::new();
    let file = sandbox.file(
        "session.toml",
        format!(
            "[credentials]\norigins = ['*']\n[credentials.oauth]\ntoken_endpoint_url = '{}/token'\n\
             client_id = 'cc-basic'\nclient_secret = 'secret'\n",
            rig.issuer()
        ),
    );
    let time = sandbox.file("time", "+0");
    let mut command = sandbox.command(binary("rotator"));
    command
        .arg(file)
        .args(["5", "keep"])
        .env("LD_PRELOAD", library())
        .env("FAKETIME_TIMESTAMP_FILE", &time)
        .env("FAKETIME_NO_CACHE", "1")
        // The monotonic clock stands still while a machine is suspended.
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = |offset: &str| {
        fs::write(&time, offset).unwrap();
        input.write_all(b"\n").unwrap();
        assert_eq!(lines.next().unwrap().unwrap(), "asking");
        lines.next().unwrap().unwrap()
    };
    let first = next("+0");
    assert_eq!(next("+0"), first);
    let after_suspend = next("+2h");
    assert_ne!(after_suspend, first, "either clock ends a token");
    assert_eq!(next("-1d"), after_suspend, "the monotonic clock says that it lives");
    assert_eq!(next("+2h"), after_suspend);
    assert!(child.wait().unwrap().success());
    assert_eq!(rig.count(&[("grant", "client_credentials")]), 2);
}
