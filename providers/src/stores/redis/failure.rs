//! The errors of the server and of the way to it. The text of an answer is never shown: only its first word, such as
//! `OOM`, which Redis defines.

use std::{error::Error as _, io, sync::Arc};

use authn::{Error, diagnostic::reason};
use redis::{ErrorKind, RedisError};

use super::address::Place;

/// The words of answers that have a meaning here. Redis 6.2 has them inside the text of a failed script.
const WORDS: [&str; 18] = [
    "WRONGPASS",
    "NOAUTH",
    "NOPERM",
    "READONLY",
    "OOM",
    "LOADING",
    "BUSY",
    "MISCONF",
    "NOREPLICAS",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "MOVED",
    "ASK",
    "CROSSSLOT",
    "WRONGTYPE",
    "NOPROTO",
    "NOSCRIPT",
];

/// What went wrong.
pub(super) enum Cause {
    Answer(RedisError),
    /// There was no answer in time.
    Timeout,
    /// There is no connection, for this reason.
    Made(Error),
}

impl Cause {
    /// Returns whether another connection may help: this one is broken, or its server is no longer the master.
    pub(super) fn is_of_connection(&self, place: &Place) -> bool {
        match self {
            Self::Timeout | Self::Made(_) => false,
            Self::Answer(error) => {
                let has_other_master = matches!(place, Place::Sentinels { .. })
                    && matches!(word(error), Some("READONLY" | "MASTERDOWN"));
                has_other_master || error.is_io_error() || error.is_unrecoverable_error()
            }
        }
    }

    /// Returns whether a connection is of no use any more.
    pub(super) fn ends_connection(&self, place: &Place) -> bool {
        matches!(self, Self::Timeout) || self.is_of_connection(place)
    }

    pub(super) fn is_missing_script(&self) -> bool {
        matches!(self, Self::Answer(error) if word(error) == Some("NOSCRIPT"))
    }

    /// Returns the error for users.
    pub(super) fn error(&self, place: &Place, prefix: &str) -> Error {
        let error = match self {
            Self::Timeout => return silent(place),
            Self::Made(error) => return error.clone(),
            Self::Answer(error) => error,
        };
        if error.kind() == ErrorKind::AuthenticationFailed {
            return refused_password(place);
        }
        match word(error) {
            Some(word) => answered(word, place, prefix),
            None if error.kind() == ErrorKind::RESP3NotSupported => {
                answered("NOPROTO", place, prefix)
            }
            None => not_reached(error, place),
        }
    }
}

/// Returns the word that an answer begins with, or that the text of a failed script has; `None` if the server has not
/// answered.
fn word(error: &RedisError) -> Option<&'static str> {
    let code = error.code().unwrap_or_default();
    if let Some(word) = WORDS.iter().find(|word| **word == code) {
        return Some(word);
    }
    let detail = error.detail().unwrap_or_default();
    let words = |text: &str| {
        let mut words = text.split(|c: char| !c.is_ascii_uppercase());
        words.find_map(|part| WORDS.iter().copied().find(|word| *word == part))
    };
    if detail.contains("ACL failure in script") || detail.contains("can't run this command") {
        return Some("NOPERM");
    }
    words(detail).or(match error.kind() {
        ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::UnexpectedReturnType => {
            Some("ERR")
        }
        _ => None,
    })
}

fn refused_password(place: &Place) -> Error {
    Error::store(format!("Redis at {place} does not accept the user or the password")).with_help(
        "set `stores.redis.username` and `stores.redis.password` as the server has them (`ACL LIST`)",
    )
}

fn answered(word: &'static str, place: &Place, prefix: &str) -> Error {
    let (what, help) = match word {
        "WRONGPASS" | "NOAUTH" => return refused_password(place),
        "NOPERM" => (
            "does not let this user run a command that sessions need",
            format!("permit it: `ACL SETUSER NAME {}`", permissions(prefix)),
        ),
        "READONLY" => (
            "is a replica, which takes no writes",
            "set `url` to the master, or set `sentinels` and `master`, or the `nodes` of a cluster".into(),
        ),
        "OOM" => (
            "has no memory left",
            "raise its `maxmemory`, or remove other keys; keep `maxmemory-policy noeviction`, so that no session is dropped".into(),
        ),
        "LOADING" => ("is still loading its data", "wait until it has, and try again".into()),
        "BUSY" => ("is busy with another program's script", "wait, or end it by `SCRIPT KILL`".into()),
        "MISCONF" => (
            "takes no writes because it can't save to its disk",
            "free space there, and read the server's log".into(),
        ),
        "NOREPLICAS" => (
            "takes no writes because it has too few replicas",
            "start them, or lower its `min-replicas-to-write`".into(),
        ),
        "MASTERDOWN" => (
            "is a replica that has lost its master",
            "check its master, and try again".into(),
        ),
        "CLUSTERDOWN" | "TRYAGAIN" => (
            "is a cluster that does not serve all its keys at present",
            "check its masters by `CLUSTER INFO`, and try again".into(),
        ),
        "MOVED" | "ASK" | "CROSSSLOT" if !place.is_cluster() => (
            "is a node of a cluster",
            "set `stores.redis.nodes` to the nodes, and remove `url`".into(),
        ),
        "WRONGTYPE" => (
            "has keys of another program under the names of the sessions",
            "set `stores.redis.prefix` to another text".into(),
        ),
        "NOPROTO" => ("is too old", "use Redis 6.2 or Valkey 7.2, or a later one".into()),
        _ => (
            "refuses a command",
            "check that it is Redis 6.2 or Valkey 7.2, or a later one, and permits Lua scripts; its log may have the reason".into(),
        ),
    };
    let error = Error::store(format!("Redis at {place} {what} ({word})")).with_help(help);
    // It will answer again, and until then nothing is known of its sessions.
    match word {
        "LOADING" | "BUSY" | "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" => error.as_unreachable(),
        _ => error,
    }
}

