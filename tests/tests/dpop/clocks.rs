//! Servers whose clock differs from this machine's.

use authn::time::Clock;
use authn_tests::rig::Rig;
use tempfile::tempdir;

use super::{authorized, load, load_in, part, send, service, status};

const HOUR: i64 = 60 * 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_another_time_accepts_proofs() {
    for ahead in [HOUR, -HOUR] {
        let rig = Rig::start();
        rig.clock(ahead);
        let credentials = load(&rig, &service(&rig, "cc-dpop", "dpop = true"));
        assert_eq!(status(&rig, &credentials).await, 200, "{ahead}");
        assert_eq!(send(&authorized(&rig, &credentials).await).0, 200, "{ahead}");
        let refused = rig.count(&[("client", "cc-dpop"), ("status", "400")]);
        assert!(refused <= 1, "{refused} token requests were refused");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_corrected_costs_one_retry() {
    let rig = Rig::start();
    let credentials = load(&rig, &service(&rig, "cc-dpop", "dpop = true"));
    assert_eq!(status(&rig, &credentials).await, 200);
    let before = rig.api_log().len();
    // The token does not expire by that.
    rig.clock(-HOUR);
    assert_eq!(status(&rig, &credentials).await, 200);
    assert_eq!(status(&rig, &credentials).await, 200);
    let log = rig.api_log();
    let statuses: Vec<_> = log[before..].iter().map(|entry| &entry["status"]).collect();
    assert_eq!(statuses, [401, 200, 200]);
}

/// A program that sends one request, such as the command line, has no answer of the API before.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_proof_after_a_restart_has_the_servers_time() {
    let rig = Rig::start();
    rig.clock(HOUR);
    let folder = tempdir().unwrap();
    let folder = folder.path().join("tokens");
    let options = service(&rig, "cc-dpop", "dpop = true");
    let load = || load_in(&rig, &options, Some(&folder), Clock::system());
    let first = load().token().await.unwrap();
    let again = load();
    assert_eq!(again.token().await.unwrap().secret(), first.secret());
    let parts = authorized(&rig, &again).await;
    let dated = part(parts.headers["dpop"].to_str().unwrap(), 1)["iat"].as_i64().unwrap();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let ahead = dated - i64::try_from(now).unwrap();
    assert!((HOUR - 60..=HOUR + 60).contains(&ahead), "{ahead}");
}
