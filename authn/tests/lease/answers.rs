//! The answer to what was sent before the lease was lost: it is saved, or another process has the session.

use std::{
    future::Future as _,
    sync::atomic::Ordering,
    task::{Context, Waker},
};

use authn::{Error, ErrorKind};

use super::{rotating::Bench, shelf::Shelf, start, wait_after_failure};
use crate::rotating::token;

/// Returns a session with `t1` and `r1`, whose token has expired.
async fn stored() -> (Bench, Shelf) {
    let (bench, shelf) = (Bench::new(), Shelf::default());
    assert_eq!(token(&shelf.process(&bench)).await, "t1");
    bench.expire();
    (bench, shelf)
}

fn sent(bench: &Bench) -> Vec<String> {
    bench.server.sent.lock().unwrap().clone()
}

fn assert_lost(error: &Error) {
    assert_eq!((error.kind(), error.help()), (ErrorKind::Store, Some("try again")), "{error}");
    let expected = "the lease of the session in the shelf was lost during the exchange";
    assert!(error.message().starts_with(expected), "{error}");
}

#[tokio::test]
async fn an_answer_is_saved_by_who_holds_it_whether_the_lease_is_held_or_not() {
    let (bench, shelf) = stored().await;
    let answered = bench.server.stops.at("answer");
    let exchange = start(&shelf.process(&bench));
    answered.reached().await;
    shelf.take_leases_away();
    answered.go_on();
    assert_eq!(exchange.await.unwrap().unwrap().secret(), "t2");
    assert_eq!(token(&shelf.process(&bench)).await, "t2", "it is stored for the other processes");
    bench.expire();
    assert_eq!(token(&shelf.process(&bench)).await, "t3");
    assert_eq!(sent(&bench), ["r0", "r1", "r2"]);
}

#[tokio::test]
async fn an_answer_is_saved_although_the_new_holder_has_reserved() {
    // The first session, of which there is no record, and a later one.
    for is_first in [true, false] {
        let (bench, shelf) =
            if is_first { (Bench::new(), Shelf::default()) } else { stored().await };
        let next = bench.exchanges() + 1;
        let answered = bench.server.stops.at("answer");
        let former = start(&shelf.process(&bench));
        answered.reached().await;
        shelf.take_leases_away();
        let preparing = bench.server.stops.at("before");
        let holder = start(&shelf.process(&bench));
        preparing.reached().await;
        answered.go_on();
        assert_eq!(former.await.unwrap().unwrap().secret(), format!("t{next}"));
        // The new holder is lost, too, before it has sent the same refresh token. It uses the token that is there.
        shelf.take_leases_away();
        preparing.go_on();
        assert_eq!(holder.await.unwrap().unwrap().secret(), format!("t{next}"));
        bench.expire();
        assert_eq!(token(&shelf.process(&bench)).await, format!("t{}", next + 1));
        assert_eq!(sent(&bench).last().unwrap(), &format!("r{next}"));
    }
}

#[tokio::test]
async fn an_answer_is_not_used_if_another_process_has_renewed_the_session() {
    let (bench, shelf) = stored().await;
    bench.server.accepts_spent.store(true, Ordering::SeqCst);
    let former = shelf.process(&bench);
    let answered = bench.server.stops.at("answer");
    let exchange = start(&former);
    answered.reached().await;
    shelf.take_leases_away();
    assert_eq!(token(&shelf.process(&bench)).await, "t3", "the new holder");
    answered.go_on();
    assert_eq!(exchange.await.unwrap().unwrap().secret(), "t3", "its token is used");
    assert_eq!(former.try_token().unwrap().secret(), "t3", "and cached");
    let stored = shelf.sessions().concat();
    assert!(stored.contains("\"r3\"") && !stored.contains("\"r2\""), "{stored}");
}

