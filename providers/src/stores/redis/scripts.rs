//! `Code`: the scripts, each of which is one step for every process. All keys of a script are in one slot of a cluster.

use std::sync::LazyLock;

use redis::Script;

/// A script with the name by which a server that has run it knows it.
pub(super) struct Code {
    pub(super) text: &'static str,
    pub(super) hash: String,
}

impl Code {
    fn new(text: &'static str) -> Self {
        Self { text, hash: Script::new(text).get_hash().to_owned() }
    }
}

pub(super) static ACQUIRE: LazyLock<Code> =
    LazyLock::new(|| Code::new(include_str!("scripts/acquire.lua")));
pub(super) static RENEW: LazyLock<Code> =
    LazyLock::new(|| Code::new(include_str!("scripts/renew.lua")));
pub(super) static RELEASE: LazyLock<Code> =
    LazyLock::new(|| Code::new(include_str!("scripts/release.lua")));
pub(super) static RESERVE: LazyLock<Code> =
    LazyLock::new(|| Code::new(include_str!("scripts/reserve.lua")));
pub(super) static SAVE: LazyLock<Code> =
    LazyLock::new(|| Code::new(include_str!("scripts/save.lua")));
pub(super) static RESEAL: LazyLock<Code> =
    LazyLock::new(|| Code::new(include_str!("scripts/reseal.lua")));
