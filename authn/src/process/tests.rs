//! Commands that misbehave, and what is left of them.

#![cfg(unix)]

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt,
    thread,
};

use tempfile::TempDir;

use super::*;
use crate::{
    Environment, ErrorKind,
    runtime::{block_on, in_background},
    time::ManualClock,
};

/// A script, and a named pipe that all its processes hold open as file 3.
struct Script {
    folder: TempDir,
}

impl Script {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let text = format!("exec 3> '{}'\n{text}\n", pipe.display());
        std::fs::write(folder.path().join("script"), text).unwrap();
        Self { folder }
    }

    fn process(&self) -> Process {
        let script = self.folder.path().join("script").display().to_string();
        let path = std::env::var_os("PATH").unwrap();
        let environment = Environment::empty().variable("PATH", path).variable("SECRET", "s3cr3t");
        let surroundings = Surroundings::of(&environment, |name| name == "SECRET");
        Process::new(&["sh".to_owned(), script], &surroundings)
    }

    /// Opens the pipe, which waits for the script. Its end means that no process is left.
    fn pipe(&self) -> BufReader<File> {
        BufReader::new(File::open(self.folder.path().join("pipe")).unwrap())
    }

    /// Runs the script to its end, and waits until no process of it is left. Returns what it has written to the pipe.
    fn run(&self, change: fn(Process) -> Process) -> (Result<Finished>, String) {
        let process = change(self.process());
        thread::scope(|scope| {
            let left = scope.spawn(|| std::io::read_to_string(self.pipe()).unwrap());
            let finished = block_on(process.run(&Clock::system())).unwrap();
            (finished, left.join().unwrap())
        })
    }
}

fn line(pipe: &mut BufReader<File>) -> String {
    let mut line = String::new();
    pipe.read_line(&mut line).unwrap();
    line
}

#[test]
fn what_a_command_prints_is_returned_with_its_status() {
    let script = Script::new("read line; echo \"got $line\"; echo s3cr3t >&2; exit 3");
    let (finished, _) =
        script.run(|process| process.input(Zeroizing::new(b"this\nand that".to_vec())));
    let finished = finished.unwrap();
    assert_eq!(finished.output(), b"got this\n");
    assert!(!finished.has_succeeded());
    let error = finished.failure();
    assert_eq!(error.message(), "the command failed (exit status: 3)");
    assert!(!format!("{error:?} {finished:?} {:?}", script.process()).contains("s3cr3t"));
}

#[test]
fn a_command_reads_nothing_and_gets_no_withheld_variable() {
    let script = Script::new("cat; env; pwd");
    let (finished, _) = script.run(|process| {
        process.variable("OWN", Zeroizing::new("1".to_owned())).directory(Path::new("/"))
    });
    let output = String::from_utf8(finished.unwrap().output().to_vec()).unwrap();
    let lines: Vec<&str> = output.lines().collect();
    assert!(lines.contains(&"OWN=1") && lines.ends_with(&["/"]), "{output}");
    assert!(lines.iter().any(|line| line.starts_with("PATH=")), "{output}");
    assert!(!output.contains("SECRET"), "{output}");
}

#[test]
fn input_that_is_not_read_does_not_matter() {
    let (finished, _) = Script::new("exec 0<&-; echo done")
        .run(|process| process.input(Zeroizing::new(vec![b'a'; 1024 * 1024])));
    assert_eq!(finished.unwrap().output(), b"done\n");
}

#[test]
fn a_process_that_holds_the_pipe_is_not_waited_for() {
    let (finished, left) = Script::new("sleep 1000 & echo token; echo ready >&3").run(|it| it);
    assert_eq!(finished.unwrap().output(), b"token\n");
    assert_eq!(left, "ready\n");
}

#[test]
fn all_that_was_printed_before_the_end_is_read() {
    // More than a pipe holds.
    let (finished, _) = Script::new("head -c 1048576 /dev/zero").run(|it| it);
    assert_eq!(finished.unwrap().output().len(), LONGEST_OUTPUT);
}

#[test]
fn output_without_end_ends_the_command() {
    for (script, message) in [
        ("yes s3cr3t", "the command printed more than 1 MiB, and was ended"),
        ("trap '' TERM; yes s3cr3t & wait", "the command printed more than 1 MiB, and was ended"),
        ("head -c 1048577 /dev/zero", "the command printed more than 1 MiB, and was ended"),
        (
            "yes s3cr3t >&2",
            "the command printed to its standard error more than 1 MiB, and was ended",
        ),
    ] {
        let (finished, _) = Script::new(script).run(|it| it);
        let error = finished.unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Protocol, message), "{script}");
    }
}

