//! `logout`.

use crate::{
    sandbox::{Outcome, Sandbox},
    server::Server,
};

const OAUTH: &str = "(profile: none, provider: oauth)";

#[track_caller]
fn said(outcome: &Outcome, words: &str) {
    assert_eq!((outcome.code, &*outcome.stdout), (0, ""), "{}", outcome.stderr);
    assert_eq!(outcome.stderr, format!("{words}\n"));
}

#[test]
fn what_is_kept_is_forgotten_and_the_next_token_is_another() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    let nothing = format!("nothing was kept in the store `file` {OAUTH}");
    said(&sandbox.run(&["logout"]), &nothing);
    for token in ["one", "two"] {
        let outcome = server.giving(token, 3_600, || sandbox.run(&["token"]));
        assert_eq!(outcome.done(), format!("{token}\n"));
        let forgotten = format!("logged out: the store `file` has forgotten the session {OAUTH}");
        said(&sandbox.run(&["logout"]), &forgotten);
        said(&sandbox.run(&["logout"]), &nothing);
    }
    server.is_left_alone();
}

#[test]
fn tokens_of_other_scopes_go_too() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    let other = ["token", "--scope", "read"];
    server.giving("one", 3_600, || sandbox.run(&other)).done();
    let outcome = sandbox.run(&["logout"]);
    assert!(outcome.stderr.starts_with("logged out: "), "{outcome:?}");
    let again = server.giving("two", 3_600, || sandbox.run(&other));
    assert_eq!(again.done(), "two\n");
}

#[test]
fn another_profiles_session_stays() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    sandbox.file("work/ci.toml", "[profile.ci]\n");
    let ci = |command| ["--config", "ci.toml", "--profile", "ci", command];
    server.giving("base", 3_600, || sandbox.run(&["token"])).done();
    server.giving("ci", 3_600, || sandbox.run(&ci("token"))).done();
    let outcome = sandbox.run(&ci("logout"));
    assert!(outcome.stderr.ends_with("(profile: ci, provider: oauth)\n"), "{outcome:?}");
    assert_eq!(sandbox.run(&["token"]).done(), "base\n");
}

#[test]
fn without_a_store_there_is_nothing_to_forget() {
    let words = "nothing was kept, because no store is in use";
    said(&Server::new().sandbox().run(&["logout"]), &format!("{words} {OAUTH}"));
    let sandbox = Sandbox::with("[credentials]\nbearer = \"s3cr3t\"\n");
    said(&sandbox.run(&["logout"]), &format!("{words} (profile: none, provider: bearer)"));
}

#[test]
fn a_session_that_is_not_revoked_stays() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    server.giving("one", 3_600, || sandbox.run(&["token"])).done();
    // A server that is known by its token endpoint alone has nowhere to revoke at.
    let outcome = sandbox.run(&["logout", "--revoke"]);
    assert_eq!((outcome.code, &*outcome.stdout), (3, ""), "{}", outcome.stderr);
    for word in ["error: ", "help: nothing was forgotten"] {
        assert!(outcome.stderr.contains(word), "{}", outcome.stderr);
    }
    assert_eq!(sandbox.run(&["token"]).done(), "one\n");
    server.is_left_alone();
}

#[test]
fn what_is_not_kept_needs_no_revocation() {
    let sandbox = Server::new().sandbox_with_store();
    said(
        &sandbox.run(&["logout", "--revoke"]),
        &format!("nothing was kept in the store `file` {OAUTH}"),
    );
}
