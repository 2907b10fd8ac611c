//! A process that has stopped with a lock in its hands blocks its own session alone.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod rotating;

use std::{fs::File, path::PathBuf, time::Duration};

use authn::{Credentials, ErrorKind};
use rotating::{Bench, token};

/// Returns the lock file of the only session, locked, as a process that was stopped has it.
fn held(bench: &Bench, ending: &str) -> File {
    let path: PathBuf = bench.document().with_extension(ending);
    let file = File::open(path).unwrap();
    file.lock().unwrap();
    file
}

fn unrelated(bench: &Bench, name: &str) -> Credentials {
    bench.server.live.lock().unwrap().insert(name.to_owned());
    bench.loader(&format!("refresh_token = '{name}'\naudience = '{name}'")).load().unwrap()
}

#[tokio::test]
async fn a_held_lease_blocks_no_other_session_and_its_wait_has_an_end() {
    let bench = Bench::new();
    let credentials = bench.process("r0");
    token(&credentials).await;
    let _lease = held(&bench, "lease");
    // The token is valid: it is returned at once, and only its renewal waits.
    bench.clock.advance(Duration::from_mins(9));
    assert_eq!(token(&credentials).await, "t1");
    assert_eq!(token(&bench.process("r0")).await, "t1");
    assert_eq!(token(&unrelated(&bench, "other")).await, "t2");
    bench.expire();
    let waits = tokio::spawn({
        let credentials = credentials.clone();
        async move { credentials.token().await }
    });
    assert_eq!(token(&unrelated(&bench, "another")).await, "t3");
    while !waits.is_finished() {
        bench.clock.advance(Duration::from_mins(1));
        tokio::task::yield_now().await;
    }
    let error = waits.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.message().contains("another process has held the session"), "{error}");
    assert_eq!(bench.exchanges(), 3, "nothing was sent");
}

#[tokio::test]
async fn a_held_lock_blocks_no_other_session_and_not_the_end_of_the_program() {
    let bench = Bench::new();
    let credentials = bench.process("r0");
    token(&credentials).await;
    bench.expire();
    let lock = held(&bench, "lock");
    let waits = tokio::spawn({
        let credentials = credentials.clone();
        async move { credentials.token().await }
    });
    while bench.exchanges() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(token(&unrelated(&bench, "other")).await, "t3");
    // Closing waits for the save, and not for ever.
    let closing = tokio::spawn({
        let credentials = credentials.clone();
        async move { credentials.close().await }
    });
    while !closing.is_finished() {
        bench.clock.advance(Duration::from_secs(5));
        tokio::task::yield_now().await;
    }
    closing.await.unwrap();
    while !waits.is_finished() {
        bench.clock.advance(Duration::from_secs(5));
        tokio::task::yield_now().await;
    }
    assert_eq!(waits.await.unwrap().unwrap_err().kind(), ErrorKind::Store);
    // The rotated token is saved once the lock is free. Before that, no other process reads the spent one.
    bench.expire();
    let next = tokio::spawn({
        let next = bench.process("r0");
        async move { token(&next).await }
    });
    drop(lock);
    assert_eq!(next.await.unwrap(), "t4");
    assert_eq!(bench.server.live.lock().unwrap().len(), 2, "no family was revoked");
}