#[tokio::test]
async fn an_answer_is_saved_if_the_new_holder_was_refused() {
    let (bench, shelf) = stored().await;
    let former = shelf.process(&bench);
    let answered = bench.server.stops.at("answer");
    let exchange = start(&former);
    answered.reached().await;
    shelf.take_leases_away();
    // What it sends was spent by the former one, whose answer has the only token that is accepted.
    bench.server.used.lock().unwrap().clear();
    let error = shelf.process(&bench).token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");
    answered.go_on();
    assert_eq!(exchange.await.unwrap().unwrap().secret(), "t2");
    let other = shelf.process(&bench);
    assert_eq!(token(&other).await, "t2", "it is stored");
    bench.expire();
    assert_eq!(token(&other).await, format!("t{}", bench.exchanges()));
    assert_eq!(sent(&bench).last().unwrap(), "r2");
}

#[tokio::test]
async fn an_answer_is_not_used_if_what_is_stored_instead_has_no_usable_token() {
    let (bench, shelf) = stored().await;
    bench.server.accepts_spent.store(true, Ordering::SeqCst);
    let former = shelf.process(&bench);
    let answered = bench.server.stops.at("answer");
    let exchange = start(&former);
    answered.reached().await;
    shelf.take_leases_away();
    // For other scopes.
    assert_eq!(token(&shelf.process(&bench).with_scope(&["read"])).await, "t3");
    answered.go_on();
    assert_lost(&exchange.await.unwrap().unwrap_err());
    assert!(former.try_token().is_none());
    wait_after_failure(&bench);
    assert_eq!(token(&former).await, "t4");
    assert_eq!(sent(&bench).last().unwrap(), "r3");
}

#[tokio::test]
async fn a_logout_meanwhile_wins_and_says_so() {
    for is_first in [true, false] {
        let (bench, shelf) =
            if is_first { (Bench::new(), Shelf::default()) } else { stored().await };
        let former = shelf.process(&bench);
        let answered = bench.server.stops.at("answer");
        let exchange = start(&former);
        answered.reached().await;
        shelf.take_leases_away();
        shelf.process(&bench).logout().await.unwrap();
        answered.go_on();
        let error = exchange.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");
        assert!(error.message().starts_with("the session was logged out"), "{error}");
        assert!(former.try_token().is_none());
        assert!(!former.status().await.unwrap().has_refresh_token);
    }
}

#[tokio::test]
async fn a_holder_that_can_not_reserve_reads_again_and_never_sends_what_it_has_read_before() {
    for (is_forced, expected) in [(false, "t2"), (true, "t3")] {
        let (bench, shelf) = stored().await;
        let answered = bench.server.stops.at("answer");
        let former = start(&shelf.process(&bench));
        answered.reached().await;
        shelf.take_leases_away();
        let reserving = shelf.0.stops.at("reserve");
        let holder = shelf.process(&bench);
        let holder = tokio::spawn(async move {
            if is_forced { holder.refresh().await } else { holder.token().await }
        });
        reserving.reached().await;
        answered.go_on();
        assert_eq!(former.await.unwrap().unwrap().secret(), "t2");
        reserving.go_on();
        assert_eq!(holder.await.unwrap().unwrap().secret(), expected);
        let all = ["r0", "r1", "r2"];
        assert_eq!(sent(&bench), all[..2 + usize::from(is_forced)]);
    }
}

#[tokio::test]
async fn a_holder_that_can_not_reserve_after_a_logout_says_so() {
    let (bench, shelf) = stored().await;
    let reserving = shelf.0.stops.at("reserve");
    let exchange = start(&shelf.process(&bench));
    reserving.reached().await;
    shelf.process(&bench).logout().await.unwrap();
    reserving.go_on();
    let error = exchange.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");
    assert_eq!(bench.exchanges(), 1, "nothing was sent");
}

