//! What the server says of itself, and who has which lease.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use authn::{
    Result,
    store::{Examination, KnownLease, StoreKey},
};

use super::{
    connection::{Client, Target},
    sessions::Sessions,
};

/// Most leases that are looked at.
const MOST: usize = 100;
/// A difference of clocks that is worth a warning. Tokens are used until some seconds before they expire.
const APART: Duration = Duration::from_secs(5);

/// Asks the server, and one of the nodes of a cluster.
pub(super) async fn examine(sessions: &Sessions) -> Result<Examination> {
    let process = sessions.process();
    let client = &process.client;
    let mut examination = Examination::default();
    let info: String = client.command(Target::Slot(0), &redis::cmd("INFO")).await?;
    server(&info, &mut examination);
    clock(client, &mut examination).await?;
    for key in sessions.with_part("lease").await?.into_iter().take(MOST) {
        let name = sessions.keys(&key).lease;
        let mut get = redis::cmd("GET");
        let owner: Option<String> = client.command(Target::Key(&name), get.arg(&name)).await?;
        let mut left = redis::cmd("PTTL");
        let left: i64 = client.command(Target::Key(&name), left.arg(&name)).await?;
        // It may have been released meanwhile.
        if let (Some(owner), Ok(left)) = (owner, u64::try_from(left)) {
            examination.add_lease(lease(key, &owner, Duration::from_millis(left)));
        }
    }
    Ok(examination)
}

/// Reads what `INFO` says.
fn server(info: &str, examination: &mut Examination) {
    let value = |name: &str| {
        let mut lines = info.lines().filter_map(|line| line.split_once(':'));
        let is_shown =
            |text: &&str| text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        lines.find(|(of, _)| *of == name).map(|(_, value)| value.trim()).filter(is_shown)
    };
    let versions = [("valkey", value("valkey_version")), ("redis", value("redis_version"))];
    if let Some((kind, version)) =
        versions.iter().find_map(|(kind, version)| Some((kind, (*version)?)))
    {
        examination.add("server", *kind);
        examination.add("version", version);
    }
    for (fact, of) in [
        ("mode", "redis_mode"),
        ("role", "role"),
        ("replicas", "connected_slaves"),
        ("maxmemory_policy", "maxmemory_policy"),
    ] {
        if let Some(value) = value(of) {
            examination.add(fact, value);
        }
    }
    if let Some(policy) = value("maxmemory_policy").filter(|policy| *policy != "noeviction") {
        examination.warn(
            format!(
                "Redis may drop sessions when its memory is full (`maxmemory-policy {policy}`)"
            ),
            "`CONFIG SET maxmemory-policy noeviction`, or use a server of its own for sessions",
        );
    }
}

/// Compares the server's clock with that of this machine, and measures how long an answer takes.
async fn clock(client: &Client, examination: &mut Examination) -> Result<()> {
    let (started, before) = (Instant::now(), SystemTime::now());
    let (seconds, micros): (u64, u64) =
        client.command(Target::Slot(0), &redis::cmd("TIME")).await?;
    let latency = started.elapsed();
    examination.add("latency_ms", format!("{:.1}", latency.as_secs_f64() * 1000.0));
    let theirs = Duration::from_secs(seconds) + Duration::from_micros(micros);
    let ours = before.duration_since(UNIX_EPOCH).unwrap_or_default() + latency / 2;
    let apart = theirs.as_secs_f64() - ours.as_secs_f64();
    examination.add("clock_difference_s", format!("{apart:.1}"));
    if theirs.abs_diff(ours) > APART {
        examination.warn(
            format!("the clock of Redis and that of this machine are {:.0} s apart", apart.abs()),
            "set both by a time server (NTP): tokens expire by the clock",
        );
    }
    Ok(())
}

/// Reads the owner of a lease: a random text, the machine, the process, and since when.
fn lease(key: StoreKey, owner: &str, ends_in: Duration) -> KnownLease {
    let words: Vec<&str> = owner.split(' ').collect();
    let [_, host, process, since] = words[..] else {
        let holder = "another program".to_owned();
        return KnownLease { key, holder, since: None, ends_in };
    };
    let is_shown = |c: &char| c.is_ascii_alphanumeric() || "-._".contains(*c);
    let shown = |text: &str| text.chars().filter(is_shown).take(64).collect::<String>();
    let since = since.parse().ok().map(Duration::from_millis);
    KnownLease {
        key,
        holder: format!("process {} on {}", shown(process), shown(host)),
        since: since.and_then(|since| UNIX_EPOCH.checked_add(since)),
        ends_in,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_drops_sessions_is_a_warning() {
        for (policy, warnings) in [("noeviction", 0), ("allkeys-lru", 1), ("volatile-ttl", 1)] {
            let info = format!(
                "# Server\r\nredis_version:7.0.15\r\nrole:master\r\nmaxmemory_policy:{policy}\r\n"
            );
            let mut examination = Examination::default();
            server(&info, &mut examination);
            assert_eq!(examination.problems().len(), warnings, "{policy}");
            let version = ("version", "7.0.15".to_owned());
            assert!(examination.facts().contains(&version));
        }
    }

    #[test]
    fn a_holder_is_a_process_of_a_machine() {
        let of = |owner| lease(StoreKey::new("a"), owner, Duration::from_secs(1));
        let known = of("0f host-1.example 42 1700000000000");
        assert_eq!(known.holder, "process 42 on host-1.example");
        assert_eq!(known.since, Some(UNIX_EPOCH + Duration::from_secs(1_700_000_000)));
        assert_eq!(of("of another").holder, "another program");
        assert_eq!(of("0f h\u{1b}[1m 4\u{7}2 x").holder, "process 42 on h1m");
    }
}
