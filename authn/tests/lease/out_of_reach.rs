//! Stores that can't be reached or written to, and leases that are held for long: what is exchanged for even so.

use std::{
    collections::BTreeMap,
    env,
    process::Command,
    sync::{Mutex, atomic::Ordering},
    time::Duration,
};

use authn::{
    Context, Credentials, Environment, Error, ErrorKind, Loader, Result, Token, TokenSet,
    TokenSource,
    testing::settled,
    time::{Clock, ManualClock},
};

use super::{
    pass_refresh_point, rotating::Bench, shelf::Shelf, start, unreachable, wait_after_failure,
};
use crate::rotating::token;

/// Exchanges the configuration alone, as with the credentials of a client.
#[authn::token_provider("spends_nothing", cached)]
struct SpendsNothing {
    /// Begins each token.
    name: String,
}

/// How many exchanges each has made, by name.
static EXCHANGES: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());

impl TokenSource for SpendsNothing {
    async fn request_token(&self, _: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        assert!(last.is_none(), "there is no session");
        let number = {
            let mut exchanges = EXCHANGES.lock().unwrap();
            let number = exchanges.entry(self.name.clone()).or_default();
            *number += 1;
            *number
        };
        let token = Token::new(format!("{}-{number}", self.name))?;
        Ok(token.with_expires_in(Duration::from_mins(10)).into())
    }
}

fn client(shelf: &Shelf, clock: &ManualClock, name: &str) -> Credentials {
    let text = format!(
        "[credentials]\norigins = ['*']\n[credentials.spends_nothing]\nname = '{name}'\nstore = 'shelf'"
    );
    let loader = Loader::new().environment(Environment::empty()).store("shelf", shelf.clone());
    loader.clock(Clock::custom(clock.clone())).defaults(&text).load().unwrap()
}

#[tokio::test]
async fn what_spends_nothing_needs_no_store_that_can_not_be_reached() {
    for (fails, is_stored) in [
        (&["lock"] as &[_], true),
        (&["load"], false),
        (&["save"], false),
        (&["lock", "load"], false),
        (&["lock", "save"], false),
        (&["lock", "load", "reserve", "save"], false),
        (&[], true),
    ] {
        let (shelf, clock) = (Shelf::default(), ManualClock::new());
        shelf.fail(fails, &unreachable());
        let credentials = client(&shelf, &clock, "c");
        let first = token(&credentials).await;
        assert_eq!(token(&credentials).await, first, "{fails:?}: it is cached");
        assert_eq!(shelf.sessions().concat().contains(&first), is_stored, "{fails:?}");
        // Once the store works again, the next token is stored for other processes.
        shelf.work_again();
        clock.advance(Duration::from_mins(11));
        let next = token(&credentials).await;
        assert_ne!(next, first);
        assert_eq!(token(&client(&shelf, &clock, "c")).await, next, "{fails:?}");
    }
}

#[tokio::test]
async fn what_spends_nothing_is_used_if_it_can_not_be_saved() {
    let (shelf, clock) = (Shelf::default(), ManualClock::new());
    shelf.fail(&["reserve", "save"], &Error::store("the shelf is read-only"));
    let credentials = client(&shelf, &clock, "c");
    let first = token(&credentials).await;
    assert_eq!(token(&credentials).await, first);
    assert!(shelf.sessions().is_empty());
}

#[tokio::test]
async fn a_store_that_says_nothing_of_its_reach_is_an_error_before_any_exchange() {
    for function in ["lock", "load"] {
        let (shelf, clock) = (Shelf::default(), ManualClock::new());
        shelf.fail(&[function], &Error::store("the shelf is locked").with_help("unlock it"));
        let error = client(&shelf, &clock, "refused").token().await.unwrap_err();
        assert_eq!((error.kind(), error.help()), (ErrorKind::Store, Some("unlock it")));
        assert!(!error.is_unreachable());
        assert!(shelf.sessions().is_empty());
    }
    assert!(!EXCHANGES.lock().unwrap().contains_key("refused"));
}

#[tokio::test]
async fn what_a_server_accepts_once_is_not_sent_without_the_store() {
    // The configured refresh token, and a stored one.
    for is_first in [true, false] {
        for (function, error) in ["lock", "load", "reserve"]
            .map(|function| (function, unreachable()))
            .into_iter()
            .chain([("reserve", Error::store("the shelf is read-only").with_help("plug it in"))])
        {
            let (bench, shelf) = (Bench::new(), Shelf::default());
            let credentials = shelf.process(&bench);
            if !is_first {
                token(&credentials).await;
                bench.expire();
            }
            let (exchanges, before) = (bench.exchanges(), shelf.sessions());
            shelf.fail(&[function], &error);
            let refused = credentials.token().await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Store);
            assert_eq!(refused.help(), Some("plug it in"), "{function}");
            assert!(refused.message().ends_with(error.message()), "{function}: {refused}");
            assert_eq!(bench.exchanges(), exchanges, "{function}: nothing was sent");
            assert_eq!(shelf.sessions(), before);
            shelf.work_again();
            wait_after_failure(&bench);
            assert_eq!(token(&credentials).await, format!("t{}", exchanges + 1));
        }
    }
}