/// Runs a script past its time limit, on a clock that moves when it has started.
fn overdue(script: &str) -> (Error, String) {
    let script = Script::new(script);
    let clock = ManualClock::new();
    let (process, its_clock) = (script.process(), Clock::custom(clock.clone()));
    let run = thread::spawn(move || {
        block_on(in_background(async move { process.run(&its_clock).await })).unwrap()
    });
    let mut pipe = script.pipe();
    assert_eq!(line(&mut pipe), "ready\n");
    let left = thread::spawn(move || std::io::read_to_string(pipe).unwrap());
    // The time for the end starts when the time limit has passed.
    while !run.is_finished() {
        clock.advance(Duration::from_secs(10));
        thread::yield_now();
    }
    (run.join().unwrap().unwrap_err(), left.join().unwrap())
}

#[test]
fn a_command_that_takes_too_long_is_ended_with_all_its_processes() {
    for (script, expected) in [
        // It may clean up.
        ("trap 'echo term >&3; exit' TERM; echo ready >&3; while :; do sleep 0.01; done", "term\n"),
        ("trap '' TERM; sleep 1000 & echo ready >&3; wait", ""),
        ("(trap '' TERM; echo ready >&3; sleep 1000) & wait", ""),
        ("(trap '' TERM; echo ready >&3; kill -STOP $$; sleep 1000) & kill -STOP $$", ""),
    ] {
        let (error, left) = overdue(script);
        assert_eq!(error.kind(), ErrorKind::Network, "{script}");
        assert_eq!(error.message(), "the command took longer than 30s, and was ended");
        assert!(left == expected || left.is_empty(), "{script}: {left}");
    }
}

#[test]
fn a_command_whose_caller_is_gone_is_ended_with_all_its_processes() {
    for end in
        [|task: &tokio::task::AbortHandle| task.abort(), |_: &tokio::task::AbortHandle| kill_all()]
    {
        let script = Script::new("trap '' TERM; sleep 1000 & echo ready >&3; wait");
        let process = script.process();
        let run = crate::runtime::handle()
            .unwrap()
            .spawn(async move { process.run(&Clock::system()).await });
        let mut pipe = script.pipe();
        assert_eq!(line(&mut pipe), "ready\n");
        end(&run.abort_handle());
        assert_eq!(std::io::read_to_string(pipe).unwrap(), "");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn an_interactive_command_stays_in_the_foreground() {
    // The fifth word is the process group.
    let script = "cut -d' ' -f5 /proc/$$/stat; echo ready >&3";
    let group = |is_interactive| {
        let change = if is_interactive { |it: Process| it.interactive(true) } else { |it| it };
        let (finished, _) = Script::new(script).run(change);
        let output = String::from_utf8(finished.unwrap().output().to_vec()).unwrap();
        output.trim().parse::<i32>().unwrap()
    };
    let own = rustix::process::getpgrp().as_raw_nonzero().get();
    assert_eq!(group(true), own);
    assert_ne!(group(false), own);
}

#[test]
fn a_command_is_a_program_that_can_be_found() {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    for good in [&["gh", "auth"][..], &["/bin/sh"], &["~/bin/x"]] {
        Process::check(&words(good)).unwrap();
    }
    for bad in [&[][..], &[""], &["./x"], &["bin/x"], &["../x"], &["x\0"], &["x", "a\0b"]] {
        let error = Process::check(&words(bad)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{bad:?}");
    }
}

#[test]
fn a_name_is_looked_up_in_the_absolute_folders_of_path() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, mode| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    };
    file("first/tool", 0o600);
    file("second/tool", 0o700);
    std::fs::create_dir(folder.path().join("first/folder")).unwrap();
    let path = format!(".::first:{0}/first:{0}/second", folder.path().display());
    let environment = Environment::empty().variable("PATH", path).home("/home/ann");
    let surroundings = Surroundings::of(&environment, |_| false);
    assert_eq!(surroundings.find("tool").unwrap(), folder.path().join("second/tool"));
    assert_eq!(surroundings.find("/x/tool").unwrap(), Path::new("/x/tool"));
    assert_eq!(surroundings.find("~/tool").unwrap(), Path::new("/home/ann/tool"));
    for absent in ["folder", "other"] {
        let error = surroundings.find(absent).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotApplicable, "{absent}");
    }
}

#[test]
fn a_program_that_can_not_be_started_is_an_error() {
    for (program, directory, kind) in [
        ("/nowhere/tool", "/", ErrorKind::NotApplicable),
        ("/etc/passwd", "/", ErrorKind::Configuration),
        ("/bin/sh", "/nowhere", ErrorKind::Configuration),
    ] {
        let process = Process::new(&[program.to_owned()], &Surroundings::default());
        let process = process.directory(Path::new(directory));
        let error = block_on(process.run(&Clock::system())).unwrap().unwrap_err();
        assert_eq!(error.kind(), kind, "{program} {directory}: {error}");
    }
}
