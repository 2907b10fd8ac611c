//! Sessions that an earlier version has stored. `earlier_records` has its configuration and the files that it wrote.

#![cfg(feature = "oauth")]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use authn::{
    Environment, Loader, Status,
    time::{Clock, ManualClock},
};
use authn_providers as _;

/// When the last of them was stored, in seconds since the Unix epoch. Their tokens expire an hour later.
const STORED_AT: u64 = 1_795_918_630;

fn records() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/earlier_records")
}

/// Returns the status of a profile when this time has passed, with another line of the configuration left out.
async fn status(profile: &str, passed: Duration, without: &str) -> Status {
    let state = tempfile::tempdir().unwrap();
    let tokens = state.path().join("authn/tokens");
    fs::create_dir_all(&tokens).unwrap();
    private(&tokens, 0o700);
    for file in fs::read_dir(records()).unwrap() {
        let from = file.unwrap().path();
        if from.extension().is_some_and(|ending| ending == "json") {
            let to = tokens.join(from.file_name().unwrap());
            fs::copy(&from, &to).unwrap();
            private(&to, 0o600);
        }
    }
    let clock = ManualClock::new();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let then = STORED_AT + passed.as_secs();
    clock.step_wall(i64::try_from(then).unwrap() - i64::try_from(now).unwrap());
    let text = fs::read_to_string(records().join("config.toml")).unwrap();
    let lines = text.lines().filter(|line| without.is_empty() || !line.starts_with(without));
    Loader::app("authn")
        .environment(Environment::empty().state_directory(state.path()))
        .clock(Clock::custom(clock))
        .defaults(&lines.collect::<Vec<_>>().join("\n"))
        .profile(profile)
        .load()
        .unwrap()
        .status()
        .await
        .unwrap()
}

fn private(path: &Path, mode: u32) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    #[cfg(not(unix))]
    let _ = (path, mode);
}

#[tokio::test]
async fn a_session_is_still_there_and_a_token_of_unknown_scope_is_not_used() {
    let soon = Duration::from_mins(10);
    for (profile, has_token, has_refresh_token) in [
        ("refresh", false, true),
        ("login", false, true),
        ("lasting", true, false),
        ("machine", false, false),
    ] {
        let status = status(profile, soon, "").await;
        let found = (status.has_token, status.has_refresh_token, status.has_session);
        assert_eq!(found, (has_token, has_refresh_token, has_refresh_token), "{profile}");
        assert_eq!(status.store.as_deref(), Some("file"), "{profile}");
    }
}

#[tokio::test]
async fn a_token_without_an_expiry_is_used_as_long_as_the_configuration_says() {
    let year = Duration::from_hours(24 * 365);
    assert!(!status("lasting", year, "").await.has_token, "`expires_in_fallback` is an hour");
    assert!(status("lasting", year, "expires_in_fallback").await.has_token);
}