#[tokio::test]
async fn what_was_spent_is_kept_until_the_store_can_be_reached() {
    let (bench, shelf) = (Bench::new(), Shelf::default());
    shelf.0.reserves.store(true, Ordering::SeqCst);
    let credentials = shelf.process(&bench);
    token(&credentials).await;
    bench.expire();
    shelf.fail(&["save"], &unreachable());
    let error = credentials.token().await.unwrap_err();
    assert!(error.message().starts_with("the session was renewed but can't be saved"), "{error}");
    shelf.work_again();
    wait_after_failure(&bench);
    assert_eq!(token(&credentials).await, "t2");
    assert_eq!(token(&shelf.process(&bench)).await, "t2", "it is stored");
    assert_eq!(bench.exchanges(), 2);
}

#[tokio::test]
async fn a_lease_that_is_held_for_long_is_waited_for_and_no_store_out_of_reach() {
    let (bench, shelf) = (Bench::new(), Shelf::default());
    let clock = bench.clock.clone();
    let _held = shelf.hold_all();
    for credentials in [shelf.process(&bench), client(&shelf, &clock, "waiting")] {
        let locking = shelf.0.stops.at("lock");
        let exchange = start(&credentials);
        locking.reached().await;
        locking.go_on();
        clock.advance(Duration::from_mins(5));
        let error = exchange.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store);
        assert!(!error.is_unreachable());
        let expected = "another process has held the session in the shelf for 5 minutes";
        assert_eq!(error.message(), expected);
    }
    assert_eq!(bench.exchanges(), 0);
    assert!(!EXCHANGES.lock().unwrap().contains_key("waiting"));
}

/// What is logged and counted is of the whole process, so this test has one of its own.
const ALONE: &str = "AUTHN_TEST_ALONE";

#[tokio::test]
async fn a_token_that_is_valid_is_used_no_matter_what_becomes_of_the_store_and_the_lease() {
    if env::var_os(ALONE).is_none() {
        let name = "out_of_reach::a_token_that_is_valid_is_used_no_matter_what_becomes_of_the_store_and_the_lease";
        let mut again = Command::new(env::current_exe().unwrap());
        let output = again.args([name, "--exact", "--nocapture"]).env(ALONE, "1").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("1 passed"), "{text}{errors}");
        return;
    }
    let seen = seen::start();
    // The function that fails. Without one, the lease is lost.
    let cases = [Some("lock"), Some("load"), Some("reserve"), None];
    for (failed, fails) in (1..).zip(cases) {
        let (bench, shelf) = (Bench::new(), Shelf::default());
        let credentials = shelf.process(&bench);
        assert_eq!(token(&credentials).await, "t1");
        pass_refresh_point(&bench);
        let expected = if let Some(function) = fails {
            shelf.fail(&[function], &unreachable());
            "the shelf does not answer"
        } else {
            shelf.lose_after(Some(0));
            "was lost, so the exchange was not sent"
        };
        // The refresh is in the background.
        assert_eq!(token(&credentials).await, "t1");
        settled(&credentials).await;
        assert_eq!(token(&credentials).await, "t1");
        let (events, counted) = seen.failures();
        assert_eq!((events.len(), counted), (failed, failed), "{events:?}");
        assert!(events.last().unwrap().contains(expected), "{events:?}");
        assert_eq!(bench.exchanges(), 1, "nothing was sent");
        shelf.work_again();
        shelf.lose_after(None);
        bench.expire();
        assert_eq!(token(&credentials).await, "t2");
    }
}

/// What is logged of failed exchanges, and how many of them the metrics count.
mod seen {
    use std::{
        fmt::{Debug, Write as _},
        sync::{Arc, Mutex},
    };

    use metrics::{
        Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString,
        Unit,
    };
    use tracing::{
        Event, Subscriber,
        field::{Field, Visit},
        span::{Attributes, Id, Record},
    };

    #[derive(Clone, Default)]
    pub(super) struct Seen {
        events: Arc<Mutex<Vec<String>>>,
        counted: Arc<Mutex<usize>>,
    }

    struct Text(String);

    impl Visit for Text {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            write!(self.0, "{field}={value:?} ").unwrap();
        }
    }

    impl Subscriber for Seen {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            let mut text = Text(String::new());
            event.record(&mut text);
            if text.0.contains("rotating") && text.0.contains("exchange failed") {
                self.events.lock().unwrap().push(text.0);
            }
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    struct Failures(Arc<Mutex<usize>>);

    impl HistogramFn for Failures {
        fn record(&self, _: f64) {
            *self.0.lock().unwrap() += 1;
        }
    }

    impl Recorder for Seen {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
            Counter::noop()
        }

        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::noop()
        }

        fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
            let is_failure =
                key.labels().any(|label| (label.key(), label.value()) == ("error.type", "store"));
            if key.name() == "authn.exchange.duration" && is_failure {
                return Histogram::from_arc(Arc::new(Failures(Arc::clone(&self.counted))));
            }
            Histogram::noop()
        }
    }

    impl Seen {
        pub(super) fn failures(&self) -> (Vec<String>, usize) {
            (self.events.lock().unwrap().clone(), *self.counted.lock().unwrap())
        }
    }

    /// Starts to collect what this process does.
    pub(super) fn start() -> Seen {
        let seen = Seen::default();
        tracing::subscriber::set_global_default(seen.clone()).unwrap();
        metrics::set_global_recorder(seen.clone()).unwrap_or_else(|_| panic!("it is set once"));
        seen
    }
}
