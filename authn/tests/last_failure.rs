//! The failure of the last exchange, as a status shows it.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod rotating;

use std::{sync::atomic::Ordering, time::Duration};

use authn::{Credentials, ErrorKind, time::Clock};
use rotating::{Bench, token};

#[tokio::test]
async fn a_status_has_the_failure_of_the_last_refresh() {
    for (store, outlives) in [("file", true), ("memory", false)] {
        let bench = Bench::new();
        let loader = bench.loader(&format!("refresh_token = 'r0'\nstore = '{store}'"));
        let process = || loader.clone().load().unwrap();
        let credentials = process();
        let failure =
            async |credentials: &Credentials| credentials.status().await.unwrap().last_failure;
        token(&credentials).await;
        assert!(failure(&credentials).await.is_none());
        bench.expire();
        bench.server.fails.store(true, Ordering::SeqCst);
        let failed_at = Clock::custom(bench.clock.clone()).now().wall();
        let error = credentials.token().await.unwrap_err();
        bench.clock.advance(Duration::from_mins(3));
        for (process, has) in [(&credentials, true), (&process(), outlives)] {
            let last = failure(process).await;
            assert_eq!(last.is_some(), has, "{store}");
            let Some(last) = last else { continue };
            assert_eq!(last.error.to_string(), error.to_string());
            assert_eq!(last.error.kind(), ErrorKind::Network);
            let difference = last.at.duration_since(failed_at).unwrap_or_else(|e| e.duration());
            assert!(difference < Duration::from_millis(1), "{difference:?}");
        }
        bench.server.fails.store(false, Ordering::SeqCst);
        token(&credentials).await;
        for process in [&credentials, &process()] {
            assert!(failure(process).await.is_none(), "a success clears it");
        }
    }
}

#[tokio::test]
async fn a_logout_and_the_end_of_a_session_clear_an_earlier_failure() {
    let bench = Bench::new();
    let fail = async || {
        bench.server.fails.store(true, Ordering::SeqCst);
        bench.process("r0").token().await.unwrap_err();
        bench.server.fails.store(false, Ordering::SeqCst);
        bench.process("r0").status().await.unwrap().last_failure.unwrap();
        // Those that waited for it would get it.
        bench.clock.advance(Duration::from_mins(1));
    };
    token(&bench.process("r0")).await;
    bench.expire();
    fail().await;
    bench.server.live.lock().unwrap().clear();
    let error = bench.process("r0").token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired);
    assert!(bench.process("r0").status().await.unwrap().last_failure.is_none());
    fail().await;
    bench.process("r0").logout().await.unwrap();
    assert!(bench.process("r0").status().await.unwrap().last_failure.is_none());
}
