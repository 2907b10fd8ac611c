//! A configured refresh token that a server replaces is a warning if the new one is only in memory.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod rotating;

use std::{
    fmt::{Debug, Write as _},
    sync::Mutex,
};

use authn::Loader;
use rotating::{Bench, token};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// The warnings of this process: exchanges run on the framework's thread.
static WARNINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Log;

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn event(&self, event: &Event<'_>) {
        struct Line(String);
        impl Visit for Line {
            fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                write!(self.0, "{field}={value:?} ").unwrap();
            }
        }
        let mut line = Line(String::new());
        event.record(&mut line);
        WARNINGS.lock().unwrap().push(line.0);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[tokio::test]
async fn a_rotation_in_memory_is_warned_of_once() {
    tracing::subscriber::set_global_default(Log).unwrap();
    let plain = |loader: Loader| loader;
    let reporting = |loader: Loader| loader.on_update_sync(|_| Ok(()));
    for (options, is_warned, prepare) in [
        ("refresh_token = 'r0'\nstore = 'memory'", true, plain as fn(Loader) -> Loader),
        ("refresh_token = 'r0'\nstore = 'memory'", false, reporting),
        ("refresh_token = 'r0'\nstore = 'file'", false, plain),
    ] {
        let bench = Bench::new();
        let credentials = prepare(bench.loader(options)).load().unwrap();
        for _ in 0..3 {
            token(&credentials).await;
            bench.expire();
        }
        let warnings = std::mem::take(&mut *WARNINGS.lock().unwrap());
        assert_eq!(warnings.len(), usize::from(is_warned), "{options}: {warnings:?}");
        for warning in warnings {
            assert!(warning.contains("credentials.rotating"), "{warning}");
            assert!(warning.contains("on_update") && warning.contains("store"), "{warning}");
            for secret in ["\"r0", "r1", "r2", "r3", "t1"] {
                assert!(!warning.contains(secret), "{warning}");
            }
        }
    }
}
