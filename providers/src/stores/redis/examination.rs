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
    server(&info, sessions.replicas(), &mut examination);
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

/// Reads what `INFO` says. `replicas` are those that must confirm a save.
fn server(info: &str, replicas: u32, examination: &mut Examination) {
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
    let number = |name| value(name).and_then(|value| value.parse::<u64>().ok()).unwrap_or(0);
    if value("role") == Some("slave") {
        examination.warn(
            "Redis is a replica, which takes no writes",
            "set the address of its master, or `sentinels` and `master`",
        );
    } else if number("connected_slaves") < u64::from(replicas) {
        examination.warn(
            format!("Redis has fewer replicas than `stores.redis.replicas`, which is {replicas}"),
            "start the replicas, or lower it: no session is renewed without them",
        );
    }
    if value("aof_enabled") == Some("0") {
        examination.warn(
            "Redis does not write each change to its disk (`appendonly no`), so a restart can lose the last saves",
            "`CONFIG SET appendonly yes`, and the same in its configuration file",
        );
    }
    if number("maxmemory") > 0 && number("used_memory") >= number("maxmemory") {
        examination.warn(
            "the memory of Redis is full, so no session is renewed",
            "raise its `maxmemory`, or delete other data",
        );
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
    fn what_can_lose_sessions_or_keep_them_from_being_renewed_is_a_warning() {
        let fine = "# Server\r\nredis_version:7.0.15\r\nrole:master\r\nconnected_slaves:1\r\n\
             aof_enabled:1\r\nused_memory:5\r\nmaxmemory:6\r\nmaxmemory_policy:noeviction\r\n";
        for (from, to, expected) in [
            ("", "", None),
            ("maxmemory:6", "maxmemory:0", None),
            ("maxmemory:6", "maxmemory:5", Some("memory of Redis is full")),
            ("noeviction", "allkeys-lru", Some("maxmemory-policy allkeys-lru")),
            ("role:master", "role:slave", Some("is a replica")),
            ("connected_slaves:1", "connected_slaves:0", Some("fewer replicas")),
            ("aof_enabled:1", "aof_enabled:0", Some("appendonly no")),
        ] {
            let mut examination = Examination::default();
            server(&fine.replace(from, to), 1, &mut examination);
            let problems: Vec<_> = examination.problems().iter().map(ToString::to_string).collect();
            assert_eq!(problems.len(), usize::from(expected.is_some()), "{problems:?}");
            assert!(expected.is_none_or(|text| problems[0].contains(text)), "{problems:?}");
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
