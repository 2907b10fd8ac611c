//! Releases of leases that take a request to a server. A program that ends waits for them.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use crate::{
    per_process::PerProcess,
    runtime::{self, Boxed, caught},
    time::{Clock, before},
};

/// Longest time to wait. A lease that is not released ends by itself.
const LIMIT: Duration = Duration::from_secs(5);

/// How many releases are under way in this process.
static UNDER_WAY: PerProcess<watch::Sender<usize>> = PerProcess::new();

/// Starts a release in the background.
pub(super) fn start(release: Boxed<'static, ()>) {
    let Ok(runtime) = runtime::handle() else { return };
    let under_way = UNDER_WAY.get(|_| watch::Sender::new(0));
    under_way.value.send_modify(|count| *count += 1);
    let counted = Arc::clone(&under_way);
    runtime.spawn(async move {
        caught(release).await;
        counted.value.send_modify(|count| *count -= 1);
    });
}

/// Waits until the leases that this process has dropped are released, at most 5 seconds.
pub async fn released() {
    let Some(under_way) = UNDER_WAY.made() else { return };
    let mut count = under_way.value.subscribe();
    if *count.borrow() == 0 {
        return;
    }
    let Ok(runtime) = runtime::handle() else { return };
    let end = {
        let _timers = runtime.enter();
        Clock::system().sleep(LIMIT)
    };
    // What has not ended by then goes on without being waited for.
    let _ = before(count.wait_for(|count| *count == 0), end).await;
}