#[tokio::test]
async fn a_refusal_of_what_the_new_holder_has_spent_ends_no_session() {
    let (bench, shelf) = stored().await;
    let former = shelf.process(&bench);
    let on_the_wire = bench.server.stops.at("wire");
    let exchange = start(&former);
    on_the_wire.reached().await;
    shelf.take_leases_away();
    assert_eq!(token(&shelf.process(&bench)).await, "t2", "the new holder");
    // The former one is refused. The record is another one.
    bench.server.used.lock().unwrap().clear();
    on_the_wire.go_on();
    assert_eq!(exchange.await.unwrap().unwrap().secret(), "t2", "its token is used");
    bench.expire();
    assert_eq!(token(&former).await, "t4", "the session goes on");
    assert_eq!(sent(&bench), ["r0", "r1", "r1", "r2"]);
}

#[tokio::test]
async fn a_refusal_while_the_new_holder_has_not_saved_its_answer_ends_no_session() {
    let (bench, shelf) = stored().await;
    let former = shelf.process(&bench);
    let on_the_wire = bench.server.stops.at("wire");
    let exchange = start(&former);
    on_the_wire.reached().await;
    shelf.take_leases_away();
    let answered = bench.server.stops.at("answer");
    let holder = start(&shelf.process(&bench));
    answered.reached().await;
    bench.server.used.lock().unwrap().clear();
    on_the_wire.go_on();
    assert_lost(&exchange.await.unwrap().unwrap_err());
    assert!(shelf.sessions()[0].contains("\"r1\""), "the record is left to its holder");
    answered.go_on();
    assert_eq!(holder.await.unwrap().unwrap().secret(), "t2");
    wait_after_failure(&bench);
    assert_eq!(token(&former).await, "t2");
}

#[tokio::test]
async fn a_session_that_the_server_has_ended_is_cleared_by_a_holder_whose_lease_is_held() {
    let (bench, shelf) = stored().await;
    bench.server.live.lock().unwrap().clear();
    let error = shelf.process(&bench).token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired);
    assert!(!shelf.sessions()[0].contains("\"r1\""));
}

#[tokio::test]
async fn an_answer_that_was_saved_although_the_store_said_otherwise_is_used() {
    let (bench, shelf) = stored().await;
    // The answer of the save is lost on the way back.
    shelf.lose_answers_of_saves(1);
    assert_eq!(token(&shelf.process(&bench)).await, "t2");
    bench.expire();
    assert_eq!(token(&shelf.process(&bench)).await, "t3");
}

#[tokio::test]
async fn an_answer_that_waits_in_memory_is_saved_onto_a_reservation_alone() {
    for renewed in [false, true] {
        let (bench, shelf) = stored().await;
        bench.server.accepts_spent.store(true, Ordering::SeqCst);
        let former = shelf.process(&bench);
        let failure = Error::store("the shelf is full");
        let answered = bench.server.stops.at("answer");
        let exchange = start(&former);
        answered.reached().await;
        shelf.fail(&["save"], &failure);
        answered.go_on();
        exchange.await.unwrap().unwrap_err();
        shelf.work_again();
        // Another process has reserved, and has failed or not.
        let other = shelf.process(&bench);
        bench.server.fails.store(!renewed, Ordering::SeqCst);
        let other = other.token().await;
        assert_eq!(other.is_ok(), renewed);
        bench.server.fails.store(false, Ordering::SeqCst);
        wait_after_failure(&bench);
        assert_eq!(token(&former).await, if renewed { "t3" } else { "t2" });
        bench.expire();
        token(&former).await;
        assert_eq!(sent(&bench).last().unwrap(), if renewed { "r3" } else { "r2" });
    }
}

#[tokio::test]
async fn a_token_is_handed_out_before_its_lease_is_released_and_closing_waits_for_that() {
    let (bench, shelf) = (Bench::new(), Shelf::default());
    let credentials = shelf.process(&bench);
    let releasing = shelf.0.stops.at("release");
    assert_eq!(token(&credentials).await, "t1");
    releasing.reached().await;
    let mut closing = Box::pin(credentials.close());
    let mut context = Context::from_waker(Waker::noop());
    assert!(closing.as_mut().poll(&mut context).is_pending());
    assert!(shelf.has_leases());
    releasing.go_on();
    closing.await;
    assert!(!shelf.has_leases());
}