/// Returns the error of a connection that could not be made, or that broke.
fn not_reached(error: &RedisError, place: &Place) -> Error {
    let io = io_error(error);
    if let Some(fault) = tls_fault(error) {
        return unreachable(place, &format!("its TLS can't be trusted: {fault}")).with_help(
            "check the server's certificate and its name; if its authority is your own, set `stores.redis.ca_file`",
        );
    }
    // The resolver's own errors have these kinds. The system has them for other reasons.
    let of_resolver = io.filter(|error| error.raw_os_error().is_none()).map(io::Error::kind);
    match of_resolver {
        Some(io::ErrorKind::PermissionDenied)
            if matches!(place, Place::Cluster(_) | Place::Sentinels { .. }) =>
        {
            unreachable(
                place,
                "it names a server on another machine, and the connection would not be encrypted",
            )
            .with_help("write `rediss://` in the addresses, and let the servers listen with TLS")
        }
        Some(io::ErrorKind::HostUnreachable) => {
            unreachable(place, "the name of the host can't be resolved")
                .with_help("check the name, and the DNS of this machine")
        }
        _ if error.is_connection_refusal() => unreachable(place, "nothing listens there")
            .with_help("start the server, or check the address and the port"),
        _ if error.is_timeout() => silent(place),
        _ if io.is_some() && error.is_connection_dropped() => {
            unreachable(place, "it ended the connection").with_help(
                "check the server, and whether it expects TLS (`rediss://`) or none (`redis://`)",
            )
        }
        _ => unreachable(place, &io.map_or("no connection could be made".into(), reason))
            .with_help("check the server, the address and the network between"),
    }
}

fn silent(place: &Place) -> Error {
    // A server without TLS waits for the rest of what it takes for a command.
    let tls =
        if place.is_encrypted() { ", and whether the server listens with TLS there" } else { "" };
    unreachable(place, "it does not answer in time").with_help(format!(
        "check the server and the network between{tls}, or set `stores.redis.timeout` higher"
    ))
}

/// Returns the error of a server that could not be asked at all.
pub(super) fn unreachable(place: &Place, why: &str) -> Error {
    Error::store(format!("Redis at {place} can't be reached ({why})")).as_unreachable()
}

fn source(error: &RedisError) -> Option<&(dyn std::error::Error + 'static)> {
    let source = error.source()?;
    match source.downcast_ref::<Arc<dyn std::error::Error + Send + Sync>>() {
        Some(shared) => Some(&**shared),
        None => Some(source),
    }
}

fn io_error(error: &RedisError) -> Option<&io::Error> {
    source(error)?.downcast_ref()
}

/// Returns what is wrong with the server's TLS, in the words of rustls, which have nothing of what was sent.
fn tls_fault(error: &RedisError) -> Option<String> {
    let source = source(error)?;
    let tls = source.downcast_ref::<rustls::Error>();
    let inner = || source.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref::<rustls::Error>();
    let fault = match tls.or_else(inner)? {
        rustls::Error::InvalidCertificate(fault) => match fault {
            // Another authority may have the same name.
            rustls::CertificateError::UnknownIssuer | rustls::CertificateError::BadSignature => {
                "the authority of its certificate is not known"
            }
            rustls::CertificateError::Expired | rustls::CertificateError::ExpiredContext { .. } => {
                "its certificate has expired"
            }
            rustls::CertificateError::NotValidForName
            | rustls::CertificateError::NotValidForNameContext { .. } => {
                "its certificate is for another name"
            }
            _ => "its certificate is not valid",
        },
        rustls::Error::InvalidMessage(_) => "it does not speak TLS",
        rustls::Error::AlertReceived(_) => "it refuses the connection, and may want a certificate",
        _ => "the connection can't be encrypted",
    };
    Some(fault.to_owned())
}

/// Returns what the user of the server must be permitted, for `ACL SETUSER`.
pub(super) fn permissions(prefix: &str) -> String {
    format!(
        "~{prefix}* &{prefix}* +hello +auth +ping +select +evalsha +eval +hmget +hset +get +set +del +rename \
         +pexpire +pttl +publish +subscribe +unsubscribe +pubsub|numsub +scan +wait +info +time \
         +cluster|slots"
    )
}
