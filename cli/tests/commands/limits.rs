//! Limits of the system: open files, and the length of names.

use crate::sandbox::Sandbox;
#[cfg(target_os = "linux")]
use crate::{sandbox::Outcome, server::Server};

/// A provider that makes requests, at a server that is not there.
const OAUTH: &str = "[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\nstore = \"file\"\n\
    token_endpoint_url = \"http://127.0.0.1:1/token\"\ngrant_type = \"client_credentials\"\n\
    client_id = \"cli\"\nclient_secret = \"s3cr3t\"\n";

#[test]
#[cfg(target_os = "linux")]
fn the_limit_on_open_files_is_named() {
    let header = ["header", "--url", "https://a.test/"];
    for (arguments, needs_more) in
        [(&["token"][..], true), (&header, true), (&["status"], true), (&["config", "show"], false)]
    {
        let mut named = 0;
        // With less than 4, the program itself can't be loaded.
        for limit in 4..=30 {
            let sandbox = Sandbox::with(OAUTH);
            let outcome = limited(&sandbox.command(arguments), limit);
            let said = &outcome.stderr;
            assert!(!said.contains("panicked"), "{limit} {arguments:?}: {outcome:?}");
            if outcome.code == 0 || said.contains("can't be reached (connection refused)") {
                break;
            }
            assert!(said.contains("(too many open files)"), "{limit} {arguments:?}: {outcome:?}");
            let help = "help: raise the limit with `ulimit -n`\n";
            assert!(said.contains(help), "{limit} {arguments:?}: {outcome:?}");
            named += 1;
        }
        assert_eq!((4..20).contains(&named), needs_more, "{arguments:?}: {named}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn few_open_files_lose_no_new_refresh_token() {
    let answer =
        r#"{"access_token":"t1","token_type":"Bearer","expires_in":3600,"refresh_token":"r1"}"#;
    // What is there before the exchange decides what the save reads.
    for record in [None, Some("{"), Some(r#"{"version":99,"revision":7}"#)] {
        let mut refused = 0;
        for limit in 4..=40 {
            let server = Server::new();
            let sandbox = server
                .sandbox_with_store()
                .env("AUTHN_CREDENTIALS__OAUTH__GRANT_TYPE", "refresh_token")
                .env("AUTHN_CREDENTIALS__OAUTH__REFRESH_TOKEN", "r0");
            // The folder and the key of the fingerprints are there already.
            server.answering("200 OK", answer, || sandbox.run(&["token"]));
            let path = session(&sandbox).unwrap();
            match record {
                Some(text) => std::fs::write(path, text).unwrap(),
                None => std::fs::remove_file(path).unwrap(),
            }
            let run = || limited(&sandbox.command(&["token"]), limit);
            let (outcome, request) = server.answering_if_asked("200 OK", answer, run);
            if request.is_none() {
                assert!(!outcome.stderr.contains("ca_file"), "{limit} {record:?}: {outcome:?}");
                refused += 1;
                continue;
            }
            let stored = session(&sandbox).map(|path| std::fs::read_to_string(path).unwrap());
            let is_stored = stored.is_some_and(|text| text.contains("\"r1\""));
            assert!(is_stored, "{limit} {record:?}: {outcome:?}");
        }
        assert!((10..30).contains(&refused), "{record:?}: {refused} asked no server");
    }
}

/// Returns the file of the only session.
#[cfg(target_os = "linux")]
fn session(sandbox: &Sandbox) -> Option<std::path::PathBuf> {
    let files = std::fs::read_dir(sandbox.path("home/.local/state/authn/tokens")).ok()?;
    files
        .map(|file| file.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "json"))
}

/// Runs a command that may open this number of files.
#[cfg(target_os = "linux")]
fn limited(command: &std::process::Command, limit: u32) -> Outcome {
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", &format!("ulimit -n {limit}; exec \"$@\""), "sh"])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(command.get_current_dir().unwrap())
        .env_clear()
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Outcome::of(shell.output().unwrap())
}

#[test]
fn a_long_name_of_a_profile_is_no_long_name_of_a_file() {
    let name = "p".repeat(10_000);
    let text = format!("{OAUTH}[profile.{name}]\n");
    let outcome = Sandbox::with(text).run(&["--profile", &name, "status"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}
